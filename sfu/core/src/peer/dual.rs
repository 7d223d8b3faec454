//! A connection of two transports: the client offers the one it sends on, and we offer the one we
//! send on.

use std::time::Instant;

use str0m::change::SdpPendingOffer;

use super::section::SendSection;
use super::sections::Sections;
use super::subscription::Subscription;
use crate::error::NegotiationError;
use crate::events::Reply;
use crate::sdp;
use crate::slots::SectionIndex;
use crate::transport::{Addition, OfferDraft, Transport};

/// An offer that waits for its answer.
struct OpenOffer {
    pending: SdpPendingOffer,
    /// The first section that the offer adds.
    first_new_section: SectionIndex,
}

/// See the module.
#[derive(Default)]
pub struct Dual {
    pub publisher: Option<Transport>,
    pub subscriber: Option<Transport>,
    open_offer: Option<OpenOffer>,
    /// The client may not know what the last offer said.
    out_of_step: bool,
    /// An answered offer had the data channels.
    channels_offered: bool,
}

impl Dual {
    /// An offer waits for its answer.
    pub fn is_negotiating(&self) -> bool {
        self.open_offer.is_some()
    }

    /// Offers everything that changed in `sections`. With `restart_ice`, an open offer is given up
    /// first.
    pub fn create_offer(&mut self, sections: &mut Sections, restart_ice: bool) -> Result<Reply, NegotiationError> {
        if self.open_offer.is_some() {
            if !restart_ice {
                return Err(NegotiationError::OfferIsOpen);
            }
            self.roll_back(sections);
        }
        let transport = self.subscriber.as_mut().ok_or(NegotiationError::NoTransport)?;
        sections.is_announced = false;
        let first_new_section = sections.end();
        let mut added: Vec<Subscription> = Vec::new();
        for subscription in std::mem::take(&mut sections.waiting) {
            let is_free = |s: &&mut SendSection| s.subscription.is_none() && !s.in_use && s.kind == subscription.kind;
            match sections.iter_mut().find(is_free) {
                Some(section) => section.subscription = Some(subscription),
                None => added.push(subscription),
            }
        }
        for section in sections.iter_mut() {
            section.offered_in_use = section.subscription.is_some();
        }
        let draft = OfferDraft {
            with_channels: !self.channels_offered,
            restart_ice: (restart_ice || self.out_of_step) && self.channels_offered,
            directions: sections.iter().map(|s| (s.mid, s.subscription.is_some())).collect(),
            additions: added
                .iter()
                .map(|s| Addition { kind: s.kind, stream_id: s.stream_id.clone(), track_id: s.track_id.clone() })
                .collect(),
        };
        sections.needs_offer = false;
        let Some((offer, pending, mids)) = transport.create_offer(&draft) else {
            return Ok(Reply::NothingToOffer);
        };
        for (mid, subscription) in mids.into_iter().zip(added) {
            sections.push(SendSection::new(mid, subscription));
        }
        self.open_offer = Some(OpenOffer { pending, first_new_section });
        let sdp = sdp::rewrite_msids(&offer, &sections.msids());
        Ok(Reply::Offer { sdp, tracks: sections.tracks_by_mid() })
    }

    /// The open offer never happened: the subscriptions it would have added wait again.
    fn roll_back(&mut self, sections: &mut Sections) {
        if let Some(open) = self.open_offer.take() {
            sections.take_back(open.first_new_section);
            self.out_of_step = true;
        }
    }

    /// Applies the client's answer to the open offer. A refused answer gives the offer up.
    pub fn accept_answer(
        &mut self,
        sections: &mut Sections,
        now: Instant,
        answer: &str,
    ) -> Result<(), NegotiationError> {
        let open = self.open_offer.take().ok_or(NegotiationError::NoOpenOffer)?;
        let transport = self.subscriber.as_mut().ok_or(NegotiationError::NoTransport)?;
        let accepted = sdp::inspect_answer(answer)
            .map_err(NegotiationError::from)
            .and_then(|()| transport.accept_answer(now, open.pending, answer));
        if let Err(error) = accepted {
            sections.take_back(open.first_new_section);
            self.out_of_step = true;
            return Err(error);
        }
        self.out_of_step = false;
        self.channels_offered = true;
        for section in sections.iter_mut() {
            section.in_use = section.offered_in_use;
            if section.subscription.is_some() {
                section.set_stream(transport.outgoing_stream(section.mid), now);
            }
        }
        Ok(())
    }
}
