//! Limits the media that a client may publish. Pure.
//!
//! Everything it sends goes to everybody who watches, so a client that floods would take their
//! networks and this machine with it. The limit is far above the needs of cameras and screens, and
//! allows for bursts.

use std::time::{Duration, Instant};

use crate::limits::MAX_PUBLISHED;

/// After a pause, as much may come at once as comes in this time at the allowed rate.
const BURST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub struct Allowance {
    /// Bytes taken of the burst.
    used: f64,
    updated: Option<Instant>,
}

impl Allowance {
    /// A packet of so many bytes arrived: whether it is within what is allowed.
    pub fn takes(&mut self, now: Instant, bytes: usize) -> bool {
        let passed = self.updated.replace(now).map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.used = (self.used - MAX_PUBLISHED.bytes_in(passed)).max(0.0);
        let is_taken = self.used + bytes as f64 <= MAX_PUBLISHED.bytes_in(BURST);
        if is_taken {
            self.used += bytes as f64;
        }
        is_taken
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    /// Bits per second that are taken of packets of 1,000 bytes, so many each millisecond, for ten
    /// seconds.
    fn taken(each_ms: usize) -> f64 {
        let begin = Instant::now();
        let mut allowance = Allowance::default();
        let mut bytes = 0;
        for ms in 0..10_000 {
            let now = begin + Duration::from_millis(ms);
            bytes += 1000 * (0..each_ms).filter(|_| allowance.takes(now, 1000)).count();
        }
        bytes as f64 * 8.0 / 10.0
    }

    #[test]
    fn what_clients_send_is_taken_and_of_a_flood_so_much() {
        let allowed = MAX_PUBLISHED.bps();
        assert!((taken(3) - 24e6).abs() < 1.0);
        assert!(taken(100) < 1.11 * allowed && taken(100) > 0.99 * allowed);
    }

    #[test]
    fn a_key_frame_of_everything_at_once_is_taken() {
        let now = Instant::now();
        let mut allowance = Allowance::default();
        assert!((0..2000).all(|_| allowance.takes(now, 1100)));
    }
}
