//! How much video a client's network takes: the sender's side of Google congestion control (draft-ietf-rmcat-gcc-02
//! sections 5.5 and 6). Pure: news of packets and the time in, a limit out.
//!
//! There is no limit until congestion was seen: whoever has bandwidth gets everything at once. Congestion is a queue that
//! grows (see [`DelayTrend`]) or loss above a tenth; either sets the limit below what arrives. From then on it rises
//! with time, and by probing: more than is wanted is sent for a moment, and what of it arrives is the new limit. When
//! the limit is well above all that is wanted, it is given up again.

use std::time::{Duration, Instant};

use super::delay::{DelayTrend, Usage};
use super::probe::{Probe, ProbeSchedule};
use super::rate::ArrivalRate;
use super::sent::News;

/// No less than this is ever assumed: a picture a second of the smallest layer.
const LEAST_BPS: f64 = 50_000.0;
/// Of what arrives, after a queue grew.
const DECREASE: f64 = 0.85;
/// A queue shorter than this is no reason to take anything from a client that had no limit.
const QUEUE_FIRST_MS: f64 = 40.0;
/// A queue this long while probing is the end of the probe.
const QUEUE_PROBING_MS: f64 = 60.0;
const RISE_PER_SECOND: f64 = 0.08;
/// Near where a queue grew last, the limit rises by about a packet each response time.
const RISE_NEAR_BPS: f64 = 40_000.0;
const NEAR: f64 = 1.1;
const REST_AFTER_DECREASE: Duration = Duration::from_millis(300);
const LOSS_WINDOW: Duration = Duration::from_millis(500);
const LOSS_LEAST_PACKETS: u32 = 20;
const LOSS_TOLERATED: f64 = 0.1;
/// Times what arrives: the limit after a loss, however much was sent.
const LOSS_MOST: f64 = 1.2;
/// Loss that stays this much the same while much less is sent is the network's own, not ours.
const LOSS_UNMOVED: f64 = 0.7;
const LOSS_TRIED: f64 = 0.6;
/// Of what is sent: a receiver that believes in less is congested.
const REMOTE_CONGESTED: f64 = 0.9;
/// The limit is given up when it is this many times what is wanted, for this long.
const AMPLE: f64 = 1.2;
const AMPLE_FOR: Duration = Duration::from_secs(2);
/// What was said of the path longer ago says nothing any more.
const HEARD: Duration = Duration::from_secs(1);
/// While nothing is heard because nothing is sent, the limit rises by this a second.
const RISE_UNHEARD: f64 = 0.2;

/// What is wanted of the network at the moment, in bits a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand {
    /// Everything as the client asked for it.
    pub whole: f64,
    /// What the next better allotment would take; `None` when nothing is held back.
    pub next: Option<f64>,
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
    limit: Option<f64>,
    demand: Demand,
    /// What arrived when a queue grew last.
    capacity: Option<f64>,
    decreased: Option<Instant>,
    updated: Option<Instant>,
    heard: Option<Instant>,
    ample_since: Option<Instant>,
    loss: LossWindow,
    /// Rate and loss when loss first set a limit.
    loss_episode: Option<(f64, f64)>,
    /// Loss this network has whatever is sent.
    inherent_loss: f64,
    probes: ProbeSchedule,
}

impl Estimator {
    /// Bits a second of video the network takes; `None`: no congestion is known.
    pub fn limit(&self) -> Option<f64> {
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
        if let Some(arriving) = self.arriving.bits_per_second() {
            self.judge_delay(now, arriving, queue);
            self.judge_loss(now, arriving);
            self.judge_probe(now, arriving, queue);
        }
        self.rise(now, queue);
        self.give_up_when_ample(now);
        before != self.limit
    }

    fn judge_delay(&mut self, now: Instant, arriving: f64, queue: f64) {
        let is_congested = self.trend.usage() == Usage::Over && (self.limit.is_some() || queue >= QUEUE_FIRST_MS);
        if !is_congested || self.is_resting(now) {
            return;
        }
        if let Some(probe) = self.probes.fail(now) {
            // What arrived while too much was sent is what there is.
            let found = DECREASE * arriving.min(probe.goal);
            self.limit = Some(self.limit.map_or(found, |l| l.max(found)).max(LEAST_BPS));
        } else {
            let lowered = DECREASE * arriving;
            self.limit = Some(self.limit.map_or(lowered, |l| l.min(lowered)).max(LEAST_BPS));
            self.probes.postpone(now);
        }
        self.capacity = Some(arriving);
        self.decreased = Some(now);
        self.ample_since = None;
    }

    fn is_resting(&self, now: Instant) -> bool {
        self.decreased.is_some_and(|at| now.saturating_duration_since(at) < REST_AFTER_DECREASE)
    }

    fn judge_loss(&mut self, now: Instant, arriving: f64) {
        let began = *self.loss.began.get_or_insert(now);
        let passed = now.saturating_duration_since(began);
        let packets = self.loss.arrived + self.loss.lost;
        if passed < LOSS_WINDOW || packets < LOSS_LEAST_PACKETS {
            return;
        }
        let share = f64::from(self.loss.lost) / f64::from(packets);
        self.loss = LossWindow::default();
        if share < LOSS_TOLERATED {
            self.inherent_loss *= 0.9;
            self.loss_episode = None;
            return;
        }
        let sent = arriving / (1.0 - share.min(0.95));
        if let Some((rate, first)) = self.loss_episode
            && sent < LOSS_TRIED * rate
            && share > LOSS_UNMOVED * first
        {
            self.inherent_loss = self.inherent_loss.max(share);
        }
        if share < LOSS_TOLERATED + 1.2 * self.inherent_loss || self.is_resting(now) {
            return;
        }
        self.loss_episode.get_or_insert((sent, share));
        self.probes.fail(now);
        self.probes.postpone(now);
        let lowered = self.limit.unwrap_or(sent).min(sent) * (1.0 - 0.5 * share);
        self.limit = Some(lowered.min(LOSS_MOST * arriving).max(LEAST_BPS));
        self.decreased = Some(now);
        self.ample_since = None;
    }

    fn judge_probe(&mut self, now: Instant, arriving: f64, queue: f64) {
        if queue > QUEUE_PROBING_MS
            && let Some(probe) = self.probes.fail(now)
        {
            self.raise_to(DECREASE * arriving.min(probe.goal));
            return;
        }
        if let Some(found) = self.probes.observe(now, arriving) {
            self.raise_to(found);
        }
    }

    fn raise_to(&mut self, found: f64) {
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
        // What is not used proves nothing: the limit stays near what arrives.
        let most = self.arriving.bits_per_second().map_or(limit, |arriving| 1.5 * arriving + 10_000.0).max(limit);
        let is_near = self.capacity.is_some_and(|c| limit > c / NEAR && limit < c * NEAR);
        let step = if is_near { RISE_NEAR_BPS } else { RISE_PER_SECOND * limit };
        self.limit = Some((limit + step * passed).min(most));
    }

    fn give_up_when_ample(&mut self, now: Instant) {
        let is_ample = self.limit.is_some_and(|limit| limit >= AMPLE * self.demand.whole && self.demand.next.is_none());
        if !is_ample {
            self.ample_since = None;
        } else if now.saturating_duration_since(*self.ample_since.get_or_insert(now)) >= AMPLE_FOR {
            self.limit = None;
            self.ample_since = None;
            self.capacity = None;
            self.loss_episode = None;
            self.probes = ProbeSchedule::default();
        }
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.heard.is_none_or(|at| now.saturating_duration_since(at) > HEARD)
    }

    /// A second has passed in which next to nothing was sent: nobody can say that there is room, so it is tried.
    /// True when the limit changed.
    pub fn pass_silence(&mut self, now: Instant) -> bool {
        let before = self.limit;
        if self.is_silent(now) {
            let enough = AMPLE * self.demand.whole;
            self.limit = self.limit.map(|limit| (limit * (1.0 + RISE_UNHEARD)).min(enough.max(limit)));
        }
        before != self.limit
    }

    /// Begin a probe when it is time for one, and go on with the one that runs: the bytes to have sent on top of what
    /// is sent anyway by now, `video` bytes having been sent in all so far.
    pub fn poll_probe(&mut self, now: Instant, video: u64) -> usize {
        let Some(limit) = self.limit else {
            return 0;
        };
        // More than is held back is asked for, or the limit could never be seen to be ample.
        let wanted = self.demand.next.map_or(AMPLE * self.demand.whole, |next| next * 1.25);
        let is_calm = self.trend.usage() == Usage::Normal || self.is_silent(now);
        let may_begin = wanted > limit && is_calm && !self.is_resting(now);
        let begin = may_begin.then(|| Probe::goal(limit, wanted));
        self.probes.poll(now, video, begin)
    }

    /// A probe runs: [`poll_probe`](Self::poll_probe) wants to be called again soon.
    pub fn is_probing(&self, now: Instant) -> bool {
        self.probes.is_sending(now)
    }

    /// Without transport-wide feedback: what the client itself believes it can receive, while this much is sent. Such
    /// estimates begin low and follow what is sent, so only one below that is a sign of congestion.
    pub fn take_remote_limit(&mut self, now: Instant, bits_per_second: f64, sending: f64) -> bool {
        let before = self.limit;
        if self.limit.is_some() || bits_per_second < REMOTE_CONGESTED * sending {
            self.limit = Some(bits_per_second.max(LEAST_BPS));
        }
        self.give_up_when_ample(now);
        before != self.limit
    }

    /// Without transport-wide feedback: share of packets lost by the client's receiver reports, at this rate of sending.
    pub fn take_reported_loss(&mut self, now: Instant, share: f64, sending: f64) -> bool {
        let before = self.limit;
        if share > LOSS_TOLERATED && !self.is_resting(now) {
            let lowered = self.limit.unwrap_or(sending).min(sending) * (1.0 - 0.5 * share);
            self.limit = Some(lowered.max(LEAST_BPS));
            self.decreased = Some(now);
            self.ample_since = None;
        } else if share < LOSS_TOLERATED / 2.0 && !self.is_resting(now) {
            self.limit = self.limit.map(|limit| limit * (1.0 + RISE_PER_SECOND));
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

    /// What a sender of video can send, in bits a second.
    const LADDER: [f64; 5] = [0.0, 100e3, 300e3, 700e3, 2e6];
    const PACKET: u64 = 1000;

    /// A sender, a link with a queue, and a receiver that reports every 100 ms. One millisecond a step.
    struct World {
        start: Instant,
        ms: u64,
        estimator: Estimator,
        /// Bits a second.
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
            self.limits.push(limit);
            let affordable = LADDER.iter().rposition(|rate| *rate <= limit.unwrap_or(f64::INFINITY)).unwrap();
            self.rung = if affordable > self.rung && LADDER[affordable] * 1.15 > limit.unwrap_or(f64::INFINITY) {
                self.rung
            } else {
                affordable
            };
            let next = LADDER.get(self.rung + 1).map(|rate| rate * 1.15);
            self.estimator.set_demand(Demand { whole: LADDER[4], next });
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
        let now = Instant::now();
        let mut estimator = Estimator::default();
        assert!(!estimator.take_remote_limit(now, 300e3, 200e3), "follows what is sent");
        assert!(estimator.take_remote_limit(now, 300e3, 2e6));
        assert_eq!(estimator.limit(), Some(300e3));

        let mut estimator = Estimator::default();
        assert!(!estimator.take_reported_loss(now, 0.05, 2e6));
        assert!(estimator.take_reported_loss(now, 0.4, 2e6));
        assert_eq!(estimator.limit(), Some(1.6e6));
        for second in 1..60 {
            estimator.set_demand(Demand { whole: 2e6, next: None });
            estimator.take_reported_loss(now + Duration::from_secs(second), 0.0, 1e6);
        }
        assert_eq!(estimator.limit(), None);
    }
}
