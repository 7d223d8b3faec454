//! Decides whether a silent connection is still alive. Pure.
//!
//! We send no checks of our own (ICE-lite), so only arriving packets are a sign of life, and how
//! often they come depends on the client: a browser that sends sound is never silent for long, one
//! that only refreshes its consent may be for six seconds (RFC 7675 section 5.1). So a connection
//! is held against what it did itself.

use std::time::{Duration, Instant};

/// A shorter silence says nothing: the longest pause between consent checks (RFC 7675 section 5.1),
/// and some more.
const MIN_PAUSE: Duration = Duration::from_secs(7);
/// A longer silence is always suspicious.
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// A silence of this many times the longest recent pause is suspicious; two lost checks in a row
/// are not.
const PAUSE_FACTOR: u32 = 3;
/// Recent pauses are those of this window and of the one before.
const PAUSE_WINDOW: Duration = Duration::from_secs(30);
/// Time when our own loop stalled for longer than this does not count as a client's silence.
const OWN_STALL: Duration = Duration::from_secs(2);

/// Follows one connection.
#[derive(Debug)]
pub struct Silence {
    heard: Instant,
    looked: Instant,
    window_began: Instant,
    longest: Duration,
    longest_before: Duration,
}

impl Silence {
    pub fn new(now: Instant) -> Self {
        Self { heard: now, looked: now, window_began: now, longest: Duration::ZERO, longest_before: Duration::ZERO }
    }

    /// Something of the client arrived.
    pub fn broken(&mut self, now: Instant) {
        let pause = now.saturating_duration_since(self.heard);
        self.longest = self.longest.max(pause);
        self.heard = now;
    }

    /// Look from time to time: true while it is suspicious.
    pub fn is_suspicious(&mut self, now: Instant) -> bool {
        let unwatched = now.saturating_duration_since(self.looked);
        self.looked = now;
        if unwatched > OWN_STALL {
            self.heard += unwatched;
        }
        if now.saturating_duration_since(self.window_began) >= PAUSE_WINDOW {
            self.window_began = now;
            self.longest_before = std::mem::take(&mut self.longest);
        }
        let patience = (PAUSE_FACTOR * self.longest.max(self.longest_before)).clamp(MIN_PAUSE, MAX_PAUSE);
        now.saturating_duration_since(self.heard) >= patience
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    /// The seconds of silence after which a client is suspicious that was heard every `pause` for a
    /// minute and a half.
    fn suspicious_after(pause: Duration) -> f32 {
        let begin = Instant::now();
        let mut silence = Silence::new(begin);
        let (mut now, mut next) = (begin, begin);
        while now < begin + Duration::from_secs(90) {
            assert!(!silence.is_suspicious(now), "alive");
            if now >= next {
                silence.broken(now);
                next = now + pause;
            }
            now += Duration::from_millis(100);
        }
        let fell_silent = silence.heard;
        while !silence.is_suspicious(now) {
            now += Duration::from_millis(100);
        }
        now.saturating_duration_since(fell_silent).as_secs_f32()
    }

    #[test]
    fn who_is_heard_often_is_suspicious_soon_and_who_is_heard_seldom_is_not() {
        for (pause_ms, expected) in [(20, 7.0), (2_300, 7.0), (3_000, 9.0), (4_000, 12.0), (6_000, 15.0)] {
            let after = suspicious_after(Duration::from_millis(pause_ms));
            assert!((after - expected).abs() < 0.5, "{pause_ms} ms: {after}");
        }
    }

    #[test]
    fn who_is_heard_again_is_not_suspicious_any_more() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut silence = Silence::new(begin);
        assert!((1..7).all(|second| !silence.is_suspicious(at(second))));
        assert!(silence.is_suspicious(at(7)));

        silence.broken(at(8));

        assert!((8..20).all(|second| !silence.is_suspicious(at(second))));
    }

    #[test]
    fn nobody_is_suspicious_because_we_did_not_listen() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut silence = Silence::new(begin);
        assert!(!silence.is_suspicious(at(1)));

        assert!(!silence.is_suspicious(at(60)));
        assert!(!silence.is_suspicious(at(61)));
    }
}
