//! What a simulcast layer takes: bits and pictures a second, up to each of its temporal layers. Pure.

use std::time::{Duration, Instant};

use crate::limits::MAX_TEMPORAL_LAYERS;

/// How fast the measure follows, once it has begun.
const SMOOTHING: Duration = Duration::from_millis(1500);
const SHORTEST: Duration = Duration::from_millis(50);
/// Header, extensions and authentication of each packet.
const OVERHEAD: usize = 40;
/// Pictures a second a little above what was asked for are what was asked for.
const LENIENCE: f64 = 1.15;

/// See the module.
#[derive(Debug, Default)]
pub struct LayerRate {
    bytes: [u32; MAX_TEMPORAL_LAYERS],
    pictures: [u32; MAX_TEMPORAL_LAYERS],
    since: Option<Instant>,
    bits_per_second: [f64; MAX_TEMPORAL_LAYERS],
    pictures_per_second: [f64; MAX_TEMPORAL_LAYERS],
}

impl LayerRate {
    /// A packet of a temporal layer arrived.
    pub fn count(&mut self, temporal: u8, payload: usize, ends_picture: bool) {
        let at = usize::from(temporal).min(MAX_TEMPORAL_LAYERS - 1);
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
            let bits = f64::from(std::mem::take(&mut self.bytes[at])) * 8.0 / passed.as_secs_f64();
            let pictures = f64::from(std::mem::take(&mut self.pictures[at])) / passed.as_secs_f64();
            for (rate, new) in [(&mut self.bits_per_second[at], bits), (&mut self.pictures_per_second[at], pictures)] {
                *rate = if *rate == 0.0 { new } else { *rate + (new - *rate) * weight };
            }
        }
    }

    /// Begin again: it has stopped.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Bits a second with all temporal layers up to each.
    pub fn costs(&self) -> [f64; MAX_TEMPORAL_LAYERS] {
        let mut sum = 0.0;
        self.bits_per_second.map(|bits| {
            sum += bits;
            sum
        })
    }

    /// The highest temporal layer with which there are no more pictures a second than this.
    pub fn temporal_for(&self, pictures_per_second: u32) -> u8 {
        let mut sum = 0.0;
        let within = |pictures: &&f64| {
            sum += **pictures;
            sum <= f64::from(pictures_per_second) * LENIENCE
        };
        let layers = self.pictures_per_second.iter().take_while(within).count();
        layers.saturating_sub(1) as u8
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    /// Thirty pictures of 1,000 bytes a second in three temporal layers.
    fn camera() -> LayerRate {
        let start = Instant::now();
        let mut rate = LayerRate::default();
        for number in 0..90u32 {
            rate.measure(start + Duration::from_millis(u64::from(number) * 1000 / 30));
            rate.count([0, 2, 1, 2][number as usize % 4], 960, true);
        }
        rate
    }

    #[test]
    fn measures_what_each_temporal_layer_adds() {
        let costs = camera().costs();
        for (cost, expected) in costs.into_iter().zip([60e3, 120e3, 240e3]) {
            assert!((cost - expected).abs() < 0.15 * expected, "{costs:?}");
        }
    }

    #[test]
    fn pictures_a_second_choose_temporal_layers() {
        let rate = camera();
        let chosen = [1, 8, 15, 20, 30, 60].map(|fps| rate.temporal_for(fps));
        assert_eq!(chosen, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn without_temporal_layers_there_is_nothing_to_choose_and_a_stop_is_forgotten() {
        let start = Instant::now();
        let mut rate = LayerRate::default();
        rate.measure(start);
        (0..10).for_each(|_| rate.count(0, 960, true));
        rate.measure(start + Duration::from_secs(1));
        assert_eq!(rate.costs().map(|c| c as u64), [80_000; 3]);
        assert_eq!(rate.temporal_for(30), 2);
        rate.reset();
        assert_eq!(rate.costs().map(|c| c as u64), [0; 3]);
    }
}
