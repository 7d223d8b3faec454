//! One RTP packet as it leaves: header, extensions, payload (RFC 3550 section 5.1, RFC 8285
//! one-byte form, RFC 4588).

use std::sync::Arc;
use std::time::Instant;

use crate::format::Format;
use crate::forward::Extensions;
use crate::munge::{DependencyDescriptor, PayloadPatch};

/// Bytes of a header without extensions (RFC 3550 section 5.1).
pub const FIXED_HEADER: usize = 12;
/// Bytes of the longest section name that the one-byte form can carry (RFC 8285 section 4.2).
const MAX_MID: usize = 16;
/// Bytes of the longest element of the one-byte form, and of the two-byte form (RFC 8285 sections
/// 4.2 and 4.3).
const MAX_SHORT: usize = 16;
const MAX_LONG: usize = 255;
/// Bytes of padding in a packet of nothing else: the most that its last byte can state.
pub const PADDING: usize = 255;
/// Bytes, roughly, of a packet beside its payload: header, extensions, authentication.
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
    pub patch: Option<PayloadPatch>,
    /// Its dependency descriptor, and what that calls the frame.
    pub descriptor: Option<(Arc<DependencyDescriptor>, u16)>,
    pub extensions: Extensions,
    pub payload: Arc<[u8]>,
    /// Bytes behind the payload that say nothing.
    pub padding: u8,
}

/// Header extension ids a client agreed to for one section; 0: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    pub mid: u8,
    pub audio_level: u8,
    pub orientation: u8,
    pub transport_wide: u8,
    pub dependency_descriptor: u8,
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
    fn write(&self, values: Values<'_>, out: &mut Vec<u8>) -> bool {
        let level = values.extensions.audio_level.filter(|_| self.ids.audio_level != 0);
        let orientation = values.extensions.orientation.filter(|_| self.ids.orientation != 0);
        let number = values.transport_wide.filter(|_| self.ids.transport_wide != 0);
        let descriptor = values.descriptor.filter(|(d, _)| self.ids.dependency_descriptor != 0 && d.size() <= MAX_LONG);
        let form = match descriptor {
            Some((descriptor, _)) if descriptor.size() > MAX_SHORT => Form::Long,
            _ => Form::Short,
        };
        let head = if form == Form::Long { 2 } else { 1 };
        let len = self.mid_len.saturating_sub(1)
            + usize::from(level.is_some())
            + usize::from(orientation.is_some())
            + 2 * usize::from(number.is_some())
            + descriptor.map_or(0, |(descriptor, _)| descriptor.size())
            + head
                * (usize::from(self.mid_len > 0)
                    + usize::from(level.is_some())
                    + usize::from(orientation.is_some())
                    + usize::from(number.is_some())
                    + usize::from(descriptor.is_some()));
        if len == 0 {
            return false;
        }
        let words = len.div_ceil(4);
        let profile = form.profile();
        out.extend_from_slice(&[profile[0], profile[1], 0, words as u8]);
        let end = out.len() + 4 * words;
        match form {
            Form::Short => out.extend_from_slice(&self.mid[..self.mid_len]),
            Form::Long if self.mid_len > 0 => {
                form.begin(self.ids.mid, self.mid_len - 1, out);
                out.extend_from_slice(&self.mid[1..self.mid_len]);
            }
            Form::Long => {}
        }
        if let Some(level) = level {
            form.begin(self.ids.audio_level, 1, out);
            out.push(level);
        }
        if let Some(orientation) = orientation {
            form.begin(self.ids.orientation, 1, out);
            out.push(orientation);
        }
        if let Some(number) = number {
            form.begin(self.ids.transport_wide, 2, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        if let Some((descriptor, number)) = descriptor {
            form.begin(self.ids.dependency_descriptor, descriptor.size(), out);
            descriptor.write(number, out);
        }
        // Zeros are padding between elements.
        out.resize(end, 0);
        true
    }
}

/// The extensions of one packet.
#[derive(Debug, Clone, Copy, Default)]
struct Values<'a> {
    extensions: Extensions,
    transport_wide: Option<u16>,
    descriptor: Option<(&'a DependencyDescriptor, u16)>,
}

/// The two forms of elements (RFC 8285 sections 4.2 and 4.3). The long one is for what does not fit
/// into the short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Short,
    Long,
}

impl Form {
    fn profile(self) -> [u8; 2] {
        match self {
            Self::Short => [0xBE, 0xDE],
            Self::Long => [0x10, 0x00],
        }
    }

    /// Append the head of an element.
    fn begin(self, id: u8, len: usize, out: &mut Vec<u8>) {
        match self {
            Self::Short => out.push(id << 4 | (len - 1) as u8),
            Self::Long => out.extend_from_slice(&[id, len as u8]),
        }
    }
}

/// The stream that a packet is written to: its own, or the retransmission stream beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    pub ssrc: u32,
    pub payload_type: u8,
    /// Extended.
    pub seq: u64,
    /// The payload begins with the original number (RFC 4588 section 4).
    pub is_retransmission: bool,
    /// The packet's number in transport-wide feedback, where that was negotiated.
    pub transport_wide: Option<u16>,
}

impl Envelope {
    /// The envelope of a packet in its own stream: the same each time, except for its number in
    /// feedback.
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
    let values = Values {
        extensions: packet.extensions,
        transport_wide: envelope.transport_wide,
        descriptor: packet.descriptor.as_ref().map(|(descriptor, number)| (&**descriptor, *number)),
    };
    if extensions.write(values, out) {
        out[start] |= 0x10;
    }
    let header = out.len() - start;
    if envelope.is_retransmission {
        out.extend_from_slice(&(packet.seq as u16).to_be_bytes());
    }
    let payload = out.len();
    out.extend_from_slice(&packet.payload);
    if let Some(patch) = &packet.patch {
        patch.apply(&mut out[payload..]);
    }
    if packet.padding > 0 {
        out[start] |= 0x20;
        write_nothing(packet.padding, out);
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
    if extensions.write(Values { transport_wide: envelope.transport_wide, ..Values::default() }, out) {
        out[start] |= 0x10;
    }
    let header = out.len() - start;
    write_nothing(PADDING as u8, out);
    header
}

/// Append padding, of which the last byte says how much it is (RFC 3550 section 5.1).
fn write_nothing(bytes: u8, out: &mut Vec<u8>) {
    let end = out.len() + usize::from(bytes);
    out.resize(end - 1, 0);
    out.push(bytes);
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
            patch: None,
            descriptor: None,
            extensions: Extensions::default(),
            payload: Arc::from([0xAA, 0xBB].as_slice()),
            padding: 0,
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
    fn a_long_descriptor_takes_the_long_form_with_all_that_goes_with_it() {
        let ids = ExtensionIds { mid: 4, dependency_descriptor: 6, transport_wide: 3, ..ExtensionIds::default() };
        let bytes = crate::munge::dependency_descriptor::writing::descriptor((3, 3), (0, 0), 1, true, &[]);
        let descriptor = Arc::new(DependencyDescriptor::read(&bytes, &mut None).unwrap());
        let len = descriptor.size();
        assert!(len > MAX_SHORT, "{len}");
        let packet = Packet { descriptor: Some((descriptor, 0x0506)), ..Packet::for_tests(Instant::now()) };

        let (header, out) = written(&packet, Envelope { transport_wide: Some(9), ..PLAIN }, ids, "ab");

        let words = (2 + 2 + 2 + 2 + 2 + len).div_ceil(4);
        assert_eq!((out[0], header), (0x90, 16 + 4 * words));
        assert_eq!(out[12..16], [0x10, 0, 0, words as u8]);
        assert_eq!(out[16..24], [4, 2, b'a', b'b', 3, 2, 0, 9]);
        assert_eq!(out[24..29], [6, len as u8, bytes[0], 5, 6]);
        assert_eq!(out[29..24 + 2 + len], bytes[3..]);
    }

    #[test]
    fn a_short_descriptor_is_one_element_among_others() {
        let ids = ExtensionIds { dependency_descriptor: 6, ..ExtensionIds::default() };
        let mut structure = None;
        let key = crate::munge::dependency_descriptor::writing::descriptor((1, 1), (0, 0), 1, true, &[]);
        DependencyDescriptor::read(&key, &mut structure).unwrap();
        let descriptor = Arc::new(DependencyDescriptor::read(&[0xC0, 0, 2], &mut structure).unwrap());
        let packet = Packet { descriptor: Some((descriptor, 7)), ..Packet::for_tests(Instant::now()) };

        assert_eq!(written(&packet, PLAIN, ids, "").1[12..20], [0xBE, 0xDE, 0, 1, 0x62, 0xC0, 0, 7]);
        assert_eq!(written(&packet, PLAIN, ExtensionIds::default(), "").0, 12, "not agreed to");
    }

    #[test]
    fn a_packet_of_padding_alone_is_marked_as_such() {
        let packet = Packet { padding: 4, payload: Arc::from([].as_slice()), ..Packet::for_tests(Instant::now()) };
        let (header, out) = written(&packet, PLAIN, ExtensionIds::default(), "");
        assert_eq!((header, out[0], &out[12..]), (12, 0xA0, &[0, 0, 0, 4][..]));
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
