//! The receiving side of a subscriber. Packets are counted from the header alone; one in 64 is
//! decrypted, to prove that a publisher of this run sent it and to learn how long it took.

use crate::histogram::Samples;
use crate::rtcp::ReportBlock;
use crate::rtp::{Header, Source, Trailer};
use crate::srtp::Context;

/// One packet in so many is decrypted.
const SAMPLE_EVERY: u32 = 64;
/// Undecided packets of a new stream that are decrypted to learn its source.
const INTRODUCTIONS: u8 = 20;
/// Arrivals a transport remembers between two feedback packets.
const ARRIVALS_MAX: usize = 4096;

/// The sums over all subscribers of a run.
#[derive(Default)]
pub struct Totals {
    pub packets: u64,
    pub payload_bytes: u64,
    pub sampled: u64,
    /// Sampled packets that were not authentic.
    pub forged: u64,
    /// Sampled authentic packets that no publisher of this run made (probes, blank frames).
    pub foreign: u64,
    pub padding: u64,
    pub retransmitted: u64,
    pub latency_ns: Samples,
}

/// One SSRC.
#[derive(Debug, Clone)]
pub struct Stream {
    pub ssrc: u32,
    /// The publisher's track and layer, once a sample has told.
    pub source: Option<Source>,
    pub unique: u64,
    pub duplicates: u64,
    pub reordered: u64,
    pub padding: u64,
    first: u64,
    highest: u64,
    /// Bit N: the packet N before the highest has come.
    window: u128,
    introductions: u8,
    sender_report: (u32, u64),
    reported: (u64, u64),
}

impl Stream {
    fn new(ssrc: u32, sequence: u16) -> Self {
        let first = 0x1_0000 + u64::from(sequence);
        Stream {
            ssrc,
            source: None,
            unique: 0,
            duplicates: 0,
            reordered: 0,
            padding: 0,
            first,
            highest: first - 1,
            window: 0,
            introductions: INTRODUCTIONS,
            sender_report: (0, 0),
            reported: (0, 0),
        }
    }

    /// Sequence numbers from the first to the highest, both counted.
    pub fn spanned(&self) -> u64 {
        self.highest + 1 - self.first
    }

    /// Packets missing so far; those still on their way included.
    pub fn missing(&self) -> u64 {
        self.spanned().saturating_sub(self.unique)
    }

    /// Counts a packet; returns its extended sequence number.
    fn count(&mut self, sequence: u16) -> u64 {
        let step = i64::from(sequence.wrapping_sub(self.highest as u16) as i16);
        if step > 0 {
            self.highest += step as u64;
            self.window = if step < 128 { self.window << step | 1 } else { 1 };
            self.unique += 1;
            return self.highest;
        }
        let behind = step.unsigned_abs();
        let bit = if behind < 128 { 1_u128 << behind } else { 0 };
        if bit == 0 || self.window & bit != 0 {
            self.duplicates += 1;
        } else {
            self.window |= bit;
            self.unique += 1;
            self.reordered += 1;
            self.first = self.first.min(self.highest - behind);
        }
        self.highest.saturating_sub(behind)
    }
}

/// The receiving half of a transport.
#[derive(Default)]
pub struct Inbound {
    pub streams: Vec<Stream>,
    table: Table,
    turn: u32,
    /// Payload types that carry retransmissions, as bits.
    pub retransmission_types: u128,
    /// Id of the transport-wide sequence number, where it is negotiated.
    pub transport_cc: Option<u8>,
    arrivals: Vec<(u32, u64)>,
    transport_highest: Option<u32>,
    pub first_media_ns: Option<u64>,
}

impl Inbound {
    /// Takes an RTP packet in; `packet` may be decrypted in place.
    pub fn receive(&mut self, packet: &mut [u8], now_ns: u64, keys: &mut Context, totals: &mut Totals) {
        let Some(header) = Header::read(packet) else { return };
        if let Some(id) = self.transport_cc
            && let Some(&[high, low]) = header.extension(packet, id)
        {
            self.note_arrival(u16::from_be_bytes([high, low]), now_ns);
        }
        if self.retransmission_types >> header.payload_type & 1 == 1 {
            totals.retransmitted += 1;
            return;
        }
        let index = self.table.find(header.ssrc).unwrap_or_else(|| {
            self.streams.push(Stream::new(header.ssrc, header.sequence));
            self.table.insert(header.ssrc, self.streams.len() - 1);
            self.streams.len() - 1
        });
        let stream = &mut self.streams[index];
        let extended = stream.count(header.sequence);
        if header.padding {
            stream.padding += 1;
            totals.padding += 1;
            return;
        }
        self.first_media_ns.get_or_insert(now_ns);
        totals.packets += 1;
        totals.payload_bytes += (packet.len() - header.length) as u64;
        self.turn += 1;
        let introduce = stream.source.is_none() && stream.introductions > 0;
        if !introduce && !self.turn.is_multiple_of(SAMPLE_EVERY) {
            return;
        }
        stream.introductions = stream.introductions.saturating_sub(1);
        totals.sampled += 1;
        let rollover = (extended >> 16).saturating_sub(1) as u32;
        match keys.unprotect_rtp(packet, header.length, rollover) {
            Err(_) => totals.forged += 1,
            Ok(length) => match Trailer::read(&packet[header.length..length]) {
                None => totals.foreign += 1,
                Some(trailer) => {
                    stream.source = Some(trailer.source);
                    totals.latency_ns.add(now_ns.saturating_sub(trailer.sent_ns));
                }
            },
        }
    }

    pub fn sender_report(&mut self, ssrc: u32, middle_ntp: u32, now_ns: u64) {
        if let Some(index) = self.table.find(ssrc) {
            self.streams[index].sender_report = (middle_ntp, now_ns);
        }
    }

    /// A report block for each stream that has carried anything since the last report.
    pub fn report_blocks(&mut self, now_ns: u64) -> Vec<ReportBlock> {
        let mut blocks = Vec::new();
        for stream in &mut self.streams {
            let (spanned, unique) = (stream.spanned(), stream.unique);
            let expected = spanned.saturating_sub(stream.reported.0);
            if expected == 0 {
                continue;
            }
            let lost = expected.saturating_sub(unique.saturating_sub(stream.reported.1));
            stream.reported = (spanned, unique);
            let (report, at) = stream.sender_report;
            let since = if report == 0 { 0 } else { (u128::from(now_ns - at) * 65_536 / 1_000_000_000) as u32 };
            blocks.push(ReportBlock {
                ssrc: stream.ssrc,
                fraction_lost: (lost * 256 / expected).min(255) as u8,
                lost: stream.missing() as u32,
                highest_sequence: (stream.highest - 0x1_0000) as u32,
                last_sender_report: report,
                since_sender_report: since,
            });
        }
        blocks
    }

    fn note_arrival(&mut self, sequence: u16, now_ns: u64) {
        let highest = self.transport_highest.get_or_insert(0x1_0000 + u32::from(sequence));
        let step = i32::from(sequence.wrapping_sub(*highest as u16) as i16);
        let extended = highest.wrapping_add_signed(step);
        *highest = extended.max(*highest);
        if self.arrivals.len() < ARRIVALS_MAX {
            self.arrivals.push((extended, now_ns / 250_000));
        }
    }

    /// Arrivals since the last call, sorted by sequence.
    pub fn take_arrivals(&mut self) -> Vec<(u32, u64)> {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.sort_unstable();
        arrivals
    }
}

/// SSRC to index by open addressing: a lookup is a multiplication and, mostly, one comparison.
struct Table {
    slots: Vec<(u32, u32)>,
    used: usize,
}

const FREE: u32 = u32::MAX;

impl Default for Table {
    fn default() -> Self {
        Table { slots: vec![(0, FREE); 16], used: 0 }
    }
}

impl Table {
    fn start(&self, ssrc: u32) -> usize {
        (ssrc.wrapping_mul(0x9E37_79B1) >> (32 - self.slots.len().trailing_zeros())) as usize
    }

    fn find(&self, ssrc: u32) -> Option<usize> {
        let mut at = self.start(ssrc);
        loop {
            let (key, index) = self.slots[at];
            if index == FREE {
                return None;
            }
            if key == ssrc {
                return Some(index as usize);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    fn insert(&mut self, ssrc: u32, index: usize) {
        if 2 * (self.used + 1) > self.slots.len() {
            let doubled = vec![(0, FREE); 2 * self.slots.len()];
            let old = std::mem::replace(&mut self.slots, doubled);
            for (key, index) in old.into_iter().filter(|(_, index)| *index != FREE) {
                self.place(key, index);
            }
        }
        self.place(ssrc, index as u32);
        self.used += 1;
    }

    fn place(&mut self, ssrc: u32, index: u32) {
        let mut at = self.start(ssrc);
        while self.slots[at].1 != FREE {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = (ssrc, index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp;
    use crate::srtp::Profile;

    #[test]
    fn table_finds_what_was_inserted() {
        let mut table = Table::default();
        for index in 0..200_u32 {
            assert_eq!(table.find(index.wrapping_mul(7919)), None);
            table.insert(index.wrapping_mul(7919), index as usize);
        }
        for index in 0..200_u32 {
            assert_eq!(table.find(index.wrapping_mul(7919)), Some(index as usize));
        }
    }

    fn counted(sequences: &[u16]) -> Stream {
        let mut stream = Stream::new(1, sequences[0]);
        for sequence in sequences {
            stream.count(*sequence);
        }
        stream
    }

    #[test]
    fn counts_loss_duplicates_and_reordering_across_the_wrap() {
        let stream = counted(&[65534, 65535, 1, 0, 0, 4]);
        assert_eq!((stream.unique, stream.duplicates, stream.reordered, stream.missing()), (5, 1, 1, 2));
        assert_eq!(stream.highest, 0x2_0004);
        let backwards = counted(&[10, 9, 8, 11]);
        assert_eq!((backwards.unique, backwards.reordered, backwards.missing()), (4, 2, 0));
    }

    #[test]
    fn samples_prove_the_source_and_tell_the_latency() {
        let (key, salt) = ([1; 16], [2; 12]);
        let mut sender = Context::new(Profile::Aes128Gcm, &key, &salt);
        let mut receiver = Context::new(Profile::Aes128Gcm, &key, &salt);
        let mut inbound = Inbound::default();
        let mut totals = Totals::default();
        let source = Source { publisher: 3, video: true, layer: 1 };
        for sequence in 0..130_u16 {
            let mut packet = [0; 128];
            let header = rtp::write_header(&mut packet, true, 96, sequence, 0, 42, &[]);
            Trailer { source, sent_ns: 1_000 }.write(&mut packet[60..84]);
            let length = sender.protect_rtp(&mut packet, header, 84, 0);
            if sequence == 127 {
                packet[70] ^= 1;
            }
            inbound.receive(&mut packet[..length], 6_000, &mut receiver, &mut totals);
        }
        assert_eq!(inbound.streams[0].source, Some(source));
        // The first introduces the stream; the 64th and the 128th are the samples, and the latter
        // was tampered with.
        assert_eq!((totals.packets, totals.sampled, totals.forged), (130, 3, 1));
        assert_eq!(totals.latency_ns.percentile(100.0), Some(5_000));
    }

    #[test]
    fn report_blocks_tell_what_was_lost_since_the_last() {
        let mut inbound = Inbound::default();
        inbound.streams.push(counted(&[1, 2, 3, 5]));
        let blocks = inbound.report_blocks(0);
        assert_eq!((blocks[0].fraction_lost, blocks[0].lost, blocks[0].highest_sequence), (51, 1, 5));
        assert!(inbound.report_blocks(0).is_empty());
    }
}
