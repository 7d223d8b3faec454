//! Whether packets wait longer and longer on their way: the delay-based part of Google congestion
//! control (draft-ietf-rmcat-gcc-02 section 5, with the trend line that took the place of its
//! Kalman filter). Pure.
//!
//! Packets sent in one burst are one group. The difference between the times in which two groups
//! arrived and were sent is added up and smoothed; a straight line through the last sums says
//! whether a queue grows.

use std::collections::VecDeque;

/// Packets sent within this time, in µs, are one group: `burst_time` (draft-ietf-rmcat-gcc-02
/// section 5.2).
const BURST_TIME_US: u64 = 5_000;
/// A group whose packets the network pressed together is at most this long, in µs.
const MAX_BURST_TIME_US: i64 = 100_000;
/// Delays that the trend line is fitted to, their smoothing and the gain of its slope, as in
/// libwebrtc (`trendline_estimator.cc`: `window_size`, `smoothing_coef`, `threshold_gain`).
const TREND_WINDOW: usize = 20;
const TREND_SMOOTHING: f64 = 0.9;
const TREND_GAIN: f64 = 4.0;
/// From this number of groups on, a trend counts in full.
const MAX_DELTAS: f64 = 60.0;
/// A queue must grow for this long before it is overuse: `overuse_time_th` (draft-ietf-rmcat-gcc-02
/// section 5.4).
const OVERUSE_TIME_MS: f64 = 10.0;
/// The adaptive threshold `del_var_th` in ms: initial value, bounds, and the gains `K_u` and `K_d`,
/// per ms, by which it follows the trend (draft-ietf-rmcat-gcc-02 section 5.4; the gains are `k_up`
/// and `k_down` of libwebrtc's `trendline_estimator.cc`, as its trend is scaled differently).
const THRESHOLD_INITIAL_MS: f64 = 12.5;
const THRESHOLD_MIN_MS: f64 = 6.0;
const THRESHOLD_MAX_MS: f64 = 600.0;
const THRESHOLD_GAIN_UP: f64 = 0.0087;
const THRESHOLD_GAIN_DOWN: f64 = 0.039;
/// A trend this far above the threshold, in ms, is a change of route, and does not move the
/// threshold (draft-ietf-rmcat-gcc-02 section 5.4).
const THRESHOLD_OUTLIER_MS: f64 = 15.0;
/// After a jump of this size, in µs, clocks are not compared.
const CLOCK_JUMP_US: i64 = 3_000_000;
/// The lowest delay is looked for within this time, in µs, and at most twice this.
const MIN_DELAY_WINDOW_US: u64 = 15_000_000;

/// The state of the path, as the delay shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    Normal,
    /// A queue grows.
    Over,
    /// A queue shrinks.
    Under,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: u64,
    last_sent: u64,
    first_arrived: i64,
    last_arrived: i64,
}

/// See the module. Times in µs; the two clocks need not agree.
#[derive(Debug)]
pub struct DelayTrend {
    current: Option<Group>,
    previous: Option<Group>,
    deltas: f64,
    accumulated: f64,
    smoothed: f64,
    /// (ms since the first arrival, smoothed sum)
    points: VecDeque<(f64, f64)>,
    first_arrived: i64,
    threshold: f64,
    threshold_set: i64,
    over_ms: Option<f64>,
    over_count: u32,
    last_slope: f64,
    usage: Usage,
    ways: ShortestWay,
}

impl Default for DelayTrend {
    fn default() -> Self {
        Self {
            current: None,
            previous: None,
            deltas: 0.0,
            accumulated: 0.0,
            smoothed: 0.0,
            points: VecDeque::with_capacity(TREND_WINDOW),
            first_arrived: 0,
            threshold: THRESHOLD_INITIAL_MS,
            threshold_set: i64::MIN,
            over_ms: None,
            over_count: 0,
            last_slope: 0.0,
            usage: Usage::Normal,
            ways: ShortestWay::default(),
        }
    }
}

impl DelayTrend {
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The time in ms that the last packet was under way longer than the fastest one of late: the
    /// queue before it.
    pub fn queued_ms(&self) -> f64 {
        self.ways.excess_us as f64 / 1000.0
    }

    /// A packet arrived. Packets are told in order of sending.
    pub fn observe(&mut self, sent: u64, arrived: i64) {
        self.ways.observe(sent, arrived);
        let fresh = Group { first_sent: sent, last_sent: sent, first_arrived: arrived, last_arrived: arrived };
        let Some(group) = &mut self.current else {
            self.current = Some(fresh);
            return;
        };
        if sent < group.first_sent {
            return;
        }
        let between = (arrived - group.last_arrived, sent.abs_diff(group.last_sent) as i64);
        if between.0.abs() > CLOCK_JUMP_US {
            *self = Self { threshold: self.threshold, ..Self::default() };
            self.current = Some(fresh);
            return;
        }
        let sent_together = sent - group.first_sent <= BURST_TIME_US;
        let pressed_together = between.0 < between.1
            && between.0 <= BURST_TIME_US as i64
            && arrived - group.first_arrived < MAX_BURST_TIME_US;
        if sent_together || pressed_together {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return;
        }
        let complete = *group;
        if let Some(previous) = self.previous.replace(complete) {
            let sent_ms = (complete.last_sent - previous.last_sent) as f64 / 1000.0;
            let arrived_ms = (complete.last_arrived - previous.last_arrived) as f64 / 1000.0;
            self.extend(sent_ms, arrived_ms, complete.last_arrived);
        }
        self.current = Some(fresh);
    }

    fn extend(&mut self, sent_ms: f64, arrived_ms: f64, arrived: i64) {
        if self.deltas == 0.0 {
            self.first_arrived = arrived;
        }
        self.deltas = (self.deltas + 1.0).min(1000.0);
        self.accumulated += arrived_ms - sent_ms;
        self.smoothed = TREND_SMOOTHING * self.smoothed + (1.0 - TREND_SMOOTHING) * self.accumulated;
        if self.points.len() == TREND_WINDOW {
            self.points.pop_front();
        }
        self.points.push_back(((arrived - self.first_arrived) as f64 / 1000.0, self.smoothed));
        let slope = if self.points.len() == TREND_WINDOW { slope(&self.points) } else { self.last_slope };
        self.judge(slope, sent_ms, arrived);
        self.last_slope = slope;
    }

    fn judge(&mut self, slope: f64, sent_ms: f64, arrived: i64) {
        let trend = self.deltas.min(MAX_DELTAS) * slope * TREND_GAIN;
        if trend > self.threshold {
            let over = self.over_ms.map_or(sent_ms / 2.0, |ms| ms + sent_ms);
            self.over_ms = Some(over);
            self.over_count += 1;
            if over > OVERUSE_TIME_MS && self.over_count > 1 && slope >= self.last_slope {
                self.over_ms = Some(0.0);
                self.over_count = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_ms = None;
            self.over_count = 0;
            self.usage = if trend < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.adapt(trend.abs(), arrived);
    }

    /// The threshold follows what is usual on this path, so that other flows do not push ours
    /// aside.
    fn adapt(&mut self, trend: f64, now: i64) {
        let passed = if self.threshold_set == i64::MIN { 0.0 } else { (now - self.threshold_set) as f64 / 1000.0 };
        self.threshold_set = now;
        if trend > self.threshold + THRESHOLD_OUTLIER_MS {
            return;
        }
        let rate = if trend < self.threshold { THRESHOLD_GAIN_DOWN } else { THRESHOLD_GAIN_UP };
        self.threshold += rate * (trend - self.threshold) * passed.clamp(0.0, 100.0);
        self.threshold = self.threshold.clamp(THRESHOLD_MIN_MS, THRESHOLD_MAX_MS);
    }
}

/// The slope of the straight line that fits best.
fn slope(points: &VecDeque<(f64, f64)>) -> f64 {
    let count = points.len() as f64;
    let (x_sum, y_sum) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0, y + p.1));
    let (x_mean, y_mean) = (x_sum / count, y_sum / count);
    let (above, below) = points
        .iter()
        .fold((0.0, 0.0), |(above, below), (x, y)| (above + (x - x_mean) * (y - y_mean), below + (x - x_mean).powi(2)));
    if below == 0.0 { 0.0 } else { above / below }
}

/// The shortest way of two stretches of time, so that old ones are forgotten.
#[derive(Debug, Default)]
struct ShortestWay {
    since: u64,
    shortest: Option<i64>,
    before: Option<i64>,
    excess_us: i64,
}

impl ShortestWay {
    fn observe(&mut self, sent: u64, arrived: i64) {
        let way = arrived.saturating_sub_unsigned(sent);
        if self.shortest.is_none_or(|s| way.abs_diff(s) > CLOCK_JUMP_US as u64) {
            *self = Self { since: sent, ..Self::default() };
        } else if sent.saturating_sub(self.since) > MIN_DELAY_WINDOW_US {
            self.since = sent;
            self.before = self.shortest.take();
        }
        let shortest = self.shortest.map_or(way, |s| s.min(way));
        self.shortest = Some(shortest);
        self.excess_us = way - self.before.map_or(shortest, |b| b.min(shortest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 10 ms for a while over a way whose delay in µs the closure says; usages seen
    /// on it.
    fn usages(packets: u64, delay: impl Fn(u64) -> i64) -> Vec<Usage> {
        let mut trend = DelayTrend::default();
        let mut seen = Vec::new();
        for i in 0..packets {
            let sent = i * 10_000;
            trend.observe(sent, sent as i64 - 5_000_000 + delay(i));
            seen.push(trend.usage());
        }
        seen.dedup();
        seen
    }

    #[test]
    fn a_steady_way_is_normal_whatever_its_length_and_small_jitter() {
        assert_eq!(usages(1000, |_| 300_000), [Usage::Normal]);
        assert_eq!(usages(1000, |i| 50_000 + (i * 7919 % 3000) as i64), [Usage::Normal]);
    }

    #[test]
    fn a_growing_queue_is_overuse_and_a_shrinking_one_underuse() {
        let seen = usages(600, |i| if i < 200 { 0 } else { (i as i64 - 200).min(200) * 1000 });
        assert!(seen.starts_with(&[Usage::Normal, Usage::Over]), "{seen:?}");

        let drained = usages(600, |i| 400_000 - i as i64 * 1000);
        assert!(drained.contains(&Usage::Under) && !drained.contains(&Usage::Over), "{drained:?}");
    }

    #[test]
    fn bursts_are_one_group() {
        let mut trend = DelayTrend::default();
        for burst in 0..500u64 {
            // Ten packets sent at once come one after the other: no queue grows from burst to
            // burst.
            for packet in 0..10u64 {
                trend.observe(burst * 33_000, (burst * 33_000 + packet * 1000) as i64);
                assert_ne!(trend.usage(), Usage::Over);
            }
        }
    }

    #[test]
    fn what_waits_is_measured_against_the_shortest_way() {
        let mut trend = DelayTrend::default();
        for i in 0..100u64 {
            trend.observe(i * 10_000, i as i64 * 10_000 + 40_000);
        }
        trend.observe(1_000_000, 1_000_000 + 140_000);
        assert!((trend.queued_ms() - 100.0).abs() < 1.0);
    }

    #[test]
    fn a_clock_that_jumps_starts_anew() {
        let mut trend = DelayTrend::default();
        for i in 0..400u64 {
            let jump = if i > 200 { 60_000_000 } else { 0 };
            trend.observe(i * 10_000, i as i64 * 10_000 + jump);
        }
        assert_eq!(trend.usage(), Usage::Normal);
        assert!(trend.queued_ms() < 1.0);
    }
}
