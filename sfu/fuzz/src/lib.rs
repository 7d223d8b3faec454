//! The targets that `fuzz/run` and the tests share, each with a folder of inputs to begin from in
//! `corpus`.
//!
//! `fuzz/run SECONDS` looks for new inputs with libFuzzer, guided by coverage of our own code, on a
//! stable compiler. New inputs go into the corpus, and `cargo test` replays them for ever.
#![forbid(unsafe_code)]

use std::io;
use std::path::{Path, PathBuf};

pub use moothall_sfu_core::fuzzing::{TARGETS, Target};

/// The target with this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(n, _)| *n == name).map(|(_, target)| *target)
}

/// The folder of a target's inputs.
pub fn corpus_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

/// All of them.
pub fn corpus(name: &str) -> io::Result<Vec<Vec<u8>>> {
    std::fs::read_dir(corpus_folder(name))?.map(|entry| std::fs::read(entry?.path())).collect()
}
