//! RTCP the load client reads and writes (RFC 3550, RFC 4585, RFC 5104, the REMB and transport-wide
//! feedback drafts).

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

/// An item of a compound packet: a request to a publisher, or a report to a subscriber.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    KeyFrameWanted { ssrc: u32 },
    Nack { ssrc: u32, packets: u32 },
    SenderReport { ssrc: u32, middle_ntp: u32 },
}

/// Reads a clear compound packet; what cannot be read is left out.
pub fn read(mut compound: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    while compound.len() >= 8 {
        let length = 4 * (usize::from(u16::from_be_bytes([compound[2], compound[3]])) + 1);
        let Some(packet) = compound.get(..length) else { break };
        let word = |at: usize| packet.get(at..at + 4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        match (packet[1], packet[0] & 0x1F) {
            (SENDER_REPORT, _) => {
                if let (Some(ssrc), Some(high), Some(low)) = (word(4), word(8), word(12)) {
                    items.push(Item::SenderReport { ssrc, middle_ntp: high << 16 | low >> 16 });
                }
            }
            (PAYLOAD_FEEDBACK, 1) => items.extend(word(8).map(|ssrc| Item::KeyFrameWanted { ssrc })),
            (PAYLOAD_FEEDBACK, 4) => {
                items.extend((12..packet.len()).step_by(8).filter_map(word).map(|ssrc| Item::KeyFrameWanted { ssrc }));
            }
            (TRANSPORT_FEEDBACK, 1) => {
                let packets = (12..packet.len()).step_by(4).filter_map(word).map(|entry| 1 + (entry & 0xFFFF).count_ones()).sum();
                items.extend(word(8).map(|ssrc| Item::Nack { ssrc, packets }));
            }
            _ => {}
        }
        compound = &compound[length..];
    }
    items
}

/// One block of a receiver report.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// The fraction of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    pub lost: u32,
    pub highest_sequence: u32,
    pub last_sender_report: u32,
    /// In 1/65536 s.
    pub since_sender_report: u32,
}

/// Receiver reports for all of `blocks`, as many packets as they need.
pub fn receiver_reports(out: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock]) {
    let mut chunks = blocks.chunks(31);
    let mut chunk = chunks.next().unwrap_or(&[]);
    loop {
        start(out, chunk.len() as u8, RECEIVER_REPORT, 1 + 6 * chunk.len());
        put(out, sender);
        for block in chunk {
            put(out, block.ssrc);
            put(out, u32::from(block.fraction_lost) << 24 | (block.lost & 0x00FF_FFFF));
            put(out, block.highest_sequence);
            put(out, 0);
            put(out, block.last_sender_report);
            put(out, block.since_sender_report);
        }
        match chunks.next() {
            Some(next) => chunk = next,
            None => return,
        }
    }
}

/// A sender report without blocks. `now_ns` is any clock that runs at the right speed.
pub fn sender_report(out: &mut Vec<u8>, ssrc: u32, now_ns: u64, timestamp: u32, packets: u32, octets: u32) {
    start(out, 0, SENDER_REPORT, 6);
    put(out, ssrc);
    put(out, (now_ns / 1_000_000_000) as u32);
    put(out, (((now_ns % 1_000_000_000) << 32) / 1_000_000_000) as u32);
    put(out, timestamp);
    put(out, packets);
    put(out, octets);
}

/// Receiver-estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).
pub fn remb(out: &mut Vec<u8>, sender: u32, bits_per_second: u64, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(255)];
    start(out, 15, PAYLOAD_FEEDBACK, 4 + ssrcs.len());
    put(out, sender);
    put(out, 0);
    out.extend_from_slice(b"REMB");
    let exponent = (64 - bits_per_second.leading_zeros()).saturating_sub(18);
    put(out, (ssrcs.len() as u32) << 24 | exponent << 18 | (bits_per_second >> exponent) as u32);
    for ssrc in ssrcs {
        put(out, *ssrc);
    }
}

/// Picture loss indication, as a server sends it.
#[cfg(test)]
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    start(out, 1, PAYLOAD_FEEDBACK, 2);
    put(out, sender);
    put(out, media);
}

/// Generic NACK of one packet, as a server sends it.
#[cfg(test)]
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, sequence: u16) {
    start(out, 1, TRANSPORT_FEEDBACK, 3);
    put(out, sender);
    put(out, media);
    put(out, u32::from(sequence) << 16);
}

/// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) over `arrivals`:
/// pairs of extended sequence and arrival in units of 250 µs, sorted by sequence. `count` numbers
/// the packets of a transport.
pub fn transport_feedback(out: &mut Vec<u8>, sender: u32, media: u32, count: u8, arrivals: &[(u32, u64)]) {
    let Some((first, first_arrival)) = arrivals.first().copied() else { return };
    let last = arrivals[arrivals.len() - 1].0;
    // Reference time is in units of 64 ms.
    let reference = first_arrival / 256;
    let mut previous = reference * 256;
    let mut symbols = Vec::with_capacity((last - first + 1) as usize);
    let mut deltas = Vec::with_capacity(arrivals.len());
    for (sequence, arrival) in arrivals {
        while symbols.len() < (sequence - first) as usize {
            symbols.push(0_u16);
        }
        if symbols.len() > (sequence - first) as usize {
            continue;
        }
        let delta = arrival.wrapping_sub(previous) as i64;
        previous = *arrival;
        if let Ok(small) = u8::try_from(delta) {
            symbols.push(1);
            deltas.push(small);
        } else {
            symbols.push(2);
            let large = delta.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
            deltas.extend_from_slice(&large.to_be_bytes());
        }
    }
    let mut body = Vec::with_capacity(16 + symbols.len() / 3 + deltas.len());
    put(&mut body, sender);
    put(&mut body, media);
    body.extend_from_slice(&(first as u16).to_be_bytes());
    body.extend_from_slice(&(symbols.len() as u16).to_be_bytes());
    put(&mut body, (reference as u32) << 8 | u32::from(count));
    // Status vector chunks of seven two-bit symbols.
    for seven in symbols.chunks(7) {
        let packed = seven.iter().enumerate().fold(0xC000, |word, (at, symbol)| word | symbol << (12 - 2 * at));
        body.extend_from_slice(&packed.to_be_bytes());
    }
    body.extend_from_slice(&deltas);
    body.resize(body.len().next_multiple_of(4), 0);
    start(out, 15, TRANSPORT_FEEDBACK, body.len() / 4);
    out.extend_from_slice(&body);
}

/// The first word of a packet with `words` words after it.
fn start(out: &mut Vec<u8>, count: u8, kind: u8, words: usize) {
    out.extend_from_slice(&[0x80 | count, kind]);
    out.extend_from_slice(&(words as u16).to_be_bytes());
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requests_out_of_a_compound_packet() {
        let mut compound = Vec::new();
        receiver_reports(&mut compound, 1, &[]);
        pli(&mut compound, 1, 0xAB);
        nack(&mut compound, 1, 0xCD, 17);
        sender_report(&mut compound, 9, 5_500_000_000, 1, 2, 3);
        assert_eq!(
            read(&compound),
            [
                Item::KeyFrameWanted { ssrc: 0xAB },
                Item::Nack { ssrc: 0xCD, packets: 1 },
                Item::SenderReport { ssrc: 9, middle_ntp: 0x0005_8000 },
            ]
        );
        assert_eq!(read(&compound[..compound.len() - 1]).len(), 2);
    }

    #[test]
    fn forty_blocks_take_two_reports() {
        let mut compound = Vec::new();
        receiver_reports(&mut compound, 1, &[ReportBlock::default(); 40]);
        assert_eq!(compound.len(), 2 * 8 + 40 * 24);
        assert_eq!((compound[0] & 0x1F, compound[8 + 31 * 24] & 0x1F), (31, 9));
    }

    #[test]
    fn remb_holds_the_rate() {
        let mut packet = Vec::new();
        remb(&mut packet, 1, 100_000_000, &[5, 6]);
        assert_eq!(packet.len(), 28);
        let (exponent, mantissa) = (packet[17] >> 2, u32::from_be_bytes([0, packet[17] & 3, packet[18], packet[19]]));
        assert!((99_000_000..=100_000_000).contains(&(u64::from(mantissa) << exponent)));
    }

    #[test]
    fn transport_feedback_says_which_came_and_when() {
        let mut packet = Vec::new();
        // 10 and 12 arrive 1 ms apart, 11 is lost, 13 comes 100 ms later.
        transport_feedback(&mut packet, 1, 2, 3, &[(10, 256_004), (12, 256_008), (13, 256_408)]);
        assert_eq!(packet.len() % 4, 0);
        assert_eq!(packet[12..16], [0, 10, 0, 4]);
        assert_eq!(packet[16..20], [0, 3, 0xE8, 3]);
        // Received small, not received, small, large.
        assert_eq!(packet[20..22], 0b1101_0001_1000_0000_u16.to_be_bytes());
        assert_eq!(packet[22..26], [4, 4, 1, 144]);
    }
}
