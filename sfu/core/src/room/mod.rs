//! The media graph of one meeting: who publishes what to whom, and the forwarding along it.
//!
//! Peers and tracks are kept in slots and named by small indices, so that forwarding a packet looks nothing up by handle.
//! Everything that runs a peer's transport is contained: a panic removes that peer and forwarding goes on.

mod allotments;
mod cameras;
mod capture_clock;
mod data;
mod forwarding;
mod keyframe_requests;
mod negotiation;
mod publications;
mod reports;
mod subscriptions;
mod track;

use std::time::Instant;

use capture_clock::PublisherClock;
use str0m::media::Mid;
use track::Track;

use crate::commands::Target;
use crate::containment::contain;
use crate::counters::Counters;
use crate::datagrams::Datagrams;
use crate::egress::Profile;
use crate::events::{Event, Reply, TransportState};
use crate::ids::{PeerId, RequestId, RoomId, TrackId};
use crate::limits::{self, RoomLimits};
use crate::loudest::Loudest;
use crate::path::Path;
use crate::peer::Peer;
use crate::stun;
use crate::transport::{Arrival, Refused, Role, Transport};

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

/// Section names of an accepted offer, kept to know a track's layers when it is published.
struct OfferedSection {
    peer: usize,
    mid: Mid,
    rids: Vec<String>,
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

    pub fn add_peer(&mut self, peer: Peer) -> usize {
        let slot = free_slot(&mut self.peers);
        self.peers[slot] = Some(peer);
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

    /// The names of a peer's transports.
    fn transports_of(&self, slot: usize) -> &'static [Target] {
        match self.peers.get(slot).and_then(Option::as_ref) {
            Some(peer) if peer.is_single => &[Target::Publisher],
            Some(_) => &[Target::Publisher, Target::Subscriber],
            None => &[],
        }
    }

    /// See [`Peer::name_of`].
    fn name_of(&self, slot: usize, target: Target) -> Target {
        self.peers.get(slot).and_then(Option::as_ref).map_or(target, |peer| peer.name_of(target))
    }

    /// When the room wants its [`tick`](Self::tick).
    pub fn next_tick(&self, now: Instant) -> Instant {
        let busy = self.tracks.iter().any(Option::is_some);
        now + if busy { limits::ROOM_TICK } else { limits::IDLE_ROOM_TICK }
    }

    pub fn remove_peer(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        for &target in self.transports_of(slot) {
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
        let target = self.peer_at(slot)?.name_of(target);
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
        if stun::classify(datagram) == Some(stun::Protocol::Rtcp) {
            match self.transport_at(at.0, at.1).map(|t| t.role()) {
                Some(Role::Sends) => return self.handle_feedback(now, at.0, datagram, out),
                // One compound packet may be about both directions.
                Some(Role::Both) => self.handle_feedback(now, at.0, datagram, out)?,
                Some(Role::Receives) | None => {}
            }
        }
        self.run(now, at, out, |t| t.handle_datagram(now, path, datagram)).unwrap_or(Err(Refused::Stranger))
    }

    /// SRTCP about what we send, from an address that was verified as the client's.
    fn handle_feedback(&mut self, now: Instant, slot: usize, packet: &[u8], out: &mut Outputs) -> Result<(), Refused> {
        let Some(transport) = self.transport_at(slot, Target::Subscriber) else {
            return Err(Refused::Stranger);
        };
        let mut arrivals = Vec::new();
        match contain(|| transport.handle_rtcp(now, packet, &mut out.datagrams, &mut arrivals)) {
            Ok(taken) => {
                let is_changed = transport.take_limit_change() && self.may_allot(now, slot);
                // Only requests for key frames, which are the same on every transport.
                self.take_arrivals(now, (slot, Target::Subscriber), arrivals, out);
                if is_changed {
                    self.allot(now, slot, out);
                }
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
        if self.transport_at(at.0, at.1).is_some_and(|t| t.take_media_due(now)) {
            self.want_flush(at.0);
        }
    }

    /// There is media for this peer, or there may be, to send with the next flush.
    fn want_flush(&mut self, slot: usize) {
        if let Some(transport) = self.transport_at(slot, Target::Subscriber)
            && !std::mem::replace(&mut transport.has_written, true)
        {
            self.dirty.push((slot, Target::Subscriber));
        }
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
                match at.1 {
                    // Something was asked of the client.
                    Target::Publisher => {
                        transport.is_dirty = false;
                        self.handle_timeout(now, at, out);
                    }
                    // Media was written, on whichever transport is for that.
                    Target::Subscriber => {
                        transport.has_written = false;
                        match contain(|| transport.flush_media(now, &mut out.datagrams)) {
                            Err(text) => self.crash(now, at.0, text, out),
                            Ok(true) => out.touched.push((at.0, self.name_of(at.0, at.1))),
                            Ok(false) => {}
                        }
                    }
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
                    let sends = peer.name_of(Target::Subscriber) == target;
                    out.events.push(Event::TransportChanged { peer: id, target, state });
                    if state == TransportState::Connected && sends {
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
}

fn free_slot<T>(slots: &mut Vec<Option<T>>) -> usize {
    if let Some(free) = slots.iter().position(Option::is_none) {
        return free;
    }
    slots.push(None);
    slots.len() - 1
}
