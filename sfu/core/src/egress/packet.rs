//! One RTP packet as it leaves: header, extensions, payload (RFC 3550 section 5.1, RFC 8285 one-byte form, RFC 4588).

use std::sync::Arc;
use std::time::Instant;

use crate::forward::{Extensions, Format};
use crate::munge::Vp8Patch;

pub const FIXED_HEADER: usize = 12;
/// The longest section name the one-byte form can carry.
const MAX_MID: usize = 16;
/// Bytes of padding in a packet of nothing else: the most its last byte can say.
pub const PADDING: usize = 255;
/// About what a packet has beside its payload: header, extensions, authentication.
pub const OVERHEAD: usize = 40;

/// A packet of one outgoing stream, all that is needed to write it, any number of times.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Extended sequence number.
    pub seq: u64,
    pub timestamp: u32,
    pub captured: Instant,
    pub format: Format,
    pub payload_type: u8,
    pub marker: bool,
    pub vp8: Option<Vp8Patch>,
    pub extensions: Extensions,
    pub payload: Arc<[u8]>,
}

/// Header extension ids a client agreed to for one section; 0: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    pub mid: u8,
    pub audio_level: u8,
    pub orientation: u8,
    pub transport_wide: u8,
}

/// The extensions of one stream that are the same in each of its packets.
#[derive(Debug, Clone, Copy)]
pub struct ExtensionWriter {
    ids: ExtensionIds,
    /// The section name as an element, ready to be copied.
    mid: [u8; 1 + MAX_MID],
    mid_len: usize,
}

impl ExtensionWriter {
    pub fn new(ids: ExtensionIds, mid: &str) -> Self {
        let mut element = [0; 1 + MAX_MID];
        let mut mid_len = 0;
        if ids.mid != 0 && (1..=MAX_MID).contains(&mid.len()) {
            element[0] = ids.mid << 4 | (mid.len() - 1) as u8;
            element[1..=mid.len()].copy_from_slice(mid.as_bytes());
            mid_len = 1 + mid.len();
        }
        Self { ids, mid: element, mid_len }
    }

    /// Append the whole extension block, or nothing when there is nothing to say.
    fn write(&self, values: Extensions, transport_wide: Option<u16>, out: &mut Vec<u8>) -> bool {
        let level = values.audio_level.filter(|_| self.ids.audio_level != 0);
        let orientation = values.orientation.filter(|_| self.ids.orientation != 0);
        let number = transport_wide.filter(|_| self.ids.transport_wide != 0);
        let len = self.mid_len
            + 2 * usize::from(level.is_some())
            + 2 * usize::from(orientation.is_some())
            + 3 * usize::from(number.is_some());
        if len == 0 {
            return false;
        }
        let words = len.div_ceil(4);
        out.extend_from_slice(&[0xBE, 0xDE, 0, words as u8]);
        let end = out.len() + 4 * words;
        out.extend_from_slice(&self.mid[..self.mid_len]);
        if let Some(level) = level {
            out.extend_from_slice(&[self.ids.audio_level << 4, level]);
        }
        if let Some(orientation) = orientation {
            out.extend_from_slice(&[self.ids.orientation << 4, orientation]);
        }
        if let Some(number) = number {
            let [high, low] = number.to_be_bytes();
            out.extend_from_slice(&[self.ids.transport_wide << 4 | 1, high, low]);
        }
        // Zeros are padding between elements.
        out.resize(end, 0);
        true
    }
}

/// Where a packet is written to: its own stream, or the retransmission stream beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    pub ssrc: u32,
    pub payload_type: u8,
    /// Extended.
    pub seq: u64,
    /// The payload begins with the original number (RFC 4588 section 4).
    pub is_retransmission: bool,
    /// What the packet is called in transport-wide feedback, where that is agreed to.
    pub transport_wide: Option<u16>,
}

impl Envelope {
    /// Of a packet in its own stream: the same each time, but for what it is called in feedback.
    pub fn of(ssrc: u32, packet: &Packet) -> Self {
        Self {
            ssrc,
            payload_type: packet.payload_type,
            seq: packet.seq,
            is_retransmission: false,
            transport_wide: None,
        }
    }
}

/// Append `packet` in `envelope`; the length of its header, up to the payload.
pub fn write(packet: &Packet, envelope: Envelope, extensions: &ExtensionWriter, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.reserve(FIXED_HEADER + 40 + packet.payload.len());
    let marker = u8::from(packet.marker) << 7;
    out.extend_from_slice(&[0x80, marker | envelope.payload_type]);
    out.extend_from_slice(&(envelope.seq as u16).to_be_bytes());
    out.extend_from_slice(&packet.timestamp.to_be_bytes());
    out.extend_from_slice(&envelope.ssrc.to_be_bytes());
    if extensions.write(packet.extensions, envelope.transport_wide, out) {
        out[start] |= 0x10;
    }
    let header = out.len() - start;
    if envelope.is_retransmission {
        out.extend_from_slice(&(packet.seq as u16).to_be_bytes());
    }
    let payload = out.len();
    out.extend_from_slice(&packet.payload);
    if let Some(patch) = &packet.vp8 {
        patch.apply(&mut out[payload..]);
    }
    header
}

/// Append a packet of nothing but padding in `envelope`; the length of its header.
pub fn write_padding(timestamp: u32, envelope: Envelope, extensions: &ExtensionWriter, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0xA0, envelope.payload_type]);
    out.extend_from_slice(&(envelope.seq as u16).to_be_bytes());
    out.extend_from_slice(&timestamp.to_be_bytes());
    out.extend_from_slice(&envelope.ssrc.to_be_bytes());
    if extensions.write(Extensions::default(), envelope.transport_wide, out) {
        out[start] |= 0x10;
    }
    let header = out.len() - start;
    out.resize(out.len() + PADDING - 1, 0);
    out.push(PADDING as u8);
    header
}

#[cfg(test)]
impl Packet {
    pub fn for_tests(captured: Instant) -> Self {
        Self {
            seq: 1,
            timestamp: 0x0102_0304,
            captured,
            format: Format::Vp8,
            payload_type: 96,
            marker: false,
            vp8: None,
            extensions: Extensions::default(),
            payload: Arc::from([0xAA, 0xBB].as_slice()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    fn written(packet: &Packet, envelope: Envelope, ids: ExtensionIds, mid: &str) -> (usize, Vec<u8>) {
        let mut out = vec![1, 2, 3];
        let header = write(packet, envelope, &ExtensionWriter::new(ids, mid), &mut out);
        (header, out.split_off(3))
    }

    const PLAIN: Envelope =
        Envelope { ssrc: 0x0506_0708, payload_type: 96, seq: 0x1_FFFE, is_retransmission: false, transport_wide: None };

    #[test]
    fn without_extensions_a_packet_is_header_and_payload() {
        let packet = Packet { marker: true, ..Packet::for_tests(Instant::now()) };

        let (header, bytes) = written(&packet, PLAIN, ExtensionIds::default(), "0");

        assert_eq!(header, 12);
        assert_eq!(bytes, [0x80, 0xE0, 0xFF, 0xFE, 1, 2, 3, 4, 5, 6, 7, 8, 0xAA, 0xBB]);
    }

    #[test]
    fn agreed_extensions_are_written_and_padded_to_words() {
        let ids = ExtensionIds { mid: 4, audio_level: 1, ..ExtensionIds::default() };
        let extensions = Extensions { audio_level: Some(0x94), orientation: Some(1) };
        let packet = Packet { extensions, ..Packet::for_tests(Instant::now()) };

        let (header, bytes) = written(&packet, PLAIN, ids, "ab");

        assert_eq!(header, 24);
        assert_eq!(bytes[0], 0x90);
        assert_eq!(bytes[12..24], [0xBE, 0xDE, 0, 2, 0x41, b'a', b'b', 0x10, 0x94, 0, 0, 0]);
        assert_eq!(bytes[24..], [0xAA, 0xBB]);
    }

    #[test]
    fn the_transport_wide_number_is_written_where_it_was_agreed_to() {
        let ids = ExtensionIds { transport_wide: 3, ..ExtensionIds::default() };
        let envelope = Envelope { transport_wide: Some(0x1234), ..PLAIN };
        let packet = Packet::for_tests(Instant::now());

        assert_eq!(written(&packet, envelope, ids, "").1[12..20], [0xBE, 0xDE, 0, 1, 0x31, 0x12, 0x34, 0]);
        assert_eq!(written(&packet, envelope, ExtensionIds::default(), "").0, 12);
    }

    #[test]
    fn padding_says_how_much_it_is() {
        let ids = ExtensionIds { transport_wide: 3, ..ExtensionIds::default() };
        let mut out = Vec::new();

        let envelope = Envelope { transport_wide: Some(1), ..PLAIN };
        let header = write_padding(7, envelope, &ExtensionWriter::new(ids, ""), &mut out);

        assert_eq!((header, out.len()), (20, 20 + PADDING));
        assert_eq!((out[0], out.last()), (0xB0, Some(&255)));
    }

    #[test]
    fn a_retransmission_begins_with_the_original_number() {
        let packet = Packet { seq: 0x2_1234, ..Packet::for_tests(Instant::now()) };
        let envelope = Envelope { payload_type: 97, is_retransmission: true, seq: 5, ..PLAIN };

        let (header, bytes) = written(&packet, envelope, ExtensionIds::default(), "");

        assert_eq!(header, 12);
        assert_eq!(bytes[..4], [0x80, 97, 0, 5]);
        assert_eq!(bytes[12..], [0x12, 0x34, 0xAA, 0xBB]);
    }
}
