//! Packets on their way through, and [`Egress`], the interface through which they leave.
//! Encryption, retransmission and RTCP of outgoing streams are behind it.

use std::sync::Arc;
use std::time::Instant;

use crate::commands::Kind;
use crate::format::Format;
use crate::munge::{DependencyDescriptor, PayloadPatch, RtpPosition, TemplateStructure, Vp8Descriptor, Vp9Descriptor};
use crate::slots::OutgoingIndex;
use crate::track_parts::StreamIndex;

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

/// The layer of a packet, as far as its format names one.
#[derive(Debug, Clone, Default)]
pub enum Layering {
    #[default]
    None,
    Vp8(Vp8Descriptor),
    Vp9(Vp9Descriptor),
    Av1(Arc<DependencyDescriptor>),
}

impl Layering {
    /// The packet's dependency descriptor, where it is one that is understood.
    pub fn descriptor(&self) -> Option<&Arc<DependencyDescriptor>> {
        match self {
            Self::Av1(descriptor) => Some(descriptor),
            Self::None | Self::Vp8(_) | Self::Vp9(_) => None,
        }
    }

    /// The spatial layer within the stream; simulcast layers are streams of their own.
    pub fn spatial(&self) -> u8 {
        match self {
            Self::None | Self::Vp8(_) => 0,
            Self::Vp9(descriptor) => descriptor.spatial(),
            Self::Av1(descriptor) => descriptor.frame.spatial,
        }
    }

    /// The highest spatial layer of the stream, where the packet says so. `structure`: what its
    /// descriptors refer to.
    pub fn highest_spatial(&self, structure: Option<&TemplateStructure>) -> Option<u8> {
        match self {
            Self::None | Self::Vp8(_) => None,
            Self::Vp9(descriptor) => descriptor.highest_spatial(),
            Self::Av1(_) => structure.map(TemplateStructure::highest_spatial),
        }
    }

    pub fn temporal(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Vp8(descriptor) => descriptor.temporal(),
            Self::Vp9(descriptor) => descriptor.temporal(),
            Self::Av1(descriptor) => descriptor.frame.temporal,
        }
    }
}

/// One received packet, looked at once and offered to every subscriber of its track.
#[derive(Debug)]
pub struct Incoming {
    pub stream: StreamIndex,
    pub format: Format,
    pub position: RtpPosition,
    pub marker: bool,
    /// Something can be decoded from here on without what came before.
    pub keyframe: bool,
    /// Its track is among those that are forwarded; of a large room's voices only some are.
    pub heard: bool,
    pub layering: Layering,
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
    pub patch: Option<PayloadPatch>,
    /// Its dependency descriptor, and what that calls the frame.
    pub descriptor: Option<(&'a Arc<DependencyDescriptor>, u16)>,
    pub extensions: Extensions,
    pub payload: &'a Arc<[u8]>,
    /// Bytes of padding behind the payload, 255 at most.
    pub padding: u8,
    /// See [`Incoming::redundant`].
    pub redundant: Option<&'a Arc<[u8]>>,
}

/// Payload types a subscriber agreed to for one section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadTypes {
    by_format: [Option<u8>; Format::ALL.len()],
    /// The payload type of Opus with redundancy.
    pub red: Option<u8>,
}

impl PayloadTypes {
    pub fn of(&self, format: Format) -> Option<u8> {
        self.by_format[format as usize]
    }

    pub fn set(&mut self, format: Format, payload_type: u8) {
        self.by_format[format as usize] = Some(payload_type);
    }

    /// The formats of this kind that were agreed to.
    pub fn formats(&self, kind: Kind) -> impl Iterator<Item = Format> + use<> {
        let agreed = *self;
        let is_audio = kind == Kind::Audio;
        Format::ALL.into_iter().filter(move |format| format.is_audio() == is_audio && agreed.of(*format).is_some())
    }
}

/// One outgoing stream as negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutgoingStream {
    pub ssrc: u32,
    /// Its index in the egress.
    pub index: OutgoingIndex,
    pub payload_types: PayloadTypes,
}

/// Takes forwarded packets: numbered and cut to shape, not yet encrypted.
pub trait Egress {
    /// Whether what is written now will leave. Numbers must not be used up before.
    fn is_open(&self) -> bool;

    /// Queue one packet of `stream`; it leaves with the next flush of the shard. False when the
    /// stream is gone or did not agree to the packet's format.
    fn write(&mut self, now: Instant, stream: OutgoingStream, packet: &Outgoing<'_>) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_payload_type_of_its_own() {
        let mut types = PayloadTypes::default();
        Format::ALL.into_iter().enumerate().for_each(|(at, format)| types.set(format, at as u8));
        assert!(Format::ALL.into_iter().enumerate().all(|(at, format)| types.of(format) == Some(at as u8)));
        assert_eq!(types.formats(Kind::Audio).collect::<Vec<_>>(), [Format::Opus, Format::Pcmu, Format::Pcma]);
    }
}
