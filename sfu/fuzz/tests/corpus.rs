//! Every input that was ever interesting, as it is and a little changed.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use moothall_sfu_fuzz::{TARGETS, corpus};
use proptest::prelude::*;

#[test]
fn every_target_takes_its_whole_corpus() {
    for (name, target) in TARGETS {
        let inputs = corpus(name).unwrap();
        assert!(inputs.len() >= 3, "{name} has hardly anything to begin from");
        for input in inputs {
            target(&input);
        }
    }
}

proptest! {
    #[test]
    fn no_target_minds_what_is_cut_changed_or_put_together(
        index in 0..TARGETS.len(), first: prop::sample::Index, second: prop::sample::Index, cut: prop::sample::Index,
        at: prop::sample::Index, value: u8,
    ) {
        let (name, target) = TARGETS[index];
        let inputs = corpus(name).unwrap();
        let mut input = first.get(&inputs).clone();
        input.truncate(cut.index(input.len() + 1));
        input.extend(second.get(&inputs));
        if !input.is_empty() {
            let at = at.index(input.len());
            input[at] = value;
        }
        target(&input);
    }
}
