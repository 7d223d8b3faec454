//! One participant's connection: its transports, the streams it sends us and the sections we send it.
//!
//! A peer has two transports, one for each direction, of which we offer the one we send on. Or it has one, which the client
//! offers; then what it receives goes into sections that the client made for that ([`single`](crate::single)).

use std::time::Instant;

use str0m::change::SdpPendingOffer;
use str0m::media::Mid;

use crate::allocation::Allotment;
use crate::allowance::Allowance;
use crate::commands::{Kind, SubscriptionSettings, Target};
use crate::events::{Reply, TransportState};
use crate::forward::{Egress, Incoming, Outgoing, OutgoingStream};
use crate::ids::{PeerId, TrackId};
use crate::layers::{LayerState, Verdict};
use crate::limits;
use crate::munge::{Frame, RtpMunger, Vp8Munger};
use crate::sdp::{self, Msid};
use crate::single::Requirement;
use crate::transport::{Addition, OfferDraft, Transport};

/// A received stream and the track layer it feeds.
#[derive(Debug, Clone, Copy)]
pub struct IngressStream {
    pub ssrc: u32,
    pub track: usize,
    pub layer: u8,
}

/// What this peer wants of one track.
#[derive(Debug)]
pub struct Subscription {
    /// Index in the room.
    pub track: usize,
    pub handle: TrackId,
    pub kind: Kind,
    pub stream_id: String,
    pub track_id: String,
    pub settings: SubscriptionSettings,
    /// The settings are the client's own, not those to begin with.
    pub is_configured: bool,
    pub layers: LayerState,
    /// What there is bandwidth for.
    pub allotment: Allotment,
    /// The highest temporal layer the client asked for.
    pub temporal_wish: u8,
    /// The client was told that nothing is forwarded at the moment.
    pub is_told_paused: bool,
}

impl Subscription {
    /// To a track, by its index in the room, as a client begins with it. `msid`: the stream and track id it is announced with.
    pub fn new(track: usize, handle: TrackId, kind: Kind, msid: (String, String)) -> Self {
        let (stream_id, track_id) = msid;
        Self {
            track,
            handle,
            kind,
            stream_id,
            track_id,
            settings: SubscriptionSettings::default(),
            is_configured: false,
            layers: LayerState::default(),
            allotment: Allotment::EVERYTHING,
            temporal_wish: Allotment::MOST_TEMPORAL,
            is_told_paused: false,
        }
    }

    /// The highest temporal layer to forward.
    pub fn temporal(&self) -> u8 {
        match self.allotment {
            Allotment::UpTo { temporal, .. } => temporal.min(self.temporal_wish),
            Allotment::Paused => 0,
        }
    }

    /// The client shows it large or says that it is important.
    pub fn is_pinned(&self) -> bool {
        let large = usize::from(self.settings.max_layer) == limits::MAX_LAYERS - 1;
        self.is_configured && self.settings.enabled && (large || self.settings.priority > 0)
    }
}

/// One media section of the subscriber transport. It outlives the subscription it carries: sections are never taken out
/// of a session, so an unused one is used again, and its numbering goes on because its SSRC does.
pub struct SendSection {
    pub mid: Mid,
    pub kind: Kind,
    pub subscription: Option<Subscription>,
    /// Set while the client agrees to receive what `subscription` names.
    stream: Option<OutgoingStream>,
    /// Where the client offers: it can receive in it.
    pub is_receiving: bool,
    numbering: Option<Numbering>,
    /// The client believes that it carries something. Another track would go unnoticed in it until an offer said otherwise:
    /// a client reports a new track only when a section begins to be received (RFC 8829 section 5.10).
    pub in_use: bool,
    /// What the open offer says about that; where the client offers, what the answer before the last one said.
    pub offered_in_use: bool,
}

struct Numbering {
    rtp: RtpMunger,
    vp8: Vp8Munger,
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
        // Padding carries nothing to decode; what a late one leaves behind is sent to keep the numbering whole.
        if packet.payload.is_empty()
            && subscription.layers.current() == Some(packet.layer)
            && numbering.rtp.remove(packet.position.seq)
        {
            return false;
        }
        match subscription.layers.judge(packet.layer, packet.keyframe) {
            Verdict::Drop => return false,
            Verdict::Forward => {}
            Verdict::Switch => {
                numbering.rtp.switch_source(packet.position);
                if let Some(vp8) = &packet.vp8 {
                    numbering.vp8.switch_source(vp8);
                }
            }
        }
        let is_left_out =
            packet.vp8.as_ref().is_some_and(|d| numbering.vp8.admit(d, subscription.temporal()) == Frame::LeftOut);
        if is_left_out && numbering.rtp.remove(packet.position.seq) {
            return false;
        }
        let Some(position) = numbering.rtp.map(packet.position) else {
            return false;
        };
        // Too late to be left out of the numbering: its number is sent without what it carried.
        let blank = is_left_out.then(<std::sync::Arc<[u8]>>::default);
        let outgoing = Outgoing {
            format: packet.format,
            position,
            marker: packet.marker,
            vp8: packet.vp8.as_ref().filter(|_| blank.is_none()).and_then(|d| numbering.vp8.map(d)),
            extensions: packet.extensions,
            payload: blank.as_ref().unwrap_or(&packet.payload),
            redundant: packet.redundant.as_ref(),
        };
        egress.write(now, stream, &outgoing)
    }

    /// The client answered: this is what it agreed to.
    pub fn set_stream(&mut self, stream: Option<OutgoingStream>, now: Instant) {
        let Some(stream) = stream else {
            self.stream = None;
            return;
        };
        let clock_rate = match self.kind {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        };
        self.numbering.get_or_insert_with(|| Numbering {
            // Any start does; the random SSRC makes it unlike its neighbours'. Below 2^15 leaves room before the rollover.
            rtp: RtpMunger::new(clock_rate, (stream.ssrc & 0x7fff) as u16, stream.ssrc.rotate_left(7), now),
            vp8: Vp8Munger::default(),
        });
        self.stream = Some(stream);
    }

    /// It carried something already.
    pub fn was_used(&self) -> bool {
        self.numbering.is_some()
    }

    pub fn release(&mut self) {
        self.subscription = None;
        self.stream = None;
    }
}

/// An offer that waits for its answer.
struct OpenOffer {
    pending: SdpPendingOffer,
    /// Sections it would add start here.
    first_new_section: usize,
}

/// See the module.
pub struct Peer {
    pub id: PeerId,
    /// The publisher's transport is the only one.
    pub is_single: bool,
    /// Its client is told of our TCP candidates alone.
    pub tcp_only: bool,
    pub publisher: Option<Transport>,
    pub subscriber: Option<Transport>,
    pub ingress: Vec<IngressStream>,
    /// How much of what it sends is forwarded.
    pub allowance: Allowance,
    pub sections: Vec<SendSection>,
    pub waiting: Vec<Subscription>,
    open_offer: Option<OpenOffer>,
    /// Of a single transport: what its client was asked for.
    pub requirement: Requirement,
    /// Sections changed and no offer said so yet.
    pub needs_offer: bool,
    /// A `NegotiationNeeded` event is out and no offer was asked for since.
    pub announced: bool,
    /// The client may not know what the last offer said.
    out_of_step: bool,
    channels_offered: bool,
    /// Its videos get what there is bandwidth for, not what was asked for.
    pub is_rationed: bool,
    /// When its bandwidth was shared out last.
    pub allotted: Option<Instant>,
    /// Its videos get no more than this, in bits a second, whatever its network takes.
    pub video_limit: Option<f64>,
    pub stats_due: Instant,
}

impl Peer {
    pub fn new(id: PeerId, is_single: bool, tcp_only: bool, now: Instant) -> Self {
        Self {
            id,
            is_single,
            tcp_only,
            publisher: None,
            subscriber: None,
            ingress: Vec::new(),
            allowance: Allowance::default(),
            sections: Vec::new(),
            waiting: Vec::new(),
            open_offer: None,
            requirement: Requirement::default(),
            needs_offer: false,
            announced: false,
            out_of_step: false,
            channels_offered: false,
            is_rationed: false,
            allotted: None,
            video_limit: None,
            stats_due: now + limits::STATS_INTERVAL,
        }
    }

    /// The one name of the transport that this is: a single one goes by the publisher's.
    pub fn name_of(&self, target: Target) -> Target {
        if self.is_single { Target::Publisher } else { target }
    }

    pub fn transport(&mut self, target: Target) -> Option<&mut Transport> {
        match self.name_of(target) {
            Target::Publisher => self.publisher.as_mut(),
            Target::Subscriber => self.subscriber.as_mut(),
        }
    }

    /// The transport we send media and data on.
    pub fn sending(&self) -> Option<&Transport> {
        match self.name_of(Target::Subscriber) {
            Target::Publisher => self.publisher.as_ref(),
            Target::Subscriber => self.subscriber.as_ref(),
        }
    }

    pub fn subscription(&mut self, track: TrackId) -> Option<&mut Subscription> {
        let carried = self.sections.iter_mut().filter_map(|s| s.subscription.as_mut());
        carried.chain(self.waiting.iter_mut()).find(|s| s.handle == track)
    }

    pub fn subscriptions(&mut self) -> impl Iterator<Item = &mut Subscription> {
        let carried = self.sections.iter_mut().filter_map(|s| s.subscription.as_mut());
        carried.chain(self.waiting.iter_mut())
    }

    /// It wants fewer pictures a second of something than it might get.
    pub fn limits_pictures(&self) -> bool {
        self.sections.iter().filter_map(|s| s.subscription.as_ref()).any(|s| s.settings.max_fps > 0)
    }

    /// What the client agreed to receive and has not turned off, with the index of its section.
    pub fn received(&self) -> impl Iterator<Item = (usize, &Subscription)> {
        let agreed = self.sections.iter().enumerate().filter(|(_, s)| s.stream.is_some());
        agreed.filter_map(|(at, s)| Some((at, s.subscription.as_ref().filter(|s| s.settings.enabled)?)))
    }

    /// (track, layer) of every key frame this peer cannot go on without.
    pub fn awaited_keyframes(&self) -> Vec<(usize, u8)> {
        let connected = self.sending().is_some_and(|t| t.state() == Some(TransportState::Connected));
        let sections = self.sections.iter().filter(|s| connected && s.kind == Kind::Video && s.stream.is_some());
        sections
            .filter_map(|s| s.subscription.as_ref())
            .filter(|s| s.settings.enabled && s.allotment != Allotment::Paused)
            .filter_map(|s| Some((s.track, s.layers.awaits()?)))
            .collect()
    }

    /// Waits for a section until the next offer; ignored when there are too many already.
    pub fn subscribe(&mut self, subscription: Subscription) {
        if self.sections.len() + self.waiting.len() < limits::MAX_SUBSCRIBED_SECTIONS {
            self.waiting.push(subscription);
            self.needs_offer = true;
        }
    }

    pub fn unsubscribe(&mut self, track: TrackId) {
        let waited = self.waiting.len();
        self.waiting.retain(|s| s.handle != track);
        if self.waiting.len() != waited {
            return;
        }
        let carried = |s: &&mut SendSection| s.subscription.as_ref().is_some_and(|s| s.handle == track);
        if let Some(section) = self.sections.iter_mut().find(carried) {
            section.release();
            self.needs_offer = true;
        }
    }

    /// True when Python should be told to ask for an offer now.
    pub fn announce_negotiation(&mut self) -> bool {
        let is_under_way = self.announced || self.open_offer.is_some() || self.requirement.is_open();
        if !self.needs_offer || is_under_way || self.sending().is_none() {
            return false;
        }
        self.announced = true;
        true
    }

    /// Offer everything that changed. The reply, and the indices of sections with a new subscription.
    pub fn create_offer(&mut self, restart_ice: bool) -> Result<(Reply, Vec<usize>), String> {
        if self.open_offer.is_some() {
            if !restart_ice {
                return Err("an offer is already open".into());
            }
            self.roll_back();
        }
        let Some(transport) = self.subscriber.as_mut() else {
            return Err("no subscriber transport".into());
        };
        self.announced = false;
        let first_new_section = self.sections.len();
        let mut bound = Vec::new();
        let mut added: Vec<Subscription> = Vec::new();
        for subscription in self.waiting.drain(..) {
            let free =
                self.sections.iter().position(|s| s.subscription.is_none() && !s.in_use && s.kind == subscription.kind);
            if let Some(index) = free {
                self.sections[index].subscription = Some(subscription);
                bound.push(index);
            } else {
                added.push(subscription);
            }
        }
        for section in &mut self.sections {
            section.offered_in_use = section.subscription.is_some();
        }
        let draft = OfferDraft {
            with_channels: !self.channels_offered,
            restart_ice: (restart_ice || self.out_of_step) && self.channels_offered,
            directions: self.sections.iter().map(|s| (s.mid, s.subscription.is_some())).collect(),
            additions: added
                .iter()
                .map(|s| Addition { kind: s.kind, stream_id: s.stream_id.clone(), track_id: s.track_id.clone() })
                .collect(),
        };
        let Some((offer, pending, mids)) = transport.create_offer(&draft) else {
            self.needs_offer = false;
            return Ok((Reply::NothingToOffer, bound));
        };
        for (mid, subscription) in mids.into_iter().zip(added) {
            bound.push(self.sections.len());
            self.sections.push(SendSection::new(mid, subscription));
        }
        self.needs_offer = false;
        self.open_offer = Some(OpenOffer { pending, first_new_section });
        let used = || self.sections.iter().filter_map(|s| Some((s, s.subscription.as_ref()?)));
        let msids: Vec<Msid> = used()
            .map(|(section, subscription)| Msid {
                mid: section.mid.to_string(),
                stream_id: subscription.stream_id.clone(),
                track_id: subscription.track_id.clone(),
            })
            .collect();
        let tracks = used().map(|(section, s)| (section.mid.to_string(), s.handle)).collect();
        let sdp = sdp::rewrite_msids(&offer, &msids);
        Ok((Reply::Offer { sdp, tracks }, bound))
    }

    /// The open offer never happened: what it would have added waits again.
    fn roll_back(&mut self) {
        let Some(open) = self.open_offer.take() else {
            return;
        };
        for section in self.sections.drain(open.first_new_section..) {
            self.waiting.extend(section.subscription);
        }
        self.needs_offer = true;
        self.out_of_step = true;
    }

    pub fn accept_answer(&mut self, now: Instant, answer: &str) -> Result<(), String> {
        let Some(open) = self.open_offer.take() else {
            return Err("no offer is open".into());
        };
        let Some(transport) = self.subscriber.as_mut() else {
            return Err("no subscriber transport".into());
        };
        let first_new_section = open.first_new_section;
        let accepted = sdp::inspect_answer(answer).and_then(|()| transport.accept_answer(now, open.pending, answer));
        if let Err(error) = accepted {
            for section in self.sections.drain(first_new_section..) {
                self.waiting.extend(section.subscription);
            }
            self.needs_offer = true;
            self.out_of_step = true;
            return Err(error);
        }
        self.out_of_step = false;
        self.channels_offered = true;
        for section in &mut self.sections {
            section.in_use = section.offered_in_use;
            if section.subscription.is_some() {
                section.set_stream(transport.outgoing_stream(section.mid), now);
            }
        }
        Ok(())
    }

    /// Say what the client does not know yet of whether a track is forwarded: `is_shown`, for all that it agreed to receive
    /// or for one of them. Handles and what to say.
    pub fn announce_states(&mut self, track: Option<usize>, is_shown: impl Fn(usize) -> bool) -> Vec<(TrackId, bool)> {
        let agreed = self.sections.iter_mut().filter(|s| s.stream.is_some());
        let mut news = Vec::new();
        for subscription in agreed.filter_map(|s| s.subscription.as_mut()) {
            if track.is_some_and(|t| t != subscription.track) {
                continue;
            }
            let paused = !is_shown(subscription.track) || subscription.allotment == Allotment::Paused;
            if std::mem::replace(&mut subscription.is_told_paused, paused) != paused {
                news.push((subscription.handle, !paused));
            }
        }
        news
    }

    /// The section of the subscriber transport with this mid, when it carries something.
    pub fn subscription_in(&self, mid: Mid) -> Option<&Subscription> {
        self.sections.iter().find(|s| s.mid == mid)?.subscription.as_ref()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::watched_section::WatchedSection;

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
                        // All counters; of a key frame, or of a frame in some temporal layer, numbered as its packets are.
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
