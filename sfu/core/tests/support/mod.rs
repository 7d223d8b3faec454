//! People in memory: a shard, str0m clients and a network without loss or delay, all on one virtual
//! clock.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "test support: what fails here fails the test")]

mod client;
pub mod media;
pub mod scalable;
pub mod stun;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use client::Client;
use moothall_sfu_core::events::Section;
use moothall_sfu_core::track_parts::Layer;
use moothall_sfu_core::{
    Command, ConnectionMode, Event, Identity, Kind, NegotiationError, Path, PeerId, Reply, RequestId, RoomId,
    RoomLimits, Shard, ShardConfig, SignalTarget, SubscriptionSettings, TrackId, TransportConfig, TransportState,
};
use str0m::format::Codec;

pub const STEP: Duration = Duration::from_millis(5);

/// Index of a person.
pub type Who = usize;

/// A client of the SFU with its two connections.
pub struct Person {
    pub peer: PeerId,
    pub publisher: Client,
    pub subscriber: Client,
    pub tracks: Vec<TrackId>,
}

/// Decides whether a datagram arrives.
pub type Deliver = dyn FnMut(SocketAddr, &[u8]) -> bool;

/// Decides whether a datagram is lost.
pub type LoseUpwards = dyn FnMut(u16, &[u8]) -> bool;

/// The world of one test.
pub struct World {
    pub now: Instant,
    pub shard: Shard,
    pub sfu: SocketAddr,
    /// The room that was added last.
    pub room: RoomId,
    pub people: Vec<Person>,
    pub events: Vec<Event>,
    /// Told for every datagram to a client; false loses it.
    pub deliver: Box<Deliver>,
    /// Told of every datagram to the SFU with the port it comes from; true loses it.
    pub lose_upwards: Box<LoseUpwards>,
    /// Clients that arrive from now on are told of TCP candidates alone.
    pub tcp_only: bool,
    serial: u64,
}

impl World {
    pub fn new() -> Self {
        Self::with_limits(RoomLimits::default())
    }

    pub fn with_limits(limits: RoomLimits) -> Self {
        let sfu = SocketAddr::from(([10, 0, 0, 1], 7000));
        let config = ShardConfig {
            transport: TransportConfig {
                identity: Identity::generate(),
                candidates: vec![sfu],
                tcp_candidates: vec![sfu],
            },
            room_limits: limits,
        };
        // Only a base to count from: nothing in a test depends on how time really passes.
        let now = Instant::now();
        Self {
            now,
            shard: Shard::new(config),
            sfu,
            room: RoomId(0),
            people: Vec::new(),
            events: Vec::new(),
            deliver: Box::new(|_, _| true),
            lose_upwards: Box::new(|_, _| false),
            tcp_only: false,
            serial: 1,
        }
    }

    pub fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
        self.collect();
    }

    pub fn add_room(&mut self) -> RoomId {
        let room = RoomId::new(self.serial(), 0);
        self.command(Command::AddRoom { room });
        self.room = room;
        room
    }

    /// Someone who has joined and is connected both ways, publishing nothing.
    pub fn join(&mut self, room: RoomId) -> Who {
        let who = self.arrive(room);
        self.publisher_offers(who);
        self.negotiate_subscriber(who);
        self.run_until(|w| w.is_connected(who));
        who
    }

    /// Someone the SFU knows of, not connected yet.
    pub fn arrive(&mut self, room: RoomId) -> Who {
        self.arrive_as(room, ConnectionMode::Dual)
    }

    /// Someone with one connection, the one named publisher.
    pub fn arrive_single(&mut self, room: RoomId) -> Who {
        self.arrive_as(room, ConnectionMode::Single)
    }

    fn arrive_as(&mut self, room: RoomId, mode: ConnectionMode) -> Who {
        let peer = PeerId::new(self.serial(), 0);
        self.command(Command::AddPeer { room, peer, mode, tcp_only: self.tcp_only });
        let who = self.people.len();
        let port = 20_000 + 2 * who as u16;
        let publisher = Client::new(self.now, SocketAddr::from(([10, 0, 1, 1], port)));
        let subscriber = Client::new(self.now, SocketAddr::from(([10, 0, 1, 1], port + 1)));
        self.people.push(Person { peer, publisher, subscriber, tracks: Vec::new() });
        who
    }

    fn is_connected(&self, who: Who) -> bool {
        let person = &self.people[who];
        person.publisher.has_channel("_reliable") && person.subscriber.has_channel("_reliable")
    }

    // Negotiation, as the signalling layer does it.

    pub fn request(&mut self, make: impl FnOnce(RequestId) -> Command) -> Result<Reply, NegotiationError> {
        let request = RequestId(self.serial());
        self.command(make(request));
        let at = self.events.iter().position(|e| matches!(e, Event::Replied { request: r, .. } if *r == request));
        match self.events.remove(at.expect("every request is answered")) {
            Event::Replied { result, .. } => result,
            _ => unreachable!("position matched a reply"),
        }
    }

    pub fn accept_offer(&mut self, who: Who, sdp: String) -> Result<(String, Vec<Section>), NegotiationError> {
        let peer = self.people[who].peer;
        match self.request(|request| Command::AcceptOffer { request, peer, sdp })? {
            Reply::Answer { sdp, sections, .. } => Ok((sdp, sections)),
            other => panic!("not an answer: {other:?}"),
        }
    }

    /// The publisher connection offers what it has changed.
    pub fn publisher_offers(&mut self, who: Who) -> Vec<Section> {
        let offer = self.people[who].publisher.create_offer();
        let (answer, sections) = self.accept_offer(who, offer).unwrap();
        self.people[who].publisher.accept_answer(&answer);
        sections
    }

    pub fn create_offer(&mut self, who: Who, restart_ice: bool) -> Result<Reply, NegotiationError> {
        let peer = self.people[who].peer;
        self.request(|request| Command::CreateOffer { request, peer, restart_ice })
    }

    pub fn accept_answer(&mut self, who: Who, sdp: String) -> Result<Reply, NegotiationError> {
        let peer = self.people[who].peer;
        self.request(|request| Command::AcceptAnswer { request, peer, sdp })
    }

    /// One round of negotiation of the subscriber connection; the tracks by mid.
    pub fn negotiate_subscriber(&mut self, who: Who) -> Vec<(String, TrackId)> {
        self.negotiate_subscriber_with(who, false)
    }

    pub fn negotiate_subscriber_with(&mut self, who: Who, restart_ice: bool) -> Vec<(String, TrackId)> {
        let Reply::Offer { sdp, tracks } = self.create_offer(who, restart_ice).unwrap() else {
            panic!("nothing to offer");
        };
        let answer = self.people[who].subscriber.accept_offer(&sdp);
        assert_eq!(self.accept_answer(who, answer), Ok(Reply::AnswerAccepted));
        tracks
    }

    // Media.

    pub fn publish_camera(&mut self, who: Who, rids: &[&str]) -> TrackId {
        self.people[who].publisher.add_camera(rids);
        self.publish(who, Kind::Video)
    }

    pub fn publish_microphone(&mut self, who: Who) -> TrackId {
        self.people[who].publisher.add_microphone();
        self.publish(who, Kind::Audio)
    }

    pub fn publish_scalable(&mut self, who: Who, codec: Codec) -> TrackId {
        self.people[who].publisher.add_scalable(codec);
        self.publish(who, Kind::Video)
    }

    pub fn publish_screen(&mut self, who: Who) -> TrackId {
        self.people[who].publisher.add_camera(&[]);
        self.publish_as(who, Kind::Video, true)
    }

    fn publish(&mut self, who: Who, kind: Kind) -> TrackId {
        self.publish_as(who, kind, false)
    }

    fn publish_as(&mut self, who: Who, kind: Kind, is_screen: bool) -> TrackId {
        let sections = self.publisher_offers(who);
        let mid = sections.last().unwrap().mid.clone();
        let (peer, track) = (self.people[who].peer, TrackId::new(self.serial(), 0));
        self.command(Command::Publish { peer, track, mid, kind, is_screen, format: None });
        self.people[who].tracks.push(track);
        track
    }

    /// Ask for a track without negotiating.
    pub fn subscribe(&mut self, who: Who, track: TrackId) {
        let peer = self.people[who].peer;
        let (stream_id, track_id) = (format!("PA_x|TR_{}", track.0), format!("TR_{}", track.0));
        self.command(Command::Subscribe { peer, track, stream_id, track_id });
    }

    /// Ask for a track and negotiate; its mid.
    pub fn watch(&mut self, who: Who, track: TrackId) -> String {
        self.subscribe(who, track);
        let tracks = self.negotiate_subscriber(who);
        tracks.into_iter().find(|(_, t)| *t == track).unwrap().0
    }

    pub fn unwatch(&mut self, who: Who, track: TrackId) {
        let peer = self.people[who].peer;
        self.command(Command::Unsubscribe { peer, track });
    }

    pub fn set_subscription(&mut self, who: Who, track: TrackId, enabled: bool, max_layer: u8) {
        let max_layer = Layer::new(max_layer);
        let peer = self.people[who].peer;
        let settings = SubscriptionSettings { enabled, max_layer, max_fps: 0, priority: 0 };
        self.command(Command::SetSubscription { peer, track, settings });
    }

    pub fn send_data(&mut self, to: &[Who], reliable: bool, payload: &[u8]) {
        let peers = to.iter().map(|w| self.people[*w].peer).collect();
        let payload: Arc<[u8]> = payload.into();
        self.command(Command::SendData { peers, reliable, payload });
    }

    // Time.

    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.step();
        }
    }

    /// Turn the clock until something holds.
    pub fn run_until(&mut self, mut condition: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_mins(1);
        while !condition(self) {
            assert!(self.now < end, "did not happen within a minute; events: {:?}", self.events);
            self.step();
        }
    }

    pub fn step(&mut self) {
        self.now += STEP;
        self.shard.handle_timeout(self.now);
        for person in &mut self.people {
            person.publisher.handle_timeout(self.now);
            person.subscriber.handle_timeout(self.now);
        }
        // Until nobody has anything to say any more at this moment.
        for _ in 0..50 {
            if !self.exchange() {
                return;
            }
        }
        panic!("the network never falls quiet");
    }

    fn exchange(&mut self) -> bool {
        let mut sent = Vec::new();
        for person in &mut self.people {
            for client in [&mut person.publisher, &mut person.subscriber] {
                sent.extend(client.take_sent().into_iter().map(|d| (client.address, d)));
            }
        }
        for (source, datagram) in &sent {
            if !(self.lose_upwards)(source.port(), datagram) {
                self.arrives(*source, datagram);
            }
        }
        let received = self.collect();
        !sent.is_empty() || received
    }

    /// A datagram from anywhere reaches the SFU.
    pub fn arrives(&mut self, source: SocketAddr, datagram: &[u8]) {
        self.shard.handle_datagram(self.now, Path::udp(self.sfu, source), datagram);
    }

    /// Finish what the shard has to do; true when it sent something.
    fn collect(&mut self) -> bool {
        self.shard.flush(self.now);
        self.events.extend(self.shard.take_events());
        let datagrams: Vec<(SocketAddr, Vec<u8>)> =
            self.shard.datagrams().iter().map(|(d, bytes)| (d.path.remote, bytes.to_vec())).collect();
        self.shard.datagrams().clear();
        for (destination, datagram) in &datagrams {
            if !(self.deliver)(*destination, datagram) {
                continue;
            }
            for person in &mut self.people {
                for client in [&mut person.publisher, &mut person.subscriber] {
                    if client.address == *destination {
                        client.handle_datagram(self.now, self.sfu, datagram);
                    }
                }
            }
        }
        !datagrams.is_empty()
    }

    // Looking.

    pub fn states(&self, who: Who, target: SignalTarget) -> Vec<TransportState> {
        let peer = self.people[who].peer;
        let state = |e: &Event| match e {
            Event::TransportChanged { peer: p, target: t, state } if *p == peer && *t == target => Some(*state),
            _ => None,
        };
        self.events.iter().filter_map(state).collect()
    }

    pub fn negotiations_needed(&self, who: Who) -> usize {
        let needed = Event::NegotiationNeeded { peer: self.people[who].peer };
        self.events.iter().filter(|e| **e == needed).count()
    }
}
