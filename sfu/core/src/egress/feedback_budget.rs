//! A budget for the feedback of one client. Pure.
//!
//! One datagram can ask for thousands of packets, or report that they arrived, and costs its sender
//! nothing. We look each of them up, so the number is limited to several times what an honest
//! client has to report.

use std::time::Instant;

/// Lost packets that may be reported at once (the most a browser asks for), and in each millisecond
/// after that.
const LOSS_BUDGET: Budget = Budget { at_once: 1024, per_ms: 10 };
/// Packets whose arrival may be reported at once (as many as are remembered), and in each
/// millisecond after that.
const ARRIVAL_BUDGET: Budget = Budget { at_once: 2048, per_ms: 50 };

struct Budget {
    at_once: usize,
    per_ms: usize,
}

impl Budget {
    fn after(&self, left: usize, ms: usize) -> usize {
        left.saturating_add(self.per_ms.saturating_mul(ms)).min(self.at_once)
    }
}

/// See the module.
#[derive(Debug)]
pub struct FeedbackBudget {
    lost: usize,
    told: usize,
    refilled: Instant,
}

impl FeedbackBudget {
    pub fn new(now: Instant) -> Self {
        Self { lost: LOSS_BUDGET.at_once, told: ARRIVAL_BUDGET.at_once, refilled: now }
    }

    /// Time has passed.
    pub fn refill(&mut self, now: Instant) {
        let ms = now.saturating_duration_since(self.refilled).as_millis() as usize;
        if ms > 0 {
            self.refilled = now;
            self.lost = LOSS_BUDGET.after(self.lost, ms);
            self.told = ARRIVAL_BUDGET.after(self.told, ms);
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
        let mut budget = FeedbackBudget::new(begin);
        let (mut lost, mut told) = (0, 0);
        for ms in 0..1000 {
            budget.refill(begin + Duration::from_millis(ms));
            lost += (0..2000).filter(|_| budget.hears_of_loss()).count();
            told += budget.for_message();
            budget.heard(budget.for_message());
        }
        assert_eq!(lost, LOSS_BUDGET.at_once + 999 * LOSS_BUDGET.per_ms);
        assert_eq!(told, ARRIVAL_BUDGET.at_once + 999 * ARRIVAL_BUDGET.per_ms);

        budget.refill(begin + Duration::from_hours(9));
        assert_eq!((budget.lost, budget.told), (LOSS_BUDGET.at_once, ARRIVAL_BUDGET.at_once));
    }
}
