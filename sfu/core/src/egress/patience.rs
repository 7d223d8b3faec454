//! How much feedback of one client is listened to. Pure.
//!
//! One datagram can ask for thousands of packets, or tell of them, and costs its sender nothing. Each of them is looked up
//! here, so there is only so much of it: several times what an honest client has to say.

use std::time::Instant;

/// Packets asked for again at a time, as many as browsers ask for at the most, and each millisecond after that.
const LOST: Measure = Measure { at_once: 1024, per_ms: 10 };
/// Packets told of, as many as are remembered, and each millisecond after that.
const TOLD: Measure = Measure { at_once: 2048, per_ms: 50 };

struct Measure {
    at_once: usize,
    per_ms: usize,
}

impl Measure {
    fn after(&self, left: usize, ms: usize) -> usize {
        left.saturating_add(self.per_ms.saturating_mul(ms)).min(self.at_once)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Patience {
    lost: usize,
    told: usize,
    refilled: Instant,
}

impl Patience {
    pub fn new(now: Instant) -> Self {
        Self { lost: LOST.at_once, told: TOLD.at_once, refilled: now }
    }

    /// Time has passed.
    pub fn refill(&mut self, now: Instant) {
        let ms = now.saturating_duration_since(self.refilled).as_millis() as usize;
        if ms > 0 {
            self.refilled = now;
            self.lost = LOST.after(self.lost, ms);
            self.told = TOLD.after(self.told, ms);
        }
    }

    /// One more packet is asked for: whether that is heard.
    pub fn hears_of_loss(&mut self) -> bool {
        let is_heard = self.lost > 0;
        self.lost = self.lost.saturating_sub(1);
        is_heard
    }

    /// Packets a message may tell of.
    pub fn for_message(&self) -> usize {
        self.told
    }

    /// A message told of so many.
    pub fn heard(&mut self, told: usize) {
        self.told = self.told.saturating_sub(told);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_heard_and_a_flood_only_in_part() {
        let begin = Instant::now();
        let mut patience = Patience::new(begin);
        let (mut lost, mut told) = (0, 0);
        for ms in 0..1000 {
            patience.refill(begin + Duration::from_millis(ms));
            lost += (0..2000).filter(|_| patience.hears_of_loss()).count();
            told += patience.for_message();
            patience.heard(patience.for_message());
        }
        assert_eq!(lost, LOST.at_once + 999 * LOST.per_ms);
        assert_eq!(told, TOLD.at_once + 999 * TOLD.per_ms);

        patience.refill(begin + Duration::from_hours(9));
        assert_eq!((patience.lost, patience.told), (LOST.at_once, TOLD.at_once));
    }
}
