//! The packets that were sent, by transport-wide number, until the client has reported on them.
//! Pure.

use std::collections::VecDeque;

/// Packets remembered of a client that says nothing.
const MAX_PACKETS: usize = 2048;
/// A packet may still be reported this far behind the newest that is known to have arrived, because
/// networks reorder.
const REORDERING: u64 = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Lost,
    Arrived,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    at_us: u64,
    size: u16,
    fate: Fate,
}

/// News of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Arrived {
        sent_us: u64,
        arrived_us: i64,
        /// Size of the datagram in bytes.
        size: u16,
        /// It was said to be lost before.
        was_lost: bool,
    },
    Lost,
}

/// See the module. Times are in µs of any clock that only goes forward.
#[derive(Debug, Default)]
pub struct SentLog {
    packets: VecDeque<Sent>,
    next: u64,
}

impl SentLog {
    /// A packet of `size` bytes leaves; the number it carries.
    pub fn push(&mut self, at_us: u64, size: usize) -> u16 {
        if self.packets.len() >= MAX_PACKETS {
            self.packets.pop_front();
        }
        self.packets.push_back(Sent { at_us, size: size.min(usize::from(u16::MAX)) as u16, fate: Fate::Unknown });
        self.next += 1;
        (self.next - 1) as u16
    }

    /// Extended number of the oldest packet remembered.
    fn first(&self) -> u64 {
        self.next - self.packets.len() as u64
    }

    /// The client says of a packet when it arrived, in µs of its clock, or that it did not yet.
    /// `None` when that is no news.
    pub fn report(&mut self, seq: u16, arrived_us: Option<i64>) -> Option<News> {
        let behind = u64::from((self.next as u16).wrapping_sub(seq));
        let index = self.next.checked_sub(behind.max(1))?.checked_sub(self.first())?;
        let sent = self.packets.get_mut(index as usize).filter(|_| behind > 0)?;
        match (arrived_us, sent.fate) {
            (_, Fate::Arrived) | (None, Fate::Lost) => None,
            (None, Fate::Unknown) => {
                sent.fate = Fate::Lost;
                Some(News::Lost)
            }
            (Some(arrived_us), fate) => {
                sent.fate = Fate::Arrived;
                let was_lost = fate == Fate::Lost;
                Some(News::Arrived { sent_us: sent.at_us, arrived_us, size: sent.size, was_lost })
            }
        }
    }

    /// Forget what is so far before this number, the last of a message, that nothing more will be
    /// heard of it.
    pub fn forget_before(&mut self, seq: u16) {
        let behind = u64::from((self.next as u16).wrapping_sub(seq));
        let Some(until) = self.next.checked_sub(behind + REORDERING) else {
            return;
        };
        while self.first() < until && self.packets.pop_front().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tells_each_fate_once_and_a_late_arrival_corrects_a_loss() {
        let mut log = SentLog::default();
        log.push(1000, 100);
        log.push(2000, 200);

        assert_eq!(log.report(0, None), Some(News::Lost));
        assert_eq!(log.report(0, None), None);
        let arrived = News::Arrived { sent_us: 1000, arrived_us: 77, size: 100, was_lost: true };
        assert_eq!(log.report(0, Some(77)), Some(arrived));
        assert_eq!(log.report(0, Some(77)), None);
        assert_eq!(log.report(2, Some(0)), None, "was never sent");
        assert_eq!(log.report(0xffff, Some(0)), None);
        assert!(log.report(1, Some(5)).is_some());
    }

    #[test]
    fn numbers_wrap_and_memory_is_bounded() {
        let mut log = SentLog::default();
        for i in 0..70_000u64 {
            assert_eq!(log.push(i, 1), i as u16);
        }
        assert_eq!(log.packets.len(), MAX_PACKETS);
        let seq = 69_999u64 as u16;
        assert_eq!(
            log.report(seq, Some(1)),
            Some(News::Arrived { sent_us: 69_999, arrived_us: 1, size: 1, was_lost: false })
        );

        log.forget_before(seq);

        assert_eq!(log.packets.len() as u64, REORDERING + 1);
        assert!(log.report(seq.wrapping_sub(REORDERING as u16), Some(1)).is_some());
        assert!(log.report(seq.wrapping_sub(REORDERING as u16 + 1), Some(1)).is_none());
    }

    proptest! {
        #[test]
        fn hostile_numbers_are_harmless(pushed in 0usize..3000, reports in proptest::collection::vec(any::<u16>(), 0..50)) {
            let mut log = SentLog::default();
            (0..pushed).for_each(|i| { log.push(i as u64, 1200); });
            for seq in reports {
                log.report(seq, Some(i64::MIN));
                log.forget_before(seq);
                prop_assert!(log.packets.len() <= MAX_PACKETS);
            }
        }
    }
}
