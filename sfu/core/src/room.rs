//! The media graph of one meeting: who publishes what to whom, and the forwarding along it.
//!
//! Peers and tracks are kept in slots and named by small indices, so that forwarding a packet looks nothing up by handle.
//! Everything that runs a peer's transport is contained: a panic removes that peer and forwarding goes on.

use std::time::{Instant, SystemTime};

use str0m::media::{Mid, Rid};
use str0m::rtp::RtpPacket;

use crate::commands::{Kind, SubscriptionSettings, Target};
use crate::containment::contain;
use crate::counters::Counters;
use crate::datagrams::Datagrams;
use crate::egress::Profile;
use crate::events::{Event, PeerStats, Reply, Section, TransportState};
use crate::forward::{Extensions, Format, Incoming};
use crate::ids::{PeerId, RequestId, RoomId, TrackId};
use crate::keyframes::KeyframeThrottle;
use crate::layers::{LayerState, choose_layer};
use crate::levels::LevelMeter;
use crate::limits::{self, MAX_LAYERS, RoomLimits};
use crate::loudest::Loudest;
use crate::munge::{RtpPosition, Vp8Descriptor};
use crate::path::Path;
use crate::peer::{IngressStream, Peer, Subscription};
use crate::sdp;
use crate::spotlight::{self, Claim};
use crate::transport::{Arrival, Refused, Transport};

/// What a room writes to while it works.
pub struct Outputs {
    pub datagrams: Datagrams,
    pub events: Vec<Event>,
    pub counters: Counters,
    /// Transports whose timer or credentials may have changed: (peer slot, target).
    pub touched: Vec<(usize, Target)>,
    /// Peers that are gone.
    pub departed: Vec<PeerId>,
    /// Tracks that are gone.
    pub ended: Vec<TrackId>,
}

impl Outputs {
    pub fn new() -> Self {
        Self {
            datagrams: Datagrams::default(),
            events: Vec::new(),
            counters: Counters::default(),
            touched: Vec::new(),
            departed: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<Reply, String>) {
        self.events.push(Event::Replied { request, result });
    }
}

/// One simulcast layer of a track; layer 0 is all there is without simulcast.
struct Layer {
    rid: Option<Rid>,
    last_packet: Option<Instant>,
    flowing: bool,
    announced: bool,
    keyframes: KeyframeThrottle,
}

impl Layer {
    fn new(rid: Option<Rid>) -> Self {
        Self {
            rid,
            last_packet: None,
            flowing: false,
            announced: false,
            keyframes: KeyframeThrottle::new(limits::KEYFRAME_INTERVAL),
        }
    }
}

struct Track {
    handle: TrackId,
    /// Slot of the publishing peer.
    owner: usize,
    mid: Mid,
    kind: Kind,
    layers: Vec<Layer>,
    is_screen: bool,
    muted: bool,
    meter: LevelMeter,
    /// When it was a voice last, by the meter: clicks do not count.
    spoke: Option<Instant>,
    /// Its packets are forwarded; of a large room's voices only some are.
    is_heard: bool,
    /// Its packets are forwarded; of a large room's cameras only some are.
    is_shown: bool,
    /// Tracks published before it in this room.
    order: u64,
    /// (peer slot, section) of everyone who may receive it.
    receivers: Vec<(usize, usize)>,
}

impl Track {
    fn flowing(&self) -> [bool; MAX_LAYERS] {
        let mut flowing = [false; MAX_LAYERS];
        for (flag, layer) in flowing.iter_mut().zip(&self.layers) {
            *flag = layer.flowing;
        }
        flowing
    }

    fn layer_of(&self, rid: Option<Rid>) -> Option<usize> {
        self.layers.iter().position(|l| l.rid == rid)
    }
}

/// Section names of an accepted offer, kept to know a track's layers when it is published.
struct OfferedSection {
    peer: usize,
    mid: Mid,
    rids: Vec<String>,
}

/// Our clock against a publisher's, from its sender reports.
#[derive(Debug, Clone, Copy)]
struct PublisherClock {
    ntp: SystemTime,
    ours: Instant,
}

/// See the module.
pub struct Room {
    pub id: RoomId,
    peers: Vec<Option<Peer>>,
    tracks: Vec<Option<Track>>,
    clocks: Vec<Option<PublisherClock>>,
    offered: Vec<OfferedSection>,
    /// Transports with something written that has not been sent.
    dirty: Vec<(usize, Target)>,
    levels_due: Instant,
    levels_were_audible: bool,
    limits: RoomLimits,
    loudest: Loudest,
    published: u64,
    /// When the shard's timer for this room is set.
    pub tick_at: Instant,
}

impl Room {
    pub fn new(id: RoomId, limits: RoomLimits, now: Instant) -> Self {
        Self {
            id,
            peers: Vec::new(),
            tracks: Vec::new(),
            clocks: Vec::new(),
            offered: Vec::new(),
            dirty: Vec::new(),
            levels_due: now + limits::LEVEL_INTERVAL,
            levels_were_audible: false,
            limits,
            loudest: Loudest::new(limits.voices, limits.voices_from),
            published: 0,
            tick_at: now,
        }
    }

    // Peers.

    pub fn add_peer(&mut self, id: PeerId, now: Instant) -> usize {
        let slot = free_slot(&mut self.peers);
        self.peers[slot] = Some(Peer::new(id, now));
        self.clocks.resize(self.peers.len(), None);
        self.clocks[slot] = None;
        slot
    }

    pub fn peer_slots(&self) -> impl Iterator<Item = usize> {
        self.peers.iter().enumerate().filter(|(_, p)| p.is_some()).map(|(i, _)| i)
    }

    pub fn peer_at(&mut self, slot: usize) -> Option<&mut Peer> {
        self.peers.get_mut(slot)?.as_mut()
    }

    pub fn transport_at(&mut self, slot: usize, target: Target) -> Option<&mut Transport> {
        self.peer_at(slot)?.transport(target)
    }

    /// When the room wants its [`tick`](Self::tick).
    pub fn next_tick(&self, now: Instant) -> Instant {
        let busy = self.tracks.iter().any(Option::is_some);
        now + if busy { limits::ROOM_TICK } else { limits::IDLE_ROOM_TICK }
    }

    pub fn remove_peer(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        for target in [Target::Publisher, Target::Subscriber] {
            let Some(transport) = self.transport_at(slot, target) else {
                continue;
            };
            let goodbye = contain(|| {
                transport.close();
                transport.drain(now, &mut out.datagrams, &mut Vec::new());
            });
            if goodbye.is_err() {
                out.counters.panics += 1;
            }
        }
        self.forget_peer(now, slot, out);
    }

    fn forget_peer(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::take) else {
            return;
        };
        out.departed.push(peer.id);
        // What panicked once may panic again while it is taken apart.
        if contain(|| drop(peer)).is_err() {
            out.counters.panics += 1;
        }
        self.dirty.retain(|(s, _)| *s != slot);
        self.offered.retain(|s| s.peer != slot);
        for index in 0..self.tracks.len() {
            let Some(track) = &mut self.tracks[index] else {
                continue;
            };
            track.receivers.retain(|(s, _)| *s != slot);
            if track.owner == slot {
                self.end_track(now, index, out);
            }
        }
    }

    fn crash(&mut self, now: Instant, slot: usize, text: String, out: &mut Outputs) {
        out.counters.panics += 1;
        let Some(peer) = self.peer_at(slot).map(|p| p.id) else {
            return;
        };
        self.forget_peer(now, slot, out);
        out.events.push(Event::PeerCrashed { peer, text });
    }

    // Running transports.

    /// Run `work` on one transport, then take what came of it. `None` when the transport is not there or panicked.
    fn run<T>(
        &mut self,
        now: Instant,
        (slot, target): (usize, Target),
        out: &mut Outputs,
        work: impl FnOnce(&mut Transport) -> T,
    ) -> Option<T> {
        let transport = self.transport_at(slot, target)?;
        let mut arrivals = Vec::new();
        let done = contain(|| {
            let value = work(transport);
            transport.drain(now, &mut out.datagrams, &mut arrivals);
            value
        });
        match done {
            Ok(value) => {
                out.touched.push((slot, target));
                self.take_arrivals(now, (slot, target), arrivals, out);
                Some(value)
            }
            Err(text) => {
                self.crash(now, slot, text, out);
                None
            }
        }
    }

    pub fn handle_datagram(
        &mut self,
        now: Instant,
        at: (usize, Target),
        path: Path,
        datagram: &[u8],
        out: &mut Outputs,
    ) -> Result<(), Refused> {
        self.run(now, at, out, |t| t.handle_datagram(now, path, datagram)).unwrap_or(Err(Refused::Stranger))
    }

    /// SRTCP from a subscriber, from an address that was verified as its own.
    pub fn handle_feedback(
        &mut self,
        now: Instant,
        slot: usize,
        packet: &[u8],
        out: &mut Outputs,
    ) -> Result<(), Refused> {
        let Some(transport) = self.transport_at(slot, Target::Subscriber) else {
            return Err(Refused::Stranger);
        };
        let mut arrivals = Vec::new();
        match contain(|| transport.handle_rtcp(now, packet, &mut out.datagrams, &mut arrivals)) {
            Ok(taken) => {
                self.take_arrivals(now, (slot, Target::Subscriber), arrivals, out);
                if taken { Ok(()) } else { Err(Refused::Malformed) }
            }
            Err(text) => {
                self.crash(now, slot, text, out);
                Ok(())
            }
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, at: (usize, Target), out: &mut Outputs) {
        self.run(now, at, out, |t| t.handle_timeout(now));
    }

    pub fn panic_peer(&mut self, slot: usize) {
        if let Some(peer) = self.peer_at(slot) {
            for transport in [peer.publisher.as_mut(), peer.subscriber.as_mut()].into_iter().flatten() {
                transport.panic_next();
            }
        }
    }

    /// Send what forwarding wrote since the last time.
    pub fn flush(&mut self, now: Instant, out: &mut Outputs) {
        // Draining one transport may write to another; every round is caused by something received, so this ends.
        while !self.dirty.is_empty() {
            for at in std::mem::take(&mut self.dirty) {
                let Some(transport) = self.transport_at(at.0, at.1) else {
                    continue;
                };
                transport.is_dirty = false;
                if at.1 == Target::Publisher {
                    self.handle_timeout(now, at, out);
                } else if let Err(text) = contain(|| transport.flush_media(now, &mut out.datagrams)) {
                    self.crash(now, at.0, text, out);
                }
            }
        }
    }

    fn take_arrivals(
        &mut self,
        now: Instant,
        (slot, target): (usize, Target),
        arrivals: Vec<Arrival>,
        out: &mut Outputs,
    ) {
        for arrival in arrivals {
            let Some(peer) = self.peers.get(slot).and_then(Option::as_ref) else {
                return;
            };
            let id = peer.id;
            match arrival {
                Arrival::Packet(packet) => self.take_packet(now, slot, packet, out),
                Arrival::KeyframeRequested(mid) => {
                    let wanted = peer
                        .subscription_in(mid)
                        .and_then(|s| Some((s.track, s.layers.current().or(s.layers.target())?)));
                    if let Some((track, layer)) = wanted {
                        self.request_keyframe(now, track, layer, out);
                    }
                }
                Arrival::StateChanged(state) => {
                    out.events.push(Event::TransportChanged { peer: id, target, state });
                    if state == TransportState::Connected && target == Target::Subscriber {
                        self.count_profile(slot, out);
                        self.request_awaited_keyframes(now, slot, out);
                    }
                }
                Arrival::ChannelOpened(label) => out.events.push(Event::ChannelOpened { peer: id, target, label }),
                Arrival::Data { label_is_reliable: reliable, payload } => {
                    out.events.push(Event::DataReceived { peer: id, reliable, payload });
                }
                Arrival::UnknownChannelData => out.counters.dropped_data_channels += 1,
            }
        }
    }

    fn count_profile(&mut self, slot: usize, out: &mut Outputs) {
        let transport = self.transport_at(slot, Target::Subscriber);
        let counter = match transport.and_then(|t| t.srtp_profile()) {
            Some(Profile::AesGcm128) => &mut out.counters.srtp_aead_aes_128_gcm,
            Some(Profile::AesGcm256) => &mut out.counters.srtp_aead_aes_256_gcm,
            Some(Profile::AesCm128Sha1) => &mut out.counters.srtp_aes128_cm_sha1_80,
            None => return,
        };
        *counter += 1;
    }

    // Negotiation.

    fn create_transport(&mut self, slot: usize, target: Target, new: impl FnOnce(Target) -> Transport) {
        if let Some(peer) = self.peer_at(slot) {
            let place = match target {
                Target::Publisher => &mut peer.publisher,
                Target::Subscriber => &mut peer.subscriber,
            };
            place.get_or_insert_with(|| new(target));
        }
    }

    pub fn accept_offer(
        &mut self,
        now: Instant,
        slot: usize,
        request: RequestId,
        offer: &str,
        new: impl FnOnce(Target) -> Transport,
        out: &mut Outputs,
    ) {
        let sections = match sdp::inspect_offer(offer) {
            Ok(sections) => sections,
            Err(error) => {
                out.counters.refused_descriptions += 1;
                out.reply(request, Err(error));
                return;
            }
        };
        self.create_transport(slot, Target::Publisher, new);
        let answer = self.run(now, (slot, Target::Publisher), out, |t| t.accept_offer(now, offer));
        let result = match answer {
            None => Err("the transport failed".to_owned()),
            Some(Err(error)) => {
                out.counters.refused_descriptions += 1;
                Err(error)
            }
            Some(Ok(answer)) => {
                self.remember_sections(slot, &sections);
                Ok(Reply::Answer { sdp: sdp::allow_discontinuous_audio(&answer), sections })
            }
        };
        out.reply(request, result);
    }

    fn remember_sections(&mut self, slot: usize, sections: &[Section]) {
        self.offered.retain(|s| s.peer != slot);
        self.offered.extend(sections.iter().map(|s| OfferedSection {
            peer: slot,
            mid: Mid::from(s.mid.as_str()),
            rids: s.rids.clone(),
        }));
    }

    pub fn create_offer(
        &mut self,
        now: Instant,
        slot: usize,
        request: RequestId,
        restart_ice: bool,
        new: impl FnOnce(Target) -> Transport,
        out: &mut Outputs,
    ) {
        self.create_transport(slot, Target::Subscriber, new);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let created = contain(|| peer.create_offer(restart_ice));
        match created {
            Err(text) => {
                out.reply(request, Err("the transport failed".into()));
                self.crash(now, slot, text, out);
            }
            Ok(Err(error)) => out.reply(request, Err(error)),
            Ok(Ok((reply, _))) => {
                self.refresh_receivers(slot);
                self.run(now, (slot, Target::Subscriber), out, |_| ());
                out.reply(request, Ok(reply));
            }
        }
    }

    pub fn accept_answer(&mut self, now: Instant, slot: usize, request: RequestId, answer: &str, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let accepted = contain(|| peer.accept_answer(now, answer));
        let result = match accepted {
            Err(text) => {
                out.reply(request, Err("the transport failed".into()));
                self.crash(now, slot, text, out);
                return;
            }
            Ok(result) => result,
        };
        if result.is_err() {
            out.counters.refused_descriptions += 1;
        }
        self.refresh_receivers(slot);
        self.run(now, (slot, Target::Subscriber), out, |_| ());
        out.reply(request, result.map(|()| Reply::AnswerAccepted));
        self.retarget_peer(slot);
        self.request_awaited_keyframes(now, slot, out);
        self.announce_states(slot, None, out);
        self.announce_negotiation(slot, out);
    }

    /// Tell a client which of its tracks, or whether one of them, is forwarded, when that is news to it.
    fn announce_states(&mut self, slot: usize, track: Option<usize>, out: &mut Outputs) {
        let tracks = &self.tracks;
        let is_shown = |index: usize| tracks.get(index).and_then(Option::as_ref).is_none_or(|t| t.is_shown);
        if let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) {
            let id = peer.id;
            let news = peer.announce_states(track, is_shown);
            out.events.extend(news.into_iter().map(|(track, active)| Event::StreamStateChanged {
                peer: id,
                track,
                active,
            }));
        }
    }

    fn announce_negotiation(&mut self, slot: usize, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot)
            && peer.announce_negotiation()
        {
            out.events.push(Event::NegotiationNeeded { peer: peer.id });
        }
    }

    pub fn add_candidate(&mut self, now: Instant, at: (usize, Target), candidate: &str, out: &mut Outputs) {
        if self.run(now, at, out, |t| t.add_candidate(candidate)) == Some(false) {
            out.counters.ignored_candidates += 1;
        }
    }

    // The media graph.

    /// Bind a section to a new track; its slot, or `None` when the peer publishes too much.
    pub fn publish(
        &mut self,
        now: Instant,
        slot: usize,
        handle: TrackId,
        (mid, kind, is_screen): (&str, Kind, bool),
    ) -> Option<usize> {
        let published = self.tracks.iter().flatten().filter(|t| t.owner == slot).count();
        if published >= limits::MAX_TRACKS_PER_PEER {
            return None;
        }
        let mid = Mid::from(mid);
        let rids = self.offered.iter().find(|s| s.peer == slot && s.mid == mid).map(|s| s.rids.as_slice());
        let layers = match rids {
            Some(rids) if !rids.is_empty() => rids.iter().map(|r| Layer::new(Some(Rid::from(r.as_str())))).collect(),
            _ => vec![Layer::new(None)],
        };
        let index = free_slot(&mut self.tracks);
        self.tracks[index] = Some(Track {
            handle,
            owner: slot,
            mid,
            kind,
            layers,
            is_screen,
            muted: false,
            meter: LevelMeter::default(),
            spoke: None,
            is_heard: true,
            is_shown: true,
            order: self.published,
            receivers: Vec::new(),
        });
        self.published += 1;
        if kind == Kind::Audio {
            self.loudest.add(now, index);
        } else {
            // Not even for a moment more than there are places.
            let is_shown = is_screen || self.cameras().count() <= self.limits.cameras;
            if let Some(track) = self.tracks[index].as_mut() {
                track.is_shown = is_shown;
            }
        }
        Some(index)
    }

    pub fn unpublish(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        self.end_track(now, index, out);
    }

    fn end_track(&mut self, _now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::take) else {
            return;
        };
        out.ended.push(track.handle);
        self.loudest.remove(index);
        if let Some(owner) = self.peer_at(track.owner) {
            owner.ingress.retain(|s| s.track != index);
        }
        for slot in 0..self.peers.len() {
            let Some(peer) = &mut self.peers[slot] else {
                continue;
            };
            peer.unsubscribe(track.handle);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_muted(&mut self, now: Instant, index: usize, muted: bool, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if track.muted == muted {
            return;
        }
        track.muted = muted;
        track.meter.reset();
        self.loudest.silence(now, index);
        if muted {
            // What is not forwarded cannot be built upon: everyone starts from a key frame again.
            for slot in 0..self.peers.len() {
                let Some(peer) = &mut self.peers[slot] else {
                    continue;
                };
                peer.subscriptions().filter(|s| s.track == index).for_each(|s| s.layers.reset());
            }
        } else {
            self.retarget(now, index, out);
        }
    }

    /// Add a subscription, unless there is one or the peer has too many sections.
    pub fn subscribe(&mut self, slot: usize, index: usize, (stream_id, track_id): (String, String), out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let (handle, kind, owner) = (track.handle, track.kind, track.owner);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        if owner == slot || peer.subscription(handle).is_some() {
            return;
        }
        peer.subscribe(Subscription {
            track: index,
            handle,
            kind,
            stream_id,
            track_id,
            settings: SubscriptionSettings::default(),
            is_configured: false,
            layers: LayerState::default(),
            is_told_paused: false,
        });
        self.retarget_peer(slot);
        self.announce_negotiation(slot, out);
    }

    pub fn unsubscribe(&mut self, slot: usize, track: TrackId, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot) {
            peer.unsubscribe(track);
            self.refresh_receivers(slot);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_subscription(
        &mut self,
        now: Instant,
        slot: usize,
        track: TrackId,
        settings: SubscriptionSettings,
        out: &mut Outputs,
    ) {
        let Some(subscription) = self.peer_at(slot).and_then(|p| p.subscription(track)) else {
            return;
        };
        if subscription.settings.enabled && !settings.enabled {
            subscription.layers.reset();
        }
        subscription.settings = settings;
        subscription.is_configured = true;
        self.retarget_peer(slot);
        self.request_awaited_keyframes(now, slot, out);
    }

    /// Make the receiver lists of all tracks agree with this peer's sections.
    fn refresh_receivers(&mut self, slot: usize) {
        for track in self.tracks.iter_mut().flatten() {
            track.receivers.retain(|(s, _)| *s != slot);
        }
        let Some(peer) = self.peers.get(slot).and_then(Option::as_ref) else {
            return;
        };
        for (section, carried) in peer.sections.iter().enumerate() {
            let Some(subscription) = &carried.subscription else {
                continue;
            };
            if let Some(track) = self.tracks.get_mut(subscription.track).and_then(Option::as_mut) {
                track.receivers.push((slot, section));
            }
        }
    }

    // Layers and key frames.

    /// Choose again for everyone who receives this track.
    fn retarget(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let (flowing, kind) = (track.flowing(), track.kind);
        let mut awaited = [false; MAX_LAYERS];
        for peer in self.peers.iter_mut().flatten() {
            for subscription in peer.subscriptions().filter(|s| s.track == index) {
                set_target(subscription, flowing);
                if let Some(layer) = subscription.layers.awaits().filter(|_| kind == Kind::Video) {
                    awaited[usize::from(layer)] |= subscription.settings.enabled;
                }
            }
        }
        for layer in (0..MAX_LAYERS).filter(|l| awaited[*l]) {
            self.request_keyframe(now, index, layer as u8, out);
        }
    }

    fn retarget_peer(&mut self, slot: usize) {
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        for subscription in peer.subscriptions() {
            if let Some(track) = self.tracks.get(subscription.track).and_then(Option::as_ref) {
                set_target(subscription, track.flowing());
            }
        }
    }

    /// Ask for the key frames this peer needs to go on.
    fn request_awaited_keyframes(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        for (track, layer) in peer.awaited_keyframes() {
            self.request_keyframe(now, track, layer, out);
        }
    }

    fn request_keyframe(&mut self, now: Instant, index: usize, layer: u8, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if track.muted || track.kind == Kind::Audio || !track.is_shown {
            return;
        }
        let send = track.layers.get_mut(usize::from(layer)).is_some_and(|l| l.keyframes.request(now));
        if send {
            self.send_keyframe_request(now, index, layer, out);
        }
    }

    fn send_keyframe_request(&mut self, now: Instant, index: usize, layer: u8, out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let (owner, mid, rid) = (track.owner, track.mid, track.layers[usize::from(layer)].rid);
        let Some(transport) = self.transport_at(owner, Target::Publisher) else {
            return;
        };
        let was_dirty = std::mem::replace(&mut transport.is_dirty, true);
        if !was_dirty {
            self.dirty.push((owner, Target::Publisher));
        }
        let Some(transport) = self.transport_at(owner, Target::Publisher) else {
            return;
        };
        match contain(|| transport.request_keyframe(mid, rid)) {
            Ok(true) => out.counters.keyframe_requests += 1,
            Ok(false) => {}
            Err(text) => self.crash(now, owner, text, out),
        }
    }

    // Forwarding.

    fn take_packet(&mut self, now: Instant, owner: usize, packet: RtpPacket, out: &mut Outputs) {
        let ssrc = *packet.header.ssrc;
        let Some(stream) = self.ingress_stream(owner, ssrc) else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let Some(peer) = self.peers.get(owner).and_then(Option::as_ref) else {
            return;
        };
        let format = peer.publisher.as_ref().and_then(|t| t.format_of(packet.header.payload_type));
        let Some(format) = format else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let captured = capture_time(&mut self.clocks[owner], &packet, format);
        let Some(track) = self.tracks.get_mut(stream.track).and_then(Option::as_mut) else {
            return;
        };
        let layer = &mut track.layers[usize::from(stream.layer)];
        layer.last_packet = Some(now);
        if !layer.announced {
            layer.announced = true;
            out.events.push(Event::TrackLive {
                track: track.handle,
                rid: layer.rid.map(|r| r.to_string()).unwrap_or_default(),
                mime: format.mime(),
            });
        }
        let woke = !layer.flowing;
        layer.flowing = true;
        if woke {
            self.retarget(now, stream.track, out);
        }
        let incoming = look_at(packet, stream.layer, format, captured);
        self.forward(now, stream.track, &incoming, out);
    }

    /// Which track and layer an SSRC feeds. The table is as long as a peer has streams, a handful.
    fn ingress_stream(&mut self, owner: usize, ssrc: u32) -> Option<IngressStream> {
        let peer = self.peers.get_mut(owner)?.as_mut()?;
        if let Some(known) = peer.ingress.iter().find(|s| s.ssrc == ssrc) {
            return Some(*known);
        }
        if peer.ingress.len() >= limits::MAX_SSRCS_PER_PEER {
            return None;
        }
        let (mid, rid) = peer.publisher.as_mut()?.stream_of(ssrc)?;
        let (index, track) = self
            .tracks
            .iter()
            .enumerate()
            .find_map(|(i, t)| t.as_ref().filter(|t| t.owner == owner && t.mid == mid).map(|t| (i, t)))?;
        let stream = IngressStream { ssrc, track: index, layer: track.layer_of(rid)? as u8 };
        // A client that restarts a layer changes its SSRC: the old one feeds nothing any more.
        peer.ingress.retain(|s| (s.track, s.layer) != (stream.track, stream.layer));
        peer.ingress.push(stream);
        Some(stream)
    }

    fn forward(&mut self, now: Instant, index: usize, packet: &Incoming, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if packet.keyframe && track.kind == Kind::Video {
            track.layers[usize::from(packet.layer)].keyframes.served();
        }
        if track.muted {
            return;
        }
        if track.kind == Kind::Audio {
            let dbov = packet.extensions.dbov();
            if let Some(dbov) = dbov {
                track.meter.observe(dbov);
            }
            let is_heard = self.loudest.hear(now, index, dbov);
            let was_heard = std::mem::replace(&mut track.is_heard, is_heard);
            if !is_heard {
                if was_heard {
                    self.interrupt(index);
                }
                return;
            }
        }
        if !track.is_shown {
            return;
        }
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let receivers = std::mem::take(&mut track.receivers);
        let mut crashed: Vec<(usize, String)> = Vec::new();
        let mut next = 0;
        // One guard around the whole loop; a panic is the fault of the receiver it stopped at.
        while next < receivers.len() {
            let run = contain(|| {
                while let Some(&(slot, section)) = receivers.get(next) {
                    if let Some(transport) = forward_to(now, self.peers.get_mut(slot), section, packet) {
                        out.counters.forwarded += 1;
                        if !std::mem::replace(&mut transport.is_dirty, true) {
                            self.dirty.push((slot, Target::Subscriber));
                        }
                    }
                    next += 1;
                }
            });
            if let Err(text) = run {
                crashed.push((receivers[next].0, text));
                next += 1;
            }
        }
        if let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) {
            track.receivers = receivers;
        }
        for (slot, text) in crashed {
            self.crash(now, slot, text, out);
        }
    }

    /// Nothing of this track is forwarded from here on until it begins anew: numbers go on where they ended.
    fn interrupt(&mut self, index: usize) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        for &(slot, section) in &track.receivers {
            let carried = self.peers[slot].as_mut().and_then(|p| p.sections.get_mut(section));
            if let Some(subscription) = carried.and_then(|s| s.subscription.as_mut()) {
                subscription.layers.reset();
            }
        }
    }

    // Cameras of a large room.

    fn cameras(&self) -> impl Iterator<Item = (usize, &Track)> {
        let tracks = self.tracks.iter().enumerate().filter_map(|(i, t)| Some((i, t.as_ref()?)));
        tracks.filter(|(_, t)| t.kind == Kind::Video && !t.is_screen)
    }

    /// Choose again which cameras are forwarded.
    fn choose_cameras(&mut self, now: Instant, out: &mut Outputs) {
        let on = || self.cameras().filter(|(_, t)| !t.muted);
        if on().count() <= self.limits.cameras && on().all(|(_, t)| t.is_shown) {
            return;
        }
        let claims: Vec<Claim> = on().map(|(i, t)| self.claim(i, t)).collect();
        let candidates: Vec<(usize, bool)> = claims.iter().map(|c| (c.camera, c.is_shown)).collect();
        let chosen = spotlight::choose(claims, self.limits.cameras);
        for (index, was_shown) in candidates {
            let is_shown = chosen.contains(&index);
            if is_shown != was_shown {
                self.show(now, index, is_shown, out);
            }
        }
    }

    fn claim(&self, index: usize, track: &Track) -> Claim {
        let subscription = |(slot, section): &(usize, usize)| {
            self.peers[*slot].as_ref().and_then(|p| p.sections.get(*section)).and_then(|s| s.subscription.as_ref())
        };
        let voices = self.tracks.iter().flatten().filter(|t| t.owner == track.owner && t.kind == Kind::Audio);
        Claim {
            camera: index,
            order: track.order,
            is_pinned: track.receivers.iter().filter_map(subscription).any(Subscription::is_pinned),
            last_spoke: voices.filter_map(|t| t.spoke).max(),
            is_shown: track.is_shown,
        }
    }

    fn show(&mut self, now: Instant, index: usize, is_shown: bool, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        track.is_shown = is_shown;
        let receivers: Vec<usize> = track.receivers.iter().map(|(slot, _)| *slot).collect();
        if is_shown {
            self.retarget(now, index, out);
        } else {
            self.interrupt(index);
        }
        for slot in receivers {
            self.announce_states(slot, Some(index), out);
        }
    }

    // Data.

    pub fn send_data(
        &mut self,
        now: Instant,
        slot: usize,
        reliable: bool,
        payload: &std::sync::Arc<[u8]>,
        out: &mut Outputs,
    ) {
        let at = (slot, Target::Subscriber);
        if reliable {
            let sent = self.run(now, at, out, |t| t.send_reliable(payload.clone()));
            if matches!(sent, Some(Err(_))) {
                self.fail_transport(slot, out);
            }
        } else if self.run(now, at, out, |t| t.send_lossy(payload)) != Some(true) {
            out.counters.dropped_data_lossy += 1;
        }
    }

    fn fail_transport(&mut self, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let id = peer.id;
        let mut arrivals = Vec::new();
        if let Some(transport) = peer.subscriber.as_mut() {
            transport.fail(&mut arrivals);
        }
        for arrival in arrivals {
            if let Arrival::StateChanged(state) = arrival {
                out.events.push(Event::TransportChanged { peer: id, target: Target::Subscriber, state });
            }
        }
    }

    // Time.

    pub fn tick(&mut self, now: Instant, out: &mut Outputs) {
        for index in 0..self.tracks.len() {
            self.tick_track(now, index, out);
        }
        if now >= self.levels_due {
            self.levels_due = now + limits::LEVEL_INTERVAL;
            self.report_levels(now, out);
        }
        self.choose_cameras(now, out);
        for slot in 0..self.peers.len() {
            self.tick_peer(now, slot, out);
        }
    }

    fn tick_track(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks[index].as_mut().filter(|t| t.kind == Kind::Video) else {
            return;
        };
        let mut changed = false;
        let mut due = Vec::new();
        for (number, layer) in track.layers.iter_mut().enumerate() {
            let silent = layer.last_packet.is_none_or(|t| now.saturating_duration_since(t) >= limits::LAYER_SILENCE);
            changed |= layer.flowing && silent;
            layer.flowing &= !silent;
            if layer.flowing && layer.keyframes.poll(now) {
                due.push(number as u8);
            }
        }
        for layer in due {
            self.send_keyframe_request(now, index, layer, out);
        }
        if changed {
            self.retarget(now, index, out);
        }
    }

    fn report_levels(&mut self, now: Instant, out: &mut Outputs) {
        let levels: Vec<(TrackId, f32)> = self
            .tracks
            .iter_mut()
            .flatten()
            .filter(|t| t.kind == Kind::Audio)
            .filter_map(|t| {
                let level = t.meter.close_window()?;
                t.spoke = Some(now);
                Some((t.handle, level))
            })
            .collect();
        let audible = !levels.is_empty();
        if audible || self.levels_were_audible {
            out.events.push(Event::LevelsMeasured { room: self.id, levels });
        }
        self.levels_were_audible = audible;
    }

    fn tick_peer(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        // Lost key frames are asked for again until they arrive.
        self.request_awaited_keyframes(now, slot, out);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let id = peer.id;
        for target in [Target::Publisher, Target::Subscriber] {
            let mut arrivals = Vec::new();
            if let Some(transport) = peer.transport(target) {
                transport.check_health(now, &mut arrivals);
                transport.tick_media(now, &mut out.datagrams);
            }
            for arrival in arrivals {
                if let Arrival::StateChanged(state) = arrival {
                    out.events.push(Event::TransportChanged { peer: id, target, state });
                }
            }
        }
        if now >= peer.stats_due {
            peer.stats_due = now + limits::STATS_INTERVAL;
            if let Some(stats) = stats_of(now, peer) {
                out.events.push(Event::StatsMeasured { peer: id, stats });
            }
        }
    }
}

fn free_slot<T>(slots: &mut Vec<Option<T>>) -> usize {
    if let Some(free) = slots.iter().position(Option::is_none) {
        return free;
    }
    slots.push(None);
    slots.len() - 1
}

fn set_target(subscription: &mut Subscription, flowing: [bool; MAX_LAYERS]) {
    subscription.layers.set_target(choose_layer(subscription.settings.max_layer, flowing));
}

/// The transport a packet was written to, if it was.
fn forward_to<'a>(
    now: Instant,
    peer: Option<&'a mut Option<Peer>>,
    section: usize,
    packet: &Incoming,
) -> Option<&'a mut Transport> {
    let peer = peer?.as_mut()?;
    let transport = peer.subscriber.as_mut()?;
    let sent = peer.sections.get_mut(section)?.forward(now, packet, transport.media()?);
    sent.then_some(transport)
}

/// Read once what every receiver needs to know.
fn look_at(packet: RtpPacket, layer: u8, format: Format, captured: Instant) -> Incoming {
    let payload = packet.payload;
    let vp8 = (format == Format::Vp8).then(|| Vp8Descriptor::parse(&payload)).flatten();
    let keyframe = match format {
        Format::Opus => true,
        Format::Vp8 => vp8.is_some_and(|d| d.starts_keyframe()),
        Format::H264 => str0m::format::detect_h264_keyframe(&payload),
    };
    let values = &packet.header.ext_vals;
    let voice = if values.voice_activity == Some(true) { 0x80 } else { 0 };
    let extensions = Extensions {
        audio_level: values.audio_level.map(|dbov| voice | dbov.unsigned_abs() & 0x7f),
        orientation: values.video_orientation.map(|o| o as u8),
    };
    Incoming {
        layer,
        format,
        position: RtpPosition { seq: *packet.seq_no, timestamp: packet.header.timestamp, captured },
        marker: packet.header.marker,
        keyframe,
        vp8,
        extensions,
        payload,
    }
}

/// When the packet's media was captured, on our clock: the publisher's sender reports tie RTP time to its wall clock, and
/// the first of them ties that to ours. All streams of a publisher share the tie, so sound and picture stay together.
/// Before the first report, the time of arrival.
fn capture_time(clock: &mut Option<PublisherClock>, packet: &RtpPacket, format: Format) -> Instant {
    let Some(report) = &packet.last_sender_info else {
        return packet.timestamp;
    };
    let rate = f64::from(format.clock_rate());
    let ticks = packet.time.numer() as f64 - report.rtp_time.numer() as f64;
    let seconds = ticks / rate;
    // A report that far from the packet is a broken or hostile one.
    if !(-60.0..60.0).contains(&seconds) {
        return packet.timestamp;
    }
    let tie = clock.get_or_insert(PublisherClock { ntp: shifted(report.ntp_time, seconds), ours: packet.timestamp });
    let captured = shifted(report.ntp_time, seconds);
    let ours = match captured.duration_since(tie.ntp) {
        Ok(after) => tie.ours.checked_add(after),
        Err(before) => tie.ours.checked_sub(before.duration()),
    };
    // Clocks drift and clients lie: what is seconds away from its arrival is tied anew.
    match ours {
        Some(ours) if is_near(ours, packet.timestamp) => ours,
        _ => {
            *clock = None;
            packet.timestamp
        }
    }
}

fn is_near(a: Instant, b: Instant) -> bool {
    let apart = a.saturating_duration_since(b).max(b.saturating_duration_since(a));
    apart < std::time::Duration::from_secs(2)
}

fn shifted(time: SystemTime, seconds: f64) -> SystemTime {
    let by = std::time::Duration::from_secs_f64(seconds.abs());
    let shifted = if seconds < 0.0 { time.checked_sub(by) } else { time.checked_add(by) };
    shifted.unwrap_or(time)
}

fn stats_of(now: Instant, peer: &Peer) -> Option<PeerStats> {
    let connected = |t: &&Transport| t.state() == Some(TransportState::Connected);
    let transports = || [peer.publisher.as_ref(), peer.subscriber.as_ref()].into_iter().flatten().filter(connected);
    transports().next()?;
    let mut stats = PeerStats::default();
    for measured in transports().map(|t| t.measured(now)) {
        stats.loss = stats.loss.max(measured.loss);
        stats.rtt_ms = stats.rtt_ms.max(measured.rtt.as_secs_f32() * 1000.0);
        stats.jitter_ms = stats.jitter_ms.max(measured.jitter_ms);
        stats.tx_bytes += measured.tx_bytes;
        stats.rx_bytes += measured.rx_bytes;
    }
    Some(stats)
}
