//! One connection of a person: a full ICE str0m client that sends made-up media and keeps what it
//! receives.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::media::{Camera, Microphone};
use super::scalable::{ScalableCamera, dependency_descriptor};

pub struct Client {
    pub address: SocketAddr,
    pub rtc: Rtc,
    pub packets: Vec<RtpPacket>,
    pub messages: Vec<(String, Vec<u8>)>,
    pub cameras: Vec<Camera>,
    pub microphones: Vec<Microphone>,
    pub scalables: Vec<ScalableCamera>,
    /// Requests for key frames: their times and layers.
    pub keyframe_requests: Vec<(Instant, String)>,
    /// Answers the network with nothing: the client is gone without a word.
    pub is_mute: bool,
    /// The user fragment of the SFU in our STUN requests.
    pub remote_ufrag: Option<String>,
    channels: Vec<(ChannelId, String)>,
    pending: Option<SdpPendingOffer>,
    additions: Vec<Addition>,
    stopped: Vec<Mid>,
    receiving: Vec<Mid>,
    sent: Vec<Vec<u8>>,
    now: Instant,
    has_channels: bool,
}

enum Addition {
    Camera(Vec<String>),
    Scalable(Codec),
    Microphone,
    ToReceive(MediaKind),
}

impl Client {
    pub fn new(now: Instant, address: SocketAddr) -> Self {
        Self::with_codecs(now, address, &[Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::Av1])
    }

    /// A client that can decode these and nothing else.
    pub fn with_codecs(now: Instant, address: SocketAddr, codecs: &[Codec]) -> Self {
        Self::with(Rtc::builder().set_extension(6, dependency_descriptor()), now, address, codecs)
    }

    /// A client that says nothing of when which packet arrived.
    pub fn without_transport_feedback(now: Instant, address: SocketAddr) -> Self {
        let mut extensions = ExtensionMap::empty();
        extensions.set(4, Extension::RtpMid);
        Self::with(Rtc::builder().set_extension_map(extensions), now, address, &[Codec::Opus, Codec::Vp8])
    }

    fn with(config: RtcConfig, now: Instant, address: SocketAddr, codecs: &[Codec]) -> Self {
        let can = |codec| codecs.contains(&codec);
        let mut rtc = config
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(can(Codec::Opus), true)
            .enable_vp8(can(Codec::Vp8))
            .enable_vp9(can(Codec::Vp9))
            .enable_av1(can(Codec::Av1))
            .set_sctp_max_buffered_amount(8 * 1024 * 1024)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        Self {
            address,
            rtc,
            packets: Vec::new(),
            messages: Vec::new(),
            cameras: Vec::new(),
            microphones: Vec::new(),
            scalables: Vec::new(),
            keyframe_requests: Vec::new(),
            is_mute: false,
            remote_ufrag: None,
            channels: Vec::new(),
            pending: None,
            additions: Vec::new(),
            stopped: Vec::new(),
            receiving: Vec::new(),
            sent: Vec::new(),
            now,
            has_channels: false,
        }
    }

    // Negotiation.

    pub fn add_camera(&mut self, rids: &[&str]) {
        self.additions.push(Addition::Camera(rids.iter().map(|r| (*r).to_owned()).collect()));
    }

    pub fn add_scalable(&mut self, codec: Codec) {
        self.additions.push(Addition::Scalable(codec));
    }

    pub fn add_microphone(&mut self) {
        self.additions.push(Addition::Microphone);
    }

    /// Sections to receive in.
    pub fn add_sections(&mut self, audio: usize, video: usize) {
        self.additions.extend((0..audio).map(|_| Addition::ToReceive(MediaKind::Audio)));
        self.additions.extend((0..video).map(|_| Addition::ToReceive(MediaKind::Video)));
    }

    pub fn stop_receiving(&mut self, mid: &str) {
        let mid = Mid::from(mid);
        self.receiving.retain(|m| *m != mid);
        self.stopped.push(mid);
    }

    pub fn create_offer(&mut self) -> String {
        self.create_offer_with(false)
    }

    pub fn create_offer_with(&mut self, restart_ice: bool) -> String {
        let mut api = self.rtc.sdp_api();
        if !self.has_channels {
            api.add_channel("_reliable".to_owned());
            api.add_channel_with_config(ChannelConfig {
                label: "_lossy".to_owned(),
                ordered: false,
                reliability: Reliability::MaxRetransmits { retransmits: 0 },
                ..Default::default()
            });
            self.has_channels = true;
        }
        if restart_ice {
            api.ice_restart(true);
        }
        for mid in self.stopped.drain(..) {
            api.set_direction(mid, Direction::Inactive);
        }
        // A browser remembers that it wants to receive where an answer said that there is nothing.
        for mid in &self.receiving {
            api.set_direction(*mid, Direction::RecvOnly);
        }
        if self.additions.is_empty() && !restart_ice && !api.has_changes() {
            // This library makes no offer that changes nothing; browsers do.
            self.additions.push(Addition::ToReceive(MediaKind::Audio));
        }
        for addition in self.additions.drain(..) {
            match addition {
                Addition::Microphone => {
                    let cid = Some("mic".to_owned());
                    let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, None, cid, None);
                    self.microphones.push(Microphone::new(mid));
                }
                Addition::Scalable(codec) => {
                    let cid = Some("scalable".to_owned());
                    let mid = api.add_media(MediaKind::Video, Direction::SendOnly, None, cid, None);
                    self.scalables.push(ScalableCamera::new(mid, codec));
                }
                Addition::ToReceive(kind) => {
                    self.receiving.push(api.add_media(kind, Direction::RecvOnly, None, None, None));
                }
                Addition::Camera(rids) => {
                    let mut simulcast = Simulcast::new();
                    for rid in &rids {
                        simulcast.add_send_layer(SimulcastLayer::new(rid));
                    }
                    let simulcast = (!rids.is_empty()).then_some(simulcast);
                    let cid = Some("cam".to_owned());
                    let mid = api.add_media(MediaKind::Video, Direction::SendOnly, None, cid, simulcast);
                    self.cameras.push(Camera::new(mid, &rids));
                }
            }
        }
        let (offer, pending) = api.apply().expect("something to offer");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn accept_answer(&mut self, sdp: &str) {
        self.remote_ufrag = ufrag(sdp);
        let answer = SdpAnswer::from_sdp_string(sdp).unwrap();
        let pending = self.pending.take().expect("an open offer");
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        self.drain();
    }

    pub fn accept_offer(&mut self, sdp: &str) -> String {
        self.remote_ufrag = ufrag(sdp);
        let offer = SdpOffer::from_sdp_string(sdp).unwrap();
        let answer = self.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
        self.drain();
        answer
    }

    // Network and time.

    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
        if self.rtc.is_connected() {
            self.send_media();
        }
    }

    fn send_media(&mut self) {
        for i in 0..self.cameras.len() {
            if self.cameras[i].send(self.now, &mut self.rtc) {
                self.push_out();
            }
        }
        for i in 0..self.scalables.len() {
            if self.scalables[i].send(self.now, &mut self.rtc) {
                self.push_out();
            }
        }
        for i in 0..self.microphones.len() {
            if self.microphones[i].send(self.now, &mut self.rtc) {
                self.push_out();
            }
        }
    }

    /// Put on the network what was written.
    pub fn push_out(&mut self) {
        self.rtc.handle_input(Input::Timeout(self.now)).unwrap();
        self.drain();
    }

    pub fn handle_datagram(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        self.now = now;
        let receive = Receive::new(Protocol::Udp, source, self.address, datagram).unwrap();
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) {
            self.rtc.handle_input(input).unwrap();
            self.drain();
        }
    }

    pub fn take_sent(&mut self) -> Vec<Vec<u8>> {
        let sent = std::mem::take(&mut self.sent);
        if self.is_mute { Vec::new() } else { sent }
    }

    pub fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(t) => self.sent.push(t.contents.to_vec()),
                Output::Event(event) => self.take_event(event),
            }
        }
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::RtpPacket(packet) => self.packets.push(packet),
            Event::ChannelOpen(id, label) => self.channels.push((id, label)),
            Event::ChannelData(data) => {
                let label = self.channels.iter().find(|(id, _)| *id == data.id).map(|(_, l)| l.clone());
                self.messages.push((label.unwrap_or_default(), data.data));
            }
            Event::KeyframeRequest(request) => {
                let rid = request.rid.map(|r| r.to_string()).unwrap_or_default();
                self.keyframe_requests.push((self.now, rid.clone()));
                self.cameras.iter_mut().filter(|c| c.mid == request.mid).for_each(|c| c.start_keyframe(&rid));
                let scalables = self.scalables.iter_mut().filter(|c| c.mid == request.mid);
                scalables.for_each(ScalableCamera::start_keyframe);
            }
            _ => {}
        }
    }

    // Data and feedback.

    pub fn has_channel(&self, label: &str) -> bool {
        self.channels.iter().any(|(_, l)| l == label)
    }

    pub fn send(&mut self, label: &str, payload: &[u8]) {
        let id = self.channels.iter().find(|(_, l)| l == label).unwrap().0;
        assert!(self.rtc.channel(id).unwrap().write(true, payload).unwrap());
        self.push_out();
    }

    pub fn open_channel(&mut self, label: &str) {
        let mut api = self.rtc.sdp_api();
        api.add_channel(label.to_owned());
        assert!(api.apply().is_none());
        self.push_out();
    }

    pub fn request_keyframe(&mut self, mid: &str) {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx_by_mid(Mid::from(mid), None).unwrap();
        stream.request_keyframe(KeyframeRequestKind::Pli);
        self.push_out();
    }

    /// Say what it believes it can receive (draft-alvestrand-rmcat-remb-03), with an exponent of
    /// ten.
    pub fn estimate(&mut self, kilobits_per_second: u32) {
        let mantissa = kilobits_per_second.to_be_bytes();
        let payload = [&b"REMB\x01"[..], &[10 << 2 | mantissa[1] & 3, mantissa[2], mantissa[3]], &[0; 4]].concat();
        self.rtc.direct_api().send_app_specific_feedback(1.into(), 0.into(), payload);
        self.push_out();
    }

    /// Ask for lost audio again, as browsers do where it was offered.
    pub fn wants_lost_audio(&mut self, mid: &str) {
        self.rtc.direct_api().stream_rx_by_mid(Mid::from(mid), None).unwrap().suppress_nack(false);
    }

    /// Packets of one section, in order of their numbers.
    pub fn received(&self, mid: &str) -> Vec<&RtpPacket> {
        let of = |p: &&RtpPacket| p.header.ext_vals.mid.is_none_or(|m| &*m == mid);
        let ssrcs: Vec<u32> = self
            .packets
            .iter()
            .filter(|p| p.header.ext_vals.mid.is_some())
            .filter(of)
            .map(|p| *p.header.ssrc)
            .collect();
        let mut packets: Vec<&RtpPacket> = self.packets.iter().filter(|p| ssrcs.contains(&p.header.ssrc)).collect();
        packets.sort_by_key(|p| p.seq_no);
        packets
    }

    pub fn frame_interval() -> Duration {
        Camera::INTERVAL
    }
}

fn ufrag(sdp: &str) -> Option<String> {
    sdp.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:")).map(str::to_owned)
}
