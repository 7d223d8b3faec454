//! Paces video for a client whose network is known to be slow. Pure.
//!
//! A key frame is ten pictures in one; sent at once it fills the queue of the narrowest link, and
//! sound waits behind it. So it leaves at a multiple of what the network takes. Without a known
//! limit there is no pacing.

use std::time::{Duration, Instant};

use crate::bitrate::Bitrate;

/// Media leaves at this many times the limit; otherwise pictures are late before the queue is
/// empty.
const PACING_FACTOR: f64 = 2.0;
/// After a pause, as much may leave at once as leaves in this time.
const BURST: Duration = Duration::from_millis(20);
/// At least this many bytes may leave at once after a pause.
const MIN_BURST_BYTES: f64 = 3_000.0;
/// A packet that waited this long leaves whatever the rate: late is worse than fast.
const MAX_QUEUE_TIME: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug, Default)]
pub struct Pacer {
    /// Bytes that may leave now.
    credit: f64,
    filled: Option<Instant>,
    waiting_since: Option<Instant>,
}

impl Pacer {
    /// Time has passed; `limit` is what the network takes.
    pub fn refill(&mut self, now: Instant, limit: Bitrate) {
        let speed = limit * PACING_FACTOR;
        let most = speed.bytes_in(BURST).max(MIN_BURST_BYTES);
        let passed = self.filled.replace(now).map_or(BURST, |at| now.saturating_duration_since(at));
        self.credit = (self.credit + speed.bytes_in(passed)).min(most);
        if self.waiting_since.is_some_and(|since| now.saturating_duration_since(since) >= MAX_QUEUE_TIME) {
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
    fn leaves(pacer: &mut Pacer, now: &mut Instant, limit: Bitrate, flushes: usize) -> Vec<usize> {
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
        let left = leaves(&mut pacer, &mut now, Bitrate::from_kbps(800), 39);
        // 200 kB/s: a kilobyte each time.
        assert!(left[5..].iter().all(|bytes| *bytes <= 2000), "{left:?}");
        assert!((36_000..46_000).contains(&left.iter().sum::<usize>()), "{left:?}");

        assert!(leaves(&mut pacer, &mut now, Bitrate::from_kbps(800), 3).contains(&100_000));
    }

    #[test]
    fn what_is_not_used_is_not_saved_up() {
        let (mut pacer, mut now) = (Pacer::default(), Instant::now());
        pacer.refill(now, Bitrate::from_kbps(800));
        now += Duration::from_secs(10);
        assert!(leaves(&mut pacer, &mut now, Bitrate::from_kbps(800), 1)[0] <= 5000);
    }
}
