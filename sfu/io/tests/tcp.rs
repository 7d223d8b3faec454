//! Clients that have only TCP, and strangers who connect.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use moothall_sfu_core::framing::{Deframer, write_frame};
use moothall_sfu_core::{Carrier, Command, ConnectionMode, Event, PeerId, Reply, SignalTarget};
use moothall_sfu_io::{Engine, EngineConfig};
use str0m::change::SdpOffer;
use str0m::net::{Protocol, Receive, TcpType};
use str0m::{Candidate, Input, Output, Rtc};

/// Nothing here takes that long; what is worse than slow fails.
const DEADLINE: Duration = Duration::from_secs(30);

fn engine(shards: usize) -> Engine {
    let config = EngineConfig {
        bind_ips: vec!["127.0.0.1".parse().unwrap()],
        udp_ports: vec![0; shards],
        tcp_port: Some(0),
        ..EngineConfig::default()
    };
    Engine::new(&config).unwrap()
}

fn tcp_address(engine: &Engine) -> SocketAddr {
    engine.candidates().into_iter().find(|(carrier, _)| *carrier == Carrier::Tcp).unwrap().1
}

fn wait_for<T>(engine: &Engine, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < deadline, "the event did not come");
        if let Some(found) = engine.poll_events(100).into_iter().find_map(&mut wanted) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn reply(engine: &Engine, request: moothall_sfu_core::RequestId) -> Reply {
    wait_for(engine, |event| match event {
        Event::Replied { request: r, result } if r == request => Some(result.unwrap()),
        _ => None,
    })
}

/// A participant that is known, and the first offer to it.
fn arrive(engine: &Engine) -> (PeerId, String) {
    let room = engine.new_room();
    engine.send(room.shard(), Command::AddRoom { room });
    let peer = engine.new_peer(room);
    engine.send(room.shard(), Command::AddPeer { room, peer, mode: ConnectionMode::Dual, tcp_only: false });
    let request = engine.new_request();
    engine.send(room.shard(), Command::CreateOffer { request, peer, restart_ice: false });
    match reply(engine, request) {
        Reply::Offer { sdp, .. } => (peer, sdp),
        other => panic!("no offer: {other:?}"),
    }
}

/// A client that knows nothing but one TCP connection.
struct Client {
    rtc: Rtc,
    stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
    deframer: Deframer,
    has_channel: bool,
}

impl Client {
    fn connect(remote: SocketAddr) -> Self {
        let stream = TcpStream::connect(remote).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let local = stream.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        let candidate = Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build().unwrap();
        rtc.add_local_candidate(candidate);
        Self { rtc, stream, local, remote, deframer: Deframer::default(), has_channel: false }
    }

    fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        self.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
    }

    /// Talk until the data channel is open.
    fn run(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while !self.has_channel {
            assert!(Instant::now() < deadline, "never connected");
            self.drain();
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => panic!("the connection was closed"),
                Ok(count) => self.take(&chunk[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => panic!("{e}"),
            }
            self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(t) => {
                    let mut framed = Vec::new();
                    write_frame(&t.contents, &mut framed);
                    self.stream.write_all(&framed).unwrap();
                }
                Output::Event(str0m::Event::ChannelOpen(..)) => self.has_channel = true,
                Output::Event(_) => {}
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut datagrams = Vec::new();
        self.deframer.read(bytes, |d| datagrams.push(d.to_vec())).unwrap();
        for datagram in datagrams {
            let receive = Receive::new(Protocol::Tcp, self.remote, self.local, &datagram).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
            self.drain();
        }
    }
}

/// Join over TCP, all the way.
fn join(engine: &Engine) -> (PeerId, Client) {
    let (peer, offer) = arrive(engine);
    let mut client = Client::connect(tcp_address(engine));
    let sdp = client.answer(&offer);
    let request = engine.new_request();
    engine.send(peer.shard(), Command::AcceptAnswer { request, peer, sdp });
    assert_eq!(reply(engine, request), Reply::AnswerAccepted);
    client.run();
    (peer, client)
}

/// The server ended it.
fn ends(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return,
            Err(e) => panic!("still open: {e}"),
        }
    }
}

/// A connectivity check without a good integrity.
fn check(ufrag: &str) -> Vec<u8> {
    let name = format!("{ufrag}:theirs");
    let padded = name.len().next_multiple_of(4);
    let mut message = vec![0, 1];
    message.extend(((padded + 4) as u16).to_be_bytes());
    message.extend([0x21, 0x12, 0xA4, 0x42]);
    message.extend([5; 12]);
    message.extend([0, 6]);
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name.as_bytes());
    message.resize(24 + padded, 0);
    let mut framed = Vec::new();
    write_frame(&message, &mut framed);
    framed
}

#[test]
fn offers_name_the_port_as_passive() {
    let engine = engine(1);

    let (_, offer) = arrive(&engine);

    let port = engine.tcp_port().unwrap();
    let line = offer.lines().find(|l| l.contains(" tcp ")).unwrap();
    assert!(line.contains(&format!("127.0.0.1 {port} typ host")) && line.contains(" tcptype passive"), "{line}");
    assert!(offer.lines().any(|l| l.starts_with("a=candidate") && l.contains(" udp ")));
}

#[test]
fn a_client_connects_over_tcp_whichever_shard_it_is_for_and_its_connection_ends_with_it() {
    let engine = engine(3);

    let mut joined: Vec<_> = (0..3).map(|_| join(&engine)).collect();

    let mut shards: Vec<usize> = joined.iter().map(|(peer, _)| peer.shard()).collect();
    shards.sort_unstable();
    assert_eq!(shards, [0, 1, 2]);
    assert_eq!(engine.counters().0.tcp_connections, 3);
    wait_for(&engine, |event| match event {
        Event::ChannelOpened { target: SignalTarget::Subscriber, .. } => Some(()),
        _ => None,
    });

    let (peer, client) = &mut joined[1];
    engine.send(peer.shard(), Command::RemovePeer { peer: *peer });
    ends(&mut client.stream);
}

#[test]
fn strangers_are_shown_out() {
    let engine = engine(2);
    let (_, offer) = arrive(&engine);
    let ufrag = offer.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).unwrap();
    let connect = |first: &[u8]| {
        let mut stream = TcpStream::connect(tcp_address(&engine)).unwrap();
        stream.write_all(first).unwrap();
        stream
    };

    let silent = connect(b"");
    let half = connect(&check(ufrag)[..20]);
    // Knows the name, not the password.
    let impostor = connect(&check(ufrag));
    let noisy = connect(b"GET / HTTP/1.1\r\n\r\n");
    let lost = connect(&check("nobody"));

    for mut stream in [noisy, lost, impostor, half, silent] {
        ends(&mut stream);
    }
    assert_eq!(engine.counters().0.panics, 0);
}

#[test]
fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let engine = engine(1);
    let crowd: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(tcp_address(&engine)).unwrap()).collect();

    let (_, client) = join(&engine);

    assert!(client.has_channel);
    drop(crowd);
}
