//! Made-up media that says where it comes from, and how to read it back.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::{Mid, Rid};
use str0m::rtp::{ExtensionValues, RedEncoder, RedundantBlock, RtpPacket, RtpWrite};

/// A VP8 camera, with or without simulcast. Every frame has two packets unless it is told
/// otherwise.
pub struct Camera {
    pub mid: Mid,
    pub layers: Vec<CameraLayer>,
    due: Option<Instant>,
}

pub struct CameraLayer {
    pub rid: Option<Rid>,
    pub is_off: bool,
    /// In three temporal layers rather than one.
    pub temporal_layers: bool,
    pub frames: u32,
    /// Packets of a frame, and bytes of each.
    pub packets: (u8, usize),
    wants_keyframe: bool,
    seq: u64,
    timestamp: u32,
    picture_id: u16,
    tl0: u8,
}

impl Camera {
    pub const INTERVAL: Duration = Duration::from_millis(40);

    pub fn new(mid: Mid, rids: &[String]) -> Self {
        let rids: Vec<Option<Rid>> =
            if rids.is_empty() { vec![None] } else { rids.iter().map(|r| Some(Rid::from(r.as_str()))).collect() };
        let layers = rids
            .into_iter()
            .enumerate()
            .map(|(i, rid)| CameraLayer {
                rid,
                is_off: false,
                temporal_layers: false,
                frames: 0,
                packets: (2, 600),
                wants_keyframe: true,
                // Every layer counts from elsewhere, one of them close to every wrap.
                seq: 65_500 - 20_000 * i as u64,
                timestamp: (u32::MAX - 9000).wrapping_add(1_000_000 * i as u32),
                picture_id: 0x7ff0u16.wrapping_sub(0x1000 * i as u16),
                tl0: 250 - 40 * i as u8,
            })
            .collect();
        Self { mid, layers, due: None }
    }

    /// Go on under other SSRCs, which count from where the first ones did.
    pub fn begin_again(&mut self, rtc: &mut Rtc) {
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let mut api = rtc.direct_api();
            let (ssrc, rtx) = (api.new_ssrc(), api.new_ssrc());
            api.reset_stream_tx(self.mid, layer.rid, ssrc, Some(rtx)).unwrap();
            layer.seq = 65_500 - 20_000 * i as u64;
            layer.wants_keyframe = true;
        }
    }

    pub fn start_keyframe(&mut self, rid: &str) {
        for layer in &mut self.layers {
            layer.wants_keyframe |= layer.rid.is_none_or(|r| &*r == rid);
        }
    }

    pub fn send(&mut self, now: Instant, rtc: &mut Rtc) -> bool {
        if self.due.is_some_and(|due| now < due) {
            return false;
        }
        self.due = Some(now + Self::INTERVAL);
        let pt = rtc.codec_config().find(|p| p.spec().codec == Codec::Vp8).unwrap().pt();
        for (index, layer) in self.layers.iter_mut().enumerate() {
            // Time passes for a layer that is off, too.
            layer.timestamp = layer.timestamp.wrapping_add(90 * Self::INTERVAL.as_millis() as u32);
            if layer.is_off {
                continue;
            }
            let mut api = rtc.direct_api();
            let Some(stream) = api.stream_tx_by_mid(self.mid, layer.rid) else {
                continue;
            };
            let keyframe = std::mem::take(&mut layer.wants_keyframe);
            layer.picture_id = layer.picture_id.wrapping_add(1) & 0x7fff;
            layer.frames += 1;
            let temporal = if layer.temporal_layers && !keyframe { [0, 2, 1, 2][layer.frames as usize % 4] } else { 0 };
            layer.tl0 = layer.tl0.wrapping_add(u8::from(temporal == 0));
            let (packets, size) = layer.packets;
            for part in 0..packets {
                layer.seq += 1;
                let tid = temporal << 6 | u8::from(layer.frames % 4 < 3) << 5;
                let mut payload =
                    vp8_payload(layer.picture_id, layer.tl0, part == 0, keyframe, index as u8, layer.frames);
                payload[5] = tid;
                payload.resize(size, 0xAA);
                let is_last = part + 1 == packets;
                let write =
                    RtpWrite::new(pt, layer.seq.into(), layer.timestamp, now, payload).marker(is_last).nackable(true);
                stream.write_rtp(write);
            }
        }
        true
    }
}

fn vp8_payload(picture_id: u16, tl0: u8, starts: bool, keyframe: bool, layer: u8, frame: u32) -> Vec<u8> {
    let required = if starts { 0x90 } else { 0x80 };
    let frame_header = u8::from(!keyframe);
    let mut payload =
        vec![required, 0xE0, 0x80 | (picture_id >> 8) as u8, picture_id as u8, tl0, 0x20, frame_header, layer];
    payload.extend(frame.to_be_bytes());
    payload.resize(600, 0xAA);
    payload
}

/// The contents of a packet of a [`Camera`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    pub id: u16,
    pub tl0: u8,
    pub starts: bool,
    pub keyframe: bool,
    pub layer: u8,
    pub frame: u32,
}

impl Picture {
    pub fn read(packet: &RtpPacket) -> Self {
        let p = &packet.payload;
        Self {
            id: (u16::from(p[2] & 0x7f) << 8) | u16::from(p[3]),
            tl0: p[4],
            starts: p[0] & 0x10 != 0,
            keyframe: p[6] & 1 == 0,
            layer: p[7],
            frame: u32::from_be_bytes([p[8], p[9], p[10], p[11]]),
        }
    }
}

/// An Opus microphone with a level.
pub struct Microphone {
    pub mid: Mid,
    pub dbov: i8,
    pub packets: u32,
    /// Each packet with the one before it.
    pub is_redundant: bool,
    seq: u64,
    timestamp: u32,
    due: Option<Instant>,
}

impl Microphone {
    const INTERVAL: Duration = Duration::from_millis(20);

    pub fn new(mid: Mid) -> Self {
        Self { mid, dbov: -20, packets: 0, is_redundant: false, seq: 40_000, timestamp: 7, due: None }
    }

    pub fn send(&mut self, now: Instant, rtc: &mut Rtc) -> bool {
        if self.due.is_some_and(|due| now < due) {
            return false;
        }
        self.due = Some(now + Self::INTERVAL);
        let params = rtc.codec_config().find(|p| p.spec().codec == Codec::Opus).unwrap();
        let (opus, red) = (params.pt(), params.red());
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return false;
        };
        self.seq += 1;
        self.packets += 1;
        self.timestamp = self.timestamp.wrapping_add(960);
        let extensions =
            ExtensionValues { audio_level: Some(self.dbov), voice_activity: Some(true), ..ExtensionValues::default() };
        let sound = |number: u32| number.to_be_bytes().to_vec();
        let before = RedundantBlock { pt: *opus, timestamp_offset: 960, payload: sound(self.packets - 1) };
        let (pt, payload) = match red.filter(|_| self.is_redundant) {
            Some(red) => (red, RedEncoder::encode(*opus, &sound(self.packets), &[before])),
            None => (opus, sound(self.packets)),
        };
        stream.write_rtp(RtpWrite::new(pt, self.seq.into(), self.timestamp, now, payload).ext_vals(extensions));
        true
    }
}
