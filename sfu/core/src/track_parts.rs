//! The parts that a track is made of.
//!
//! A track is published in one or two codecs, its *encodings*. Each encoding consists of RTP
//! *streams*: one for each simulcast layer, or a single one. A *layer* is a size of the picture,
//! whether it is a stream of its own (simulcast) or shares one with others (spatial layers). A
//! *temporal* layer adds pictures per second to the same size.

use crate::limits::{MAX_LAYERS, MAX_STREAMS_OF_TRACK, MAX_TEMPORAL_LAYERS};

/// A codec among those that a track is published in, in the order of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EncodingIndex(u8);

impl EncodingIndex {
    pub const FIRST: Self = Self(0);

    pub fn new(index: usize) -> Self {
        Self(index as u8)
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// An RTP stream among those of a track, in all its encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamIndex(u8);

impl StreamIndex {
    pub fn new(index: usize) -> Self {
        Self(index as u8)
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Every index that a stream may have.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..MAX_STREAMS_OF_TRACK).map(Self::new)
    }
}

/// A size of the picture: 0 is the lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layer(u8);

impl Layer {
    pub const LOWEST: Self = Self(0);
    pub const HIGHEST: Self = Self(MAX_LAYERS as u8 - 1);

    /// A higher number than there are layers is the highest.
    pub fn new(number: u8) -> Self {
        Self(number).min(Self::HIGHEST)
    }

    /// The next higher one; `None` above the highest.
    pub fn next(self) -> Option<Self> {
        (self < Self::HIGHEST).then(|| Self(self.0 + 1))
    }

    /// From the lowest to the highest.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..=Self::HIGHEST.0).map(Self)
    }

    /// As packets number it.
    pub fn number(self) -> u8 {
        self.0
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A temporal layer: 0 is the lowest; each higher one adds pictures per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Temporal(u8);

impl Temporal {
    pub const LOWEST: Self = Self(0);
    pub const HIGHEST: Self = Self(MAX_TEMPORAL_LAYERS as u8 - 1);

    /// A higher number than are told apart is the highest.
    pub fn new(number: u8) -> Self {
        Self(number).min(Self::HIGHEST)
    }

    /// From the lowest up to this one.
    pub fn up_to(self) -> impl Iterator<Item = Self> {
        (0..=self.0).map(Self)
    }

    /// As packets number it.
    pub fn number(self) -> u8 {
        self.0
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_highest_are_the_highest() {
        assert_eq!([0, 2, 200].map(|n| Layer::new(n).number()), [0, 2, 2]);
        assert_eq!([0, 2, 200].map(|n| Temporal::new(n).number()), [0, 2, 2]);
        assert_eq!((Layer::LOWEST.next(), Layer::HIGHEST.next()), (Some(Layer(1)), None));
    }
}
