//! Redundant audio (RFC 2198): each packet of a sender that does so carries the sound before it
//! once more.
//!
//! Sound that a publisher's network lost is filled in here, so that nobody downstream misses it.
//! Receivers that lose nothing get packets without the repeated sound; those that do get them as
//! they came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use str0m::rtp::RedDecoder;

use crate::format::Format;
use crate::forward::{Extensions, Incoming, Layering};
use crate::munge::RtpPosition;

/// The library takes a packet for late, not lost, up to this far behind the newest.
const REORDERED: u64 = 128;

/// The sound of a lost packet.
#[derive(Debug, PartialEq, Eq)]
struct Recovered {
    /// Extended sequence number.
    seq: u64,
    timestamp: u32,
    payload: Arc<[u8]>,
}

/// A redundant packet, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Unpacked {
    /// Its own sound.
    primary: Arc<[u8]>,
    /// The sound before it, when that did not arrive.
    recovered: Option<Recovered>,
}

/// Follows one received audio stream.
#[derive(Debug, Default)]
pub struct Repair {
    newest: Option<(u64, u32)>,
    /// Numbers that were filled, ascending: their packets may yet arrive, and nothing is forwarded
    /// twice under one number.
    filled: VecDeque<u64>,
}

impl Repair {
    /// The packets to forward for one that arrived, in order: the one before it if that was lost,
    /// then itself. `primary` is the payload type of the sound in a redundant packet, `None` for
    /// any other.
    pub fn forwardable(&mut self, mut packet: Incoming, primary: Option<u8>) -> [Option<Incoming>; 2] {
        let RtpPosition { seq, timestamp, captured } = packet.position;
        let mut before = None;
        if let Some(primary) = primary {
            let Some(unpacked) = self.unpack(seq, timestamp, &packet.payload, primary) else {
                return [None, None];
            };
            before = unpacked.recovered.map(|recovered| {
                self.fill(&recovered);
                let ticks = timestamp.wrapping_sub(recovered.timestamp);
                let passed = Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(Format::Opus.clock_rate()));
                let captured = captured.checked_sub(passed).unwrap_or(captured);
                Incoming {
                    position: RtpPosition { seq: recovered.seq, timestamp: recovered.timestamp, captured },
                    marker: false,
                    extensions: Extensions::default(),
                    layering: Layering::None,
                    payload: recovered.payload,
                    redundant: None,
                    ..packet
                }
            });
            packet.redundant = Some(std::mem::replace(&mut packet.payload, unpacked.primary));
        }
        [before, self.admit(seq, timestamp).then_some(packet)]
    }

    /// False for a packet that was forwarded already.
    fn admit(&mut self, seq: u64, timestamp: u32) -> bool {
        match self.newest {
            Some((newest, _)) if seq <= newest => !self.filled.contains(&seq),
            _ => {
                self.newest = Some((seq, timestamp));
                while self.filled.front().is_some_and(|filled| filled + REORDERED < seq) {
                    self.filled.pop_front();
                }
                true
            }
        }
    }

    /// Take a redundant packet apart. `payload_type` is that of the sound in it. `None` for one
    /// that is malformed.
    ///
    /// Senders repeat what they sent last, so the block next to the primary one is the packet with
    /// the number before. It is wanted when that number is missing, and believed when its time lies
    /// between those of the packets around it.
    fn unpack(&self, seq: u64, timestamp: u32, payload: &[u8], payload_type: u8) -> Option<Unpacked> {
        let blocks = RedDecoder::decode(payload).ok()?;
        let (primary, before) = blocks.split_last()?;
        if primary.pt != payload_type {
            return None;
        }
        let missing = self.newest.filter(|(newest, _)| newest + 1 < seq);
        let recovered = missing.zip(before.last()).and_then(|((_, newest), block)| {
            let passed = timestamp.wrapping_sub(newest);
            let fits = block.pt == payload_type && block.timestamp_offset > 0 && block.timestamp_offset < passed;
            (fits && !block.payload.is_empty()).then(|| Recovered {
                seq: seq - 1,
                timestamp: timestamp.wrapping_sub(block.timestamp_offset),
                payload: block.payload.into(),
            })
        });
        Some(Unpacked { primary: primary.payload.into(), recovered })
    }

    /// The gap before the packet to be admitted next is filled.
    fn fill(&mut self, recovered: &Recovered) {
        self.newest = Some((recovered.seq, recovered.timestamp));
        self.filled.push_back(recovered.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use str0m::rtp::{RedEncoder, RedundantBlock};

    const OPUS: u8 = 111;

    /// Packet `seq` of a stream with 20 ms in each, with the one before it.
    fn redundant(seq: u8) -> Vec<u8> {
        let before = RedundantBlock { pt: OPUS, timestamp_offset: 960, payload: vec![seq - 1; 3] };
        RedEncoder::encode(OPUS, &[seq; 3], &[before])
    }

    /// Around where timestamps wrap.
    fn time(seq: u8) -> u32 {
        (960 * u32::from(seq)).wrapping_sub(960 * 11)
    }

    /// The packets that are forwarded when these arrive, by number, with their sound.
    fn forwarded(arriving: &[u8]) -> Vec<(u64, u8)> {
        let mut repair = Repair::default();
        let mut out = Vec::new();
        for seq in arriving.iter().copied() {
            let time = time(seq);
            let unpacked = repair.unpack(u64::from(seq), time, &redundant(seq), OPUS).unwrap();
            if let Some(recovered) = unpacked.recovered {
                assert_eq!(recovered.timestamp, time.wrapping_sub(960));
                repair.fill(&recovered);
                out.push((recovered.seq, recovered.payload[0]));
            }
            if repair.admit(u64::from(seq), time) {
                out.push((u64::from(seq), unpacked.primary[0]));
            }
        }
        out
    }

    #[test]
    fn a_lost_packet_is_filled_from_the_next_in_order() {
        assert_eq!(forwarded(&[10, 11, 13, 14]), [(10, 10), (11, 11), (12, 12), (13, 13), (14, 14)]);
    }

    #[test]
    fn of_two_lost_in_a_row_the_second_is_filled() {
        assert_eq!(forwarded(&[10, 13]), [(10, 10), (12, 12), (13, 13)]);
    }

    #[test]
    fn a_packet_that_was_filled_is_not_forwarded_when_it_comes_late_but_others_are() {
        assert_eq!(forwarded(&[10, 13, 12, 11]), [(10, 10), (12, 12), (13, 13), (11, 11)]);
    }

    #[test]
    fn nothing_is_filled_before_the_first_packet() {
        assert_eq!(forwarded(&[10]), [(10, 10)]);
    }

    #[test]
    fn a_block_that_is_older_than_the_gap_fills_nothing() {
        let mut repair = Repair::default();
        repair.admit(10, time(10));
        let stale = RedundantBlock { pt: OPUS, timestamp_offset: 960 * 4, payload: vec![1] };
        let payload = RedEncoder::encode(OPUS, &[9], &[stale]);

        let unpacked = repair.unpack(13, time(13), &payload, OPUS).unwrap();

        assert_eq!(unpacked, Unpacked { primary: Arc::from([9].as_slice()), recovered: None });
    }

    #[test]
    fn other_codecs_in_it_are_not_taken_for_opus() {
        let repair = Repair::default();
        assert_eq!(repair.unpack(1, 0, &RedEncoder::encode(0, &[1], &[]), OPUS), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_forwarded_twice(packets in proptest::collection::vec(
            (0u64..300, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..200)
        ) {
            let mut repair = Repair::default();
            let mut filled = Vec::new();
            for (seq, timestamp, payload) in packets {
                let unpacked = repair.unpack(seq, timestamp, &payload, OPUS);
                if let Some(recovered) = unpacked.and_then(|u| u.recovered) {
                    repair.fill(&recovered);
                    prop_assert!(!filled.contains(&recovered.seq));
                    filled.push(recovered.seq);
                }
                if repair.admit(seq, timestamp) {
                    prop_assert!(!filled.contains(&seq) || seq + REORDERED < repair.newest.unwrap().0);
                }
                prop_assert!(repair.filled.len() <= REORDERED as usize + 1);
            }
        }
    }
}
