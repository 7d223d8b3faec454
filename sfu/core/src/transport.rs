//! One ICE, DTLS and SRTP association with a client: the only module that drives str0m.
//!
//! str0m asks for one mutation, then a complete drain of its output, and everything here keeps to that. Of what we send on an
//! association str0m has all but the media: what is forwarded and its RTCP are [`MediaEgress`]'s, and never go through str0m.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::CodecConfig;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket, Ssrc};
use str0m::{Candidate, Event as RtcEvent, IceConnectionState, Input, Output, Rtc};

use crate::bandwidth::Demand;
use crate::commands::Kind;
use crate::data::{DataQueue, Overflow};
use crate::datagrams::Datagrams;
use crate::egress::{self, AssociationKeys, ExtensionIds, KeySlot, MediaEgress, Profile, StreamSpec, Verifier};
use crate::events::TransportState;
use crate::forward::{Format, OutgoingStream, PayloadTypes};
use crate::limits;
use crate::path::{Carrier, Checks, Path};
use crate::sdp::Announcement;
use crate::shard::ShardConfig;
use crate::silence::Silence;
use crate::stun;

/// Payload types of our own offers: the ones clients use themselves, so that few ever need mapping.
const H264_PT: u8 = 125;
const H264_RTX_PT: u8 = 107;
/// Constrained baseline 3.1, the profile every client decodes.
const H264_PROFILE_LEVEL: u32 = 0x0042_e01f;
/// How long to leave a transport alone after str0m reported an error it may recover from.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// For what str0m need not do: there is nothing to report about.
const NEVER: Duration = Duration::from_hours(365 * 24);
/// Labels of the channels the protocol uses.
pub const RELIABLE: &str = "_reliable";
pub const LOSSY: &str = "_lossy";

/// The DTLS identity all transports of the process share.
#[derive(Clone)]
pub struct Identity {
    /// For where media is not str0m's.
    without_srtp: Arc<CryptoProvider>,
    /// For where the media we receive is str0m's.
    with_shared_srtp: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// A fresh key and self-signed certificate.
    pub fn generate() -> Self {
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            // The back end this crate is built with always generates certificates.
            .expect("the crypto back end generates certificates");
        let without_srtp = Arc::new(egress::without_srtp(&crypto));
        let with_shared_srtp = Arc::new(egress::with_shared_srtp(&crypto));
        Self { without_srtp, with_shared_srtp, certificate }
    }
}

/// Which way media goes over a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// From the client: the one it publishes on, where it has two.
    Receives,
    /// To the client: the other of the two.
    Sends,
    /// Both ways: the only one.
    Both,
}

impl Role {
    fn receives(self) -> bool {
        self != Self::Sends
    }

    fn sends(self) -> bool {
        self != Self::Receives
    }
}

/// What a transport has to tell its room, in order.
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
    /// Parsed, but not what the association expects. Anyone can send that with a forged address, so nothing follows.
    Malformed,
}

struct OpenChannel {
    id: ChannelId,
    label: String,
}

/// How a transport does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    pub loss: f32,
    pub rtt: Duration,
    pub tx_bytes: u64,
    pub rx_bytes: u64,
    /// Worst interarrival jitter of the streams seen since the last report, in milliseconds.
    pub jitter_ms: f32,
}

/// One association.
pub struct Transport {
    role: Role,
    rtc: Rtc,
    ufrag: String,
    new_ufrag: Option<String>,
    deadline: Instant,
    /// When the shard's timer for this transport is set.
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
    /// SSRCs let through to str0m, which ties each to a section before it checks whether the packet is the client's: so one
    /// of each has proved that here.
    admitted: Vec<u32>,
    queue: DataQueue,
    /// Where we send.
    media: Option<MediaEgress>,
    /// What str0m said last.
    measured: Measured,
    /// What went by str0m: all of a transport that only sends, otherwise the media that was sent.
    own_tx_bytes: u64,
    own_rx_bytes: u64,
    panic_next: bool,
}

impl Transport {
    /// `tcp_only`: the client is told of our TCP candidates alone.
    pub fn new(role: Role, tcp_only: bool, shard: &ShardConfig, now: Instant) -> Self {
        let identity = &shard.identity;
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
            .set_extension_map(extensions(role))
            .clear_codecs();
        if role == Role::Sends {
            config = config.set_rtcp_report_interval_audio(NEVER).set_rtcp_report_interval_video(NEVER);
        }
        enable_codecs(config.codec_config());
        let (mut rtc, keys) = egress::build_with_keys(|| config.build(now));
        let datagrams = shard.candidates.iter().filter(|_| !tcp_only);
        let udp = datagrams.map(|address| Candidate::host(*address, Protocol::Udp));
        let passive =
            |address: &SocketAddr| Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build();
        // In order of preference: a stream waits for what it lost, so it comes last.
        for candidate in udp.chain(shard.tcp_candidates.iter().map(passive)).flatten() {
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

    /// The user fragment STUN must name to reach this transport, when it is another than at the last call.
    pub fn take_new_ufrag(&mut self) -> Option<String> {
        self.new_ufrag.take()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn deadline(&self) -> Instant {
        self.media.as_ref().and_then(MediaEgress::wake_at).map_or(self.deadline, |at| at.min(self.deadline))
    }

    /// Media waits for its turn, and that has come: said once, because the deadline is no longer that moment then.
    pub fn take_media_due(&mut self, now: Instant) -> bool {
        self.media.as_mut().is_some_and(|media| media.take_wake(now))
    }

    pub fn state(&self) -> Option<TransportState> {
        self.state
    }

    /// Nothing says that the client is gone.
    pub fn may_be_alive(&self) -> bool {
        matches!(self.state, None | Some(TransportState::Connected))
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, Some(TransportState::Failed | TransportState::Closed))
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

    pub fn role(&self) -> Role {
        self.role
    }

    /// An SRTCP packet about what we send. False when this transport has no media to hear about, or the packet is not the
    /// client's.
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

    /// Connectivity checks wait for something: for the client's description, or for the next time-out.
    pub fn has_unanswered_checks(&self) -> bool {
        self.checks.are_waiting()
    }

    /// Paths that ICE found to be the client's since the last call.
    pub fn take_proven_paths(&mut self) -> Vec<Path> {
        std::mem::take(&mut self.proven)
    }

    /// Where the client wants everything but answers to its checks. `None` until it nominated a path.
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
        // A check is answered where it came from, whatever path is in use.
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

    /// Media, or RTCP under the SSRC of ours: str0m never sends either, having no stream to send and another SSRC. If it
    /// did, a nonce might be used twice.
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

    fn take_ice_state(&mut self, now: Instant, ice: IceConnectionState, arrivals: &mut Vec<Arrival>) {
        match ice {
            IceConnectionState::Disconnected => {
                self.disconnected_at = Some(now);
                if self.state == Some(TransportState::Connected) {
                    self.change_state(TransportState::Disconnected, arrivals);
                }
            }
            IceConnectionState::Connected | IceConnectionState::Completed => {
                self.disconnected_at = None;
                if self.dtls_up && self.state == Some(TransportState::Disconnected) {
                    self.change_state(TransportState::Connected, arrivals);
                }
            }
            IceConnectionState::New | IceConnectionState::Checking => {}
        }
    }

    /// Give it up.
    pub fn fail(&mut self, arrivals: &mut Vec<Arrival>) {
        self.change_state(TransportState::Failed, arrivals);
        self.rtc.disconnect();
    }

    /// Failed and closed are final.
    fn change_state(&mut self, state: TransportState, arrivals: &mut Vec<Arrival>) {
        if self.is_over() || self.state == Some(state) {
            return;
        }
        self.state = Some(state);
        if let Some(media) =
            self.media.as_mut().filter(|_| matches!(state, TransportState::Failed | TransportState::Closed))
        {
            media.close();
        }
        arrivals.push(Arrival::StateChanged(state));
    }

    /// Give up on what took too long.
    pub fn check_health(&mut self, now: Instant, arrivals: &mut Vec<Arrival>) {
        let since = |t: Option<Instant>| t.map_or(Duration::ZERO, |t| now.saturating_duration_since(t));
        let lost = since(self.disconnected_at) >= limits::DISCONNECTED_TIMEOUT;
        let never = self.state.is_none() && since(self.negotiated_at) >= limits::CONNECT_TIMEOUT;
        if lost || never {
            self.change_state(TransportState::Failed, arrivals);
        }
        let is_silent = self.silence.is_suspicious(now);
        if self.state == Some(TransportState::Connected) && is_silent {
            self.change_state(TransportState::Disconnected, arrivals);
        } else if self.state == Some(TransportState::Disconnected) && !is_silent && self.disconnected_at.is_none() {
            self.change_state(TransportState::Connected, arrivals);
        }
    }

    /// Say goodbye: RTCP BYE and the DTLS `close_notify` come out of the next drain.
    pub fn close(&mut self) {
        // Closing an association that never was is an error nobody can act on.
        let _ = self.rtc.close();
    }

    // Negotiation.

    pub fn accept_offer(&mut self, now: Instant, sdp: &str) -> Result<String, String> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|e| e.to_string())?;
        self.negotiated(now);
        Ok(answer.to_sdp_string())
    }

    pub fn accept_answer(&mut self, now: Instant, pending: SdpPendingOffer, sdp: &str) -> Result<(), String> {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|e| e.to_string())?;
        self.negotiated(now);
        Ok(())
    }

    fn negotiated(&mut self, now: Instant) {
        let ufrag = self.rtc.direct_api().local_ice_credentials().ufrag;
        if ufrag != self.ufrag {
            self.new_ufrag = Some(ufrag.clone());
            self.ufrag = ufrag;
        }
        self.negotiated_at.get_or_insert(now);
    }

    /// Offer what `draft` describes. `None` when that changes nothing.
    pub fn create_offer(&mut self, draft: &OfferDraft) -> Option<(String, SdpPendingOffer, Vec<Mid>)> {
        let mut api = self.rtc.sdp_api();
        if draft.with_channels {
            api.add_channel_with_config(ChannelConfig { label: RELIABLE.to_owned(), ..Default::default() });
            api.add_channel_with_config(ChannelConfig {
                label: LOSSY.to_owned(),
                ordered: false,
                reliability: Reliability::MaxRetransmits { retransmits: 0 },
                ..Default::default()
            });
        }
        if draft.restart_ice {
            api.ice_restart(true);
        }
        for (mid, active) in &draft.directions {
            let direction = if *active { Direction::SendOnly } else { Direction::Inactive };
            api.set_direction(*mid, direction);
        }
        let mids = draft
            .additions
            .iter()
            .map(|add| {
                let kind = match add.kind {
                    Kind::Audio => MediaKind::Audio,
                    Kind::Video => MediaKind::Video,
                };
                let (stream, track) = (Some(add.stream_id.clone()), Some(add.track_id.clone()));
                api.add_media(kind, Direction::SendOnly, stream, track, None)
            })
            .collect();
        let (offer, pending) = api.apply()?;
        Some((offer.to_sdp_string(), pending, mids))
    }

    /// The stream to send in a section, once the client agreed to receive it.
    pub fn outgoing_stream(&mut self, mid: Mid) -> Option<OutgoingStream> {
        let media = self.rtc.media(mid)?;
        if !media.direction().is_sending() || media.stopped() {
            return None;
        }
        let (mut payload_types, mut resent_as) = (PayloadTypes::default(), PayloadTypes::default());
        for params in self.rtc.codec_config().params() {
            let Some(format) = Format::of(params.spec().codec).filter(|_| media.remote_pts().contains(&params.pt()))
            else {
                continue;
            };
            payload_types.set(format, *params.pt());
            payload_types.red = payload_types.red.or(params.red().map(|pt| *pt));
            // What is not negotiated is not resent: str0m leaves it out of its parameters.
            if let Some(rtx) = params.resend() {
                resent_as.set(format, *rtx);
            }
        }
        let id = |extension| media.remote_extmap().id_of(extension).filter(|id| *id < 15).unwrap_or(0);
        let extensions = ExtensionIds {
            mid: id(Extension::RtpMid),
            audio_level: id(Extension::AudioLevel),
            orientation: id(Extension::VideoOrientation),
            transport_wide: id(Extension::TransportSequenceNumber),
        };
        let kind = match media.kind() {
            MediaKind::Audio => Kind::Audio,
            MediaKind::Video => Kind::Video,
        };
        let cname = media.cname().to_owned();
        let (ssrc, rtx) = self.send_ssrcs(mid)?;
        let rtx = rtx.map(|ssrc| (ssrc, resent_as)).filter(|_| kind == Kind::Video);
        let spec = StreamSpec { mid, cname, kind, ssrc, extensions, rtx };
        let index = self.media.as_mut()?.declare(spec);
        Some(OutgoingStream { ssrc, index, payload_types })
    }

    /// What we send in a section under, and retransmit under. str0m chooses; where it receives, too, it then has to forget the
    /// stream, because it would report on what it does not send.
    fn send_ssrcs(&mut self, mid: Mid) -> Option<(u32, Option<u32>)> {
        let media = self.media.as_ref()?;
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        let (ssrc, rtx) = (stream.ssrc(), stream.rtx());
        if self.role != Role::Both {
            return Some((*ssrc, rtx.map(|rtx| *rtx)));
        }
        api.remove_stream_tx(ssrc);
        // What it forgot it may choose again.
        let unused = |mut ssrc: Ssrc| {
            while media.sends_under(*ssrc) {
                ssrc = api.new_ssrc();
            }
            *ssrc
        };
        Some(media.ssrcs_of(mid).unwrap_or_else(|| (unused(ssrc), rtx.map(unused))))
    }

    /// The `a=ssrc` lines of a section we send in.
    pub fn announcement(&self, mid: Mid) -> Option<Announcement> {
        let (ssrc, rtx) = self.media.as_ref()?.ssrcs_of(mid)?;
        Some(Announcement { ssrc, rtx, cname: self.rtc.media(mid)?.cname().to_owned() })
    }

    /// False for a candidate that does not parse or is one too many.
    pub fn add_candidate(&mut self, line: &str) -> bool {
        if self.remote_candidates >= limits::MAX_REMOTE_CANDIDATES || line.len() > 512 {
            return false;
        }
        match Candidate::from_sdp_string(line) {
            Ok(candidate) if candidate.proto() == Protocol::Udp => {
                self.remote_candidates += 1;
                self.rtc.add_remote_candidate(candidate);
                true
            }
            _ => false,
        }
    }

    // Media.

    /// What forwarding writes to, where we send.
    pub fn media(&mut self) -> Option<&mut MediaEgress> {
        self.media.as_mut()
    }

    /// How the media that we send is protected, once that is negotiated.
    pub fn srtp_profile(&self) -> Option<Profile> {
        self.media.as_ref().and_then(MediaEgress::profile)
    }

    /// Bits a second of video that the client's network takes; `None`: no congestion is known.
    pub fn video_limit(&self) -> Option<f64> {
        self.media.as_ref().and_then(MediaEgress::limit)
    }

    /// The limit is another than at the last call.
    pub fn take_limit_change(&mut self) -> bool {
        self.media.as_mut().is_some_and(MediaEgress::take_limit_change)
    }

    pub fn set_video_demand(&mut self, demand: Demand) {
        if let Some(media) = self.media.as_mut() {
            media.set_demand(demand);
        }
    }

    /// Send what was written. True when something is left for later.
    pub fn flush_media(&mut self, now: Instant, out: &mut Datagrams) -> bool {
        assert!(!self.panic_next, "panic asked for by a test");
        self.with_media(out, |media, out| media.flush(now, out));
        self.media.as_ref().is_some_and(|media| media.wake_at().is_some())
    }

    /// RTCP that is due.
    pub fn tick_media(&mut self, now: Instant, out: &mut Datagrams) {
        if self.state == Some(TransportState::Connected) {
            self.with_media(out, |media, out| media.tick(now, out));
        }
    }

    /// Have media do something, and count what it sends.
    fn with_media<T>(
        &mut self,
        out: &mut Datagrams,
        work: impl FnOnce(&mut MediaEgress, &mut Datagrams) -> T,
    ) -> Option<T> {
        let before = out.byte_count();
        let done = work(self.media.as_mut()?, out);
        self.own_tx_bytes += (out.byte_count() - before) as u64;
        Some(done)
    }

    /// How it does at the moment.
    pub fn measured(&self, now: Instant) -> Measured {
        let sent = self.media.as_ref().map(|media| media.reception(now)).unwrap_or_default();
        Measured {
            loss: self.measured.loss.max(sent.loss),
            rtt: self.measured.rtt.max(sent.round_trip),
            jitter_ms: self.measured.jitter_ms.max(sent.jitter_ms),
            tx_bytes: self.measured.tx_bytes + self.own_tx_bytes,
            rx_bytes: self.measured.rx_bytes + self.own_rx_bytes,
        }
    }

    /// Section and layer of a received stream.
    pub fn stream_of(&mut self, ssrc: u32) -> Option<(Mid, Option<Rid>)> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&Ssrc::from(ssrc))?;
        Some((stream.mid(), stream.rid()))
    }

    pub fn format_of(&self, pt: Pt) -> Option<Format> {
        let params = self.rtc.codec_config().params();
        Format::of(params.iter().find(|p| p.pt() == pt)?.spec().codec)
    }

    /// Of a payload type that is redundant audio: that of the audio in it.
    pub fn primary_of(&self, red: Pt) -> Option<Pt> {
        let params = self.rtc.codec_config().params();
        Some(params.iter().find(|p| p.red() == Some(red))?.pt())
    }

    /// Ask for what is lost of a stream again. The library does so by itself only where a retransmission stream is
    /// negotiated, and audio has none: it is sent again as it was.
    pub fn ask_again(&mut self, ssrc: u32) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&Ssrc::from(ssrc)) {
            stream.suppress_nack(false);
        }
    }

    /// Ask the client for a key frame. False when the layer has no stream yet.
    pub fn request_keyframe(&mut self, mid: Mid, rid: Option<Rid>) -> bool {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid, rid) else {
            return false;
        };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }

    // Data.

    fn open_channel(&mut self, id: ChannelId, label: String, arrivals: &mut Vec<Arrival>) {
        if self.channels.len() >= limits::MAX_CHANNELS {
            self.rtc.direct_api().close_data_channel(id);
            return;
        }
        if let Some(mut channel) = self.rtc.channel(id) {
            channel.set_buffered_amount_low_threshold(limits::SCTP_LOW_WATER);
        }
        self.channels.push(OpenChannel { id, label: label.clone() });
        arrivals.push(Arrival::ChannelOpened(label));
        self.flush_data();
    }

    fn channel_named(&self, label: &str) -> Option<ChannelId> {
        self.channels.iter().find(|c| c.label == label).map(|c| c.id)
    }

    /// Send when there is room; otherwise it waits.
    pub fn send_reliable(&mut self, payload: Arc<[u8]>) -> Result<(), Overflow> {
        self.queue.push(payload)?;
        self.flush_data();
        Ok(())
    }

    /// Send now or never. False: never.
    pub fn send_lossy(&mut self, payload: &[u8]) -> bool {
        let Some(id) = self.channel_named(LOSSY) else {
            return false;
        };
        self.rtc.channel(id).is_some_and(|mut c| c.write(true, payload).unwrap_or(false))
    }

    fn flush_data(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let Some(id) = self.channel_named(RELIABLE) else {
            return;
        };
        while let Some(payload) = self.queue.front() {
            let Some(mut channel) = self.rtc.channel(id) else {
                return;
            };
            match channel.write(true, payload) {
                // No room: the low-water event calls again.
                Ok(false) => return,
                // Sent, or larger than the client accepts, and then it can never be sent.
                Ok(true) | Err(_) => self.queue.pop(),
            }
        }
    }
}

/// Changes to offer to a subscriber.
#[derive(Debug, Default)]
pub struct OfferDraft {
    /// First offer: with the data channels.
    pub with_channels: bool,
    pub restart_ice: bool,
    /// Existing sections to use (true) or leave unused.
    pub directions: Vec<(Mid, bool)>,
    pub additions: Vec<Addition>,
}

/// A section to append.
#[derive(Debug, Clone)]
pub struct Addition {
    pub kind: Kind,
    pub stream_id: String,
    pub track_id: String,
}

fn enable_codecs(codecs: &mut CodecConfig) {
    codecs.enable_opus(true, true);
    let mut opus = codecs.params().to_vec();
    for params in &mut opus {
        params.set_fb_nack(true);
    }
    *codecs = CodecConfig::new_from_payload_params(opus);
    codecs.enable_vp8(true);
    codecs.add_h264(H264_PT.into(), Some(H264_RTX_PT.into()), true, H264_PROFILE_LEVEL);
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

fn extensions(role: Role) -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(1, Extension::AudioLevel);
    // Transport-wide sequence numbers feed the sender's bandwidth estimation: the client's, and ours.
    map.set(3, Extension::TransportSequenceNumber);
    map.set(4, Extension::RtpMid);
    map.set(13, Extension::VideoOrientation);
    if role.receives() {
        map.set(10, Extension::RtpStreamId);
        map.set(11, Extension::RepairedRtpStreamId);
    }
    map
}
