//! Everything one thread owns: rooms, who a datagram belongs to, and when whom to wake.
//!
//! Drive it like this: [`handle_command`](Shard::handle_command), [`handle_datagram`](Shard::handle_datagram) and
//! [`handle_timeout`](Shard::handle_timeout) in any order and number, then [`flush`](Shard::flush) once, then take
//! [`datagrams`](Shard::datagrams) and [`take_events`](Shard::take_events), then sleep until
//! [`next_timeout`](Shard::next_timeout). Packets received between two flushes leave together.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::Instant;

use crate::commands::{Command, Target};
use crate::containment::contain;
use crate::counters::Counters;
use crate::datagrams::Datagrams;
use crate::events::Event;
use crate::ids::{PeerId, RequestId, RoomId, TrackId};
use crate::limits::{self, RoomLimits};
use crate::path::{Carrier, Path};
use crate::peer::Peer;
use crate::room::{Outputs, Room};
use crate::stun::{self, Protocol};
use crate::transport::{Identity, Refused, Role, Transport};

/// What a shard needs to know from outside.
#[derive(Debug, Clone)]
pub struct ShardConfig {
    pub identity: Identity,
    /// Addresses clients are told. Datagrams are received at and sent from these.
    pub candidates: Vec<SocketAddr>,
    /// Addresses clients may open TCP connections to (RFC 6544, passive).
    pub tcp_candidates: Vec<SocketAddr>,
    pub room_limits: RoomLimits,
}

/// Names one transport; `peer` tells whether the slot was given to someone else since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct TransportKey {
    room: usize,
    slot: usize,
    peer: PeerId,
    publisher: bool,
}

impl TransportKey {
    fn target(self) -> Target {
        if self.publisher { Target::Publisher } else { Target::Subscriber }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Transport(TransportKey),
    Room(usize, RoomId),
}

/// How datagrams find a transport, kept together to be forgotten together.
#[derive(Debug, Default)]
struct Routes {
    ufrags: Vec<String>,
    addresses: Vec<Address>,
}

/// Where a client's datagrams come from.
type Address = (Carrier, SocketAddr);

/// Addresses remembered for one transport: a client behind several networks has a few.
const MAX_ROUTES: usize = 16;

/// See the module.
pub struct Shard {
    config: ShardConfig,
    rooms: Vec<Option<Room>>,
    room_slots: HashMap<RoomId, usize>,
    peer_slots: HashMap<PeerId, (usize, usize)>,
    track_slots: HashMap<TrackId, (usize, usize)>,
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
            rooms: Vec::new(),
            room_slots: HashMap::new(),
            peer_slots: HashMap::new(),
            track_slots: HashMap::new(),
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
            Command::AddPeer { room, peer, is_single, tcp_only } => {
                self.add_peer(room, Peer::new(peer, is_single, tcp_only, now));
            }
            Command::RemovePeer { peer } => self.with_peer(peer, |room, slot, out, _| room.remove_peer(now, slot, out)),
            Command::AcceptOffer { request, peer, target, sdp } => self.accept_offer(now, request, peer, target, &sdp),
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
            Command::Publish { peer, track, mid, kind, is_screen } => {
                self.publish(now, peer, track, (&mid, kind, is_screen));
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
            Command::SendData { peers, reliable, payload } => {
                for peer in peers {
                    self.with_peer(peer, |room, slot, out, _| room.send_data(now, slot, reliable, &payload, out));
                }
            }
            Command::PanicPeer { peer } => self.with_peer(peer, |room, slot, out, _| {
                room.panic_peer(slot);
                room.handle_timeout(now, (slot, Target::Publisher), out);
                room.handle_timeout(now, (slot, Target::Subscriber), out);
            }),
        }
    }

    fn add_room(&mut self, now: Instant, id: RoomId) {
        let room = Room::new(id, self.config.room_limits, now);
        self.out.counters.rooms += 1;
        let slot = self.rooms.iter().position(Option::is_none).unwrap_or_else(|| {
            self.rooms.push(None);
            self.rooms.len() - 1
        });
        self.rooms[slot] = Some(room);
        self.room_slots.insert(id, slot);
        self.arm_room(now, slot);
    }

    fn add_peer(&mut self, room: RoomId, peer: Peer) {
        let Some(&room_slot) = self.room_slots.get(&room) else {
            return;
        };
        let id = peer.id;
        if let Some(slot) = self.rooms[room_slot].as_mut().map(|r| r.add_peer(peer)) {
            self.peer_slots.insert(id, (room_slot, slot));
            self.out.counters.peers = self.peer_slots.len() as u64;
        }
    }

    fn subscribe(&mut self, peer: PeerId, track: TrackId, msid: (String, String)) {
        let (Some(&(peer_room, _)), Some(&(room, index))) = (self.peer_slots.get(&peer), self.track_slots.get(&track))
        else {
            return;
        };
        // A track of another room is as unknown as one that never was.
        if peer_room == room {
            self.with_peer(peer, |room, slot, out, _| room.subscribe(slot, index, msid, out));
        }
    }

    fn remove_room(&mut self, now: Instant, id: RoomId) {
        let Some(slot) = self.room_slots.remove(&id) else {
            return;
        };
        if let Some(room) = self.rooms[slot].as_mut() {
            let peers: Vec<usize> = room.peer_slots().collect();
            for peer in peers {
                room.remove_peer(now, peer, &mut self.out);
            }
        }
        self.settle(now, slot);
        self.rooms[slot] = None;
        self.out.counters.rooms -= 1;
    }

    fn accept_offer(&mut self, now: Instant, request: RequestId, peer: PeerId, target: Target, sdp: &str) {
        if target == Target::Subscriber {
            let result = Err("a subscriber transport never takes an offer".to_owned());
            self.out.events.push(Event::Replied { request, result });
            return;
        }
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

    fn publish(&mut self, now: Instant, peer: PeerId, track: TrackId, what: (&str, crate::Kind, bool)) {
        let Some(&(room, slot)) = self.peer_slots.get(&peer) else {
            return;
        };
        let Some(index) = self.rooms[room].as_mut().and_then(|r| r.publish(now, slot, track, what)) else {
            return;
        };
        self.out.counters.tracks += 1;
        self.track_slots.insert(track, (room, index));
        // A room with tracks ticks faster.
        self.arm_room(now, room);
    }

    /// A client may check its paths before its answer is here. Nothing can be said to that until then, and from then on
    /// every moment counts: a client whose check is answered takes the connection for made.
    fn answer_early_checks(&mut self, now: Instant, peer: PeerId) {
        let Some(&(room, slot)) = self.peer_slots.get(&peer) else {
            return;
        };
        let key = TransportKey { room, slot, peer, publisher: false };
        // str0m takes one of them for each time-out.
        for _ in 0..limits::MAX_UNANSWERED_CHECKS {
            if !self.transport(key).is_some_and(|t| t.has_unanswered_checks()) {
                return;
            }
            if let Some(room) = self.rooms[room].as_mut() {
                room.handle_timeout(now, (slot, Target::Subscriber), &mut self.out);
            }
            self.follow_up(room);
        }
    }

    fn or_reply_unknown(&mut self, request: RequestId, peer: PeerId) {
        if !self.peer_slots.contains_key(&peer) {
            let result = Err("unknown peer".to_owned());
            self.out.events.push(Event::Replied { request, result });
        }
    }

    fn with_peer(&mut self, peer: PeerId, work: impl FnOnce(&mut Room, usize, &mut Outputs, &ShardConfig)) {
        let Some(&(room, slot)) = self.peer_slots.get(&peer) else {
            return;
        };
        if let Some(found) = self.rooms[room].as_mut() {
            work(found, slot, &mut self.out, &self.config);
        }
        self.follow_up(room);
    }

    fn with_track(&mut self, track: TrackId, work: impl FnOnce(&mut Room, usize, &mut Outputs)) {
        let Some(&(room, index)) = self.track_slots.get(&track) else {
            return;
        };
        if let Some(found) = self.rooms[room].as_mut() {
            work(found, index, &mut self.out);
        }
        self.follow_up(room);
    }

    // Network.

    /// A transport here has this ICE user fragment.
    pub fn has_ufrag(&self, ufrag: &str) -> bool {
        self.by_ufrag.contains_key(ufrag)
    }

    /// ICE found that this is a way to a client of ours, and the client is still there.
    pub fn is_proven(&self, carrier: Carrier, remote: SocketAddr) -> bool {
        self.by_address.contains_key(&(carrier, remote))
    }

    /// A datagram that arrived at `path.local`, one of the configured candidates.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        self.out.counters.packets_in += 1;
        self.out.counters.bytes_in += datagram.len() as u64;
        if datagram.len() > limits::MAX_DATAGRAM {
            self.out.counters.dropped_oversized += 1;
            return;
        }
        let Some(protocol) = stun::classify(datagram) else {
            self.out.counters.dropped_garbage += 1;
            return;
        };
        let key = if protocol == Protocol::Stun {
            stun::addressed_ufrag(datagram).and_then(|ufrag| self.by_ufrag.get(ufrag)).copied()
        } else {
            self.by_address.get(&(path.carrier, path.remote)).copied()
        };
        let Some(key) = key else {
            if protocol == Protocol::Stun {
                self.out.counters.dropped_unknown_ufrag += 1;
            } else {
                self.out.counters.dropped_unknown_source += 1;
            }
            return;
        };
        if protocol == Protocol::Rtp {
            let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
            if !self.transport(key).is_some_and(|t| t.admits(ssrc, datagram)) {
                self.out.counters.dropped_ssrc += 1;
                return;
            }
        }
        let Some(room) = self.rooms[key.room].as_mut() else {
            return;
        };
        match room.handle_datagram(now, (key.slot, key.target()), path, datagram, &mut self.out) {
            Ok(()) => {}
            Err(Refused::Stranger) => self.out.counters.dropped_unknown_source += 1,
            Err(Refused::Malformed) => self.out.counters.dropped_refused += 1,
        }
        self.follow_up(key.room);
    }

    fn transport(&mut self, key: TransportKey) -> Option<&mut Transport> {
        let peer = self.rooms[key.room].as_mut()?.peer_at(key.slot)?;
        if peer.id != key.peer {
            return None;
        }
        peer.transport(key.target())
    }

    /// Route what comes from where ICE found the client to be.
    fn learn_addresses(&mut self, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        for path in transport.take_proven_paths() {
            let address = (path.carrier, path.remote);
            let owner = self.by_address.get(&address).copied();
            if owner.is_some_and(|owner| owner == key || self.is_in_use(owner, address)) {
                continue;
            }
            let routes = self.routes.entry(key).or_default();
            if routes.addresses.len() >= MAX_ROUTES {
                let oldest = routes.addresses.remove(0);
                if self.by_address.get(&oldest) == Some(&key) {
                    self.by_address.remove(&oldest);
                }
            }
            routes.addresses.push(address);
            self.by_address.insert(address, key);
        }
    }

    /// A transport that is alive reaches its client at this address. Whoever checks from there, too, with credentials of its
    /// own, makes the address up: what comes from it goes on being taken for the client's.
    fn is_in_use(&mut self, owner: TransportKey, (carrier, remote): Address) -> bool {
        let is_there = |used: Path| used.carrier == carrier && used.remote == remote;
        self.transport(owner).is_some_and(|t| t.may_be_alive() && t.path().is_some_and(is_there))
    }

    // Time.

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, wake))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            match wake {
                Wake::Transport(key) => self.wake_transport(now, at, key),
                Wake::Room(slot, id) => self.wake_room(now, at, slot, id),
            }
        }
    }

    fn wake_transport(&mut self, now: Instant, at: Instant, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        // A timer that was set earlier than this one already did the work.
        if transport.armed != Some(at) {
            return;
        }
        transport.armed = None;
        if transport.deadline() > now {
            self.arm(key);
            return;
        }
        if let Some(room) = self.rooms[key.room].as_mut() {
            room.handle_timeout(now, (key.slot, key.target()), &mut self.out);
        }
        self.follow_up(key.room);
    }

    fn wake_room(&mut self, now: Instant, at: Instant, slot: usize, id: RoomId) {
        let Some(room) = self.rooms[slot].as_mut().filter(|r| r.id == id && r.tick_at == at) else {
            return;
        };
        room.tick(now, &mut self.out);
        self.arm_room(now, slot);
        self.follow_up(slot);
    }

    fn arm_room(&mut self, now: Instant, slot: usize) {
        if let Some(room) = self.rooms[slot].as_mut() {
            room.tick_at = room.next_tick(now);
            self.timers.push(Reverse((room.tick_at, Wake::Room(slot, room.id))));
        }
    }

    fn arm(&mut self, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        let deadline = transport.deadline();
        if transport.is_over() || transport.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        transport.armed = Some(deadline);
        self.timers.push(Reverse((deadline, Wake::Transport(key))));
    }

    // Bookkeeping after a room did something.

    fn follow_up(&mut self, room: usize) {
        for (slot, target) in std::mem::take(&mut self.out.touched) {
            let Some(peer) = self.rooms[room].as_mut().and_then(|r| r.peer_at(slot)).map(|p| p.id) else {
                continue;
            };
            let key = TransportKey { room, slot, peer, publisher: target == Target::Publisher };
            self.arm(key);
            self.learn_ufrag(key);
            self.learn_addresses(key);
        }
        for peer in std::mem::take(&mut self.out.departed) {
            if let Some((room, slot)) = self.peer_slots.remove(&peer) {
                for publisher in [true, false] {
                    self.forget_routes(TransportKey { room, slot, peer, publisher });
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

    fn learn_ufrag(&mut self, key: TransportKey) {
        let Some(ufrag) = self.transport(key).and_then(Transport::take_new_ufrag) else {
            return;
        };
        // Credentials before an ICE restart are as good as unknown ones.
        let routes = self.routes.entry(key).or_default();
        for old in std::mem::take(&mut routes.ufrags) {
            self.by_ufrag.remove(&old);
        }
        routes.ufrags.push(ufrag.clone());
        self.by_ufrag.insert(ufrag, key);
    }

    fn forget_routes(&mut self, key: TransportKey) {
        let Some(routes) = self.routes.remove(&key) else {
            return;
        };
        for ufrag in routes.ufrags {
            self.by_ufrag.remove(&ufrag);
        }
        for address in routes.addresses {
            if self.by_address.get(&address) == Some(&key) {
                self.by_address.remove(&address);
            }
        }
    }

    fn settle(&mut self, now: Instant, slot: usize) {
        self.follow_up(slot);
        if let Some(room) = self.rooms[slot].as_mut() {
            room.flush(now, &mut self.out);
        }
        self.follow_up(slot);
    }

    /// After a panic that no peer could be blamed for: nothing in here can be trusted, so everyone in it is reported as
    /// crashed and the same rooms start empty.
    pub fn start_over(&mut self, now: Instant, text: &str) {
        let rooms: Vec<RoomId> = self.room_slots.keys().copied().collect();
        let peers: Vec<PeerId> = self.peer_slots.keys().copied().collect();
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
        for slot in 0..self.rooms.len() {
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
    slot: usize,
    config: &'a ShardConfig,
) -> impl FnOnce(Role) -> Transport + use<'a> {
    let tcp_only = room.peer_at(slot).is_some_and(|p| p.tcp_only);
    move |role| Transport::new(role, tcp_only, config, now)
}
