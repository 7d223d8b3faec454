//! What is forwarded, and the narrow door through which it leaves. Everything about encryption, retransmission and RTCP of
//! outgoing streams is behind [`Egress`].

use std::sync::Arc;
use std::time::Instant;

use str0m::format::Codec;

use crate::munge::{RtpPosition, Vp8Descriptor, Vp8Patch};

/// Payload formats that are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Opus,
    Vp8,
    H264,
}

impl Format {
    pub fn of(codec: Codec) -> Option<Self> {
        match codec {
            Codec::Opus => Some(Self::Opus),
            Codec::Vp8 => Some(Self::Vp8),
            Codec::H264 => Some(Self::H264),
            _ => None,
        }
    }

    pub fn mime(self) -> &'static str {
        match self {
            Self::Opus => "audio/opus",
            Self::Vp8 => "video/VP8",
            Self::H264 => "video/H264",
        }
    }

    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::H264 => 90_000,
        }
    }
}

/// Header extensions that are forwarded, as the bytes they carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// RFC 6464: a bit for voice, then the level in -dBov.
    pub audio_level: Option<u8>,
    /// 3GPP TS 26.114: how far the picture is rotated.
    pub orientation: Option<u8>,
}

impl Extensions {
    /// In dBov: 0 is the loudest, -127 silence.
    pub fn dbov(&self) -> Option<i8> {
        self.audio_level.map(|level| -((level & 0x7f) as i8))
    }
}

/// One received packet, looked at once and offered to every subscriber of its track.
#[derive(Debug)]
pub struct Incoming {
    pub layer: u8,
    pub format: Format,
    pub position: RtpPosition,
    pub marker: bool,
    /// Something can be decoded from here on without what came before.
    pub keyframe: bool,
    pub vp8: Option<Vp8Descriptor>,
    pub extensions: Extensions,
    pub payload: Arc<[u8]>,
    /// The payload with the sound before it once more (RFC 2198), as the publisher sent it.
    pub redundant: Option<Arc<[u8]>>,
}

/// One packet of one outgoing stream.
#[derive(Debug)]
pub struct Outgoing<'a> {
    pub format: Format,
    pub position: RtpPosition,
    pub marker: bool,
    pub vp8: Option<Vp8Patch>,
    pub extensions: Extensions,
    pub payload: &'a Arc<[u8]>,
    /// See [`Incoming::redundant`].
    pub redundant: Option<&'a Arc<[u8]>>,
}

/// Payload types a subscriber agreed to for one section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadTypes {
    pub opus: Option<u8>,
    pub vp8: Option<u8>,
    pub h264: Option<u8>,
    /// Of Opus with redundancy.
    pub red: Option<u8>,
}

impl PayloadTypes {
    pub fn of(&self, format: Format) -> Option<u8> {
        match format {
            Format::Opus => self.opus,
            Format::Vp8 => self.vp8,
            Format::H264 => self.h264,
        }
    }

    pub fn set(&mut self, format: Format, payload_type: u8) {
        let place = match format {
            Format::Opus => &mut self.opus,
            Format::Vp8 => &mut self.vp8,
            Format::H264 => &mut self.h264,
        };
        *place = Some(payload_type);
    }
}

/// One outgoing stream as negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutgoingStream {
    pub ssrc: u32,
    /// What the egress knows it by.
    pub index: usize,
    pub payload_types: PayloadTypes,
}

/// Where forwarded packets go: numbered and cut to shape, not yet encrypted.
pub trait Egress {
    /// Whether what is written now will leave. Numbers must not be used up before.
    fn is_open(&self) -> bool;

    /// Queue one packet of `stream`; it leaves with the next flush of the shard. False when the stream is gone or did not
    /// agree to the packet's format.
    fn write(&mut self, now: Instant, stream: OutgoingStream, packet: &Outgoing<'_>) -> bool;
}
