//! A camera with three spatial and three temporal layers in one stream, in VP9 or AV1, and how to
//! read it back.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::Mid;
use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues, RtpPacket, RtpWrite};

const LAYERS: u8 = 3;
const PAYLOAD: usize = 400;
/// Bytes of the payload descriptor, or of the aggregation header, before what the camera writes.
const VP9_HEAD: usize = 6;
const AV1_HEAD: usize = 1;

/// A dependency descriptor as it is in a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorBytes(pub Vec<u8>);

/// The header extension that carries it.
pub fn dependency_descriptor() -> Extension {
    let uri = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
    Extension::with_serializer(uri, PlainBytes)
}

#[derive(Debug)]
struct PlainBytes;

impl ExtensionSerializer for PlainBytes {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(DescriptorBytes(bytes)) = values.user_values.get() else {
            return 0;
        };
        buffer[..bytes.len()].copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(DescriptorBytes(bytes.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<DescriptorBytes>().is_some_and(|d| d.0.len() > 16)
    }
}

/// Bits, the most significant first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(mut self, value: u32, count: u32) -> Self {
        self.0.extend((0..count).rev().map(|at| value >> at & 1 == 1));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| (0..8).fold(0, |b, at| b << 1 | u8::from(bits.get(at) == Some(&true)));
        self.0.chunks(8).map(byte).collect()
    }
}

/// Template `3 s + t` is that of spatial layer s and temporal layer t; a key frame brings all of
/// them.
fn descriptor(layer: (u8, u8), number: u16, is_key: bool, references: &[u16]) -> Vec<u8> {
    let template = u32::from(layer.1 + LAYERS * layer.0);
    let mut bits = Bits::default().put(0b11, 2).put(template, 6).put(u32::from(number), 16);
    bits = bits.put(u32::from(is_key), 1).put(0, 2).put(1, 1).put(0, 1);
    if is_key {
        let count = u32::from(LAYERS * LAYERS);
        bits = bits.put(0, 6).put(count - 1, 5);
        for at in 1..=count {
            let next = if at == count {
                3
            } else if at % u32::from(LAYERS) == 0 {
                2
            } else {
                1
            };
            bits = bits.put(next, 2);
        }
        bits = (0..count * count).fold(bits, |bits, _| bits.put(2, 2));
        bits = (0..count).fold(bits, |bits, _| bits.put(0, 1));
        // No chains, in the three bits that a number below ten takes at least; no resolutions.
        bits = bits.put(0, 3).put(0, 1);
    }
    for reference in references {
        bits = bits.put(2, 2).put(u32::from(*reference) - 1, 8);
    }
    bits.put(0, 2).bytes()
}

pub struct ScalableCamera {
    pub mid: Mid,
    codec: Codec,
    pub units: u32,
    wants_keyframe: bool,
    seq: u64,
    timestamp: u32,
    tl0: u8,
    number: u16,
    /// The last frame of each spatial and temporal layer.
    last: [[Option<u16>; 3]; 3],
    due: Option<Instant>,
}

impl ScalableCamera {
    pub const INTERVAL: Duration = Duration::from_millis(40);

    pub fn new(mid: Mid, codec: Codec) -> Self {
        Self {
            mid,
            codec,
            units: 0x7ff0,
            wants_keyframe: true,
            seq: 65_000,
            timestamp: u32::MAX - 90_000,
            tl0: 250,
            number: 65_500,
            last: [[None; 3]; 3],
            due: None,
        }
    }

    pub fn start_keyframe(&mut self) {
        self.wants_keyframe = true;
    }

    pub fn send(&mut self, now: Instant, rtc: &mut Rtc) -> bool {
        if self.due.is_some_and(|due| now < due) {
            return false;
        }
        self.due = Some(now + Self::INTERVAL);
        let pt = rtc.codec_config().find(|p| p.spec().codec == self.codec).unwrap().pt();
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, None) else {
            return false;
        };
        let is_key = std::mem::take(&mut self.wants_keyframe);
        self.units += 1;
        self.timestamp = self.timestamp.wrapping_add(3600);
        let temporal = if is_key { 0 } else { [0, 2, 1, 2][self.units as usize % 4] };
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        if is_key {
            self.last = [[None; 3]; 3];
        }
        for spatial in 0..LAYERS {
            self.seq += 1;
            self.number = self.number.wrapping_add(1);
            let (payload, values) = match self.codec {
                Codec::Vp9 => (self.vp9(spatial, temporal, is_key), ExtensionValues::default()),
                _ => self.av1(spatial, temporal, is_key),
            };
            let write = RtpWrite::new(pt, self.seq.into(), self.timestamp, now, payload)
                .marker(spatial + 1 == LAYERS)
                .nackable(true)
                .ext_vals(values);
            stream.write_rtp(write);
        }
        true
    }

    fn vp9(&self, spatial: u8, temporal: u8, is_key: bool) -> Vec<u8> {
        let has_structure = is_key && spatial == 0;
        let flags = 0xac | u8::from(!is_key) << 6 | u8::from(has_structure) << 1;
        let id = 0x8000 | (self.units & 0x7fff) as u16;
        let layer = temporal << 5 | 0x10 | spatial << 1 | u8::from(spatial > 0);
        let mut payload = vec![flags, (id >> 8) as u8, id as u8, layer, self.tl0];
        // Three spatial layers, without their sizes; or nothing where a frame would begin.
        payload.push(if has_structure { 0x40 } else { 0 });
        self.sign(payload, spatial, temporal, is_key)
    }

    fn av1(&mut self, spatial: u8, temporal: u8, is_key: bool) -> (Vec<u8>, ExtensionValues) {
        let own = self.last[usize::from(spatial)][..=usize::from(temporal)].iter().flatten();
        let newest = own.copied().map(|before| self.number.wrapping_sub(before)).min();
        let references: Vec<u16> = newest.into_iter().chain((spatial > 0).then_some(1)).collect();
        self.last[usize::from(spatial)][usize::from(temporal)] = Some(self.number);
        let begins = is_key && spatial == 0;
        let mut values = ExtensionValues::default();
        values.user_values.set(DescriptorBytes(descriptor((spatial, temporal), self.number, begins, &references)));
        (self.sign(vec![0x10 | u8::from(begins) << 3], spatial, temporal, is_key), values)
    }

    fn sign(&self, mut payload: Vec<u8>, spatial: u8, temporal: u8, is_key: bool) -> Vec<u8> {
        payload.extend([spatial, temporal, u8::from(is_key)]);
        payload.extend(self.units.to_be_bytes());
        payload.resize(PAYLOAD, 0xAA);
        payload
    }
}

/// The contents of a packet of a [`ScalableCamera`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerFrame {
    pub spatial: u8,
    pub temporal: u8,
    pub is_key: bool,
    pub unit: u32,
    /// Picture id of VP9, frame number of AV1.
    pub number: u16,
}

impl LayerFrame {
    pub fn read(packet: &RtpPacket, codec: Codec) -> Self {
        let p = &packet.payload;
        let head = if codec == Codec::Vp9 { VP9_HEAD } else { AV1_HEAD };
        let number = if codec == Codec::Vp9 {
            u16::from_be_bytes([p[1] & 0x7f, p[2]])
        } else {
            let DescriptorBytes(bytes) = packet.header.ext_vals.user_values.get().unwrap();
            u16::from_be_bytes([bytes[1], bytes[2]])
        };
        Self {
            spatial: p[head],
            temporal: p[head + 1],
            is_key: p[head + 2] == 1,
            unit: u32::from_be_bytes([p[head + 3], p[head + 4], p[head + 5], p[head + 6]]),
            number,
        }
    }
}
