//! The changes that an offer of ours makes.

use str0m::media::Mid;

use crate::commands::Kind;

/// Changes to offer to a subscriber.
#[derive(Debug, Default)]
pub struct OfferDraft {
    /// First offer: with the data channels.
    pub with_channels: bool,
    pub restart_ice: bool,
    /// Existing sections to use (true) or leave unused.
    pub directions: Vec<(Mid, bool)>,
    pub additions: Vec<Addition>,
}

/// A section to append.
#[derive(Debug, Clone)]
pub struct Addition {
    pub kind: Kind,
    pub stream_id: String,
    pub track_id: String,
}
