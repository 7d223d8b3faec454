//! How fast video leaves to a client whose network is known to be slow. Pure.
//!
//! A key frame is ten pictures in one; sent at once it fills the queue of the narrowest link, and sound waits behind it.
//! So it leaves at a multiple of what the network takes. Who has no known limit has no pacer in the way.

use std::time::{Duration, Instant};

/// Times the limit: pictures are late before the queue is empty otherwise.
const FACTOR: f64 = 2.0;
/// What may leave at once after a pause, at that speed.
const BURST: Duration = Duration::from_millis(20);
/// And at least this, in bytes.
const LEAST_BURST: f64 = 3_000.0;
/// What waits this long leaves whatever the speed: late is worse than fast.
const PATIENCE: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug, Default)]
pub struct Pacer {
    /// Bytes that may leave now.
    credit: f64,
    filled: Option<Instant>,
    waiting_since: Option<Instant>,
}

impl Pacer {
    /// Time has passed: `limit` in bits a second.
    pub fn refill(&mut self, now: Instant, limit: f64) {
        let speed = limit * FACTOR / 8.0;
        let most = (speed * BURST.as_secs_f64()).max(LEAST_BURST);
        let passed = self.filled.replace(now).map_or(BURST, |at| now.saturating_duration_since(at));
        self.credit = (self.credit + speed * passed.as_secs_f64()).min(most);
        if self.waiting_since.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE) {
            self.credit = f64::INFINITY;
        }
    }

    pub fn may_send(&self) -> bool {
        self.credit > 0.0
    }

    pub fn sent(&mut self, bytes: usize) {
        self.credit -= bytes as f64;
    }

    /// After a flush: whether something waits for the next.
    pub fn rest(&mut self, now: Instant, is_waiting: bool) {
        if is_waiting {
            self.waiting_since.get_or_insert(now);
        } else {
            self.waiting_since = None;
        }
        if self.credit.is_infinite() {
            self.credit = 0.0;
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    /// Bytes that leave in each of so many flushes 5 ms apart, when there is always more.
    fn leaves(pacer: &mut Pacer, now: &mut Instant, limit: f64, flushes: usize) -> Vec<usize> {
        (0..flushes)
            .map(|_| {
                *now += Duration::from_millis(5);
                pacer.refill(*now, limit);
                let mut bytes = 0;
                while pacer.may_send() && bytes < 100_000 {
                    pacer.sent(1000);
                    bytes += 1000;
                }
                pacer.rest(*now, true);
                bytes
            })
            .collect()
    }

    #[test]
    fn leaves_at_twice_the_limit_and_what_waits_too_long_at_once() {
        let (mut pacer, mut now) = (Pacer::default(), Instant::now());
        let left = leaves(&mut pacer, &mut now, 800_000.0, 39);
        // 200 kB/s: a kilobyte each time.
        assert!(left[5..].iter().all(|bytes| *bytes <= 2000), "{left:?}");
        assert!((36_000..46_000).contains(&left.iter().sum::<usize>()), "{left:?}");

        assert!(leaves(&mut pacer, &mut now, 800_000.0, 3).contains(&100_000));
    }

    #[test]
    fn what_is_not_used_is_not_saved_up() {
        let (mut pacer, mut now) = (Pacer::default(), Instant::now());
        pacer.refill(now, 800_000.0);
        now += Duration::from_secs(10);
        assert!(leaves(&mut pacer, &mut now, 800_000.0, 1)[0] <= 5000);
    }
}
