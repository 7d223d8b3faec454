//! The RTCP we read from subscribers and write to them (RFC 3550 section 6, RFC 4585, RFC 5104).
//! Pure.

/// Packet types (RFC 3550 section 12.1).
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
/// Packet types of feedback: RTPFB and PSFB (RFC 4585 section 6.1).
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
/// Formats of RTPFB: generic NACK (RFC 4585 section 6.2.1) and transport-wide congestion control
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
const GENERIC_NACK: u8 = 1;
const TRANSPORT_WIDE: u8 = 15;
/// Formats of PSFB: PLI (RFC 4585 section 6.3.1), FIR (RFC 5104 section 4.3.1) and AFB, which
/// carries REMB (RFC 4585 section 6.4).
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
const APPLICATION_LAYER: u8 = 15;
/// The canonical name among the items of a source description (RFC 3550 section 12.2).
const CNAME: u8 = 1;
/// Bytes of a report block (RFC 3550 section 6.4.1).
const REPORT_BLOCK: usize = 24;
/// Bytes of the header, the sender's SSRC and the media source's (RFC 4585 section 6.1).
const FEEDBACK_HEADER: usize = 12;

/// One report block about a stream of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    pub ssrc: u32,
    /// Lost packets in 1/256 of all since the previous report.
    pub fraction_lost: u8,
    /// In units of the stream's clock.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of our last sender report; 0: none seen.
    pub last_report: u32,
    /// Since that arrived, in 1/65536 s.
    pub delay: u32,
}

/// One piece of news from a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback<'a> {
    Reception(Reception),
    /// A packet of this SSRC is missing.
    Lost {
        ssrc: u32,
        seq: u16,
    },
    /// Nothing can be decoded without a key frame.
    KeyframeWanted {
        ssrc: u32,
    },
    /// All streams together should not take more than this, in bits per second
    /// (draft-alvestrand-rmcat-remb-03).
    RemoteLimit(u64),
    /// A transport-wide congestion control message, from its base sequence number on.
    TransportWide(&'a [u8]),
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Read a compound packet and tell its contents in order. Malformed and unknown parts are skipped.
pub fn read<'a>(compound: &'a [u8], mut tell: impl FnMut(Feedback<'a>)) {
    let mut rest = compound;
    while let [first, kind, l1, l0, ..] = *rest {
        let len = 4 * (usize::from(u16::from_be_bytes([l1, l0])) + 1);
        if first >> 6 != 2 || len > rest.len() {
            return;
        }
        let (packet, next) = rest.split_at(len);
        rest = next;
        let padding = if first & 0x20 == 0 { 0 } else { usize::from(packet[len - 1]) };
        let Some(packet) = len.checked_sub(padding).and_then(|len| packet.get(..len)) else {
            return;
        };
        let count = first & 0x1f;
        match kind {
            SENDER_REPORT => read_blocks(packet, 28, count, &mut tell),
            RECEIVER_REPORT => read_blocks(packet, 8, count, &mut tell),
            TRANSPORT_FEEDBACK if count == GENERIC_NACK => read_nacks(packet, &mut tell),
            TRANSPORT_FEEDBACK if count == TRANSPORT_WIDE && packet.len() > FEEDBACK_HEADER => {
                tell(Feedback::TransportWide(&packet[FEEDBACK_HEADER..]));
            }
            PAYLOAD_FEEDBACK if count == PICTURE_LOSS && packet.len() >= FEEDBACK_HEADER => {
                tell(Feedback::KeyframeWanted { ssrc: word(packet, 8) });
            }
            PAYLOAD_FEEDBACK if count == FULL_INTRA => {
                for entry in packet.get(FEEDBACK_HEADER..).unwrap_or_default().chunks_exact(8) {
                    tell(Feedback::KeyframeWanted { ssrc: word(entry, 0) });
                }
            }
            PAYLOAD_FEEDBACK if count == APPLICATION_LAYER && packet.get(12..16) == Some(b"REMB") => {
                let value = word(packet, 16);
                let (exponent, mantissa) = (value >> 18 & 0x3f, u64::from(value & 0x3_ffff));
                tell(Feedback::RemoteLimit(mantissa.checked_shl(exponent).unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
}

fn read_blocks<'a>(packet: &[u8], start: usize, count: u8, tell: &mut impl FnMut(Feedback<'a>)) {
    for block in packet.get(start..).unwrap_or_default().chunks_exact(REPORT_BLOCK).take(usize::from(count)) {
        tell(Feedback::Reception(Reception {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            jitter: word(block, 12),
            last_report: word(block, 16),
            delay: word(block, 20),
        }));
    }
}

fn read_nacks<'a>(packet: &[u8], tell: &mut impl FnMut(Feedback<'a>)) {
    let ssrc = word(packet, 8);
    for entry in packet.get(FEEDBACK_HEADER..).unwrap_or_default().chunks_exact(4) {
        let first = u16::from_be_bytes([entry[0], entry[1]]);
        let following = u16::from_be_bytes([entry[2], entry[3]]);
        tell(Feedback::Lost { ssrc, seq: first });
        for bit in (0..16).filter(|bit| following >> bit & 1 == 1) {
            tell(Feedback::Lost { ssrc, seq: first.wrapping_add(bit + 1) });
        }
    }
}

/// A sender report about one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderReport {
    pub ssrc: u32,
    /// 32.32 fixed point seconds.
    pub ntp: u64,
    /// RTP time at that moment.
    pub timestamp: u32,
    pub packets: u32,
    /// Bytes of payload.
    pub bytes: u32,
}

/// The most reports [`write_reports`] fits into one datagram.
pub const REPORTS_PER_DATAGRAM: usize = 16;
/// Longer canonical names are cut.
const MAX_CNAME: usize = 32;

/// Append a compound packet: an empty receiver report of `sender`, whose index protects the whole
/// (RFC 3711 section 3.4), the reports, then a source description with the canonical name of each
/// stream.
pub fn write_reports(sender: u32, reports: &[(SenderReport, &str)], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x80, RECEIVER_REPORT, 0, 1]);
    out.extend_from_slice(&sender.to_be_bytes());
    for (report, _) in reports {
        out.extend_from_slice(&[0x80, SENDER_REPORT, 0, 6]);
        out.extend_from_slice(&report.ssrc.to_be_bytes());
        out.extend_from_slice(&report.ntp.to_be_bytes());
        out.extend_from_slice(&report.timestamp.to_be_bytes());
        out.extend_from_slice(&report.packets.to_be_bytes());
        out.extend_from_slice(&report.bytes.to_be_bytes());
    }
    let description = out.len();
    out.extend_from_slice(&[0x80 | reports.len() as u8, SOURCE_DESCRIPTION, 0, 0]);
    for (report, cname) in reports {
        let name = &cname.as_bytes()[..cname.len().min(MAX_CNAME)];
        let start = out.len();
        out.extend_from_slice(&report.ssrc.to_be_bytes());
        out.extend_from_slice(&[CNAME, name.len() as u8]);
        out.extend_from_slice(name);
        // A chunk ends with at least one zero and on a multiple of four.
        out.resize(start + (4 + 2 + name.len() + 1).next_multiple_of(4), 0);
    }
    let words = ((out.len() - description) / 4 - 1) as u16;
    out[description + 2..description + 4].copy_from_slice(&words.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(compound: &[u8]) -> Vec<Feedback<'_>> {
        let mut told = Vec::new();
        read(compound, |f| told.push(f));
        told
    }

    #[test]
    fn reads_a_report_a_nack_and_requests_for_key_frames_in_one_compound() {
        let mut compound = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
        compound.extend_from_slice(&[0, 0, 0, 9, 64, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 50, 1, 2, 3, 4, 0, 1, 0, 0]);
        compound.extend_from_slice(&[0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0x80, 0x01]);
        compound.extend_from_slice(&[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9]);
        compound.extend_from_slice(&[0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 5, 0, 0, 0]);
        compound.extend_from_slice(&[0x8f, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 9, 0, 1, 0, 2, 0, 0, 0, 0]);

        let reception =
            Reception { ssrc: 9, fraction_lost: 64, jitter: 50, last_report: 0x0102_0304, delay: 0x0001_0000 };
        assert_eq!(
            told(&compound),
            [
                Feedback::Reception(reception),
                Feedback::Lost { ssrc: 9, seq: 0xffff },
                Feedback::Lost { ssrc: 9, seq: 0 },
                Feedback::Lost { ssrc: 9, seq: 15 },
                Feedback::KeyframeWanted { ssrc: 9 },
                Feedback::KeyframeWanted { ssrc: 7 },
                Feedback::TransportWide(&[0, 1, 0, 2, 0, 0, 0, 0]),
            ]
        );
    }

    #[test]
    fn reads_what_a_receiver_estimates() {
        let mut packet = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
        packet.extend_from_slice(b"REMB\x01\x07\xa1\x20\0\0\0\x09");
        assert_eq!(told(&packet), [Feedback::RemoteLimit(0x3_a120 << 1)]);
    }

    #[test]
    fn what_is_written_can_be_read_and_names_every_stream() {
        let report = |ssrc| SenderReport { ssrc, ntp: 5 << 32, timestamp: 77, packets: 3, bytes: 2000 };
        let mut out = Vec::new();

        write_reports(9, &[(report(1), "abcdef"), (report(2), "")], &mut out);

        assert_eq!(out.len() % 4, 0);
        assert_eq!(out[..8], [0x80, 201, 0, 1, 0, 0, 0, 9]);
        let out = &out[8..];
        assert_eq!(out[..8], [0x80, 200, 0, 6, 0, 0, 0, 1]);
        assert_eq!(out[28..36], [0x80, 200, 0, 6, 0, 0, 0, 2]);
        let description = &out[56..];
        assert_eq!(description, b"\x82\xca\0\x06\0\0\0\x01\x01\x06abcdef\0\0\0\0\0\0\0\x02\x01\0\0\0");
        assert_eq!(told(out), []);
    }

    #[test]
    fn the_most_reports_fit_into_a_datagram() {
        let report = SenderReport { ssrc: 1, ntp: 0, timestamp: 0, packets: 0, bytes: 0 };
        let mut out = Vec::new();

        write_reports(1, &[(report, "0123456789".repeat(20).as_str()); REPORTS_PER_DATAGRAM], &mut out);

        assert!(out.len() < 1150, "{}", out.len());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            told(&bytes);
        }

        #[test]
        fn a_header_before_noise_never_panics(kind in 200u8..=207, count in 0u8..64, noise in proptest::collection::vec(any::<u8>(), 0..64)) {
            let words = (noise.len() / 4) as u8;
            let mut packet = vec![0x80 | count, kind, 0, words];
            packet.extend_from_slice(&noise);
            told(&packet);
        }
    }
}
