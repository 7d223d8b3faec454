//! A connection of one transport, which the client offers. The tracks it is to receive go into
//! sections that it made.
//!
//! Each answer gives the waiting tracks to sections that carry nothing and that the answer before
//! did not use either, because a client notices a track only where it begins to receive. When there
//! are too few such sections, or some have to be declared empty first, the client is asked for
//! another offer: it never gets one of ours.

use std::time::Instant;

use str0m::media::Mid;

use super::requirement::Requirement;
use super::section::SendSection;
use super::sections::Sections;
use crate::commands::Kind;
use crate::error::NegotiationError;
use crate::events::{Reply, Section};
use crate::sdp::{self, Msid, ReceivingSection};
use crate::transport::Transport;

/// See the module.
#[derive(Default)]
pub struct Single {
    pub transport: Option<Transport>,
    /// The sections that the client was asked for.
    requirement: Requirement,
}

fn receives(section: &Section) -> bool {
    matches!(section.direction, "recvonly" | "sendrecv")
}

impl Single {
    /// The client was asked for an offer that has not come yet.
    pub fn is_negotiating(&self) -> bool {
        self.requirement.is_open()
    }

    /// Applies an offer of the client and answers it. `offered` are the sections of the offer.
    pub fn answer_offer(
        &mut self,
        sections: &mut Sections,
        now: Instant,
        offer: &str,
        offered: Vec<Section>,
    ) -> Result<Reply, NegotiationError> {
        let transport = self.transport.as_mut().ok_or(NegotiationError::NoTransport)?;
        let answer = transport.accept_offer(now, offer)?;
        let restarts = self.requirement.answered(offer);
        sections.is_announced = false;
        let receiving: Vec<(Mid, Kind)> =
            offered.iter().filter(|s| receives(s)).map(|s| (Mid::from(s.mid.as_str()), s.kind)).collect();
        self.follow_sections(sections, &receiving);
        fill_sections(sections, restarts);
        self.start_streams(sections, now);
        // The sections that the client was asked for come with an offer that is still to be made.
        sections.needs_offer = !sections.waiting.is_empty() && self.requirement.is_met();
        let described: Vec<ReceivingSection> = receiving.iter().map(|(mid, _)| self.describe(sections, *mid)).collect();
        let answer = sdp::announce_tracks(&answer, &described);
        let sdp = sdp::allow_discontinuous_audio(&answer);
        Ok(Reply::Answer {
            sdp,
            sections: offered,
            tracks: sections.tracks_by_mid(),
            needs_offer: sections.needs_offer,
        })
    }

    /// Takes note of the sections the client receives in now. The subscription of one that it gave
    /// up waits for another.
    fn follow_sections(&mut self, sections: &mut Sections, receiving: &[(Mid, Kind)]) {
        let mut given_up = Vec::new();
        for section in sections.iter_mut() {
            section.is_receiving = receiving.contains(&(section.mid, section.kind));
            if !section.is_receiving {
                // Another section has a numbering of its own, and begins with a key frame.
                let mut subscription = section.subscription.take();
                if let Some(subscription) = &mut subscription {
                    subscription.layers.reset();
                }
                given_up.extend(subscription);
                section.release();
            }
        }
        sections.waiting.extend(given_up);
        for (mid, kind) in receiving {
            if sections.with_mid(*mid).is_some() {
                continue;
            }
            let mut section = SendSection::empty(*mid, *kind);
            section.is_receiving = true;
            sections.push(section);
            self.requirement.added(*kind);
        }
    }

    /// Every section gets a stream, even one that carries nothing: the transport must know all of
    /// them.
    fn start_streams(&mut self, sections: &mut Sections, now: Instant) {
        let Some(transport) = self.transport.as_mut() else {
            return;
        };
        for section in sections.iter_mut().filter(|s| s.is_receiving) {
            let stream = transport.outgoing_stream(section.mid);
            section.set_stream(stream.filter(|_| section.subscription.is_some()), now);
        }
    }

    fn describe(&self, sections: &Sections, mid: Mid) -> ReceivingSection {
        let section = sections.with_mid(mid);
        let subscription = section.and_then(|s| s.subscription.as_ref());
        let was_used = section.is_some_and(SendSection::was_used);
        let announcement = self.transport.as_ref().filter(|_| was_used).and_then(|t| t.announcement(mid));
        let msid = subscription.map(|s| Msid {
            mid: mid.to_string(),
            stream_id: s.stream_id.clone(),
            track_id: s.track_id.clone(),
        });
        ReceivingSection { mid: mid.to_string(), msid, announcement }
    }

    /// The sections that the client has to add, so that its next offer can carry the subscriptions
    /// that wait.
    pub fn require_sections(&mut self, sections: &mut Sections) -> Reply {
        if !sections.needs_offer {
            return Reply::NothingToOffer;
        }
        sections.is_announced = false;
        sections.needs_offer = false;
        let [audio, video] = [Kind::Audio, Kind::Video].map(|kind| {
            let waiting = sections.waiting.iter().filter(|s| s.kind == kind).count();
            // A section that is yet to be declared empty is free after that.
            let free = sections.iter().filter(|s| s.kind == kind && s.subscription.is_none() && s.is_receiving).count();
            self.requirement.ask(kind, waiting.saturating_sub(free)) as u32
        });
        Reply::SectionsRequired { audio, video }
    }
}

/// Gives the waiting subscriptions to sections that are free.
fn fill_sections(sections: &mut Sections, restarts: bool) {
    for subscription in std::mem::take(&mut sections.waiting) {
        let free = sections.iter_mut().find(|s| {
            // A client that restarts may not have had the last answer, and goes by the one before.
            let seems_in_use = s.in_use || restarts && s.offered_in_use;
            s.subscription.is_none() && s.kind == subscription.kind && s.is_receiving && !seems_in_use
        });
        match free {
            Some(section) => section.subscription = Some(subscription),
            None => sections.waiting.push(subscription),
        }
    }
    for section in sections.iter_mut() {
        section.offered_in_use = section.in_use;
        section.in_use = section.subscription.is_some();
    }
}
