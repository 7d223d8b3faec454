//! Which simulcast layer a subscriber should get.

use crate::limits::MAX_LAYERS;

/// The best flowing layer not above `wanted`; when nothing at or below flows, the lowest that does; `None` when the
/// publisher sends nothing.
pub fn choose_layer(wanted: u8, flowing: [bool; MAX_LAYERS]) -> Option<u8> {
    let top = usize::from(wanted).min(MAX_LAYERS - 1);
    let at_or_below = (0..=top).rev().find(|&l| flowing[l]);
    at_or_below.or_else(|| (top + 1..MAX_LAYERS).find(|&l| flowing[l])).map(|l| l as u8)
}

/// What to do with a packet of some layer for one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    Forward,
    /// Forward as the first packet of another source: rebase the numbering before.
    Switch,
}

/// The layer one subscriber receives and the one it should receive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerState {
    current: Option<u8>,
    target: Option<u8>,
}

impl LayerState {
    pub fn current(&self) -> Option<u8> {
        self.current
    }

    pub fn target(&self) -> Option<u8> {
        self.target
    }

    pub fn set_target(&mut self, target: Option<u8>) {
        self.target = target;
    }

    /// Forget what was forwarded: the next packet needs a key frame.
    pub fn reset(&mut self) {
        self.current = None;
    }

    /// The layer to ask for a key frame, when one is needed to go on.
    pub fn awaits(&self) -> Option<u8> {
        self.target.filter(|t| self.current != Some(*t))
    }

    /// Switches happen on key frames only; until the target's arrives, the current layer goes on.
    pub fn judge(&mut self, layer: u8, keyframe: bool) -> Verdict {
        if self.current == Some(layer) {
            return Verdict::Forward;
        }
        if self.target == Some(layer) && keyframe {
            self.current = Some(layer);
            return Verdict::Switch;
        }
        Verdict::Drop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_layer_not_above_the_wanted_one() {
        assert_eq!(choose_layer(2, [true, true, true]), Some(2));
        assert_eq!(choose_layer(1, [true, true, true]), Some(1));
        assert_eq!(choose_layer(2, [true, true, false]), Some(1));
        assert_eq!(choose_layer(2, [true, false, false]), Some(0));
        assert_eq!(choose_layer(0, [false, true, true]), Some(1));
        assert_eq!(choose_layer(1, [false, false, false]), None);
        assert_eq!(choose_layer(200, [true, false, true]), Some(2));
    }

    #[test]
    fn switches_on_keyframes_only() {
        let mut state = LayerState::default();
        state.set_target(Some(0));

        assert_eq!(state.judge(0, false), Verdict::Drop);
        assert_eq!(state.judge(1, true), Verdict::Drop);
        assert_eq!(state.judge(0, true), Verdict::Switch);
        assert_eq!(state.awaits(), None);

        state.set_target(Some(2));
        assert_eq!(state.awaits(), Some(2));
        assert_eq!(state.judge(2, false), Verdict::Drop);
        assert_eq!(state.judge(0, false), Verdict::Forward);
        assert_eq!(state.judge(2, true), Verdict::Switch);
        assert_eq!(state.judge(0, true), Verdict::Drop);
    }

    #[test]
    fn a_pause_keeps_the_layer_and_a_reset_asks_for_a_keyframe() {
        let mut state = LayerState::default();
        state.set_target(Some(1));
        assert_eq!(state.judge(1, true), Verdict::Switch);

        state.set_target(None);
        assert_eq!(state.awaits(), None);
        state.set_target(Some(1));
        assert_eq!(state.judge(1, false), Verdict::Forward);

        state.reset();
        assert_eq!(state.awaits(), Some(1));
        assert_eq!(state.judge(1, false), Verdict::Drop);
    }
}
