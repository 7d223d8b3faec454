//! Decides how long to let packets collect before a turn. Pure: time and counts in.
//!
//! A busy thread that wakes for every packet seals and sends them one by one. When it waits a
//! little, several packets for one client leave in one system call, and the client's state is
//! fetched into the cache once for all of them. The price is latency, so a thread with little to do
//! waits for nothing.

use std::time::{Duration, Instant};

/// Up to this rate, in datagrams per second, there is no wait.
const QUIET: f32 = 5_000.0;
/// From this rate on, in datagrams per second, the wait is longest.
const BUSY: f32 = 30_000.0;
const LONGEST: Duration = Duration::from_millis(3);
/// Time constant of the measured rate.
const SMOOTHING: Duration = Duration::from_millis(200);

/// Follows how much leaves.
#[derive(Debug)]
pub struct Pace {
    /// Datagrams per second.
    rate: f32,
    measured: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { rate: 0.0, measured: now }
    }

    /// A turn that began at `now` sent this many datagrams.
    pub fn sent(&mut self, now: Instant, datagrams: u64) {
        let passed = now.saturating_duration_since(self.measured).as_secs_f32();
        if passed <= 0.0 {
            return;
        }
        self.measured = now;
        let weight = (passed / SMOOTHING.as_secs_f32()).min(1.0);
        self.rate += (datagrams as f32 / passed - self.rate) * weight;
    }

    /// The shortest time from the beginning of one turn to the next.
    pub fn interval(&self) -> Duration {
        let share = ((self.rate - QUIET) / (BUSY - QUIET)).clamp(0.0, 1.0);
        LONGEST.mul_f32(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval after a second of turns with this many datagrams each, this far apart.
    fn interval_after(every: Duration, datagrams: u64) -> Duration {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..=1_000_000 / every.as_micros() {
            now += every;
            pace.sent(now, datagrams);
        }
        pace.interval()
    }

    #[test]
    fn a_quiet_thread_waits_for_nothing_and_a_busy_one_not_for_long() {
        let ms = Duration::from_millis(1);
        assert_eq!(interval_after(ms, 3), Duration::ZERO);
        assert_eq!(interval_after(ms, 200), LONGEST);
        let between = interval_after(ms, 17);
        assert!(between > LONGEST / 3 && between < LONGEST * 2 / 3, "{between:?}");
    }

    #[test]
    fn it_is_the_rate_that_counts_not_the_size_of_turns() {
        assert_eq!(interval_after(Duration::from_millis(100), 300), Duration::ZERO);
    }

    #[test]
    fn who_falls_quiet_soon_stops_waiting() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..1000 {
            now += Duration::from_millis(1);
            pace.sent(now, 200);
        }
        now += Duration::from_secs(1);
        pace.sent(now, 2);
        assert_eq!(pace.interval(), Duration::ZERO);
    }
}
