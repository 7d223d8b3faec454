//! Decides when to probe whether a network takes more, and follows the probe. Pure.
//!
//! For a short while padding fills up what is sent to a goal. When it arrives without a queue, the
//! network takes that much. After a probe that failed, the next one waits longer and longer; after
//! one that succeeded it follows soon, because there may be more.

use std::time::{Duration, Instant};

use crate::bitrate::Bitrate;

/// Length of a probe: the whole window that the arriving rate is measured over.
const PROBE_TIME: Duration = Duration::from_millis(500);
/// Feedback about the last packet of a probe comes within this time.
const FEEDBACK_WAIT: Duration = Duration::from_millis(400);
/// Without any feedback, a probe is given up after this time.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time until the next probe: after one that succeeded, at first, and after failures.
const INTERVAL_AFTER_SUCCESS: Duration = Duration::from_millis(500);
const FIRST_INTERVAL: Duration = Duration::from_secs(2);
const BACKOFF_MIN: Duration = Duration::from_secs(2);
const BACKOFF_MAX: Duration = Duration::from_secs(16);
/// A probe succeeded when at least this share of its goal arrived.
const SUCCESS_RATIO: f64 = 0.85;
/// Most bytes of padding in one flush.
const MAX_PADDING_BYTES: usize = 20_000;

/// A probe sends at least this many times the limit, or it would find out nothing.
const MIN_GOAL_FACTOR: f64 = 1.25;
/// A probe sends at most this many times the limit, and the margin.
const MAX_GOAL_FACTOR: f64 = 2.0;
/// From a small limit, twice as much is next to nothing.
const MAX_GOAL_MARGIN: Bitrate = Bitrate::from_kbps(100);
/// Share of what a probe found that becomes the limit.
const FOUND_FACTOR: f64 = 0.95;
/// Padding is sent this far ahead: the time between two flushes.
const AHEAD: Duration = Duration::from_millis(5);

/// One probe.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// The rate to send at.
    pub goal: Bitrate,
    began: Instant,
    /// Sent before it began, in bytes.
    before: u64,
    /// The most that arrived.
    peak: Bitrate,
}

impl Probe {
    /// The rate to try above a limit for a wanted rate: at most twice the rate that is known to
    /// work.
    pub fn goal(limit: Bitrate, wanted: Bitrate) -> Bitrate {
        wanted.max(limit * MIN_GOAL_FACTOR).min(limit * MAX_GOAL_FACTOR + MAX_GOAL_MARGIN)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct ProbeSchedule {
    running: Option<Probe>,
    next: Option<Instant>,
    backoff: Option<Duration>,
}

impl ProbeSchedule {
    /// Padding bytes to send now. `begin`: the goal of a probe that may begin.
    pub fn poll(&mut self, now: Instant, sent: u64, begin: Option<Bitrate>) -> usize {
        if self.running.is_some_and(|p| now.saturating_duration_since(p.began) >= PROBE_TIME + PROBE_TIMEOUT) {
            self.fail(now);
        }
        if self.running.is_none()
            && let Some(goal) = begin
        {
            let next = *self.next.get_or_insert(now + FIRST_INTERVAL);
            if now >= next {
                self.running = Some(Probe { goal, began: now, before: sent, peak: Bitrate::ZERO });
            }
        }
        let Some(probe) = self.running.filter(|_| self.is_sending(now)) else {
            return 0;
        };
        let passed = now.saturating_duration_since(probe.began) + AHEAD;
        let due = probe.goal.bytes_in(passed) as u64;
        (due.saturating_sub(sent - probe.before) as usize).min(MAX_PADDING_BYTES)
    }

    /// A probe is being sent; after that its feedback is waited for.
    pub fn is_sending(&self, now: Instant) -> bool {
        self.running.is_some_and(|p| now.saturating_duration_since(p.began) < PROBE_TIME)
    }

    /// This much arrives at the moment. Returns what the probe found when it is over.
    pub fn observe(&mut self, now: Instant, arriving: Bitrate) -> Option<Bitrate> {
        let probe = self.running.as_mut()?;
        probe.peak = probe.peak.max(arriving);
        let (found, is_reached) = (probe.peak.min(probe.goal), probe.peak >= probe.goal * SUCCESS_RATIO);
        let is_over = now.saturating_duration_since(probe.began) >= PROBE_TIME + FEEDBACK_WAIT;
        if !is_reached && !is_over {
            return None;
        }
        self.running = None;
        if is_reached {
            self.backoff = None;
            self.next = Some(now + INTERVAL_AFTER_SUCCESS);
        } else {
            self.back_off(now);
        }
        Some(found * FOUND_FACTOR)
    }

    /// Congestion was seen, or nothing at all. Returns the probe that ran, if one did.
    pub fn fail(&mut self, now: Instant) -> Option<Probe> {
        let failed = self.running.take();
        if failed.is_some() {
            self.back_off(now);
        }
        failed
    }

    /// Congestion was seen without a probe: the queue has to drain first.
    pub fn postpone(&mut self, now: Instant) {
        let at = now + FIRST_INTERVAL;
        self.next = Some(self.next.map_or(at, |next| next.max(at)));
    }

    fn back_off(&mut self, now: Instant) {
        let backoff = self.backoff.map_or(BACKOFF_MIN, |b| (b * 2).min(BACKOFF_MAX));
        self.backoff = Some(backoff);
        self.next = Some(now + backoff);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    const GOAL: Bitrate = Bitrate::from_kbps(1000);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn padding_fills_up_to_the_goal_for_a_while() {
        let start = Instant::now();
        let mut schedule = ProbeSchedule::default();
        assert_eq!(schedule.poll(start, 0, Some(GOAL)), 0, "not at once");
        let begin = start + FIRST_INTERVAL;
        let mut sent = 0u64;
        for ms in (0..700).step_by(5) {
            // A quarter of the goal is sent anyway.
            sent += 625 / 4;
            sent += schedule.poll(begin + ms * MS, sent, Some(GOAL)) as u64;
        }
        let by_goal = GOAL.bytes_in(PROBE_TIME);
        assert!((sent as f64 - by_goal).abs() < 0.2 * by_goal, "{sent} {by_goal}");
    }

    #[test]
    fn a_probe_without_feedback_ends_and_others_follow() {
        let start = Instant::now();
        let mut schedule = ProbeSchedule::default();
        let sending: Vec<bool> = (0..1000)
            .map(|step| {
                let now = start + 10 * step * MS;
                schedule.poll(now, 0, Some(GOAL));
                schedule.is_sending(now)
            })
            .collect();
        let probes = sending.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert_eq!(probes, 2);
        assert!(sending.iter().filter(|is| **is).count() <= 2 * 50);
    }

    #[test]
    fn success_is_followed_up_soon_and_failure_later_and_later() {
        let mut now = Instant::now();
        let mut schedule = ProbeSchedule::default();
        let begin = |schedule: &mut ProbeSchedule, now: &mut Instant| {
            let from = *now;
            while !schedule.is_sending(*now) {
                *now += 10 * MS;
                schedule.poll(*now, 0, Some(GOAL));
            }
            *now - from
        };
        begin(&mut schedule, &mut now);
        assert_eq!(schedule.observe(now, GOAL * 0.5), None);
        assert!(schedule.observe(now, GOAL * 0.9).is_some());
        assert!(begin(&mut schedule, &mut now) <= INTERVAL_AFTER_SUCCESS + 10 * MS);

        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(schedule.fail(now).is_some());
            waits.push(begin(&mut schedule, &mut now).as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 16, 16]);

        now += PROBE_TIME + FEEDBACK_WAIT;
        assert_eq!(schedule.observe(now, GOAL * 0.3), Some(GOAL * 0.3 * FOUND_FACTOR), "what arrived is what there is");
    }
}
