//! Measures the rate of arrival: bytes by time of arrival, over half a second, which is the
//! shortest window that draft-ietf-rmcat-gcc-02 section 5.5 recommends (`T`). Pure.

use std::time::Duration;

use crate::bitrate::Bitrate;

/// Length of a slot, in µs of the client's clock.
const SLOT_US: i64 = 50_000;
const SLOTS: usize = 10;
/// Fewer slots tell nothing yet.
const MIN_SLOTS: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub struct ArrivalRate {
    bytes: [u64; SLOTS],
    /// Number of the slot that fills.
    newest: Option<i64>,
    /// Slots that have been filled, at most all.
    filled: usize,
}

impl ArrivalRate {
    /// A packet arrived at this time of the client's clock, in µs.
    pub fn observe(&mut self, arrived: i64, size: u16) {
        let slot = arrived.div_euclid(SLOT_US);
        let newest = *self.newest.get_or_insert(slot);
        let ahead = slot.saturating_sub(newest);
        if ahead <= -(SLOTS as i64) || ahead > 20 * SLOTS as i64 {
            // Another clock, or a long silence.
            *self = Self { newest: Some(slot), ..Self::default() };
        } else if ahead > 0 {
            for passed in 1..=ahead.min(SLOTS as i64) {
                self.bytes[(newest + passed).rem_euclid(SLOTS as i64) as usize] = 0;
            }
            self.filled = (self.filled + ahead as usize).min(SLOTS);
            self.newest = Some(slot);
        }
        self.bytes[slot.rem_euclid(SLOTS as i64) as usize] += u64::from(size);
    }

    /// `None` before there is enough to tell.
    pub fn bitrate(&self) -> Option<Bitrate> {
        // The slot that fills is left out.
        let whole = self.filled.min(SLOTS - 1);
        if whole < MIN_SLOTS {
            return None;
        }
        let newest = self.newest?;
        let bytes: u64 =
            (1..=whole as i64).map(|ago| self.bytes[(newest - ago).rem_euclid(SLOTS as i64) as usize]).sum();
        Some(Bitrate::of_bytes(bytes, Duration::from_micros(whole as u64 * SLOT_US as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_rate_within_half_a_second() {
        let mut rate = ArrivalRate::default();
        assert_eq!(rate.bitrate(), None);
        for ms in 0..1000 {
            rate.observe(ms * 1000, 125);
        }
        assert!((rate.bitrate().unwrap().bps() - 1e6).abs() < 1e4);
        for ms in (1000..1600).step_by(10) {
            rate.observe(ms * 1000, 125);
        }
        assert!((rate.bitrate().unwrap().bps() - 1e5).abs() < 1e4);
    }

    #[test]
    fn silence_and_other_clocks_begin_anew() {
        let mut rate = ArrivalRate::default();
        (0..1000).for_each(|ms| rate.observe(ms * 1000, 1000));
        rate.observe(3_600_000_000, 10);
        assert_eq!(rate.bitrate(), None);
        rate.observe(0, 10);
        assert_eq!(rate.bitrate(), None);
    }
}
