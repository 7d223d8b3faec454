//! When to try whether a network takes more, and how the trial goes. Pure.
//!
//! For a short while padding fills up what is sent to a goal. When it arrives without a queue, the goal was right.
//! A trial that fails is repeated later and later, one that succeeds soon, because there may be more.

use std::time::{Duration, Instant};

/// All of what the arriving rate is measured over.
const LENGTH: Duration = Duration::from_millis(500);
/// What was sent last is heard of within this.
const AFTERWARDS: Duration = Duration::from_millis(400);
/// When nothing is heard at all, a trial is given up.
const UNHEARD: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(500);
const FIRST: Duration = Duration::from_secs(2);
const BACKOFF_LEAST: Duration = Duration::from_secs(2);
const BACKOFF_MOST: Duration = Duration::from_secs(16);
/// Of the goal: arrives less, it was not reached.
const REACHED: f64 = 0.85;
/// Bytes of padding at a time.
const MOST_AT_ONCE: usize = 20_000;

/// One trial.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Bits a second.
    pub goal: f64,
    began: Instant,
    /// Sent before it began, in bytes.
    before: u64,
    /// The most that arrived, in bits a second.
    peak: f64,
}

impl Probe {
    /// What to try, above a limit, for something wanted: not more than twice what is known to work.
    pub fn goal(limit: f64, wanted: f64) -> f64 {
        wanted.clamp(limit * 1.25, limit * 2.0 + 100_000.0)
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
    /// Padding bytes to send now. `begin`: the goal of a trial that may begin.
    pub fn poll(&mut self, now: Instant, sent: u64, begin: Option<f64>) -> usize {
        if self.running.is_some_and(|p| now.saturating_duration_since(p.began) >= LENGTH + UNHEARD) {
            self.fail(now);
        }
        if self.running.is_none()
            && let Some(goal) = begin
        {
            let next = *self.next.get_or_insert(now + FIRST);
            if now >= next {
                self.running = Some(Probe { goal, began: now, before: sent, peak: 0.0 });
            }
        }
        let Some(probe) = self.running.filter(|_| self.is_sending(now)) else {
            return 0;
        };
        let passed = now.saturating_duration_since(probe.began) + Duration::from_millis(5);
        let due = (probe.goal * passed.as_secs_f64() / 8.0) as u64;
        (due.saturating_sub(sent - probe.before) as usize).min(MOST_AT_ONCE)
    }

    /// A trial runs; what follows it is only waiting.
    pub fn is_sending(&self, now: Instant) -> bool {
        self.running.is_some_and(|p| now.saturating_duration_since(p.began) < LENGTH)
    }

    /// This much arrives at the moment. What the trial found, when it is over.
    pub fn observe(&mut self, now: Instant, arriving: f64) -> Option<f64> {
        let probe = self.running.as_mut()?;
        probe.peak = probe.peak.max(arriving);
        let (found, is_reached) = (probe.peak.min(probe.goal), probe.peak >= REACHED * probe.goal);
        let is_over = now.saturating_duration_since(probe.began) >= LENGTH + AFTERWARDS;
        if !is_reached && !is_over {
            return None;
        }
        self.running = None;
        if is_reached {
            self.backoff = None;
            self.next = Some(now + AGAIN);
        } else {
            self.back_off(now);
        }
        Some(found * 0.95)
    }

    /// Congestion was seen, or nothing at all: the trial that ran, if one did.
    pub fn fail(&mut self, now: Instant) -> Option<Probe> {
        let failed = self.running.take();
        if failed.is_some() {
            self.back_off(now);
        }
        failed
    }

    /// Congestion was seen without a trial: let the queue go first.
    pub fn postpone(&mut self, now: Instant) {
        let at = now + FIRST;
        self.next = Some(self.next.map_or(at, |next| next.max(at)));
    }

    fn back_off(&mut self, now: Instant) {
        let backoff = self.backoff.map_or(BACKOFF_LEAST, |b| (b * 2).min(BACKOFF_MOST));
        self.backoff = Some(backoff);
        self.next = Some(now + backoff);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn padding_fills_up_to_the_goal_for_a_while() {
        let start = Instant::now();
        let mut schedule = ProbeSchedule::default();
        assert_eq!(schedule.poll(start, 0, Some(1e6)), 0, "not at once");
        let begin = start + FIRST;
        let mut sent = 0u64;
        for ms in (0..700).step_by(5) {
            // A quarter of the goal is sent anyway.
            sent += 625 / 4;
            sent += schedule.poll(begin + ms * MS, sent, Some(1e6)) as u64;
        }
        let by_goal = 1e6 * LENGTH.as_secs_f64() / 8.0;
        assert!((sent as f64 - by_goal).abs() < 0.2 * by_goal, "{sent} {by_goal}");
    }

    #[test]
    fn a_trial_that_is_never_heard_of_ends_and_others_follow() {
        let start = Instant::now();
        let mut schedule = ProbeSchedule::default();
        let sending: Vec<bool> = (0..1000)
            .map(|step| {
                let now = start + 10 * step * MS;
                schedule.poll(now, 0, Some(1e6));
                schedule.is_sending(now)
            })
            .collect();
        let trials = sending.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert_eq!(trials, 2);
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
                schedule.poll(*now, 0, Some(1e6));
            }
            *now - from
        };
        begin(&mut schedule, &mut now);
        assert_eq!(schedule.observe(now, 5e5), None);
        assert!(schedule.observe(now, 9e5).is_some());
        assert!(begin(&mut schedule, &mut now) <= AGAIN + 10 * MS);

        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(schedule.fail(now).is_some());
            waits.push(begin(&mut schedule, &mut now).as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 16, 16]);

        now += LENGTH + AFTERWARDS;
        assert_eq!(schedule.observe(now, 3e5), Some(3e5 * 0.95), "what arrived is what there is");
    }
}
