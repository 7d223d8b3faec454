//! Measures the cost of one forwarded packet inside str0m: `egress [peers] [packets] [bytes]
//! [nackable: 0 or 1]`.
//!
//! Each peer is one connected `Rtc` in RTP mode with N video send streams. Packets go to the peers
//! in turn, as in a fan-out, through `write_rtp` and real SRTP; what comes out is counted and
//! dropped, so neither sockets nor the kernel are in the figure. A packet written leaves only once
//! the time has been told. Ways of draining:
//!
//! * `by the book`: write one packet, drain, tell the time, drain: every mutation is followed by a
//!   drain.
//! * `tick of K`: write K packets to one peer, tell the time once, drain once.
//!
//! Beside them stands what the same fan-out costs with the key and the numbering in our own hands:
//! `by hand` copies the payload behind a rewritten header and seals it with AES-128-GCM, for as
//! many peers and streams.
//!
//! Printed: thread CPU time per packet in microseconds (minimum of five trials), polls per packet.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use str0m::crypto::from_feature_flags;
use str0m::format::Codec;
use str0m::media::{MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Input, Output, Rtc};

#[derive(Clone, Copy)]
enum Drain {
    ByTheBook,
    Tick(usize),
}

impl Drain {
    fn name(self) -> String {
        match self {
            Drain::ByTheBook => "by the book".into(),
            Drain::Tick(k) => format!("tick of {k}"),
        }
    }
}

struct Peer {
    rtc: Rtc,
    pt: Pt,
    clock: Instant,
    streams: Vec<Ssrc>,
    next_stream: usize,
    sequence: u64,
}

fn main() {
    from_feature_flags().install_process_default();
    let mut arguments = std::env::args()
        .skip(1)
        .map(|word| word.parse::<usize>().expect("a number"));
    let peers = arguments.next().unwrap_or(1);
    let packets = arguments.next().unwrap_or(100_000);
    let bytes = arguments.next().unwrap_or(1_100);
    let nackable = arguments.next().unwrap_or(1) == 1;

    println!(
        "{peers} peers, {packets} packets of {bytes} bytes a trial; nackable: {nackable}; str0m 0.25.0"
    );
    for (name, algorithm, key_bytes) in [
        ("AES-128-GCM", &AES_128_GCM, 16),
        ("AES-256-GCM", &AES_256_GCM, 32),
    ] {
        println!(
            "{name} alone: {:.2} us a packet",
            seal_alone(algorithm, key_bytes, packets, bytes)
        );
    }
    println!(
        "{:>8}  {:<14}{:>10}{:>14}",
        "streams", "drain", "us/packet", "polls/packet"
    );
    for streams in [1, 10, 30, 100] {
        println!(
            "{streams:>8}  {:<14}{:>10.2}{:>14}",
            "by hand",
            by_hand(peers, streams, packets, bytes),
            "-"
        );
        let mut connected: Vec<Peer> = (0..peers).map(|_| connect(streams)).collect();
        for drain in [
            Drain::ByTheBook,
            Drain::Tick(1),
            Drain::Tick(4),
            Drain::Tick(30),
        ] {
            let payload: Arc<[u8]> = vec![0x5a; bytes].into();
            let mut best = f64::MAX;
            let mut polls = 0;
            for _ in 0..5 {
                let started = thread_cpu();
                let (sent, polled) = forward(&mut connected, packets, &payload, nackable, drain);
                let spent = thread_cpu() - started;
                assert_eq!(sent, packets, "every packet written comes out");
                best = best.min(spent.as_secs_f64() * 1e6 / packets as f64);
                polls = polled;
            }
            println!(
                "{streams:>8}  {:<14}{best:>10.2}{:>14.2}",
                drain.name(),
                polls as f64 / packets as f64
            );
        }
    }
}

/// Writes `packets` packets to the peers in turn; says how many datagrams came out and how many
/// polls that took.
fn forward(
    peers: &mut [Peer],
    packets: usize,
    payload: &Arc<[u8]>,
    nackable: bool,
    drain: Drain,
) -> (usize, usize) {
    let run = match drain {
        Drain::Tick(k) => k,
        Drain::ByTheBook => 1,
    };
    let (mut written, mut sent, mut polls) = (0, 0, 0);
    let count = peers.len();
    let mut turn = 0;
    while written < packets {
        let peer = &mut peers[turn % count];
        turn += 1;
        // Simulated: a connection that hears nothing for 30 s ends, and reading the clock is not
        // what is measured.
        peer.clock += Duration::from_micros(run as u64);
        let now = peer.clock;
        for _ in 0..run.min(packets - written) {
            peer.write(now, payload, nackable);
            written += 1;
        }
        if matches!(drain, Drain::ByTheBook) {
            poll_all(&mut peer.rtc, payload.len(), &mut sent, &mut polls);
        }
        peer.rtc
            .handle_input(Input::Timeout(now))
            .expect("time moves");
        poll_all(&mut peer.rtc, payload.len(), &mut sent, &mut polls);
    }
    (sent, polls)
}

/// Polls until nothing is left; counts RTP datagrams larger than `payload_bytes` and the polls.
fn poll_all(rtc: &mut Rtc, payload_bytes: usize, sent: &mut usize, polls: &mut usize) {
    loop {
        *polls += 1;
        match rtc.poll_output().expect("a live peer") {
            Output::Transmit(datagram)
                if is_rtp(&datagram.contents) && datagram.contents.len() > payload_bytes =>
            {
                *sent += 1
            }
            Output::Transmit(_) | Output::Event(_) => {}
            Output::Timeout(_) => return,
        }
    }
}

/// RFC 7983 and RFC 5761: RTP and not RTCP.
fn is_rtp(datagram: &[u8]) -> bool {
    datagram.len() > 1 && datagram[0] >> 6 == 2 && !(192..224).contains(&datagram[1])
}

impl Peer {
    fn write(&mut self, now: Instant, payload: &Arc<[u8]>, nackable: bool) {
        let ssrc = self.streams[self.next_stream];
        self.next_stream = (self.next_stream + 1) % self.streams.len();
        if self.next_stream == 0 {
            self.sequence += 1;
        }
        let packet = RtpWrite::new(
            self.pt,
            self.sequence.into(),
            self.sequence as u32 * 3000,
            now,
            payload.clone(),
        )
        .nackable(nackable);
        self.rtc
            .direct_api()
            .stream_tx(&ssrc)
            .expect("declared")
            .write_rtp(packet);
    }
}

/// A peer with `streams` video send streams, connected to another `Rtc` that is dropped once keys
/// are there.
fn connect(streams: usize) -> Peer {
    let now = Instant::now();
    let mut left = Rtc::builder().set_rtp_mode(true).build(now);
    let mut right = Rtc::builder().set_rtp_mode(true).build(now);
    let addresses: [SocketAddr; 2] = [
        (Ipv4Addr::new(127, 0, 0, 1), 4000).into(),
        (Ipv4Addr::new(127, 0, 0, 2), 4000).into(),
    ];
    let candidate = |at: SocketAddr| Candidate::host(at, "udp").expect("a host candidate");
    left.add_local_candidate(candidate(addresses[0]));
    left.add_remote_candidate(candidate(addresses[1]));
    right.add_local_candidate(candidate(addresses[1]));
    right.add_remote_candidate(candidate(addresses[0]));
    let fingerprints = [
        left.direct_api().local_dtls_fingerprint().clone(),
        right.direct_api().local_dtls_fingerprint().clone(),
    ];
    let credentials = [
        left.direct_api().local_ice_credentials(),
        right.direct_api().local_ice_credentials(),
    ];
    for (rtc, at, first) in [(&mut left, 1, true), (&mut right, 0, false)] {
        let mut api = rtc.direct_api();
        api.set_remote_fingerprint(fingerprints[at].clone());
        api.set_remote_ice_credentials(credentials[at].clone());
        api.set_ice_controlling(first);
        api.start_dtls(first).expect("DTLS starts");
    }
    let mut simulated = now;
    let (mut from_left, mut from_right) = (drain(&mut left), drain(&mut right));
    while !(left.is_connected() && right.is_connected()) {
        simulated += Duration::from_millis(5);
        assert!(
            simulated < now + Duration::from_secs(30),
            "the two peers connect"
        );
        let to_right = std::mem::take(&mut from_left);
        let to_left = std::mem::take(&mut from_right);
        from_right = deliver(&mut right, &to_right, simulated);
        from_left = deliver(&mut left, &to_left, simulated);
    }
    let pt = left
        .codec_config()
        .find(|parameters| parameters.spec().codec == Codec::Vp8)
        .expect("VP8 is configured")
        .pt();
    let mut ssrcs = Vec::with_capacity(streams);
    for index in 0..streams {
        let mid: Mid = format!("v{index}").as_str().into();
        let ssrc: Ssrc = (1000 + 2 * index as u32).into();
        let mut api = left.direct_api();
        api.declare_media(mid, MediaKind::Video);
        api.declare_stream_tx(ssrc, Some((1001 + 2 * index as u32).into()), mid, None);
        drain(&mut left);
        ssrcs.push(ssrc);
    }
    Peer {
        rtc: left,
        pt,
        clock: simulated + Duration::from_millis(10),
        streams: ssrcs,
        next_stream: 0,
        sequence: 1,
    }
}

type Datagram = (SocketAddr, SocketAddr, Vec<u8>);

fn drain(rtc: &mut Rtc) -> Vec<Datagram> {
    let mut datagrams = Vec::new();
    loop {
        match rtc.poll_output().expect("a live peer") {
            Output::Transmit(out) => {
                datagrams.push((out.source, out.destination, out.contents.to_vec()))
            }
            Output::Event(_) => {}
            Output::Timeout(_) => return datagrams,
        }
    }
}

/// Hands `datagrams` over at `now`; returns what the receiver sends in turn.
fn deliver(rtc: &mut Rtc, datagrams: &[Datagram], now: Instant) -> Vec<Datagram> {
    let mut answers = Vec::new();
    for (source, destination, bytes) in datagrams {
        let receive = Receive::new(Protocol::Udp, *source, *destination, bytes)
            .expect("a known kind of datagram");
        rtc.handle_input(Input::Receive(now, receive))
            .expect("accepted");
        answers.append(&mut drain(rtc));
    }
    rtc.handle_input(Input::Timeout(now)).expect("time moves");
    answers.append(&mut drain(rtc));
    answers
}

fn seal_alone(
    algorithm: &'static Algorithm,
    key_bytes: usize,
    packets: usize,
    bytes: usize,
) -> f64 {
    let key = LessSafeKey::new(
        UnboundKey::new(algorithm, &vec![7; key_bytes]).expect("a key of the right size"),
    );
    let header = [0x80; 12];
    let mut payload = vec![0; bytes];
    let mut best = f64::MAX;
    for _ in 0..5 {
        let started = thread_cpu();
        for index in 0..packets {
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&(index as u64).to_be_bytes());
            let _tag = key
                .seal_in_place_separate_tag(
                    Nonce::assume_unique_for_key(nonce),
                    Aad::from(header),
                    &mut payload,
                )
                .expect("sealed");
        }
        best = best.min((thread_cpu() - started).as_secs_f64() * 1e6 / packets as f64);
    }
    best
}

/// The numbering of one stream at one subscriber.
#[derive(Clone)]
struct Numbering {
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
}

/// The same fan-out without a library in between: header, copy, seal.
fn by_hand(peers: usize, streams: usize, packets: usize, bytes: usize) -> f64 {
    let mut subscribers: Vec<(LessSafeKey, Vec<Numbering>)> = (0..peers)
        .map(|peer| {
            let key =
                UnboundKey::new(&AES_128_GCM, &[peer as u8; 16]).expect("a key of the right size");
            let numbering = (0..streams).map(|stream| Numbering {
                ssrc: stream as u32,
                sequence: 1,
                timestamp: 0,
            });
            (LessSafeKey::new(key), numbering.collect())
        })
        .collect();
    let payload = vec![0x5a; bytes];
    // Sixty-four packets wait for one system call.
    let mut batch = vec![0; 64 * 1500];
    let mut best = f64::MAX;
    for _ in 0..5 {
        let started = thread_cpu();
        for index in 0..packets {
            let (key, numbering) = &mut subscribers[index % peers];
            let stream = &mut numbering[index / peers % streams];
            stream.sequence += 1;
            stream.timestamp = stream.timestamp.wrapping_add(3000);
            let out = &mut batch[index % 64 * 1500..][..1500];
            out[..2].copy_from_slice(&[0x80, 96]);
            out[2..4].copy_from_slice(&(stream.sequence as u16).to_be_bytes());
            out[4..8].copy_from_slice(&stream.timestamp.to_be_bytes());
            out[8..12].copy_from_slice(&stream.ssrc.to_be_bytes());
            let (header, body) = out.split_at_mut(12);
            body[..bytes].copy_from_slice(&payload);
            let mut nonce = [0; 12];
            nonce[2..6].copy_from_slice(&stream.ssrc.to_be_bytes());
            nonce[6..].copy_from_slice(&stream.sequence.to_be_bytes()[2..]);
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = key
                .seal_in_place_separate_tag(nonce, Aad::from(&*header), &mut body[..bytes])
                .expect("sealed");
            body[bytes..bytes + 16].copy_from_slice(tag.as_ref());
        }
        best = best.min((thread_cpu() - started).as_secs_f64() * 1e6 / packets as f64);
    }
    best
}

fn thread_cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place to write to for the length of the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "the thread clock exists on Linux");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
