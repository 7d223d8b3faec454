//! The media graph of one meeting: publications, their receivers, and the forwarding between them.
//!
//! Peers and tracks are kept in slots and named by small indices, so that forwarding a packet looks
//! nothing up by handle. Everything that runs a peer's transport is contained: a panic removes that
//! peer and forwarding goes on.

mod allotments;
mod cameras;
mod data;
mod forwarding;
mod keyframe_requests;
mod negotiation;
mod publications;
mod receivers;
mod reports;
mod subscriptions;
mod taps;
mod track;

use std::time::Instant;

use str0m::media::Mid;
use track::Track;

use crate::containment::contain;
use crate::counters::Counters;
use crate::datagrams::Datagrams;
use crate::egress::Profile;
use crate::events::{Event, TransportState};
use crate::ids::{PeerId, RoomId, TrackId};
use crate::limits::{self, RoomLimits};
use crate::loudest::Loudest;
use crate::path::Path;
use crate::peer::Peer;
use crate::slots::{PeerSlot, Slots, TapSlot, TrackSlot};
use crate::stun;
use crate::tap::Tap;
use crate::transport::{Arrival, Refused, Role, Transport};

/// A transport of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportAt {
    pub slot: PeerSlot,
    pub role: Role,
}

/// The output of a room.
pub struct Outputs {
    pub datagrams: Datagrams,
    pub events: Vec<Event>,
    pub counters: Counters,
    /// Transports whose timer or credentials may have changed.
    pub touched: Vec<TransportAt>,
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
}

/// Section names of an accepted offer, kept to know a track's layers when it is published.
struct OfferedSection {
    peer: PeerSlot,
    mid: Mid,
    rids: Vec<String>,
}

/// The work of a transport in the next flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// The client was asked for something, on the transport it sends media on.
    Drain,
    /// Media was written, on the transport we send media on.
    Flush,
}

/// See the module.
pub struct Room {
    pub id: RoomId,
    peers: Slots<PeerSlot, Peer>,
    tracks: Slots<TrackSlot, Track>,
    taps: Slots<TapSlot, Tap>,
    offered: Vec<OfferedSection>,
    /// Transports with something to do in the next flush.
    dirty: Vec<(PeerSlot, Work)>,
    levels_due: Instant,
    levels_were_audible: bool,
    limits: RoomLimits,
    loudest: Loudest,
    published: u64,
    /// The time for which the shard's timer for this room is set.
    pub tick_at: Instant,
}

impl Room {
    pub fn new(id: RoomId, limits: RoomLimits, now: Instant) -> Self {
        Self {
            id,
            peers: Slots::default(),
            tracks: Slots::default(),
            taps: Slots::default(),
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

    pub fn add_peer(&mut self, peer: Peer) -> PeerSlot {
        self.peers.insert(peer)
    }

    pub fn peer_slots(&self) -> impl Iterator<Item = PeerSlot> {
        self.peers.iter().map(|(slot, _)| slot)
    }

    pub fn peer_at(&mut self, slot: PeerSlot) -> Option<&mut Peer> {
        self.peers.get_mut(slot)
    }

    pub fn transport_at(&mut self, at: TransportAt) -> Option<&mut Transport> {
        self.peer_at(at.slot)?.connection.transport(at.role)
    }

    /// The transport of a peer that we send media and data on.
    pub fn sending_at(&self, slot: PeerSlot) -> Option<TransportAt> {
        let peer = self.peers.get(slot)?;
        Some(TransportAt { slot, role: peer.connection.sending_role() })
    }

    /// The time at which the room wants its [`tick`](Self::tick).
    pub fn next_tick(&self, now: Instant) -> Instant {
        let busy = !self.tracks.is_empty();
        now + if busy { limits::ROOM_TICK } else { limits::IDLE_ROOM_TICK }
    }

    pub fn remove_peer(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        for transport in peer.connection.transports() {
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

    fn forget_peer(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peers.remove(slot) else {
            return;
        };
        out.departed.push(peer.id);
        // A peer that panicked once may panic again while it is dropped.
        if contain(|| drop(peer)).is_err() {
            out.counters.panics += 1;
        }
        self.dirty.retain(|(s, _)| *s != slot);
        self.offered.retain(|s| s.peer != slot);
        for index in self.tracks.places() {
            let Some(track) = self.tracks.get_mut(index) else {
                continue;
            };
            track.subscribers.retain(|at| at.peer != slot);
            if track.owner == slot {
                self.end_track(now, index, out);
            }
        }
    }

    fn crash(&mut self, now: Instant, slot: PeerSlot, text: String, out: &mut Outputs) {
        out.counters.panics += 1;
        let Some(peer) = self.peer_at(slot).map(|p| p.id) else {
            return;
        };
        tracing::error!(room = self.id.0, peer = peer.0, text, "a transport panicked: its peer is removed");
        self.forget_peer(now, slot, out);
        out.events.push(Event::PeerCrashed { peer, text });
    }

    // Running transports.

    /// Run `work` on one transport, then take what came of it. `None` when the transport is not
    /// there or panicked.
    fn run<T>(
        &mut self,
        now: Instant,
        at: TransportAt,
        out: &mut Outputs,
        work: impl FnOnce(&mut Transport) -> T,
    ) -> Option<T> {
        let transport = self.transport_at(at)?;
        let mut arrivals = Vec::new();
        let done = contain(|| {
            let value = work(transport);
            transport.drain(now, &mut out.datagrams, &mut arrivals);
            value
        });
        match done {
            Ok(value) => {
                out.touched.push(at);
                self.take_arrivals(now, at, arrivals, out);
                Some(value)
            }
            Err(text) => {
                self.crash(now, at.slot, text, out);
                None
            }
        }
    }

    pub fn handle_datagram(
        &mut self,
        now: Instant,
        at: TransportAt,
        path: Path,
        datagram: &[u8],
        out: &mut Outputs,
    ) -> Result<(), Refused> {
        if stun::classify(datagram) == Some(stun::Protocol::Rtcp) {
            match at.role {
                Role::Sends => return self.handle_feedback(now, at, datagram, out),
                // One compound packet may be about both directions.
                Role::Both => self.handle_feedback(now, at, datagram, out)?,
                Role::Receives => {}
            }
        }
        self.run(now, at, out, |t| t.handle_datagram(now, path, datagram)).unwrap_or(Err(Refused::Stranger))
    }

    /// SRTCP about what we send, from an address that was verified as the client's.
    fn handle_feedback(
        &mut self,
        now: Instant,
        at: TransportAt,
        packet: &[u8],
        out: &mut Outputs,
    ) -> Result<(), Refused> {
        let slot = at.slot;
        let Some(transport) = self.transport_at(at) else {
            return Err(Refused::Stranger);
        };
        let mut arrivals = Vec::new();
        match contain(|| transport.handle_rtcp(now, packet, &mut out.datagrams, &mut arrivals)) {
            Ok(taken) => {
                let is_changed = transport.take_limit_change() && self.may_allot(now, slot);
                // Only requests for key frames, which are the same on every transport.
                self.take_arrivals(now, at, arrivals, out);
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

    pub fn handle_timeout(&mut self, now: Instant, at: TransportAt, out: &mut Outputs) {
        self.run(now, at, out, |t| t.handle_timeout(now));
        if self.transport_at(at).is_some_and(|t| t.take_media_due(now)) {
            self.want_flush(at.slot);
        }
    }

    /// There is media for this peer, or there may be, to send with the next flush.
    fn want_flush(&mut self, slot: PeerSlot) {
        if let Some(transport) = self.peer_at(slot).and_then(|p| p.connection.sending_mut())
            && !std::mem::replace(&mut transport.has_written, true)
        {
            self.dirty.push((slot, Work::Flush));
        }
    }

    pub fn panic_peer(&mut self, slot: PeerSlot) {
        if let Some(peer) = self.peer_at(slot) {
            for transport in peer.connection.transports() {
                transport.panic_next();
            }
        }
    }

    /// Send what forwarding wrote since the last time.
    pub fn flush(&mut self, now: Instant, out: &mut Outputs) {
        // Draining one transport may write to another; every round is caused by something received,
        // so this ends.
        while !self.dirty.is_empty() {
            for (slot, work) in std::mem::take(&mut self.dirty) {
                let Some(peer) = self.peer_at(slot) else {
                    continue;
                };
                let role = match work {
                    Work::Drain => peer.connection.receiving_role(),
                    Work::Flush => peer.connection.sending_role(),
                };
                let Some(transport) = peer.connection.transport(role) else {
                    continue;
                };
                match work {
                    Work::Drain => {
                        transport.is_dirty = false;
                        self.handle_timeout(now, TransportAt { slot, role }, out);
                    }
                    Work::Flush => {
                        transport.has_written = false;
                        match contain(|| transport.flush_media(now, &mut out.datagrams)) {
                            Err(text) => self.crash(now, slot, text, out),
                            Ok(true) => out.touched.push(TransportAt { slot, role }),
                            Ok(false) => {}
                        }
                    }
                }
            }
        }
    }

    fn take_arrivals(&mut self, now: Instant, at: TransportAt, arrivals: Vec<Arrival>, out: &mut Outputs) {
        let TransportAt { slot, role } = at;
        for arrival in arrivals {
            let Some(peer) = self.peers.get(slot) else {
                return;
            };
            let id = peer.id;
            match arrival {
                Arrival::Packet(packet) => self.take_packet(now, slot, packet, out),
                Arrival::KeyframeRequested(mid) => {
                    let wanted = peer
                        .subscription_in(mid)
                        .and_then(|s| Some((s.track, s.layers.current().or(s.layers.target())?)));
                    if let Some((track, stream)) = wanted {
                        self.request_keyframe(now, track, stream, out);
                    }
                }
                Arrival::StateChanged(state) => {
                    log_state(self.id, id, role, state);
                    let sends = peer.connection.sending_role() == role;
                    out.events.push(Event::TransportChanged { peer: id, target: role.target(), state });
                    if state == TransportState::Connected && sends {
                        self.count_profile(slot, out);
                        self.request_awaited_keyframes(now, slot, out);
                    }
                }
                Arrival::ChannelOpened(label) => {
                    out.events.push(Event::ChannelOpened { peer: id, target: role.target(), label });
                }
                Arrival::Data { label_is_reliable: reliable, payload } => {
                    out.events.push(Event::DataReceived { peer: id, reliable, payload });
                }
                Arrival::UnknownChannelData => {
                    out.counters.dropped_data_channels += 1;
                    tracing::debug!(
                        room = self.id.0,
                        peer = id.0,
                        "a data message was dropped: its channel is not known"
                    );
                }
            }
        }
    }

    fn count_profile(&mut self, slot: PeerSlot, out: &mut Outputs) {
        let transport = self.peer_at(slot).and_then(|p| p.connection.sending());
        let counter = match transport.and_then(Transport::srtp_profile) {
            Some(Profile::AesGcm128) => &mut out.counters.srtp_aead_aes_128_gcm,
            Some(Profile::AesGcm256) => &mut out.counters.srtp_aead_aes_256_gcm,
            Some(Profile::AesCm128Sha1) => &mut out.counters.srtp_aes128_cm_sha1_80,
            None => return,
        };
        *counter += 1;
    }
}

/// Logs what a client may ask about: that its transport came up or went away.
fn log_state(room: RoomId, peer: PeerId, role: Role, state: TransportState) {
    let (room, peer) = (room.0, peer.0);
    if state == TransportState::Failed {
        tracing::info!(room, peer, ?role, "a transport failed");
    } else {
        tracing::debug!(room, peer, ?role, ?state, "a transport changed its state");
    }
}
