//! Sequence numbers and timestamps (RFC 3550).

use std::collections::VecDeque;
use std::time::Instant;

/// Removed packets that a late, reordered packet can still be numbered around.
const REMEMBERED_GAPS: usize = 64;

/// The position of a packet in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPosition {
    /// Extended sequence number.
    pub seq: u64,
    pub timestamp: u32,
    /// The time of capture, on our clock.
    pub captured: Instant,
}

/// Maps positions of the current source to positions of one continuous stream.
#[derive(Debug)]
pub struct RtpMunger {
    /// Added to incoming sequence numbers.
    seq_offset: i64,
    /// Added to incoming timestamps.
    timestamp_offset: u32,
    /// Packets of the current source before this one belong to what was not forwarded.
    first: u64,
    highest: u64,
    /// Incoming numbers taken out of the numbering, ascending.
    gaps: VecDeque<u64>,
    /// Newest outgoing position.
    last: RtpPosition,
    /// Something was sent, so `last` is a position that is used up.
    is_used: bool,
    started: bool,
}

impl RtpMunger {
    /// `first_seq` is the first outgoing number; below 2^16, or the receiver cannot know the SRTP
    /// rollover counter.
    pub fn new(first_seq: u16, first_timestamp: u32, now: Instant) -> Self {
        Self {
            seq_offset: 0,
            timestamp_offset: 0,
            first: 0,
            highest: 0,
            gaps: VecDeque::new(),
            last: RtpPosition { seq: u64::from(first_seq).wrapping_sub(1), timestamp: first_timestamp, captured: now },
            is_used: false,
            started: false,
        }
    }

    /// The position of the next packet that is made up rather than forwarded. The packet after it
    /// needs a [`switch_source`](Self::switch_source).
    pub fn fill(&mut self, now: Instant, clock_rate: u32) -> RtpPosition {
        let timestamp = self.last.timestamp.wrapping_add(self.ticks_until(now, clock_rate));
        self.last = RtpPosition { seq: self.last.seq.wrapping_add(1), timestamp, captured: now };
        self.is_used = true;
        self.started = false;
        self.last
    }

    /// The advance of the timestamp to media captured at this time.
    fn ticks_until(&self, captured: Instant, clock_rate: u32) -> u32 {
        if !self.is_used {
            return 0;
        }
        let elapsed = captured.saturating_duration_since(self.last.captured);
        let ticks = elapsed.as_micros() * u128::from(clock_rate) / 1_000_000;
        // Two frames never share a timestamp.
        (ticks as u32).max(1)
    }

    /// Go on with another source, of which `first` is the first packet: the next number follows the
    /// last one sent, the timestamp advances by the capture time in between, in ticks of this many
    /// a second.
    pub fn switch_source(&mut self, first: RtpPosition, clock_rate: u32) {
        let ticks = self.ticks_until(first.captured, clock_rate);
        self.seq_offset = self.last.seq.wrapping_add(1).wrapping_sub(first.seq) as i64;
        self.timestamp_offset = self.last.timestamp.wrapping_add(ticks).wrapping_sub(first.timestamp);
        self.first = first.seq;
        self.highest = first.seq.wrapping_sub(1);
        self.gaps.clear();
        self.started = true;
    }

    /// Take an incoming packet out of the numbering. False when it is too late: its successors were
    /// numbered already.
    pub fn remove(&mut self, seq: u64) -> bool {
        if !self.started || seq <= self.highest && self.highest != self.first.wrapping_sub(1) {
            return false;
        }
        self.highest = seq;
        self.gaps.push_back(seq);
        if self.gaps.len() > REMEMBERED_GAPS {
            self.forget_oldest_gap();
        }
        true
    }

    fn forget_oldest_gap(&mut self) {
        if let Some(oldest) = self.gaps.pop_front() {
            self.seq_offset -= 1;
            self.first = self.first.max(oldest + 1);
        }
    }

    /// The outgoing position of a packet of the current source; `None` for one from before it
    /// became current, or one that was removed.
    pub fn map(&mut self, incoming: RtpPosition) -> Option<RtpPosition> {
        if !self.started || incoming.seq < self.first {
            return None;
        }
        let removed_before = self.gaps.partition_point(|g| *g < incoming.seq);
        if self.gaps.get(removed_before) == Some(&incoming.seq) {
            return None;
        }
        let outgoing = RtpPosition {
            seq: incoming.seq.wrapping_add_signed(self.seq_offset) - removed_before as u64,
            timestamp: incoming.timestamp.wrapping_add(self.timestamp_offset),
            captured: incoming.captured,
        };
        if self.highest == self.first.wrapping_sub(1) || incoming.seq > self.highest {
            self.highest = incoming.seq;
        }
        // Not the same: a late packet may follow one that was removed, and is the last that was
        // sent then.
        if outgoing.seq >= self.last.seq.wrapping_add(1) {
            self.last = outgoing;
            self.is_used = true;
        }
        Some(outgoing)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const CLOCK: u32 = 90_000;

    fn at(base: Instant, seq: u64, timestamp: u32, ms: u64) -> RtpPosition {
        RtpPosition { seq, timestamp, captured: base + Duration::from_millis(ms) }
    }

    #[test]
    fn numbers_go_on_across_a_switch_and_time_advances_by_capture_time() {
        let base = Instant::now();
        let mut m = RtpMunger::new(100, 5000, base);

        m.switch_source(at(base, 70_000, 1, 0), CLOCK);
        let a = m.map(at(base, 70_000, 1, 0)).unwrap();
        let b = m.map(at(base, 70_001, 3001, 33)).unwrap();
        m.switch_source(at(base, 9, 777_000, 66), CLOCK);
        let c = m.map(at(base, 9, 777_000, 66)).unwrap();

        assert_eq!((a.seq, a.timestamp), (100, 5000));
        assert_eq!((b.seq, b.timestamp), (101, 8000));
        assert_eq!((c.seq, c.timestamp), (102, 8000 + 33 * 90));
    }

    #[test]
    fn packets_from_before_the_switch_are_dropped() {
        let base = Instant::now();
        let mut m = RtpMunger::new(1, 0, base);
        assert_eq!(m.map(at(base, 5, 0, 0)), None);

        m.switch_source(at(base, 10, 0, 0), CLOCK);

        assert_eq!(m.map(at(base, 9, 0, 0)), None);
        assert!(m.map(at(base, 10, 0, 0)).is_some());
    }

    #[test]
    fn a_removed_packet_leaves_no_hole_and_a_late_one_is_not_removed() {
        let base = Instant::now();
        let mut m = RtpMunger::new(1, 0, base);
        m.switch_source(at(base, 10, 0, 0), CLOCK);
        let seq = |m: &mut RtpMunger, s| m.map(at(base, s, 0, 0)).map(|p| p.seq);

        assert_eq!(seq(&mut m, 10), Some(1));
        assert!(m.remove(11));
        assert_eq!(seq(&mut m, 13), Some(3));
        assert_eq!(seq(&mut m, 12), Some(2));
        assert!(!m.remove(12));
        assert_eq!(seq(&mut m, 11), None);
    }

    #[test]
    fn a_late_packet_before_a_removed_one_keeps_its_number_to_itself() {
        let base = Instant::now();
        let mut m = RtpMunger::new(1, 0, base);
        m.switch_source(at(base, 10, 0, 0), CLOCK);
        assert_eq!(m.map(at(base, 10, 0, 0)).unwrap().seq, 1);
        assert!(m.remove(12));
        assert_eq!(m.map(at(base, 11, 0, 0)).unwrap().seq, 2);

        m.switch_source(at(base, 500, 0, 0), CLOCK);

        assert_eq!(m.map(at(base, 500, 0, 0)).unwrap().seq, 3);
    }

    #[test]
    fn the_first_packet_of_a_source_can_be_removed() {
        let base = Instant::now();
        let mut m = RtpMunger::new(1, 0, base);
        m.switch_source(at(base, 10, 0, 0), CLOCK);

        assert!(m.remove(10));

        assert_eq!(m.map(at(base, 11, 0, 0)).unwrap().seq, 1);
    }

    #[test]
    fn what_is_made_up_takes_numbers_and_time_of_its_own() {
        let base = Instant::now();
        let mut m = RtpMunger::new(65_534, 1000, base);
        let filled = |m: &mut RtpMunger, ms| {
            let p = m.fill(base + Duration::from_millis(ms), CLOCK);
            (p.seq, p.timestamp)
        };

        assert_eq!(filled(&mut m, 100), (65_534, 1000));
        assert_eq!(filled(&mut m, 150), (65_535, 1000 + 50 * 90));
        assert_eq!(m.map(at(base, 10, 0, 160)), None, "nothing is current");
        assert!(!m.remove(10));
        m.switch_source(at(base, 10, 777, 250), CLOCK);
        let first = m.map(at(base, 10, 777, 250)).unwrap();
        assert_eq!((first.seq, first.timestamp), (65_536, 1000 + 150 * 90));
        assert_eq!(filled(&mut m, 260), (65_537, 1000 + 160 * 90));
        // Captured before the last that was sent.
        m.switch_source(at(base, 3, 5, 200), CLOCK);
        let second = m.map(at(base, 3, 5, 200)).unwrap();
        assert_eq!((second.seq, second.timestamp), (65_538, 1000 + 160 * 90 + 1));
    }

    proptest! {
        /// Switching, removing and slight reordering leave every forwarded packet a number of its
        /// own and no number out, and keep the order within a source.
        #[test]
        fn outgoing_numbers_are_contiguous_and_unique(
            sources in proptest::collection::vec(
                (0u64..1_000_000, proptest::collection::vec((0u8..10, any::<bool>()), 1..150)), 1..6)
        ) {
            let base = Instant::now();
            let mut m = RtpMunger::new(7, 0, base);
            let mut out: Vec<u64> = Vec::new();
            let mut ms = 0;
            for (start, packets) in sources {
                m.switch_source(at(base, start, 0, ms), CLOCK);
                let mut incoming: Vec<(u64, bool)> =
                    packets.iter().enumerate().map(|(i, (kind, _))| (start + i as u64, *kind == 0)).collect();
                // Swap neighbours that are both forwarded: a reordering network.
                for (i, (_, swap)) in packets.iter().enumerate().skip(1) {
                    if *swap && i >= 2 && !incoming[i].1 && !incoming[i - 1].1 && incoming[i].0 == incoming[i-1].0 + 1 {
                        incoming.swap(i, i - 1);
                    }
                }
                for (seq, removed) in incoming {
                    ms += 10;
                    if removed {
                        prop_assert!(m.remove(seq));
                    } else {
                        out.push(m.map(at(base, seq, 0, ms)).unwrap().seq);
                    }
                }
            }
            out.sort_unstable();
            for (i, seq) in out.iter().enumerate() {
                prop_assert_eq!(*seq, 7 + i as u64);
            }
        }

        /// Timestamps never jump by more than the capture time that passed, whatever random base a
        /// source has.
        #[test]
        fn time_is_continuous_across_switches(bases in proptest::collection::vec(any::<u32>(), 1..20)) {
            let base = Instant::now();
            let mut m = RtpMunger::new(1, 42, base);
            let mut last: Option<u32> = None;
            let mut ms = 0;
            for timestamp in bases {
                m.switch_source(at(base, 5, timestamp, ms), CLOCK);
                for frame in 0..3u32 {
                    let p = m.map(at(base, 5 + u64::from(frame), timestamp.wrapping_add(frame * 900), ms)).unwrap();
                    if let Some(last) = last {
                        prop_assert_eq!(p.timestamp.wrapping_sub(last), 900);
                    }
                    last = Some(p.timestamp);
                    ms += 10;
                }
            }
        }
    }
}
