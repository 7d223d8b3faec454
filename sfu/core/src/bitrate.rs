//! Bits per second, as a type of its own.

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::time::Duration;

/// A rate in bits per second: finite and not negative, or [`UNLIMITED`](Self::UNLIMITED).
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Bitrate(f64);

impl Bitrate {
    pub const ZERO: Self = Self(0.0);
    /// More than any other rate.
    pub const UNLIMITED: Self = Self(f64::INFINITY);

    /// From bits per second.
    pub const fn from_bps(bits_per_second: f64) -> Self {
        Self(bits_per_second)
    }

    /// From kilobits (1,000 bits) per second.
    pub const fn from_kbps(kilobits_per_second: u32) -> Self {
        Self(kilobits_per_second as f64 * 1e3)
    }

    /// The rate at which so many bytes take so long.
    pub fn of_bytes(bytes: u64, time: Duration) -> Self {
        Self(bytes as f64 * 8.0 / time.as_secs_f64())
    }

    /// In bits per second.
    pub fn bps(self) -> f64 {
        self.0
    }

    /// Bytes that pass in this time.
    pub fn bytes_in(self, time: Duration) -> f64 {
        self.0 / 8.0 * time.as_secs_f64()
    }

    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Add for Bitrate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Bitrate {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Never below zero.
impl Sub for Bitrate {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0.0))
    }
}

impl Mul<f64> for Bitrate {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

impl Div<f64> for Bitrate {
    type Output = Self;

    fn div(self, divisor: f64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Sum for Bitrate {
    fn sum<I: Iterator<Item = Self>>(rates: I) -> Self {
        rates.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_bits_agree() {
        let second = Duration::from_secs(1);
        assert_eq!(Bitrate::of_bytes(125, second), Bitrate::from_kbps(1));
        assert!((Bitrate::from_kbps(8).bytes_in(second / 2) - 500.0).abs() < 1e-9);
    }

    #[test]
    fn a_difference_is_not_negative_and_no_rate_is_above_unlimited() {
        let [low, high] = [1, 3].map(Bitrate::from_kbps);
        assert_eq!((high - low, low - high), (Bitrate::from_kbps(2), Bitrate::ZERO));
        assert_eq!(Bitrate::UNLIMITED.min(high), high);
        assert_eq!([low, high].into_iter().sum::<Bitrate>(), Bitrate::from_kbps(4));
    }
}
