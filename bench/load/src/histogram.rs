//! Samples and their percentiles.

#[derive(Default)]
pub struct Samples(Vec<u64>);

impl Samples {
    pub fn add(&mut self, value: u64) {
        self.0.push(value);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The smallest sample that at least `percent` of all do not exceed; `None` without samples.
    pub fn percentile(&mut self, percent: f64) -> Option<u64> {
        self.0.sort_unstable();
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.max(1) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut samples = Samples::default();
        assert_eq!(samples.percentile(50.0), None);
        (1..=100).rev().for_each(|value| samples.add(value));
        assert_eq!([50.0, 99.0, 99.5, 100.0].map(|percent| samples.percentile(percent)), [50, 99, 100, 100].map(Some));
    }
}
