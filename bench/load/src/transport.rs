//! One ICE, DTLS and SRTP transport of a client, sans I/O but for the [`Mux`] its datagrams are
//! queued on.

use std::net::SocketAddrV4;
use std::time::Instant;

use openssl::rand::rand_bytes;

use crate::dtls::{Dtls, Identity};
use crate::inbound::{Inbound, Totals};
use crate::net::Mux;
use crate::outbound::Outbound;
use crate::rtcp;
use crate::sctp::DataChannels;
use crate::sdp::{Description, Local, TRANSPORT_CC};
use crate::srtp::{Context, Profile};
use crate::stun;

const CHECK_INTERVAL_NS: u64 = 50_000_000;
/// After the first answer and until the handshake is over: what browsers do on a connection that is
/// not yet stable.
const UNSTABLE_INTERVAL_NS: u64 = 480_000_000;
const CONSENT_INTERVAL_NS: u64 = 2_500_000_000;
const HANDSHAKE_INTERVAL_NS: u64 = 10_000_000;
const CHANNELS_INTERVAL_NS: u64 = 100_000_000;
/// The bandwidth a subscriber claims to have, in bit/s: more than any scenario sends.
const REMB_BITS: u64 = 200_000_000;

/// Peer-wide settings of a run.
pub struct Settings {
    pub identity: Identity,
    /// Between two transport-wide feedback packets.
    pub feedback_interval_ns: u64,
}

struct Keys {
    profile: Profile,
    send: Context,
    receive: Context,
}

pub struct Transport {
    id: usize,
    local: SocketAddrV4,
    ufrag: String,
    password: String,
    remote: Option<Remote>,
    dtls: Option<Dtls>,
    keys: Option<Keys>,
    channels: Option<DataChannels>,
    pub inbound: Inbound,
    pub outbound: Vec<Outbound>,
    sequence: u16,
    ssrc: u32,
    remb: bool,
    feedback_count: u8,
    next_report_ns: u64,
    next_feedback_ns: u64,
    next_handshake_ns: u64,
    next_channels_ns: u64,
    pub nacked: u64,
    /// Why the transport ended; none while it lives.
    pub failure: Option<String>,
}

struct Remote {
    address: SocketAddrV4,
    ufrag: String,
    password: String,
    controlling: bool,
    reachable: bool,
    next_check_ns: u64,
    check: stun::TransactionId,
}

impl Transport {
    pub fn new(id: usize, mux: &Mux) -> Self {
        Transport {
            id,
            local: mux.address(id),
            ufrag: random_text(8),
            password: random_text(24),
            remote: None,
            dtls: None,
            keys: None,
            channels: None,
            inbound: Inbound::default(),
            outbound: Vec::new(),
            sequence: 1,
            ssrc: 0x4C00_0000 + id as u32,
            remb: false,
            feedback_count: 0,
            next_report_ns: 0,
            next_feedback_ns: 0,
            next_handshake_ns: 0,
            next_channels_ns: 0,
            nacked: 0,
            failure: None,
        }
    }

    pub fn local<'a>(&'a self, settings: &'a Settings) -> Local<'a> {
        Local { ufrag: &self.ufrag, password: &self.password, fingerprint: &settings.identity.fingerprint, address: self.local }
    }

    /// How far the transport has come, for messages to people.
    pub fn progress(&self) -> &'static str {
        match (&self.remote, &self.dtls) {
            (None, _) => "waits for an address",
            (Some(remote), _) if !remote.reachable => "checks connectivity",
            (Some(_), Some(dtls)) if !dtls.finished() => "shakes hands",
            _ => "is connected",
        }
    }

    pub fn profile(&self) -> Option<Profile> {
        self.keys.as_ref().map(|keys| keys.profile)
    }

    pub fn connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Takes the server's offer or answer. `trickled` is a candidate that came apart from it.
    pub fn describe(
        &mut self,
        settings: &Settings,
        description: &Description,
        offered_by_us: bool,
        trickled: Option<SocketAddrV4>,
        now_ns: u64,
    ) {
        if let Some(address) = description.candidate.or(trickled).filter(|_| self.remote.is_none()) {
            self.remote = Some(Remote {
                address,
                ufrag: description.ufrag.clone(),
                password: description.password.clone(),
                // RFC 8445 §6.1.1: who offers controls, unless only the other end is full.
                controlling: offered_by_us || description.ice_lite,
                reachable: false,
                next_check_ns: now_ns,
                check: [0; 12],
            });
        }
        if self.dtls.is_none() {
            let active = if offered_by_us { description.setup == "passive" } else { description.setup != "active" };
            self.dtls = Some(Dtls::new(&settings.identity, active, &description.fingerprint));
            if description.sections.iter().any(|section| section.kind == "application" && !section.rejected) {
                self.channels = Some(DataChannels::new(active));
            }
        }
        for section in &description.sections {
            for codec in &section.codecs {
                if codec.name.starts_with("rtx/") && codec.payload_type < 128 {
                    self.inbound.retransmission_types |= 1 << codec.payload_type;
                }
                self.remb |= codec.feedback.iter().any(|feedback| feedback == "goog-remb");
            }
            if !offered_by_us
                && section.kind == "video"
                && section.codecs.iter().any(|codec| codec.feedback.iter().any(|name| name == "transport-cc"))
            {
                self.inbound.transport_cc = self.inbound.transport_cc.or(section.extension(TRANSPORT_CC));
            }
        }
    }

    /// Takes a datagram from the server.
    pub fn receive(&mut self, datagram: &mut [u8], now_ns: u64, totals: &mut Totals, mux: &mut Outbox) {
        match datagram.first() {
            Some(128..=191) if datagram.len() >= 8 => {
                let Some(keys) = &mut self.keys else { return };
                if !(192..224).contains(&datagram[1]) {
                    self.inbound.receive(datagram, now_ns, &mut keys.receive, totals);
                    return;
                }
                match keys.receive.unprotect_rtcp(datagram) {
                    Ok(compound) => self.control(&compound, now_ns),
                    Err(_) => totals.forged += 1,
                }
            }
            Some(20..=63) => {
                self.handshake(Some(datagram), now_ns);
                self.exchange_messages();
                self.flush_dtls(mux);
            }
            Some(0..=3) => self.stun(datagram, now_ns, mux),
            _ => {}
        }
    }

    fn stun(&mut self, datagram: &[u8], now_ns: u64, mux: &mut Outbox) {
        let Some(remote) = &mut self.remote else { return };
        match stun::parse(datagram, &self.password, &remote.password) {
            Some(stun::Message::Request(id)) => {
                mux.push(self.id, remote.address, stun::binding_success(id, remote.address, &self.password));
            }
            Some(stun::Message::Success(id)) if id == remote.check => {
                remote.next_check_ns = now_ns + if self.keys.is_some() { CONSENT_INTERVAL_NS } else { UNSTABLE_INTERVAL_NS };
                if !remote.reachable {
                    remote.reachable = true;
                    self.handshake(None, now_ns);
                    self.flush_dtls(mux);
                }
            }
            _ => {}
        }
    }

    fn control(&mut self, compound: &[u8], now_ns: u64) {
        for item in rtcp::read(compound) {
            match item {
                rtcp::Item::KeyFrameWanted { ssrc } => {
                    self.outbound.iter_mut().filter(|stream| stream.ssrc == ssrc).for_each(Outbound::want_key_frame);
                }
                rtcp::Item::Nack { packets, .. } => self.nacked += u64::from(packets),
                rtcp::Item::SenderReport { ssrc, middle_ntp } => self.inbound.sender_report(ssrc, middle_ntp, now_ns),
            }
        }
    }

    fn handshake(&mut self, datagram: Option<&[u8]>, now_ns: u64) {
        let Some(dtls) = &mut self.dtls else { return };
        self.next_handshake_ns = now_ns + HANDSHAKE_INTERVAL_NS;
        match dtls.handshake(datagram) {
            Ok(Some(masters)) => self.keys = Some(Keys { profile: masters.profile, send: masters.send, receive: masters.receive }),
            Ok(None) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn exchange_messages(&mut self) {
        let (Some(dtls), Some(channels)) = (&mut self.dtls, &mut self.channels) else { return };
        if !dtls.finished() {
            return;
        }
        let now = Instant::now();
        for message in dtls.read() {
            channels.receive(now, message);
        }
        channels.advance(now);
        for message in channels.take_outgoing(now) {
            dtls.write(&message);
        }
    }

    fn flush_dtls(&mut self, mux: &mut Outbox) {
        let (Some(dtls), Some(remote)) = (&mut self.dtls, &self.remote) else { return };
        for datagram in dtls.take_outgoing() {
            mux.push(self.id, remote.address, datagram);
        }
    }

    /// Checks, handshake retransmissions, data channel timers, reports; to be called every few
    /// milliseconds.
    pub fn tick(&mut self, now_ns: u64, settings: &Settings, mux: &mut Mux) {
        if self.failure.is_some() {
            return;
        }
        let Some(remote) = &mut self.remote else { return };
        let address = remote.address;
        if remote.next_check_ns <= now_ns {
            remote.next_check_ns = now_ns + if self.keys.is_some() { CONSENT_INTERVAL_NS } else { CHECK_INTERVAL_NS };
            rand_bytes(&mut remote.check).expect("randomness");
            let username = format!("{}:{}", remote.ufrag, self.ufrag);
            let request = stun::binding_request(remote.check, &username, &remote.password, remote.controlling, self.id as u64 + 1);
            mux.queue_bytes(self.id, address, &request);
        }
        if !remote.reachable {
            return;
        }
        let mut outbox = Outbox::default();
        if self.keys.is_none() && self.next_handshake_ns <= now_ns {
            self.handshake(None, now_ns);
            self.flush_dtls(&mut outbox);
        }
        if self.channels.is_some() && self.next_channels_ns <= now_ns {
            self.next_channels_ns = now_ns + CHANNELS_INTERVAL_NS;
            self.exchange_messages();
            self.flush_dtls(&mut outbox);
        }
        outbox.drain_into(mux);
        self.report(now_ns, address, settings, mux);
    }

    fn report(&mut self, now_ns: u64, address: SocketAddrV4, settings: &Settings, mux: &mut Mux) {
        let Some(keys) = &mut self.keys else { return };
        let mut compound = Vec::new();
        let feedback_due = self.inbound.transport_cc.is_some() && self.next_feedback_ns <= now_ns;
        if self.next_report_ns <= now_ns {
            // The first report of each transport falls into a part of the second of its own.
            let second = if self.next_report_ns == 0 { 50_000_000 + (self.id as u64 * 61 % 950) * 1_000_000 } else { 1_000_000_000 };
            self.next_report_ns = now_ns + second;
            for stream in self.outbound.iter().filter(|stream| stream.sent > 0) {
                stream.sender_report(&mut compound, now_ns);
            }
            if !self.inbound.streams.is_empty() {
                rtcp::receiver_reports(&mut compound, self.ssrc, &self.inbound.report_blocks(now_ns));
                if self.remb && self.inbound.transport_cc.is_none() {
                    let ssrcs: Vec<_> = self.inbound.streams.iter().map(|stream| stream.ssrc).collect();
                    rtcp::remb(&mut compound, self.ssrc, REMB_BITS, &ssrcs);
                }
            }
        }
        if !compound.is_empty() {
            mux.queue_bytes(self.id, address, &keys.send.protect_rtcp(&compound));
        }
        if feedback_due {
            self.next_feedback_ns = now_ns + settings.feedback_interval_ns;
            let arrivals = self.inbound.take_arrivals();
            // Seven hundred statuses are at most 200 + 1,400 bytes; in practice the deltas take one
            // byte each.
            for part in arrivals.chunks(700) {
                let mut feedback = Vec::new();
                rtcp::receiver_reports(&mut feedback, self.ssrc, &[]);
                rtcp::transport_feedback(
                    &mut feedback,
                    self.ssrc,
                    self.inbound.streams.first().map_or(0, |stream| stream.ssrc),
                    self.feedback_count,
                    part,
                );
                self.feedback_count = self.feedback_count.wrapping_add(1);
                mux.queue_bytes(self.id, address, &keys.send.protect_rtcp(&feedback));
            }
        }
    }

    /// Sends what is due of the tracks published here.
    pub fn publish(&mut self, now_ns: u64, mux: &mut Mux) {
        let (Some(keys), Some(remote)) = (&mut self.keys, &self.remote) else { return };
        for stream in &mut self.outbound {
            stream.send_due(now_ns, &mut keys.send, &mut self.sequence, mux, self.id, remote.address);
        }
    }
}

/// Datagrams made while the sockets are being read.
#[derive(Default)]
pub struct Outbox(Vec<(usize, SocketAddrV4, Vec<u8>)>);

impl Outbox {
    fn push(&mut self, transport: usize, to: SocketAddrV4, datagram: Vec<u8>) {
        self.0.push((transport, to, datagram));
    }

    pub fn drain_into(&mut self, mux: &mut Mux) {
        for (transport, to, datagram) in self.0.drain(..) {
            mux.queue_bytes(transport, to, &datagram);
        }
    }
}

fn random_text(length: usize) -> String {
    let mut bytes = vec![0; length];
    rand_bytes(&mut bytes).expect("randomness");
    bytes.iter().map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyzABCDEF"[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::outbound::{Extensions, Shape};
    use crate::rtp::Source;
    use crate::sdp;

    /// Two transports of ours talk to each other, so the whole path from ICE to a counted packet is
    /// walked.
    #[test]
    fn media_flows_between_two_transports() {
        let settings = Settings { identity: Identity::new(&[Profile::Aes128Gcm]), feedback_interval_ns: 1_000_000 };
        let mut mux = Mux::open(Ipv4Addr::new(127, 67, 0, 0), 2, false, true).expect("sockets");
        let mut ends = [Transport::new(0, &mux), Transport::new(1, &mux)];
        let track = sdp::OfferedTrack { video: true, mid: "0".into(), track: "t".into(), ssrc: 9, rids: Vec::new() };
        let offer = sdp::parse(&sdp::offer(&ends[0].local(&settings), 1, &[track]));
        let answer = sdp::parse(&sdp::answer(&ends[1].local(&settings), 1, &offer));
        ends[0].describe(&settings, &answer, true, None, 0);
        ends[1].describe(&settings, &offer, false, None, 0);
        let source = Source { publisher: 0, video: true, layer: 0 };
        let shape = Shape { frames_per_second: 100.0, packets_per_frame: 1, payload_bytes: 100, width: 1, height: 1 };
        let extensions = Extensions { transport_cc: Some(3), ..Extensions::default() };
        ends[0].outbound.push(Outbound::new(source, shape, 9, 96, &extensions, 0));
        let mut totals = Totals::default();
        for millisecond in 0..2_000_u64 {
            let now_ns = millisecond * 1_000_000;
            let mut outbox = Outbox::default();
            mux.receive(|transport, datagram, _| ends[transport].receive(datagram, now_ns, &mut totals, &mut outbox)).expect("received");
            outbox.drain_into(&mut mux);
            for end in &mut ends {
                end.tick(now_ns, &settings, &mut mux);
                end.publish(now_ns, &mut mux);
            }
            mux.flush();
        }
        assert_eq!(ends[0].failure, None);
        assert_eq!((ends[0].profile(), ends[1].profile()), (Some(Profile::Aes128Gcm), Some(Profile::Aes128Gcm)));
        let stream = &ends[1].inbound.streams[0];
        assert_eq!((stream.source, stream.missing(), stream.unique), (Some(source), 0, ends[0].outbound[0].sent));
        assert!(stream.unique > 100);
        assert_eq!((totals.forged, totals.foreign), (0, 0));
        assert_eq!(ends[1].inbound.transport_cc, Some(3));
    }
}
