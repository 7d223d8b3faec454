//! The sections a client was asked to add to its next offer.

use crate::commands::Kind;
use crate::sdp;

/// The sections that a client was asked for and has not added yet.
#[derive(Debug, Default)]
pub struct Requirement {
    is_open: bool,
    /// Sections the client was asked to add and has not added yet.
    audio: usize,
    video: usize,
    /// The ICE user fragment of its last offer.
    ufrag: String,
}

impl Requirement {
    /// The client was asked for an offer, and none has come since.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// No section that was asked for is missing.
    pub fn is_met(&self) -> bool {
        self.audio + self.video == 0
    }

    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    /// The client added a section of this kind.
    pub fn added(&mut self, kind: Kind) {
        let asked = self.of(kind);
        *asked = asked.saturating_sub(1);
    }

    /// Asks for an offer with `lacking` more sections of this kind; how many of them were not asked
    /// for before.
    pub fn ask(&mut self, kind: Kind, lacking: usize) -> usize {
        self.is_open = true;
        let asked = self.of(kind);
        let more = lacking.saturating_sub(*asked);
        *asked += more;
        more
    }

    /// An offer came. Returns whether it restarts ICE, as a client does that may have lost what it
    /// was told.
    pub fn answered(&mut self, offer: &str) -> bool {
        self.is_open = false;
        let ufrag = sdp::ice_ufrag(offer).unwrap_or_default();
        let restarts = !self.ufrag.is_empty() && self.ufrag != ufrag;
        ufrag.clone_into(&mut self.ufrag);
        if restarts {
            (self.audio, self.video) = (0, 0);
        }
        restarts
    }
}
