//! Which frames of an AV1 stream are forwarded, by their dependency descriptors, and the frame
//! numbers in these.
//!
//! Frame numbers are distances to what a frame is decoded from, so what is left out leaves a gap in
//! them; only a switch to another source moves them. Sequence numbers have no gaps.

use std::collections::VecDeque;

use super::admission::{Admission, LayerWish};
use super::dependency_descriptor::FrameInfo;

/// Frames that a later one may refer to.
const REMEMBERED: usize = 128;
/// Far enough from zero for late packets of the first frames.
const FIRST: u64 = 1 << 20;

/// Renumbers and thins out the current source.
#[derive(Debug, Default)]
pub struct Av1Munger {
    /// Extended number of the newest frame, and the RTP timestamp of its temporal unit.
    newest: Option<(u64, u32)>,
    /// Frames that were left out, ascending.
    left_out: VecDeque<u64>,
    spatial: u8,
    offset: u16,
    last: Option<u16>,
}

impl Av1Munger {
    /// Go on with another source, of which `first` is the first frame. It is a key frame.
    pub fn switch_source(&mut self, first: &FrameInfo) {
        self.newest = None;
        self.left_out.clear();
        if let Some(last) = self.last {
            self.offset = last.wrapping_add(1).wrapping_sub(first.number);
        }
    }

    /// The highest spatial layer that is forwarded at the moment.
    pub fn spatial(&self) -> u8 {
        self.spatial
    }

    /// Decide about a packet of a frame in the temporal unit with this RTP timestamp. Spatial
    /// layers are added with a key frame and taken away between temporal units; a frame is kept
    /// only where all it is decoded from was.
    pub fn admit(&mut self, frame: &FrameInfo, timestamp: u32, wish: LayerWish) -> Admission {
        let number = self.extend(frame.number);
        if self.newest.is_none_or(|(newest, _)| number > newest) {
            self.begin(number, frame, timestamp, wish);
        }
        if self.left_out.binary_search(&number).is_ok() {
            return Admission::LeftOut;
        }
        Admission::Kept { ends_picture: frame.ends_frame && frame.spatial == self.spatial }
    }

    /// The first packet of a frame that is newer than all before it.
    fn begin(&mut self, number: u64, frame: &FrameInfo, timestamp: u32, wish: LayerWish) {
        let begins_unit = self.newest.is_none_or(|(_, current)| current != timestamp);
        self.newest = Some((number, timestamp));
        if frame.is_key {
            self.spatial = wish.spatial;
        } else if begins_unit {
            self.spatial = self.spatial.min(wish.spatial);
        }
        let is_missing = |distance: &u16| {
            number.checked_sub(u64::from(*distance)).is_some_and(|of| self.left_out.binary_search(&of).is_ok())
        };
        let is_above = frame.spatial > self.spatial || frame.temporal > wish.temporal;
        if is_above || frame.references.distances().iter().any(is_missing) {
            if self.left_out.len() >= REMEMBERED {
                self.left_out.pop_front();
            }
            self.left_out.push_back(number);
        }
    }

    /// Incoming frame numbers do not wrap in what this returns.
    fn extend(&self, number: u16) -> u64 {
        let Some((newest, _)) = self.newest else {
            return FIRST | u64::from(number);
        };
        let ahead = number.wrapping_sub(newest as u16).cast_signed();
        newest.saturating_add_signed(i64::from(ahead))
    }

    /// The outgoing number of the frame of a packet that is kept.
    pub fn map(&mut self, frame: &FrameInfo) -> u16 {
        let number = frame.number.wrapping_add(self.offset);
        if self.last.is_none_or(|last| number.wrapping_sub(last) < 1 << 15) {
            self.last = Some(number);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::super::dependency_descriptor::{TemplateStructure, read, writing::descriptor};
    use super::*;
    use proptest::prelude::*;

    const ALL: LayerWish = LayerWish { spatial: 2, temporal: 2 };

    /// A publisher's stream of three spatial and three temporal layers, each frame decoded from the
    /// layer below it in its unit and from the last frame of its own or a lower temporal layer.
    #[derive(Default)]
    struct Publisher {
        structure: Option<TemplateStructure>,
        number: u16,
        /// The last frame of each spatial and temporal layer.
        last: [[Option<u16>; 3]; 3],
    }

    impl Publisher {
        fn unit(&mut self, unit: u32, is_key: bool) -> Vec<FrameInfo> {
            let temporal = if is_key { 0 } else { [0u8, 2, 1, 2][unit as usize % 4] };
            if is_key {
                self.last = Default::default();
            }
            (0..3u8)
                .map(|spatial| {
                    self.number = self.number.wrapping_add(1);
                    let own = self.last[usize::from(spatial)][..=usize::from(temporal)].iter().flatten();
                    let newest = own.copied().min_by_key(|before| self.number.wrapping_sub(*before));
                    let mut references: Vec<u16> =
                        newest.map(|before| self.number.wrapping_sub(before)).into_iter().collect();
                    if spatial > 0 {
                        references.push(1);
                    }
                    self.last[usize::from(spatial)][usize::from(temporal)] = Some(self.number);
                    let brings = is_key && spatial == 0;
                    let bytes = descriptor((3, 3), (spatial, temporal), self.number, brings, &references);
                    read(&bytes, &mut self.structure).unwrap()
                })
                .collect()
        }
    }

    fn kept(m: &mut Av1Munger, frames: &[FrameInfo], unit: u32, wish: LayerWish) -> Vec<(u8, u8, bool)> {
        let admitted = |frame: &FrameInfo| match m.admit(frame, unit * 3000, wish) {
            Admission::Kept { ends_picture } => Some((frame.spatial, frame.temporal, ends_picture)),
            Admission::LeftOut => None,
        };
        frames.iter().filter_map(admitted).collect()
    }

    #[test]
    fn a_lower_spatial_layer_ends_the_picture_where_it_is_the_highest_forwarded() {
        let (mut m, mut publisher) = (Av1Munger::default(), Publisher::default());
        assert_eq!(kept(&mut m, &publisher.unit(0, true), 0, ALL), [(0, 0, false), (1, 0, false), (2, 0, true)]);
        let low = LayerWish { spatial: 0, temporal: 2 };
        assert_eq!(kept(&mut m, &publisher.unit(1, false), 1, low), [(0, 2, true)]);
        assert_eq!(kept(&mut m, &publisher.unit(2, false), 2, ALL), [(0, 1, true)], "more takes a key frame");
        assert_eq!(m.spatial(), 0);
        assert_eq!(kept(&mut m, &publisher.unit(4, true), 4, ALL).len(), 3);
    }

    #[test]
    fn frames_above_the_wanted_temporal_layer_and_what_is_built_of_them_are_left_out() {
        let (mut m, mut publisher) = (Av1Munger::default(), Publisher::default());
        kept(&mut m, &publisher.unit(0, true), 0, ALL);
        let base = LayerWish { spatial: 2, temporal: 0 };
        for unit in 1..4 {
            assert_eq!(kept(&mut m, &publisher.unit(unit, false), unit, base), []);
        }
        assert_eq!(kept(&mut m, &publisher.unit(4, false), 4, base).len(), 3);
        // Built of the base layer that was forwarded just before.
        assert_eq!(kept(&mut m, &publisher.unit(5, false), 5, ALL).len(), 3);
    }

    #[test]
    fn what_a_late_packet_belongs_to_stays_decided() {
        let (mut m, mut publisher) = (Av1Munger::default(), Publisher::default());
        let (key, next) = (publisher.unit(0, true), publisher.unit(1, false));
        let low = LayerWish { spatial: 0, temporal: 2 };
        kept(&mut m, &key, 0, ALL);
        kept(&mut m, &next, 1, low);
        assert_eq!(kept(&mut m, &key, 0, low).len(), 3);
        assert_eq!(kept(&mut m, &next, 1, ALL), [(0, 2, true)]);
    }

    #[test]
    fn frame_numbers_go_on_across_a_switch() {
        let mut m = Av1Munger::default();
        let mut structure = None;
        let mut frame =
            |number, is_key| read(&descriptor((1, 1), (0, 0), number, is_key, &[]), &mut structure).unwrap();
        assert_eq!(m.map(&frame(0xffff, true)), 0xffff);
        let first = frame(700, true);
        m.switch_source(&first);
        assert_eq!([m.map(&first), m.map(&frame(701, false))], [0, 1]);
        m.switch_source(&first);
        assert_eq!(m.map(&first), 2, "a number is never used for two frames");
    }

    proptest! {
        /// Every frame that is forwarded can be decoded from those that were, even when wishes
        /// change.
        #[test]
        fn what_is_forwarded_can_be_decoded(
            wishes in proptest::collection::vec((0u8..3, 0u8..3, 0u8..10), 1..80)
        ) {
            let (mut m, mut publisher) = (Av1Munger::default(), Publisher::default());
            let mut forwarded = std::collections::HashSet::new();
            for (unit, (spatial, temporal, key)) in wishes.into_iter().enumerate() {
                let frames = publisher.unit(unit as u32, unit == 0 || key == 0);
                let mut ends = 0;
                for frame in &frames {
                    let admission = m.admit(frame, unit as u32 * 3000, LayerWish { spatial, temporal });
                    if let Admission::Kept { ends_picture } = admission {
                        for distance in frame.references.distances() {
                            prop_assert!(forwarded.contains(&frame.number.wrapping_sub(*distance)));
                        }
                        forwarded.insert(frame.number);
                        ends += usize::from(ends_picture);
                    }
                }
                prop_assert!(ends <= 1);
            }
        }
    }
}
