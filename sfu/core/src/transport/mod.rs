//! One ICE, DTLS and SRTP association with a client: the only module that drives str0m.
//!
//! str0m asks for one mutation, then a complete drain of its output, and everything here keeps to
//! that. On an association str0m sends everything but the media: forwarded packets and their RTCP
//! belong to [`MediaEgress`] and never go through str0m.

mod channel;
mod channels;
mod codecs;
mod config;
mod health;
mod identity;
mod measured;
mod media;
mod negotiation;
mod offer;
mod offer_draft;
mod role;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use channel::{LOSSY, OpenChannel, RELIABLE};
pub use config::TransportConfig;
pub use identity::Identity;
pub use measured::Measured;
pub use offer_draft::{Addition, OfferDraft};
pub use role::Role;
use str0m::media::{MediaKind, Mid};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event as RtcEvent, Input, Output, Rtc};

use crate::data::DataQueue;
use crate::datagrams::Datagrams;
use crate::egress::{self, AssociationKeys, KeySlot, MediaEgress, Verifier};
use crate::events::TransportState;
use crate::format::Format;
use crate::limits;
use crate::path::{Carrier, Checks, Path};
use crate::silence::Silence;
use crate::stun;

/// A transport is left alone for this long after str0m reported an error that it may recover from.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// For what str0m need not do: there is nothing to report about.
const NEVER: Duration = Duration::from_hours(365 * 24);

/// The news of a transport for its room, in order.
#[expect(clippy::large_enum_variant, reason = "nearly all are packets, and a box each would be an allocation each")]
pub enum Arrival {
    Packet(RtpPacket),
    KeyframeRequested(Mid),
    StateChanged(TransportState),
    ChannelOpened(String),
    Data { label_is_reliable: bool, payload: Vec<u8> },
    UnknownChannelData,
}

/// Why a datagram was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not from an address ICE verified, or not for these credentials.
    Stranger,
    /// Parsed, but not what the association expects. Anyone can send that with a forged address, so
    /// nothing follows.
    Malformed,
}

/// One association.
pub struct Transport {
    role: Role,
    rtc: Rtc,
    ufrag: String,
    new_ufrag: Option<String>,
    deadline: Instant,
    /// The time for which the shard's timer for this transport is set.
    pub armed: Option<Instant>,
    /// The room knows that something was asked of str0m and must be drained.
    pub is_dirty: bool,
    /// The room knows that media was written and must be flushed.
    pub has_written: bool,
    state: Option<TransportState>,
    dtls_up: bool,
    negotiated_at: Option<Instant>,
    disconnected_at: Option<Instant>,
    silence: Silence,
    remote_candidates: usize,
    checks: Checks,
    /// Paths ICE found to be the client's since the shard asked.
    proven: Vec<Path>,
    channels: Vec<OpenChannel>,
    keys: KeySlot,
    verifier: Option<Verifier>,
    /// SSRCs let through to str0m, which ties each to a section before it checks whether the packet
    /// is the client's: so one of each has proved that here.
    admitted: Vec<u32>,
    queue: DataQueue,
    /// The path that we send on.
    media: Option<MediaEgress>,
    /// The measurements that str0m reported last.
    measured: Measured,
    /// Bytes that did not go through str0m: all of a transport that only sends, otherwise the media
    /// that was sent.
    own_tx_bytes: u64,
    own_rx_bytes: u64,
    panic_next: bool,
}

impl Transport {
    /// `tcp_only`: the client is told of our TCP candidates alone.
    pub fn new(role: Role, tcp_only: bool, settings: &TransportConfig, now: Instant) -> Self {
        let identity = &settings.identity;
        let crypto = match role {
            Role::Sends => &identity.without_srtp,
            Role::Receives | Role::Both => &identity.with_shared_srtp,
        };
        let mut config = Rtc::builder()
            .set_crypto_provider(crypto.clone())
            .set_dtls_cert(identity.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_stats_interval(role.receives().then_some(limits::STATS_INTERVAL))
            .set_sctp_max_buffered_amount(limits::SCTP_BUFFER)
            .set_sctp_max_message_size(limits::MAX_MESSAGE as u32)
            .set_extension_map(codecs::extensions(role))
            .clear_codecs();
        if role == Role::Sends {
            config = config.set_rtcp_report_interval_audio(NEVER).set_rtcp_report_interval_video(NEVER);
        }
        codecs::enable_codecs(config.codec_config());
        let (mut rtc, keys) = egress::build_with_keys(|| config.build(now));
        let datagrams = settings.candidates.iter().filter(|_| !tcp_only);
        let udp = datagrams.map(|address| Candidate::host(*address, Protocol::Udp));
        let passive =
            |address: &SocketAddr| Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build();
        // In order of preference: a stream waits for what it lost, so it comes last.
        for candidate in udp.chain(settings.tcp_candidates.iter().map(passive)).flatten() {
            rtc.add_local_candidate(candidate);
        }
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let reporter = *rtc.direct_api().new_ssrc();
        Self {
            role,
            rtc,
            new_ufrag: Some(ufrag.clone()),
            ufrag,
            deadline: now,
            armed: None,
            is_dirty: false,
            has_written: false,
            state: None,
            dtls_up: false,
            negotiated_at: None,
            disconnected_at: None,
            silence: Silence::new(now),
            remote_candidates: 0,
            checks: Checks::default(),
            proven: Vec::new(),
            channels: Vec::new(),
            keys: keys.clone(),
            verifier: None,
            admitted: Vec::new(),
            queue: DataQueue::default(),
            media: role.sends().then(|| MediaEgress::new(keys, reporter, now)),
            measured: Measured::default(),
            own_tx_bytes: 0,
            own_rx_bytes: 0,
            panic_next: false,
        }
    }

    /// The user fragment STUN must name to reach this transport, when it is another than at the
    /// last call.
    pub fn take_new_ufrag(&mut self) -> Option<String> {
        self.new_ufrag.take()
    }

    /// The time at which [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn deadline(&self) -> Instant {
        self.media.as_ref().and_then(MediaEgress::wake_at).map_or(self.deadline, |at| at.min(self.deadline))
    }

    /// Media waits for its turn, and that has come: said once, because the deadline is no longer
    /// that moment then.
    pub fn take_media_due(&mut self, now: Instant) -> bool {
        self.media.as_mut().is_some_and(|media| media.take_wake(now))
    }

    /// For tests of containment: the next drain panics.
    pub fn panic_next(&mut self) {
        self.panic_next = true;
    }

    // Network.

    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Result<(), Refused> {
        let receive =
            Receive::new(protocol(path.carrier), path.remote, path.local, datagram).map_err(|_| Refused::Malformed)?;
        let input = Input::Receive(now, receive);
        if !self.rtc.accepts(&input) {
            return Err(Refused::Stranger);
        }
        if let Some(request) = stun::binding_request(datagram) {
            self.checks.asked(path, &request);
        }
        self.count_rx(datagram.len());
        self.silence.broken(now);
        self.rtc.handle_input(input).map_err(|_| Refused::Malformed)
    }

    /// str0m counts where it receives media.
    fn count_rx(&mut self, bytes: usize) {
        if !self.role.receives() {
            self.own_rx_bytes += bytes as u64;
        }
    }

    /// An SRTCP packet about what we send. False when this transport has no media to hear about, or
    /// the packet is not the client's.
    pub fn handle_rtcp(
        &mut self,
        now: Instant,
        packet: &[u8],
        out: &mut Datagrams,
        arrivals: &mut Vec<Arrival>,
    ) -> bool {
        self.count_rx(packet.len());
        let mut wanted = Vec::new();
        let taken = self.with_media(out, |media, out| media.handle_rtcp(now, packet, out, &mut wanted)) == Some(true);
        if taken {
            self.silence.broken(now);
        }
        arrivals.extend(wanted.into_iter().map(Arrival::KeyframeRequested));
        taken
    }

    /// Connectivity checks wait for something: for the client's description, or for the next
    /// time-out.
    pub fn has_unanswered_checks(&self) -> bool {
        self.checks.are_waiting()
    }

    /// Paths that ICE found to be the client's since the last call.
    pub fn take_proven_paths(&mut self) -> Vec<Path> {
        std::mem::take(&mut self.proven)
    }

    /// The path on which the client wants everything but answers to its checks. `None` until it
    /// nominated one.
    pub fn path(&self) -> Option<Path> {
        self.checks.selected()
    }

    /// Whether this RTP packet of this SSRC may go to str0m.
    pub fn admits(&mut self, ssrc: u32, packet: &[u8]) -> bool {
        if !self.role.receives() {
            return false;
        }
        if self.admitted.contains(&ssrc) {
            return true;
        }
        if self.admitted.len() >= limits::MAX_SSRCS_ON_TRANSPORT {
            return false;
        }
        if self.verifier.is_none() {
            self.verifier = self.keys.get().and_then(AssociationKeys::verifier);
        }
        let is_admitted = self.verifier.as_mut().is_some_and(|verifier| verifier.is_authentic(packet));
        if is_admitted {
            self.admitted.push(ssrc);
        }
        is_admitted
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        // An error here closes the association; the drain that follows notices.
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    /// Take everything str0m has to say and to send.
    pub fn drain(&mut self, now: Instant, out: &mut Datagrams, arrivals: &mut Vec<Arrival>) {
        assert!(!self.panic_next, "panic asked for by a test");
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(t)) => {
                    let told = Path { carrier: carrier(t.proto), local: t.source, remote: t.destination };
                    self.send(told, &t.contents, out);
                }
                Ok(Output::Event(event)) => self.take_event(now, event, arrivals),
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    break;
                }
                Err(_) => {
                    self.deadline = now + ERROR_PAUSE;
                    break;
                }
            }
        }
        if !self.rtc.is_alive() && !self.is_over() {
            self.change_state(TransportState::Failed, arrivals);
        }
    }

    fn send(&mut self, told: Path, contents: &[u8], out: &mut Datagrams) {
        if self.role == Role::Both && self.is_ours_to_send(contents) {
            return;
        }
        if let Some(request) = stun::answered_request(contents) {
            self.proven.extend(self.checks.answered(told.carrier, told.remote, request));
        }
        // A check is answered on the path it came from, even when another one is in use.
        let is_answer = stun::classify(contents) == Some(stun::Protocol::Stun);
        let used = self.path().unwrap_or(told);
        out.push(if is_answer { told } else { used }, contents);
        if !self.role.receives() {
            self.own_tx_bytes += contents.len() as u64;
        }
        if let Some(media) = self.media.as_mut()
            && (!is_answer || self.checks.selected().is_some())
        {
            media.set_path(used);
        }
    }

    /// Media, or RTCP under the SSRC of ours: str0m never sends either, having no stream to send
    /// and another SSRC. If it did, a nonce might be used twice.
    fn is_ours_to_send(&self, contents: &[u8]) -> bool {
        match stun::classify(contents) {
            Some(stun::Protocol::Rtp) => true,
            Some(stun::Protocol::Rtcp) => {
                let sender = contents.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
                sender == self.media.as_ref().map(MediaEgress::reporter)
            }
            _ => false,
        }
    }

    fn take_event(&mut self, now: Instant, event: RtcEvent, arrivals: &mut Vec<Arrival>) {
        match event {
            RtcEvent::RtpPacket(packet) => arrivals.push(Arrival::Packet(packet)),
            RtcEvent::KeyframeRequest(request) => arrivals.push(Arrival::KeyframeRequested(request.mid)),
            RtcEvent::Connected => {
                self.dtls_up = true;
                let is_open = self.media.as_mut().is_none_or(MediaEgress::open);
                self.change_state(if is_open { TransportState::Connected } else { TransportState::Failed }, arrivals);
            }
            RtcEvent::IceConnectionStateChange(ice) => self.take_ice_state(now, ice, arrivals),
            RtcEvent::Closed => self.change_state(TransportState::Closed, arrivals),
            RtcEvent::ChannelOpen(id, label) => self.open_channel(id, label, arrivals),
            RtcEvent::ChannelClose(id) => self.channels.retain(|c| c.id != id),
            RtcEvent::ChannelData(data) => {
                let label = self.channels.iter().find(|c| c.id == data.id).map(|c| c.label.as_str());
                arrivals.push(match label {
                    Some(RELIABLE) => Arrival::Data { label_is_reliable: true, payload: data.data },
                    Some(LOSSY) => Arrival::Data { label_is_reliable: false, payload: data.data },
                    _ => Arrival::UnknownChannelData,
                });
            }
            RtcEvent::ChannelBufferedAmountLow(_) => self.flush_data(),
            RtcEvent::PeerStats(stats) => {
                let loss = stats.egress_loss_fraction.unwrap_or(0.0).max(stats.ingress_loss_fraction.unwrap_or(0.0));
                self.measured = Measured {
                    loss,
                    rtt: stats.rtt.unwrap_or_default(),
                    tx_bytes: stats.peer_bytes_tx,
                    rx_bytes: stats.peer_bytes_rx,
                    jitter_ms: 0.0,
                };
            }
            RtcEvent::MediaIngressStats(stats) => {
                let clock = match self.rtc.media(stats.mid).map(str0m::media::Media::kind) {
                    Some(MediaKind::Audio) => Format::Opus.clock_rate(),
                    _ => Format::Vp8.clock_rate(),
                };
                let ms = stats.jitter as f32 * 1000.0 / clock as f32;
                self.measured.jitter_ms = self.measured.jitter_ms.max(ms);
            }
            _ => {}
        }
    }
}

fn protocol(carrier: Carrier) -> Protocol {
    match carrier {
        Carrier::Udp => Protocol::Udp,
        Carrier::Tcp => Protocol::Tcp,
    }
}

fn carrier(protocol: Protocol) -> Carrier {
    match protocol {
        Protocol::Udp => Carrier::Udp,
        // str0m sends only by what it was told of as a candidate: see `Transport::new`.
        Protocol::Tcp | Protocol::SslTcp | Protocol::Tls => Carrier::Tcp,
    }
}
