//! RTP as the load client writes and reads it (RFC 3550, RFC 8285): headers, a VP8-shaped and an
//! Opus-shaped payload, and the trailer by which a packet is recognised at the other end.

/// Bytes at the end of every payload, under the sender's encryption: magic, time, source, index.
pub const TRAILER_BYTES: usize = 24;
const MAGIC: u64 = 0x6C6F_6164_5F76_3031;

/// A track or simulcast layer of one publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub publisher: u16,
    pub video: bool,
    /// 0 for the smallest.
    pub layer: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    pub source: Source,
    /// `CLOCK_MONOTONIC` nanoseconds at which the packet was made.
    pub sent_ns: u64,
}

impl Trailer {
    pub fn write(self, out: &mut [u8]) {
        let source = u32::from(self.source.publisher) << 16 | u32::from(self.source.video) << 8 | u32::from(self.source.layer);
        out[..8].copy_from_slice(&MAGIC.to_be_bytes());
        out[8..16].copy_from_slice(&self.sent_ns.to_be_bytes());
        out[16..20].copy_from_slice(&source.to_be_bytes());
        out[20..24].fill(0);
    }

    /// Reads the trailer of a clear payload; `None` when another has made the packet.
    pub fn read(payload: &[u8]) -> Option<Trailer> {
        let at = payload.len().checked_sub(TRAILER_BYTES)?;
        let word = |from: usize| -> u64 { u64::from_be_bytes(payload[at + from..at + from + 8].try_into().expect("eight bytes")) };
        if word(0) != MAGIC {
            return None;
        }
        let source = (word(16) >> 32) as u32;
        Some(Trailer {
            source: Source { publisher: (source >> 16) as u16, video: source & 0xFF00 != 0, layer: source as u8 },
            sent_ns: word(8),
        })
    }
}

/// Fields of a header in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub payload_type: u8,
    pub sequence: u16,
    pub ssrc: u32,
    pub padding: bool,
    /// Bytes up to the payload.
    pub length: usize,
    /// Where the elements of the one-byte extension block are.
    extension: Option<(usize, usize)>,
}

impl Header {
    /// Reads the header of an RTP packet; `None` when it is cut short.
    pub fn read(packet: &[u8]) -> Option<Header> {
        if packet.len() < 12 {
            return None;
        }
        let mut length = 12 + 4 * usize::from(packet[0] & 0x0F);
        let mut extension = None;
        if packet[0] & 0x10 != 0 {
            let words = usize::from(u16::from_be_bytes([*packet.get(length + 2)?, *packet.get(length + 3)?]));
            if packet[length..length + 2] == [0xBE, 0xDE] {
                extension = Some((length + 4, length + 4 + 4 * words));
            }
            length += 4 + 4 * words;
        }
        (length <= packet.len()).then(|| Header {
            payload_type: packet[1] & 0x7F,
            sequence: u16::from_be_bytes([packet[2], packet[3]]),
            ssrc: u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]),
            padding: packet[0] & 0x20 != 0,
            length,
            extension,
        })
    }

    /// The value of header extension `id` in the one-byte form.
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        let (mut at, end) = self.extension?;
        while at < end {
            let element = packet[at];
            if element == 0 {
                at += 1;
                continue;
            }
            let length = usize::from(element & 0x0F) + 1;
            if element >> 4 == id {
                return packet.get(at + 1..at + 1 + length);
            }
            at += 1 + length;
        }
        None
    }
}

/// Header extension elements in the one-byte form, ready to be put into a header.
pub fn extension_block(elements: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, value) in elements {
        body.push(id << 4 | (value.len() as u8 - 1));
        body.extend_from_slice(value);
    }
    if body.is_empty() {
        return body;
    }
    body.resize(body.len().next_multiple_of(4), 0);
    let mut block = vec![0xBE, 0xDE];
    block.extend_from_slice(&((body.len() / 4) as u16).to_be_bytes());
    block.extend_from_slice(&body);
    block
}

/// Writes a header; returns its length. `extensions` as from [`extension_block`].
pub fn write_header(out: &mut [u8], marker: bool, payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, extensions: &[u8]) -> usize {
    out[0] = if extensions.is_empty() { 0x80 } else { 0x90 };
    out[1] = payload_type | if marker { 0x80 } else { 0 };
    out[2..4].copy_from_slice(&sequence.to_be_bytes());
    out[4..8].copy_from_slice(&timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
    out[12..12 + extensions.len()].copy_from_slice(extensions);
    12 + extensions.len()
}

/// The descriptor (RFC 7741 §4.2, 15-bit picture id) and, where a frame starts, the first bytes of
/// a VP8 frame (RFC 6386 §9.1). Returns what has been written.
pub fn write_vp8(out: &mut [u8], first: bool, key_frame: bool, picture: u16, width: u16, height: u16) -> usize {
    out[0] = 0x80 | if first { 0x10 } else { 0 };
    out[1] = 0x80;
    out[2..4].copy_from_slice(&(0x8000 | (picture & 0x7FFF)).to_be_bytes());
    if !first {
        return 4;
    }
    // show_frame; the low bit says "no key frame".
    out[4..7].copy_from_slice(&[0x10 | u8::from(!key_frame), 0x40, 0]);
    if !key_frame {
        return 7;
    }
    out[7..10].copy_from_slice(&[0x9D, 0x01, 0x2A]);
    out[10..12].copy_from_slice(&width.to_le_bytes());
    out[12..14].copy_from_slice(&height.to_le_bytes());
    14
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_extensions_round_trip() {
        let block = extension_block(&[(1, &[0x8C]), (4, b"12"), (3, b"q")]);
        let mut packet = [0; 64];
        let length = write_header(&mut packet, true, 96, 0xFFFE, 7, 0xDEAD_BEEF, &block);
        let header = Header::read(&packet).expect("whole");
        assert_eq!((header.payload_type, header.sequence, header.ssrc, header.length), (96, 0xFFFE, 0xDEAD_BEEF, length));
        assert_eq!(header.extension(&packet, 1), Some(&[0x8C][..]));
        assert_eq!(header.extension(&packet, 4), Some(&b"12"[..]));
        assert_eq!(header.extension(&packet, 3), Some(&b"q"[..]));
        assert_eq!(header.extension(&packet, 5), None);
        assert_eq!(Header::read(&packet[..14]), None);
    }

    #[test]
    fn trailer_round_trip() {
        let trailer = Trailer { source: Source { publisher: 300, video: true, layer: 2 }, sent_ns: 123_456_789_000 };
        let mut payload = [0xFF; 40];
        trailer.write(&mut payload[16..]);
        assert_eq!(Trailer::read(&payload), Some(trailer));
        payload[16] ^= 1;
        assert_eq!(Trailer::read(&payload), None);
    }

    #[test]
    fn key_frames_carry_the_start_code_and_size() {
        let mut payload = [0; 20];
        assert_eq!(write_vp8(&mut payload, true, true, 5, 320, 180), 14);
        assert_eq!(payload[..14], [0x90, 0x80, 0x80, 5, 0x10, 0x40, 0, 0x9D, 1, 0x2A, 0x40, 1, 180, 0]);
        assert_eq!(write_vp8(&mut payload, true, false, 6, 320, 180), 7);
        assert_eq!(payload[4] & 1, 1);
        assert_eq!(write_vp8(&mut payload, false, true, 6, 320, 180), 4);
        assert_eq!(payload[0] & 0x10, 0);
    }
}
