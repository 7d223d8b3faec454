//! Measures a layer: its bitrate and frame rate up to each of its temporal layers. Pure.

use std::time::{Duration, Instant};

use crate::bitrate::Bitrate;
use crate::limits::MAX_TEMPORAL_LAYERS;
use crate::track_parts::Temporal;

/// Time constant of the smoothing, once there is a first value.
const SMOOTHING: Duration = Duration::from_millis(1500);
/// Nothing is measured over a shorter time.
const SHORTEST: Duration = Duration::from_millis(50);
/// Bytes of header, extensions and authentication of each packet.
const OVERHEAD: usize = 40;
/// Frame rates up to this many times the one asked for still count as it.
const LENIENCE: f64 = 1.15;

/// See the module.
#[derive(Debug, Default)]
pub struct LayerRate {
    bytes: [u32; MAX_TEMPORAL_LAYERS],
    pictures: [u32; MAX_TEMPORAL_LAYERS],
    since: Option<Instant>,
    bitrates: [Bitrate; MAX_TEMPORAL_LAYERS],
    pictures_per_second: [f64; MAX_TEMPORAL_LAYERS],
}

impl LayerRate {
    /// A packet of a temporal layer arrived.
    pub fn count(&mut self, temporal: Temporal, payload: usize, ends_picture: bool) {
        let at = temporal.index();
        self.bytes[at] = self.bytes[at].saturating_add((payload + OVERHEAD) as u32);
        self.pictures[at] += u32::from(ends_picture);
    }

    /// Time has passed.
    pub fn measure(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed < SHORTEST {
            return;
        }
        self.since = Some(now);
        let weight = (passed.as_secs_f64() / SMOOTHING.as_secs_f64()).min(1.0);
        for at in 0..MAX_TEMPORAL_LAYERS {
            let bitrate = Bitrate::of_bytes(u64::from(std::mem::take(&mut self.bytes[at])), passed);
            let pictures = f64::from(std::mem::take(&mut self.pictures[at])) / passed.as_secs_f64();
            let follow = |old: f64, new: f64| if old == 0.0 { new } else { old + (new - old) * weight };
            self.bitrates[at] = Bitrate::from_bps(follow(self.bitrates[at].bps(), bitrate.bps()));
            self.pictures_per_second[at] = follow(self.pictures_per_second[at], pictures);
        }
    }

    /// Begin again: it has stopped.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The bitrate with all temporal layers up to each.
    pub fn costs(&self) -> [Bitrate; MAX_TEMPORAL_LAYERS] {
        let mut sum = Bitrate::ZERO;
        self.bitrates.map(|bitrate| {
            sum += bitrate;
            sum
        })
    }

    /// The highest temporal layer that keeps to this frame rate.
    pub fn temporal_for(&self, pictures_per_second: u32) -> Temporal {
        let mut sum = 0.0;
        let within = |pictures: &&f64| {
            sum += **pictures;
            sum <= f64::from(pictures_per_second) * LENIENCE
        };
        let layers = self.pictures_per_second.iter().take_while(within).count();
        Temporal::new(layers.saturating_sub(1) as u8)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    /// 30 pictures of 1,000 bytes per second in three temporal layers.
    fn camera() -> LayerRate {
        let start = Instant::now();
        let mut rate = LayerRate::default();
        for number in 0..90u32 {
            rate.measure(start + Duration::from_millis(u64::from(number) * 1000 / 30));
            rate.count(Temporal::new([0, 2, 1, 2][number as usize % 4]), 960, true);
        }
        rate
    }

    #[test]
    fn measures_what_each_temporal_layer_adds() {
        let costs = camera().costs();
        for (cost, expected) in costs.into_iter().zip([60e3, 120e3, 240e3]) {
            assert!((cost.bps() - expected).abs() < 0.15 * expected, "{costs:?}");
        }
    }

    #[test]
    fn pictures_a_second_choose_temporal_layers() {
        let rate = camera();
        let chosen = [1, 8, 15, 20, 30, 60].map(|fps| rate.temporal_for(fps).number());
        assert_eq!(chosen, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn without_temporal_layers_there_is_nothing_to_choose_and_a_stop_is_forgotten() {
        let start = Instant::now();
        let mut rate = LayerRate::default();
        rate.measure(start);
        (0..10).for_each(|_| rate.count(Temporal::LOWEST, 960, true));
        rate.measure(start + Duration::from_secs(1));
        assert_eq!(rate.costs(), [Bitrate::from_kbps(80); 3]);
        assert_eq!(rate.temporal_for(30), Temporal::HIGHEST);
        rate.reset();
        assert_eq!(rate.costs(), [Bitrate::ZERO; 3]);
    }
}
