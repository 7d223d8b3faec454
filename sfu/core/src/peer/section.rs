//! A media section that is sent to a client, and the numbering of what leaves in it.

use std::time::Instant;

use str0m::media::Mid;

use super::subscription::Subscription;
use crate::allocation::Allotment;
use crate::commands::Kind;
use crate::format::Format;
use crate::forward::{Egress, Extensions, Incoming, Outgoing, OutgoingStream};
use crate::layers::Verdict;
use crate::munge::{Admission, LayerWish};
use crate::numbering::Numbering;
use crate::opening::{Opening, silence};

/// The level of silence (RFC 6464): as low as it goes, and no voice.
const SILENCE: u8 = 127;

/// One media section of the subscriber transport. It outlives the subscription it carries: sections
/// are never taken out of a session, so an unused one is used again, and its numbering goes on
/// because its SSRC does.
pub struct SendSection {
    pub mid: Mid,
    pub kind: Kind,
    pub subscription: Option<Subscription>,
    /// Set while the client agrees to receive what `subscription` names.
    pub(super) stream: Option<OutgoingStream>,
    /// The client can receive in it; used only where the client offers.
    pub is_receiving: bool,
    numbering: Option<Numbering>,
    /// Set while nothing was sent of what it carries.
    opening: Option<Opening>,
    /// The client believes that it carries something. Another track would go unnoticed in it until
    /// an offer said otherwise: a client reports a new track only when a section begins to be
    /// received (RFC 8829 section 5.10).
    pub in_use: bool,
    /// The value of `in_use` in the open offer; where the client offers, the one in the answer
    /// before the last.
    pub offered_in_use: bool,
}

impl SendSection {
    pub fn new(mid: Mid, subscription: Subscription) -> Self {
        let kind = subscription.kind;
        Self { subscription: Some(subscription), in_use: true, offered_in_use: true, ..Self::empty(mid, kind) }
    }

    pub fn empty(mid: Mid, kind: Kind) -> Self {
        Self {
            mid,
            kind,
            subscription: None,
            stream: None,
            is_receiving: false,
            numbering: None,
            opening: None,
            in_use: false,
            offered_in_use: false,
        }
    }

    /// Offer a packet of the subscribed track; true when it was sent.
    pub fn forward(&mut self, now: Instant, packet: &Incoming, egress: &mut impl Egress) -> bool {
        let (Some(stream), Some(subscription), Some(numbering)) =
            (self.stream, self.subscription.as_mut(), self.numbering.as_mut())
        else {
            return false;
        };
        if !subscription.settings.enabled || subscription.allotment == Allotment::Paused || !egress.is_open() {
            return false;
        }
        // Padding carries nothing to decode; what a late one leaves behind is sent to keep the
        // numbering whole.
        if packet.payload.is_empty()
            && subscription.layers.current() == Some(packet.stream)
            && numbering.remove(packet.position.seq)
        {
            return false;
        }
        match subscription.layers.judge(packet.stream, packet.keyframe) {
            Verdict::Drop => return false,
            Verdict::Forward => {}
            Verdict::Switch => numbering.switch_source(packet),
        }
        let wish = LayerWish {
            spatial: subscription.layers.target_spatial().number(),
            temporal: subscription.temporal().number(),
        };
        let admission = numbering.admit(packet, wish);
        subscription.layers.set_spatial(numbering.spatial(packet));
        let is_left_out = admission == Admission::LeftOut;
        if is_left_out && numbering.remove(packet.position.seq) {
            return false;
        }
        let Some(position) = numbering.place(packet.position) else {
            return false;
        };
        // Too late to be left out of the numbering: its number is sent without what it carried.
        let blank = is_left_out.then(<std::sync::Arc<[u8]>>::default);
        let (patch, frame) = if is_left_out { (None, None) } else { numbering.rename(packet) };
        let outgoing = Outgoing {
            format: packet.format,
            position,
            marker: packet.marker || admission == Admission::Kept { ends_picture: true },
            patch,
            descriptor: packet.layering.descriptor().zip(frame),
            extensions: packet.extensions,
            payload: blank.as_ref().unwrap_or(&packet.payload),
            padding: 0,
            redundant: packet.redundant.as_ref(),
        };
        let is_sent = egress.write(now, stream, &outgoing);
        if is_sent {
            self.opening = None;
        }
        is_sent
    }

    /// Nothing was sent of the track that it carries, and it is time to announce the stream.
    pub fn is_opening(&self, now: Instant) -> bool {
        self.opening.is_some_and(|opening| opening.is_due(now))
    }

    /// Announce the stream, in the format of the track as far as that is known. True when a packet
    /// was written.
    pub fn open(&mut self, now: Instant, format: Option<Format>, egress: &mut impl Egress) -> bool {
        let (Some(stream), Some(numbering), Some(opening)) = (self.stream, self.numbering.as_mut(), self.opening)
        else {
            return false;
        };
        let mut agreed = stream.payload_types.formats(self.kind);
        let Some(format) = format.filter(|f| stream.payload_types.of(*f).is_some()).or_else(|| agreed.next()) else {
            return false;
        };
        if !egress.is_open() {
            return false;
        }
        let payload = silence(format).into();
        let is_sound = self.kind == Kind::Audio;
        let outgoing = Outgoing {
            format,
            position: numbering.fill(now, format),
            marker: false,
            patch: None,
            descriptor: None,
            extensions: Extensions { audio_level: is_sound.then_some(SILENCE), orientation: None },
            payload: &payload,
            padding: if is_sound { 0 } else { u8::MAX },
            redundant: None,
        };
        self.opening = opening.next(now);
        egress.write(now, stream, &outgoing)
    }

    /// The client answered: this is what it agreed to.
    pub fn set_stream(&mut self, stream: Option<OutgoingStream>, now: Instant) {
        if let Some(subscription) = &mut self.subscription {
            subscription.agreed = stream.map(|stream| stream.payload_types);
        }
        if self.stream.is_none() {
            self.opening = stream.map(|_| Opening::new(now));
        }
        if let Some(stream) = stream {
            self.numbering.get_or_insert_with(|| Numbering::new(stream.ssrc, now));
        }
        self.stream = stream;
    }

    /// It carried something already.
    pub fn was_used(&self) -> bool {
        self.numbering.is_some()
    }

    pub fn release(&mut self) {
        self.subscription = None;
        self.stream = None;
        self.opening = None;
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use proptest::prelude::*;

    use super::super::watched_section::WatchedSection;
    use super::*;

    proptest! {
        #[test]
        fn no_number_is_sent_twice(
            packets in proptest::collection::vec(
                (0u8..3, -40i64..60, proptest::collection::vec(any::<u8>(), 0..9), 0u8..24, any::<bool>()), 0..400)
        ) {
            let mut section = WatchedSection::new(Instant::now());
            for (layer, step, mut payload, wish, is_keyframe) in packets {
                section.want(wish);
                section.arrive(layer, step, |seq| {
                    if payload.len() > 6 {
                        // All counters, of a key frame or of a frame in some temporal layer;
                        // picture ids follow the sequence numbers.
                        payload[..2].copy_from_slice(&[0x90, 0xf0]);
                        payload[6] = payload[6] & 0xfe | u8::from(!is_keyframe);
                        if payload[4] & 1 == 0 {
                            payload[2..4].copy_from_slice(&(0x8000 | seq as u16).to_be_bytes());
                        }
                    }
                    payload
                });
            }
        }
    }
}
