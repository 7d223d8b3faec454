//! A peer with one transport, which its client offers: what it is to receive goes into sections that the client made.
//!
//! Every answer gives the tracks that wait to sections that carry nothing and were not said to carry anything in the answer
//! before, because a client notices a track only where it begins to receive. When there are too few sections, or only such
//! as have to be said to be empty first, the client has to be asked for another offer: it never gets one of ours.

use std::time::Instant;

use str0m::media::Mid;

use crate::commands::Kind;
use crate::events::{Reply, Section};
use crate::ids::TrackId;
use crate::peer::{Peer, SendSection};
use crate::sdp::{self, Msid, ReceivingSection};

/// What a client was asked for and did not do yet.
#[derive(Debug, Default)]
pub struct Requirement {
    is_open: bool,
    /// Sections it was asked to add.
    audio: usize,
    video: usize,
    /// The credentials of its last offer.
    ufrag: String,
}

impl Requirement {
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    /// An offer came; whether it restarts ICE, as a client does that may have lost what it was told.
    fn answered(&mut self, offer: &str) -> bool {
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

fn receives(section: &Section) -> bool {
    matches!(section.direction, "recvonly" | "sendrecv")
}

impl Peer {
    /// Apply an offer of the client and answer it. `sections` are those of the offer.
    pub fn answer_offer(&mut self, now: Instant, offer: &str, sections: Vec<Section>) -> Result<Reply, String> {
        let Some(transport) = self.publisher.as_mut() else {
            return Err("no transport".into());
        };
        let answer = transport.accept_offer(now, offer)?;
        let restarts = self.requirement.answered(offer);
        self.announced = false;
        let receiving: Vec<(Mid, Kind)> =
            sections.iter().filter(|s| receives(s)).map(|s| (Mid::from(s.mid.as_str()), s.kind)).collect();
        self.follow_sections(&receiving);
        self.fill_sections(restarts);
        self.start_streams(now);
        let asked = self.requirement.audio + self.requirement.video;
        // What was asked for comes with an offer that is still to be made.
        self.needs_offer = !self.waiting.is_empty() && asked == 0;
        let described: Vec<ReceivingSection> = receiving.iter().map(|(mid, _)| self.describe(*mid)).collect();
        let answer = sdp::announce_tracks(&answer, &described);
        let sdp = sdp::allow_discontinuous_audio(&answer);
        Ok(Reply::Answer { sdp, sections, tracks: self.carried(), needs_offer: self.needs_offer })
    }

    /// Know the sections the client receives in now; what was in one that it gave up waits for another.
    fn follow_sections(&mut self, receiving: &[(Mid, Kind)]) {
        for section in &mut self.sections {
            section.is_receiving = receiving.contains(&(section.mid, section.kind));
            if !section.is_receiving {
                let mut given_up = section.subscription.take();
                // Another section counts for itself, and begins with a key frame.
                if let Some(subscription) = &mut given_up {
                    subscription.layers.reset();
                }
                self.waiting.extend(given_up);
                section.release();
            }
        }
        for (mid, kind) in receiving {
            if self.sections.iter().any(|s| s.mid == *mid) {
                continue;
            }
            let mut section = SendSection::empty(*mid, *kind);
            section.is_receiving = true;
            self.sections.push(section);
            let asked = self.requirement.of(*kind);
            *asked = asked.saturating_sub(1);
        }
    }

    /// Give what waits to sections that are free.
    fn fill_sections(&mut self, restarts: bool) {
        for subscription in std::mem::take(&mut self.waiting) {
            let free = self.sections.iter_mut().find(|s| {
                // A client that restarts may not have had the last answer, and goes by the one before.
                let seems_in_use = s.in_use || restarts && s.offered_in_use;
                s.subscription.is_none() && s.kind == subscription.kind && s.is_receiving && !seems_in_use
            });
            match free {
                Some(section) => section.subscription = Some(subscription),
                None => self.waiting.push(subscription),
            }
        }
        for section in &mut self.sections {
            section.offered_in_use = section.in_use;
            section.in_use = section.subscription.is_some();
        }
    }

    /// Every section has a stream, also those that carry nothing: the transport must know all of them.
    fn start_streams(&mut self, now: Instant) {
        let Some(transport) = self.publisher.as_mut() else {
            return;
        };
        for section in self.sections.iter_mut().filter(|s| s.is_receiving) {
            let stream = transport.outgoing_stream(section.mid);
            section.set_stream(stream.filter(|_| section.subscription.is_some()), now);
        }
    }

    fn describe(&self, mid: Mid) -> ReceivingSection {
        let section = self.sections.iter().find(|s| s.mid == mid);
        let subscription = section.and_then(|s| s.subscription.as_ref());
        let was_used = section.is_some_and(SendSection::was_used);
        let announcement = self.publisher.as_ref().filter(|_| was_used).and_then(|t| t.announcement(mid));
        let msid = subscription.map(|s| Msid {
            mid: mid.to_string(),
            stream_id: s.stream_id.clone(),
            track_id: s.track_id.clone(),
        });
        ReceivingSection { mid: mid.to_string(), msid, announcement }
    }

    fn carried(&self) -> Vec<(String, TrackId)> {
        let used = self.sections.iter().filter_map(|s| Some((s, s.subscription.as_ref()?)));
        used.map(|(section, s)| (section.mid.to_string(), s.handle)).collect()
    }

    /// What the client has to be asked for, so that its next offer can carry what waits.
    pub fn require_sections(&mut self) -> Reply {
        if !self.needs_offer {
            return Reply::NothingToOffer;
        }
        self.announced = false;
        self.needs_offer = false;
        self.requirement.is_open = true;
        let [audio, video] = [Kind::Audio, Kind::Video].map(|kind| {
            let waiting = self.waiting.iter().filter(|s| s.kind == kind).count();
            // Those that are to be said to be empty are free after that.
            let free =
                self.sections.iter().filter(|s| s.kind == kind && s.subscription.is_none() && s.is_receiving).count();
            let asked = self.requirement.of(kind);
            let lacking = waiting.saturating_sub(free + *asked);
            *asked += lacking;
            lacking as u32
        });
        Reply::SectionsRequired { audio, video }
    }
}
