//! The state that one thread owns: rooms, the routing of datagrams, and timers.
//!
//! Drive it like this: [`handle_command`](Shard::handle_command),
//! [`handle_datagram`](Shard::handle_datagram) and [`handle_timeout`](Shard::handle_timeout) in any
//! order and number, then [`flush`](Shard::flush) once, then take [`datagrams`](Shard::datagrams)
//! and [`take_events`](Shard::take_events), then sleep until [`next_timeout`](Shard::next_timeout).
//! Packets received between two flushes leave together.

mod keys;
mod routing;
mod taps;
mod timers;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

use keys::{Address, PeerAt, Routes, TapAt, TrackAt, TransportKey, Wake};

use crate::commands::{Command, ConnectionMode, Kind};
use crate::containment::contain;
use crate::counters::Counters;
use crate::datagrams::Datagrams;
use crate::error::NegotiationError;
use crate::events::Event;
use crate::format::Format;
use crate::ids::{PeerId, RequestId, RoomId, TapId, TrackId};
use crate::limits::{self, RoomLimits};
use crate::peer::{Connection, Peer};
use crate::room::{Outputs, Room, TransportAt};
use crate::slots::{PeerSlot, RoomSlot, Slots, TrackSlot};
use crate::transport::{Role, Transport, TransportConfig};

/// The configuration of a shard.
#[derive(Debug, Clone)]
pub struct ShardConfig {
    pub transport: TransportConfig,
    pub room_limits: RoomLimits,
}

/// See the module.
pub struct Shard {
    config: ShardConfig,
    rooms: Slots<RoomSlot, Room>,
    room_slots: HashMap<RoomId, RoomSlot>,
    peer_slots: HashMap<PeerId, PeerAt>,
    track_slots: HashMap<TrackId, TrackAt>,
    tap_slots: HashMap<TapId, TapAt>,
    by_ufrag: HashMap<String, TransportKey>,
    by_address: HashMap<Address, TransportKey>,
    routes: HashMap<TransportKey, Routes>,
    timers: BinaryHeap<Reverse<(Instant, Wake)>>,
    out: Outputs,
}

impl Shard {
    pub fn new(config: ShardConfig) -> Self {
        Self {
            config,
            rooms: Slots::default(),
            room_slots: HashMap::new(),
            peer_slots: HashMap::new(),
            track_slots: HashMap::new(),
            tap_slots: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_address: HashMap::new(),
            routes: HashMap::new(),
            timers: BinaryHeap::new(),
            out: Outputs::new(),
        }
    }

    // Commands.

    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::AddRoom { room } => self.add_room(now, room),
            Command::RemoveRoom { room } => self.remove_room(now, room),
            Command::AddPeer { room, peer, mode, tcp_only } => {
                let connection = match mode {
                    ConnectionMode::Dual => Connection::dual(),
                    ConnectionMode::Single => Connection::single(),
                };
                self.add_peer(room, Peer::new(peer, connection, tcp_only, now));
            }
            Command::RemovePeer { peer } => self.with_peer(peer, |room, slot, out, _| room.remove_peer(now, slot, out)),
            Command::AcceptOffer { request, peer, sdp } => self.accept_offer(now, request, peer, &sdp),
            Command::CreateOffer { request, peer, restart_ice } => self.create_offer(now, request, peer, restart_ice),
            Command::AcceptAnswer { request, peer, sdp } => {
                self.or_reply_unknown(request, peer);
                self.with_peer(peer, |room, slot, out, _| room.accept_answer(now, slot, request, &sdp, out));
                self.answer_early_checks(now, peer);
            }
            Command::RequireSections { request, peer } => {
                self.or_reply_unknown(request, peer);
                self.with_peer(peer, |room, slot, out, _| room.require_sections(slot, request, out));
            }
            Command::AddCandidate { peer, target, candidate } => {
                self.with_peer(peer, |room, slot, out, _| room.add_candidate(now, (slot, target), &candidate, out));
            }
            Command::Publish { peer, track, mid, kind, is_screen, format } => {
                self.publish(now, peer, track, (&mid, kind, is_screen), format);
            }
            Command::PublishBackup { track, mid, format } => {
                self.with_track(track, |room, index, out| room.publish_backup(now, index, &mid, format, out));
            }
            Command::Unpublish { track } => self.with_track(track, |room, index, out| room.unpublish(now, index, out)),
            Command::SetMuted { track, muted } => {
                self.with_track(track, |room, index, out| room.set_muted(now, index, muted, out));
            }
            Command::Subscribe { peer, track, stream_id, track_id } => {
                self.subscribe(peer, track, (stream_id, track_id));
            }
            Command::Unsubscribe { peer, track } => {
                self.with_peer(peer, |room, slot, out, _| room.unsubscribe(slot, track, out));
            }
            Command::SetSubscription { peer, track, settings } => {
                self.with_peer(peer, |room, slot, out, _| room.set_subscription(now, slot, track, settings, out));
            }
            Command::LimitVideo { peer, limit } => {
                self.with_peer(peer, |room, slot, out, _| room.limit_video(now, slot, limit, out));
            }
            Command::AddTap { tap, track, settings } => self.add_tap(now, tap, track, settings),
            Command::SetTap { tap, settings } => {
                self.with_tap(tap, |room, slot, out| room.set_tap(now, slot, settings, out));
            }
            Command::RequestKeyframe { tap } => {
                self.with_tap(tap, |room, slot, out| room.refresh_tap(now, slot, out));
            }
            Command::RemoveTap { tap } => self.remove_tap(tap),
            Command::SendData { peers, reliable, payload } => {
                for peer in peers {
                    self.with_peer(peer, |room, slot, out, _| room.send_data(now, slot, reliable, &payload, out));
                }
            }
            Command::PanicPeer { peer } => self.with_peer(peer, |room, slot, out, _| {
                room.panic_peer(slot);
                for role in [Role::Receives, Role::Sends, Role::Both] {
                    room.handle_timeout(now, TransportAt { slot, role }, out);
                }
            }),
        }
    }

    fn add_room(&mut self, now: Instant, id: RoomId) {
        let room = Room::new(id, self.config.room_limits, now);
        self.out.counters.rooms += 1;
        let slot = self.rooms.insert(room);
        self.room_slots.insert(id, slot);
        self.arm_room(now, slot);
    }

    fn add_peer(&mut self, room: RoomId, peer: Peer) {
        let Some(&room_slot) = self.room_slots.get(&room) else {
            tracing::warn!(room = room.0, peer = peer.id.0, "a peer was not added: its room is unknown");
            return;
        };
        let id = peer.id;
        if let Some(slot) = self.rooms.get_mut(room_slot).map(|r| r.add_peer(peer)) {
            self.peer_slots.insert(id, PeerAt { room: room_slot, slot });
            self.out.counters.peers = self.peer_slots.len() as u64;
        }
    }

    fn subscribe(&mut self, peer: PeerId, track: TrackId, msid: (String, String)) {
        let (Some(found), Some(&TrackAt { room, slot: track })) =
            (self.peer_slots.get(&peer), self.track_slots.get(&track))
        else {
            return;
        };
        // A track of another room is as unknown as one that never was.
        if found.room == room {
            self.with_peer(peer, |room, slot, out, _| room.subscribe(slot, track, msid, out));
        }
    }

    fn remove_room(&mut self, now: Instant, id: RoomId) {
        let Some(slot) = self.room_slots.remove(&id) else {
            return;
        };
        if let Some(room) = self.rooms.get_mut(slot) {
            let peers: Vec<PeerSlot> = room.peer_slots().collect();
            for peer in peers {
                room.remove_peer(now, peer, &mut self.out);
            }
        }
        self.settle(now, slot);
        self.rooms.remove(slot);
        self.forget_taps(slot);
        self.out.counters.rooms -= 1;
    }

    fn accept_offer(&mut self, now: Instant, request: RequestId, peer: PeerId, sdp: &str) {
        self.or_reply_unknown(request, peer);
        self.with_peer(peer, |room, slot, out, config| {
            let new = transport_for(now, room, slot, config);
            room.accept_offer(now, slot, request, sdp, new, out);
        });
    }

    fn create_offer(&mut self, now: Instant, request: RequestId, peer: PeerId, restart_ice: bool) {
        self.or_reply_unknown(request, peer);
        self.with_peer(peer, |room, slot, out, config| {
            let new = transport_for(now, room, slot, config);
            room.create_offer(now, slot, request, restart_ice, new, out);
        });
    }

    fn publish(
        &mut self,
        now: Instant,
        peer: PeerId,
        track: TrackId,
        what: (&str, Kind, bool),
        format: Option<Format>,
    ) {
        let Some(&PeerAt { room, slot }) = self.peer_slots.get(&peer) else {
            return;
        };
        let Some(index) = self.rooms.get_mut(room).and_then(|r| r.publish(now, slot, track, what, format)) else {
            return;
        };
        self.out.counters.tracks += 1;
        self.track_slots.insert(track, TrackAt { room, slot: index });
        // A room with tracks ticks faster.
        self.arm_room(now, room);
    }

    /// A client may check its paths before its answer is here. Its checks cannot be answered before
    /// that, and are answered at once then: for a client, the connection is there when its check is
    /// answered.
    fn answer_early_checks(&mut self, now: Instant, peer: PeerId) {
        let Some(&PeerAt { room, slot }) = self.peer_slots.get(&peer) else {
            return;
        };
        let at = TransportAt { slot, role: Role::Sends };
        let key = TransportKey { room, slot, peer, role: Role::Sends };
        // str0m takes one of them for each time-out.
        for _ in 0..limits::MAX_UNANSWERED_CHECKS {
            if !self.transport(key).is_some_and(|t| t.has_unanswered_checks()) {
                return;
            }
            if let Some(room) = self.rooms.get_mut(room) {
                room.handle_timeout(now, at, &mut self.out);
            }
            self.follow_up(room);
        }
    }

    fn or_reply_unknown(&mut self, request: RequestId, peer: PeerId) {
        if !self.peer_slots.contains_key(&peer) {
            tracing::warn!(peer = peer.0, "a request was refused: the peer is unknown");
            let result = Err(NegotiationError::UnknownPeer);
            self.out.events.push(Event::Replied { request, result });
        }
    }

    fn with_peer(&mut self, peer: PeerId, work: impl FnOnce(&mut Room, PeerSlot, &mut Outputs, &ShardConfig)) {
        let Some(&PeerAt { room, slot }) = self.peer_slots.get(&peer) else {
            return;
        };
        if let Some(found) = self.rooms.get_mut(room) {
            work(found, slot, &mut self.out, &self.config);
        }
        self.follow_up(room);
    }

    fn with_track(&mut self, track: TrackId, work: impl FnOnce(&mut Room, TrackSlot, &mut Outputs)) {
        let Some(&TrackAt { room, slot: index }) = self.track_slots.get(&track) else {
            return;
        };
        if let Some(found) = self.rooms.get_mut(room) {
            work(found, index, &mut self.out);
        }
        self.follow_up(room);
    }

    // Bookkeeping after a room did something.

    fn follow_up(&mut self, room: RoomSlot) {
        for TransportAt { slot, role } in std::mem::take(&mut self.out.touched) {
            let Some(peer) = self.rooms.get_mut(room).and_then(|r| r.peer_at(slot)).map(|p| p.id) else {
                continue;
            };
            let key = TransportKey { room, slot, peer, role };
            self.arm(key);
            self.learn_ufrag(key);
            self.learn_addresses(key);
        }
        for peer in std::mem::take(&mut self.out.departed) {
            if let Some(PeerAt { room, slot }) = self.peer_slots.remove(&peer) {
                for role in [Role::Receives, Role::Sends, Role::Both] {
                    self.forget_routes(TransportKey { room, slot, peer, role });
                }
            }
        }
        for track in std::mem::take(&mut self.out.ended) {
            if self.track_slots.remove(&track).is_some() {
                self.out.counters.tracks -= 1;
            }
        }
        self.out.counters.peers = self.peer_slots.len() as u64;
    }

    fn settle(&mut self, now: Instant, slot: RoomSlot) {
        self.follow_up(slot);
        if let Some(room) = self.rooms.get_mut(slot) {
            room.flush(now, &mut self.out);
        }
        self.follow_up(slot);
    }

    /// After a panic that no peer could be blamed for: nothing in here can be trusted, so everyone
    /// in it is reported as crashed and the same rooms start empty.
    pub fn start_over(&mut self, now: Instant, text: &str) {
        let rooms: Vec<RoomId> = self.room_slots.keys().copied().collect();
        let peers: Vec<PeerId> = self.peer_slots.keys().copied().collect();
        tracing::error!(
            rooms = rooms.len() as u64,
            peers = peers.len() as u64,
            "a shard starts over: its peers are gone"
        );
        let mut counters = self.out.counters;
        (counters.rooms, counters.peers, counters.tracks) = (0, 0, 0);
        counters.panics += 1;
        let mut events = std::mem::take(&mut self.out.events);
        let old = std::mem::replace(self, Self::new(self.config.clone()));
        // Taking apart what is broken may break again.
        let _ = contain(|| drop(old));
        events.extend(peers.into_iter().map(|peer| Event::PeerCrashed { peer, text: text.to_owned() }));
        self.out.events = events;
        self.out.counters = counters;
        for room in rooms {
            self.add_room(now, room);
        }
    }

    /// Say goodbye to everyone.
    pub fn close(&mut self, now: Instant) {
        let rooms: Vec<RoomId> = self.room_slots.keys().copied().collect();
        for room in rooms {
            self.remove_room(now, room);
        }
    }

    // Output.

    /// Finish what was received since the last call: forwarded packets leave for their receivers.
    pub fn flush(&mut self, now: Instant) {
        for slot in self.rooms.places() {
            self.settle(now, slot);
        }
        self.out.counters.packets_out += self.out.datagrams.len() as u64;
        self.out.counters.bytes_out += self.out.datagrams.byte_count() as u64;
    }

    /// Datagrams to send; clear them when they are sent.
    pub fn datagrams(&mut self) -> &mut Datagrams {
        &mut self.out.datagrams
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.out.events)
    }

    pub fn counters(&self) -> &Counters {
        &self.out.counters
    }
}

/// Makes a transport for this peer, with the candidates its client is told of.
fn transport_for<'a>(
    now: Instant,
    room: &mut Room,
    slot: PeerSlot,
    config: &'a ShardConfig,
) -> impl FnOnce(Role) -> Transport + use<'a> {
    let tcp_only = room.peer_at(slot).is_some_and(|p| p.tcp_only);
    move |role| Transport::new(role, tcp_only, &config.transport, now)
}
