//! Estimates how much video a client's network takes: the sender's side of Google congestion
//! control (draft-ietf-rmcat-gcc-02 sections 5.5 and 6). Pure: news of packets and the time in, a
//! limit out.
//!
//! There is no limit until congestion was seen, so a client with enough bandwidth gets everything
//! at once. Congestion is a queue that grows (see [`DelayTrend`]) or loss above a tenth; either
//! sets the limit below what arrives. From then on it rises with time, and by probing: more than is
//! wanted is sent for a moment, and what of it arrives is the new limit. When the limit is well
//! above all that is wanted, it is given up again.

use std::time::{Duration, Instant};

use super::delay::{DelayTrend, Usage};
use super::probe::{Probe, ProbeSchedule};
use super::rate::ArrivalRate;
use super::sent::News;
use crate::bitrate::Bitrate;

/// The lowest limit: a picture per second of the smallest layer.
const MIN_LIMIT: Bitrate = Bitrate::from_kbps(50);
/// Share of the arriving rate that the limit falls to on overuse: `beta` (draft-ietf-rmcat-gcc-02
/// section 5.5).
const DECREASE_FACTOR: f64 = 0.85;
/// The limit rises to at most this many times the arriving rate (draft-ietf-rmcat-gcc-02 section
/// 5.5) and the margin.
const MAX_LIMIT_FACTOR: f64 = 1.5;
/// As in libwebrtc (`aimd_rate_control.cc`): without it, a limit near zero could not rise.
const MAX_LIMIT_MARGIN: Bitrate = Bitrate::from_kbps(10);
/// A queue shorter than this, in ms, gives no limit to a client that had none.
const QUEUE_FIRST_MS: f64 = 40.0;
/// A queue of this length, in ms, ends a probe.
const QUEUE_PROBING_MS: f64 = 60.0;
/// Multiplicative increase: `eta` - 1 per second (draft-ietf-rmcat-gcc-02 section 5.5).
const INCREASE_PER_SECOND: f64 = 0.08;
/// Additive increase near convergence, per second: a packet of 1,200 bytes in each response time of
/// 240 ms, as in libwebrtc (`aimd_rate_control.cc`); draft-ietf-rmcat-gcc-02 section 5.5 has half a
/// packet.
const ADDITIVE_INCREASE: Bitrate = Bitrate::from_kbps(40);
/// A limit within this factor of the rate of the last overuse is near convergence, in place of the
/// three standard deviations of draft-ietf-rmcat-gcc-02 section 5.5.
const CONVERGENCE_FACTOR: f64 = 1.1;
/// The limit is decreased once in this time.
const DECREASE_INTERVAL: Duration = Duration::from_millis(300);
/// Loss is measured over this time.
const LOSS_WINDOW: Duration = Duration::from_millis(500);
/// Loss of fewer packets says nothing.
const LOSS_MIN_PACKETS: u32 = 20;
/// A larger share of lost packets decreases the limit (draft-ietf-rmcat-gcc-02 section 6).
const LOSS_THRESHOLD: f64 = 0.1;
/// The limit falls by this many times the share of lost packets (draft-ietf-rmcat-gcc-02 section
/// 6).
const LOSS_DECREASE: f64 = 0.5;
/// At most this share counts as lost: what was sent is computed from what arrived.
const MAX_LOSS: f64 = 0.95;
/// Inherent loss has to be exceeded by this factor before loss decreases the limit again.
const INHERENT_LOSS_FACTOR: f64 = 1.2;
/// In each window with less loss than the threshold, inherent loss falls to this share of itself.
const INHERENT_LOSS_DECAY: f64 = 0.9;
/// After a loss, the limit is at most this many times the arriving rate.
const LOSS_LIMIT_FACTOR: f64 = 1.2;
/// Loss that keeps at least this share of its old value, although the rate fell to
/// [`UNRELATED_LOSS_REDUCTION`] of what it was, is not caused by us.
const UNRELATED_LOSS_RATIO: f64 = 0.7;
const UNRELATED_LOSS_REDUCTION: f64 = 0.6;
/// A receiver that reports a limit below this share of the sent rate is congested (REMB).
const REMOTE_CONGESTED: f64 = 0.9;
/// The limit is given up when it was this many times the demand for [`SUFFICIENT_TIME`].
const SUFFICIENT_FACTOR: f64 = 1.2;
const SUFFICIENT_TIME: Duration = Duration::from_secs(2);
/// Feedback that is older says nothing about the path.
const FEEDBACK_MAX_AGE: Duration = Duration::from_secs(1);
/// Increase per second while nothing is sent, so that there is no feedback.
const IDLE_INCREASE_PER_SECOND: f64 = 0.2;
/// A probe asks for this many times what is held back, or the limit could never be seen to be
/// ample.
const PROBE_WISH_FACTOR: f64 = 1.25;

/// The bitrate that is wanted of the network at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand {
    /// Everything as the client asked for it.
    pub whole: Bitrate,
    /// The bitrate with the next better allotment; `None` when nothing is held back.
    pub next: Option<Bitrate>,
}

/// Loss of one stretch of time.
#[derive(Debug, Default)]
struct LossWindow {
    began: Option<Instant>,
    arrived: u32,
    lost: u32,
    bytes: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Estimator {
    trend: DelayTrend,
    arriving: ArrivalRate,
    limit: Option<Bitrate>,
    demand: Demand,
    /// The rate of arrival when a queue grew last.
    capacity: Option<Bitrate>,
    decreased: Option<Instant>,
    updated: Option<Instant>,
    heard: Option<Instant>,
    ample_since: Option<Instant>,
    loss: LossWindow,
    /// Rate and loss when loss first set a limit.
    loss_episode: Option<(Bitrate, f64)>,
    /// Loss that this network has at any rate of sending.
    inherent_loss: f64,
    probes: ProbeSchedule,
}

impl Estimator {
    /// The bitrate of video that the network takes; `None`: no congestion is known.
    pub fn limit(&self) -> Option<Bitrate> {
        self.limit
    }

    pub fn set_demand(&mut self, demand: Demand) {
        self.demand = demand;
    }

    /// News of one packet, in order of sending.
    pub fn observe(&mut self, news: News) {
        match news {
            News::Lost => self.loss.lost += 1,
            News::Arrived { sent_us, arrived_us, size, was_lost } => {
                self.loss.lost -= u32::from(was_lost).min(self.loss.lost);
                self.loss.arrived += 1;
                self.loss.bytes += u64::from(size);
                self.arriving.observe(arrived_us, size);
                self.trend.observe(sent_us, arrived_us);
            }
        }
    }

    /// All news of one message was told. True when the limit changed.
    pub fn conclude(&mut self, now: Instant) -> bool {
        let before = self.limit;
        self.heard = Some(now);
        let queue = self.trend.queued_ms();
        if let Some(arriving) = self.arriving.bitrate() {
            self.judge_delay(now, arriving, queue);
            self.judge_loss(now, arriving);
            self.judge_probe(now, arriving, queue);
        }
        self.rise(now, queue);
        self.give_up_when_ample(now);
        before != self.limit
    }

    fn judge_delay(&mut self, now: Instant, arriving: Bitrate, queue: f64) {
        let is_congested = self.trend.usage() == Usage::Over && (self.limit.is_some() || queue >= QUEUE_FIRST_MS);
        if !is_congested || self.is_resting(now) {
            return;
        }
        if let Some(probe) = self.probes.fail(now) {
            // The rate of arrival while too much was sent is the capacity.
            let found = arriving.min(probe.goal) * DECREASE_FACTOR;
            self.limit = Some(self.limit.map_or(found, |l| l.max(found)).max(MIN_LIMIT));
        } else {
            let lowered = arriving * DECREASE_FACTOR;
            self.limit = Some(self.limit.map_or(lowered, |l| l.min(lowered)).max(MIN_LIMIT));
            self.probes.postpone(now);
        }
        self.capacity = Some(arriving);
        self.decreased = Some(now);
        self.ample_since = None;
    }

    fn is_resting(&self, now: Instant) -> bool {
        self.decreased.is_some_and(|at| now.saturating_duration_since(at) < DECREASE_INTERVAL)
    }

    fn judge_loss(&mut self, now: Instant, arriving: Bitrate) {
        let began = *self.loss.began.get_or_insert(now);
        let passed = now.saturating_duration_since(began);
        let packets = self.loss.arrived + self.loss.lost;
        if passed < LOSS_WINDOW || packets < LOSS_MIN_PACKETS {
            return;
        }
        let share = f64::from(self.loss.lost) / f64::from(packets);
        self.loss = LossWindow::default();
        if share < LOSS_THRESHOLD {
            self.inherent_loss *= INHERENT_LOSS_DECAY;
            self.loss_episode = None;
            return;
        }
        let sent = arriving / (1.0 - share.min(MAX_LOSS));
        if let Some((rate, first)) = self.loss_episode
            && sent < rate * UNRELATED_LOSS_REDUCTION
            && share > UNRELATED_LOSS_RATIO * first
        {
            self.inherent_loss = self.inherent_loss.max(share);
        }
        if share < LOSS_THRESHOLD + INHERENT_LOSS_FACTOR * self.inherent_loss || self.is_resting(now) {
            return;
        }
        self.loss_episode.get_or_insert((sent, share));
        self.probes.fail(now);
        self.probes.postpone(now);
        let lowered = self.limit.unwrap_or(sent).min(sent) * (1.0 - LOSS_DECREASE * share);
        self.limit = Some(lowered.min(arriving * LOSS_LIMIT_FACTOR).max(MIN_LIMIT));
        self.decreased = Some(now);
        self.ample_since = None;
    }

    fn judge_probe(&mut self, now: Instant, arriving: Bitrate, queue: f64) {
        if queue > QUEUE_PROBING_MS
            && let Some(probe) = self.probes.fail(now)
        {
            self.raise_to(arriving.min(probe.goal) * DECREASE_FACTOR);
            return;
        }
        if let Some(found) = self.probes.observe(now, arriving) {
            self.raise_to(found);
        }
    }

    fn raise_to(&mut self, found: Bitrate) {
        if let Some(limit) = &mut self.limit {
            *limit = limit.max(found);
        }
    }

    fn rise(&mut self, now: Instant, queue: f64) {
        let passed =
            self.updated.replace(now).map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64().min(1.0));
        let Some(limit) = self.limit else {
            return;
        };
        if self.trend.usage() != Usage::Normal || queue > QUEUE_FIRST_MS || self.is_resting(now) {
            return;
        }
        // A limit that is not used proves nothing, so it stays near the rate of arrival.
        let most =
            self.arriving.bitrate().map_or(limit, |arriving| arriving * MAX_LIMIT_FACTOR + MAX_LIMIT_MARGIN).max(limit);
        let is_near = self.capacity.is_some_and(|c| limit > c / CONVERGENCE_FACTOR && limit < c * CONVERGENCE_FACTOR);
        let step = if is_near { ADDITIVE_INCREASE } else { limit * INCREASE_PER_SECOND };
        self.limit = Some((limit + step * passed).min(most));
    }

    fn give_up_when_ample(&mut self, now: Instant) {
        let is_ample = self
            .limit
            .is_some_and(|limit| limit >= self.demand.whole * SUFFICIENT_FACTOR && self.demand.next.is_none());
        if !is_ample {
            self.ample_since = None;
        } else if now.saturating_duration_since(*self.ample_since.get_or_insert(now)) >= SUFFICIENT_TIME {
            self.limit = None;
            self.ample_since = None;
            self.capacity = None;
            self.loss_episode = None;
            self.probes = ProbeSchedule::default();
        }
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.heard.is_none_or(|at| now.saturating_duration_since(at) > FEEDBACK_MAX_AGE)
    }

    /// A second has passed in which next to nothing was sent. No feedback can say that there is
    /// room, so more is tried. True when the limit changed.
    pub fn pass_silence(&mut self, now: Instant) -> bool {
        let before = self.limit;
        if self.is_silent(now) {
            let enough = self.demand.whole * SUFFICIENT_FACTOR;
            self.limit = self.limit.map(|limit| (limit * (1.0 + IDLE_INCREASE_PER_SECOND)).min(enough.max(limit)));
        }
        before != self.limit
    }

    /// Begin a probe when it is time for one, and go on with the one that runs. Returns the bytes
    /// to send now on top of what is sent anyway. `video`: bytes that were sent in all so far.
    pub fn poll_probe(&mut self, now: Instant, video: u64) -> usize {
        let Some(limit) = self.limit else {
            return 0;
        };
        let enough = self.demand.whole * SUFFICIENT_FACTOR;
        let wanted = self.demand.next.map_or(enough, |next| next * PROBE_WISH_FACTOR);
        let is_calm = self.trend.usage() == Usage::Normal || self.is_silent(now);
        let may_begin = wanted > limit && is_calm && !self.is_resting(now);
        let begin = may_begin.then(|| Probe::goal(limit, wanted));
        self.probes.poll(now, video, begin)
    }

    /// A probe runs: [`poll_probe`](Self::poll_probe) wants to be called again soon.
    pub fn is_probing(&self, now: Instant) -> bool {
        self.probes.is_sending(now)
    }

    /// Without transport-wide feedback: what the client itself believes it can receive, while this
    /// much is sent. Such estimates begin low and follow what is sent, so only one below that is a
    /// sign of congestion.
    pub fn take_remote_limit(&mut self, now: Instant, remote: Bitrate, sending: Bitrate) -> bool {
        let before = self.limit;
        if self.limit.is_some() || remote < sending * REMOTE_CONGESTED {
            self.limit = Some(remote.max(MIN_LIMIT));
        }
        self.give_up_when_ample(now);
        before != self.limit
    }

    /// Without transport-wide feedback: share of packets lost by the client's receiver reports, at
    /// this rate of sending.
    pub fn take_reported_loss(&mut self, now: Instant, share: f64, sending: Bitrate) -> bool {
        let before = self.limit;
        if share > LOSS_THRESHOLD && !self.is_resting(now) {
            let lowered = self.limit.unwrap_or(sending).min(sending) * (1.0 - LOSS_DECREASE * share);
            self.limit = Some(lowered.max(MIN_LIMIT));
            self.decreased = Some(now);
            self.ample_since = None;
        } else if share < LOSS_THRESHOLD / 2.0 && !self.is_resting(now) {
            self.limit = self.limit.map(|limit| limit * (1.0 + INCREASE_PER_SECOND));
        }
        self.give_up_when_ample(now);
        before != self.limit
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// The rates at which the sender of video can send, in bits per second.
    const LADDER: [f64; 5] = [0.0, 100e3, 300e3, 700e3, 2e6];
    const PACKET: u64 = 1000;

    /// A sender, a link with a queue, and a receiver that reports every 100 ms. One millisecond a
    /// step.
    struct World {
        start: Instant,
        ms: u64,
        estimator: Estimator,
        /// Bits per second.
        capacity: f64,
        /// Every so many packets one is lost.
        loses_every: Option<u64>,
        rung: usize,
        owed: f64,
        sent: u64,
        bytes: u64,
        /// When the link is free, in ms.
        free_at: f64,
        reports: VecDeque<(f64, News)>,
        limits: Vec<Option<f64>>,
    }

    impl World {
        fn new(capacity: f64) -> Self {
            Self {
                start: Instant::now(),
                ms: 0,
                estimator: Estimator::default(),
                capacity,
                loses_every: None,
                rung: LADDER.len() - 1,
                owed: 0.0,
                sent: 0,
                bytes: 0,
                free_at: 0.0,
                reports: VecDeque::new(),
                limits: Vec::new(),
            }
        }

        fn now(&self) -> Instant {
            self.start + Duration::from_millis(self.ms)
        }

        fn send(&mut self, size: u64) {
            self.sent += 1;
            self.bytes += size;
            let now = self.ms as f64;
            let begins = self.free_at.max(now);
            let is_lost = begins - now > 200.0 || self.loses_every.is_some_and(|every| self.sent.is_multiple_of(every));
            if is_lost {
                self.reports.push_back((now + 50.0, News::Lost));
                return;
            }
            self.free_at = begins + size as f64 * 8000.0 / self.capacity;
            let arrives = self.free_at + 20.0;
            let news = News::Arrived {
                sent_us: self.ms * 1000,
                arrived_us: (arrives * 1000.0) as i64,
                size: size as u16,
                was_lost: false,
            };
            self.reports.push_back((arrives, news));
        }

        fn run(&mut self, seconds: u64) {
            self.limits.clear();
            for _ in 0..seconds * 1000 {
                self.ms += 1;
                self.owed += LADDER[self.rung] / 8000.0;
                while self.owed >= PACKET as f64 {
                    self.owed -= PACKET as f64;
                    self.send(PACKET);
                }
                if self.ms.is_multiple_of(5) {
                    let padding = self.estimator.poll_probe(self.now(), self.bytes);
                    (0..padding.div_ceil(300)).for_each(|_| self.send(300));
                }
                if self.ms.is_multiple_of(100) {
                    self.report();
                }
            }
        }

        fn report(&mut self) {
            while self.reports.front().is_some_and(|(at, _)| *at + 30.0 <= self.ms as f64) {
                let (_, news) = self.reports.pop_front().unwrap();
                self.estimator.observe(news);
            }
            self.estimator.conclude(self.now());
            let limit = self.estimator.limit();
            let affordable_rate = limit.unwrap_or(Bitrate::UNLIMITED).bps();
            self.limits.push(limit.map(Bitrate::bps));
            let affordable = LADDER.iter().rposition(|rate| *rate <= affordable_rate).unwrap();
            self.rung = if affordable > self.rung && LADDER[affordable] * 1.15 > affordable_rate {
                self.rung
            } else {
                affordable
            };
            let next = LADDER.get(self.rung + 1).map(|rate| Bitrate::from_bps(rate * 1.15));
            self.estimator.set_demand(Demand { whole: Bitrate::from_bps(LADDER[4]), next });
        }

        fn mean_limit(&self) -> f64 {
            self.limits.iter().map(|l| l.unwrap_or(LADDER[4])).sum::<f64>() / self.limits.len() as f64
        }
    }

    #[test]
    fn a_network_with_room_has_no_limit() {
        let mut world = World::new(20e6);
        world.run(60);
        assert!(world.limits.iter().all(Option::is_none));
    }

    #[test]
    fn a_narrow_network_is_found_quickly_and_used_well() {
        for capacity in [300e3, 500e3, 1e6] {
            let mut world = World::new(capacity);
            world.run(3);
            assert!(world.limits.last().unwrap().is_some_and(|l| l < 1.1 * capacity), "{capacity}: {:?}", world.limits);
            world.run(30);
            let mean = world.mean_limit();
            assert!((0.5 * capacity..1.1 * capacity).contains(&mean), "{capacity}: {mean}");
        }
    }

    #[test]
    fn a_network_that_recovers_is_used_in_full_again() {
        let mut world = World::new(400e3);
        world.run(30);
        assert!(world.rung <= 2);
        world.capacity = 20e6;
        world.run(40);
        assert_eq!((world.rung, world.estimator.limit()), (4, None));
    }

    #[test]
    fn nothing_is_flapping_on_a_narrow_network() {
        let mut world = World::new(500e3);
        world.run(10);
        let mut changes = 0;
        for _ in 0..60 {
            let before = world.rung;
            world.run(1);
            changes += usize::from(world.rung != before);
        }
        assert!(changes <= 8, "{changes} changes in a minute");
    }

    #[test]
    fn some_loss_is_the_business_of_retransmission() {
        let mut world = World::new(20e6);
        world.loses_every = Some(20);
        world.run(60);
        assert!(world.limits.iter().all(Option::is_none));
    }

    #[test]
    fn loss_that_sending_less_does_not_lower_is_lived_with() {
        let mut world = World::new(20e6);
        world.loses_every = Some(5);
        world.run(30);
        world.run(30);
        assert!(world.mean_limit() > 250e3, "{}", world.mean_limit());
    }

    #[test]
    fn without_transport_feedback_reports_and_estimates_of_the_client_count() {
        let (now, kbps) = (Instant::now(), Bitrate::from_kbps);
        let mut estimator = Estimator::default();
        assert!(!estimator.take_remote_limit(now, kbps(300), kbps(200)), "follows what is sent");
        assert!(estimator.take_remote_limit(now, kbps(300), kbps(2000)));
        assert_eq!(estimator.limit(), Some(kbps(300)));

        let mut estimator = Estimator::default();
        assert!(!estimator.take_reported_loss(now, 0.05, kbps(2000)));
        assert!(estimator.take_reported_loss(now, 0.4, kbps(2000)));
        assert_eq!(estimator.limit(), Some(kbps(1600)));
        for second in 1..60 {
            estimator.set_demand(Demand { whole: kbps(2000), next: None });
            estimator.take_reported_loss(now + Duration::from_secs(second), 0.0, kbps(1000));
        }
        assert_eq!(estimator.limit(), None);
    }
}
