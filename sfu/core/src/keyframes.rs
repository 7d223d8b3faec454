//! Key frame requests for one stream of a publisher: the first goes at once, later ones are
//! throttled.

use std::time::{Duration, Instant};

/// Decides when a request goes upstream.
#[derive(Debug)]
pub struct KeyframeThrottle {
    interval: Duration,
    last_sent: Option<Instant>,
    wanted: bool,
}

impl KeyframeThrottle {
    pub fn new(interval: Duration) -> Self {
        Self { interval, last_sent: None, wanted: false }
    }

    /// A receiver needs a key frame. True when a request must be sent now; otherwise
    /// [`poll`](Self::poll) will say when.
    pub fn request(&mut self, now: Instant) -> bool {
        self.wanted = true;
        self.poll(now)
    }

    /// True when a request that had to wait must be sent now.
    pub fn poll(&mut self, now: Instant) -> bool {
        let due = self.last_sent.is_none_or(|t| now.saturating_duration_since(t) >= self.interval);
        if !self.wanted || !due {
            return false;
        }
        self.wanted = false;
        self.last_sent = Some(now);
        true
    }

    /// A key frame arrived: nobody waits any more.
    pub fn served(&mut self) {
        self.wanted = false;
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    #[test]
    fn many_requests_become_one_per_interval() {
        let start = Instant::now();
        let mut throttle = KeyframeThrottle::new(Duration::from_millis(500));

        let sent: Vec<u64> =
            (0..1200).step_by(10).filter(|ms| throttle.request(start + Duration::from_millis(*ms))).collect();

        assert_eq!(sent, [0, 500, 1000]);
    }

    #[test]
    fn a_throttled_request_is_sent_later_unless_a_keyframe_came() {
        let start = Instant::now();
        let later = start + Duration::from_millis(500);
        let mut throttle = KeyframeThrottle::new(Duration::from_millis(500));
        assert!(throttle.request(start));

        assert!(!throttle.request(start + Duration::from_millis(1)));
        assert!(throttle.poll(later));

        assert!(!throttle.request(later + Duration::from_millis(1)));
        throttle.served();
        assert!(!throttle.poll(later + Duration::from_secs(5)));
    }
}
