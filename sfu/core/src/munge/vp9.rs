//! The numbers of the VP9 payload descriptor (RFC 9628 section 4.2), and which of its layers are
//! forwarded.
//!
//! Receivers infer from the distance of two picture ids which layer a picture between them had, so
//! what is left out leaves a gap in these; only a switch to another source moves them. Sequence
//! numbers have no gaps.

use std::collections::VecDeque;

use super::admission::{Admission, LayerWish};
use super::patch::PayloadPatch;
use super::vp9_descriptor::Vp9Descriptor;

const PICTURE_ID_MASK: u16 = 0x7fff;
/// Pictures whose late packets share the fate of those before them.
const REMEMBERED: usize = 32;
/// Far enough from zero for late packets of the first pictures.
const FIRST: u64 = 1 << 20;

/// The decision about a picture.
#[derive(Debug, Clone, Copy)]
struct Picture {
    /// Extended.
    id: u64,
    /// Spatial layers up to this one are forwarded.
    spatial: u8,
    is_kept: bool,
}

/// Renumbers and thins out the current source.
#[derive(Debug, Default)]
pub struct Vp9Munger {
    /// In order of arrival of their first packets, ascending.
    pictures: VecDeque<Picture>,
    spatial: u8,
    temporal: u8,
    picture_id_offset: u16,
    tl0_offset: u8,
    last_picture_id: Option<u16>,
    last_tl0: u8,
}

impl Vp9Munger {
    /// Go on with another source, of which `first` is the first descriptor. It begins with a key
    /// frame.
    pub fn switch_source(&mut self, first: &Vp9Descriptor) {
        self.pictures.clear();
        let Some(last) = self.last_picture_id else {
            return;
        };
        self.picture_id_offset = last.wrapping_add(1).wrapping_sub(first.picture_id().unwrap_or(0));
        self.tl0_offset = self.last_tl0.wrapping_add(1).wrapping_sub(first.tl0_pic_idx().unwrap_or(0));
    }

    /// The highest spatial layer that is forwarded at the moment.
    pub fn spatial(&self) -> u8 {
        self.spatial
    }

    /// Decide about a packet. Spatial layers are added with a key picture and taken away with any;
    /// temporal layers are added behind a switching-up point.
    pub fn admit(&mut self, descriptor: &Vp9Descriptor, wish: LayerWish) -> Admission {
        let picture = match self.extend(descriptor) {
            None => self.decide(FIRST, descriptor, wish),
            Some(id) => match self.pictures.iter().rev().find(|p| p.id <= id) {
                Some(picture) if picture.id == id => *picture,
                // Older than all that is remembered, or between two pictures that are: as it would
                // be now.
                None if !self.pictures.is_empty() => self.now(id, descriptor),
                Some(_) if self.pictures.back().is_some_and(|newest| id < newest.id) => self.now(id, descriptor),
                _ => self.begin(id, descriptor, wish),
            },
        };
        if !picture.is_kept || descriptor.spatial() > picture.spatial {
            return Admission::LeftOut;
        }
        Admission::Kept { ends_picture: descriptor.ends_frame() && descriptor.spatial() == picture.spatial }
    }

    fn now(&self, id: u64, descriptor: &Vp9Descriptor) -> Picture {
        Picture { id, spatial: self.spatial, is_kept: descriptor.temporal() <= self.temporal }
    }

    /// The first packet of a picture that is newer than all before it.
    fn begin(&mut self, id: u64, descriptor: &Vp9Descriptor, wish: LayerWish) -> Picture {
        let picture = self.decide(id, descriptor, wish);
        if self.pictures.len() >= REMEMBERED {
            self.pictures.pop_front();
        }
        self.pictures.push_back(picture);
        picture
    }

    fn decide(&mut self, id: u64, descriptor: &Vp9Descriptor, wish: LayerWish) -> Picture {
        if descriptor.is_key_picture() {
            (self.spatial, self.temporal) = (wish.spatial, wish.temporal);
        } else {
            self.spatial = self.spatial.min(wish.spatial);
            self.temporal = self.temporal.min(wish.temporal);
        }
        let mut picture = self.now(id, descriptor);
        picture.is_kept |= descriptor.is_key_picture();
        if picture.is_kept && descriptor.is_switching_up_point() {
            self.temporal = wish.temporal;
        }
        picture
    }

    /// Incoming picture ids do not wrap in what this returns.
    fn extend(&self, descriptor: &Vp9Descriptor) -> Option<u64> {
        let id = u64::from(descriptor.picture_id()?);
        let Some(newest) = self.pictures.back().map(|p| p.id) else {
            return Some(FIRST | id);
        };
        let range = u64::from(descriptor.picture_id_range());
        let ahead = id.wrapping_sub(newest) & (range - 1);
        Some(if ahead < range / 2 { newest + ahead } else { (newest + ahead).saturating_sub(range) })
    }

    /// The bytes to replace in a packet that is kept; `None` when the descriptor has no numbers.
    pub fn map(&mut self, descriptor: &Vp9Descriptor) -> Option<PayloadPatch> {
        let id = descriptor.picture_id()?.wrapping_add(self.picture_id_offset) & PICTURE_ID_MASK;
        let tl0 = descriptor.tl0_pic_idx().map(|index| index.wrapping_add(self.tl0_offset));
        let is_newer =
            self.last_picture_id.is_none_or(|last| id.wrapping_sub(last) & PICTURE_ID_MASK < PICTURE_ID_MASK / 2);
        if is_newer {
            self.last_picture_id = Some(id);
            self.last_tl0 = tl0.unwrap_or(self.last_tl0);
        }
        Some(descriptor.patch(id, tl0.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: LayerWish = LayerWish { spatial: 2, temporal: 2 };

    /// One packet that is a whole frame: of three spatial and three temporal layers, as Chromium
    /// numbers them.
    fn frame(picture: u16, spatial: u8, is_key: bool) -> Vec<u8> {
        let temporal = if is_key { 0 } else { [0, 2, 1, 2][usize::from(picture % 4)] };
        let tl0 = (picture / 4) as u8;
        let flags = 0xac | u8::from(!is_key) << 6;
        let id = 0x8000 | picture & PICTURE_ID_MASK;
        vec![flags, (id >> 8) as u8, id as u8, temporal << 5 | 0x10 | spatial << 1 | u8::from(spatial > 0), tl0]
    }

    /// (picture, spatial layer, ends the picture) of what is forwarded.
    fn forwarded(m: &mut Vp9Munger, bytes: &[u8], wish: LayerWish) -> Option<(u16, u8, bool)> {
        let descriptor = Vp9Descriptor::parse(bytes).unwrap();
        let Admission::Kept { ends_picture } = m.admit(&descriptor, wish) else {
            return None;
        };
        let mut copy = bytes.to_vec();
        m.map(&descriptor).unwrap().apply(&mut copy);
        let read = Vp9Descriptor::parse(&copy).unwrap();
        Some((read.picture_id().unwrap(), read.spatial(), ends_picture))
    }

    fn run(
        m: &mut Vp9Munger,
        pictures: std::ops::Range<u16>,
        key: Option<u16>,
        wish: LayerWish,
    ) -> Vec<(u16, u8, bool)> {
        let frames = pictures.flat_map(|p| (0..3).map(move |s| frame(p, s, key == Some(p))));
        frames.filter_map(|bytes| forwarded(m, &bytes, wish)).collect()
    }

    #[test]
    fn a_lower_spatial_layer_ends_the_picture_where_it_is_the_highest_forwarded() {
        let mut m = Vp9Munger::default();
        let all = run(&mut m, 0..1, Some(0), ALL);
        assert_eq!(all, [(0, 0, false), (0, 1, false), (0, 2, true)]);
        let fewer = run(&mut m, 1..2, None, LayerWish { spatial: 1, temporal: 2 });
        assert_eq!(fewer, [(1, 0, false), (1, 1, true)]);
        let none = run(&mut m, 2..3, None, LayerWish { spatial: 0, temporal: 2 });
        assert_eq!(none, [(2, 0, true)]);
    }

    #[test]
    fn a_spatial_layer_comes_back_with_a_key_picture_only() {
        let mut m = Vp9Munger::default();
        run(&mut m, 0..1, Some(0), LayerWish { spatial: 0, temporal: 2 });
        assert!(run(&mut m, 1..9, None, ALL).iter().all(|(_, spatial, _)| *spatial == 0));
        assert_eq!(m.spatial(), 0);
        assert_eq!(run(&mut m, 9..10, Some(9), ALL).len(), 3);
        assert_eq!(m.spatial(), 2);
    }

    #[test]
    fn pictures_above_the_wanted_temporal_layer_are_left_out_and_taken_up_at_a_switching_point() {
        let mut m = Vp9Munger::default();
        run(&mut m, 0..1, Some(0), LayerWish { spatial: 0, temporal: 0 });
        let base: Vec<u16> =
            run(&mut m, 1..9, None, LayerWish { spatial: 0, temporal: 0 }).iter().map(|f| f.0).collect();
        assert_eq!(base, [4, 8]);
        let more: Vec<u16> =
            run(&mut m, 9..15, None, LayerWish { spatial: 0, temporal: 2 }).iter().map(|f| f.0).collect();
        assert_eq!(more, [12, 13, 14], "picture 12 is the first with a switching-up point that is forwarded");
    }

    #[test]
    fn a_late_packet_shares_the_fate_of_its_picture() {
        let mut m = Vp9Munger::default();
        let low = LayerWish { spatial: 0, temporal: 0 };
        run(&mut m, 0..1, Some(0), ALL);
        assert_eq!(forwarded(&mut m, &frame(1, 0, false), low), None);
        assert!(forwarded(&mut m, &frame(4, 0, false), low).is_some());
        assert_eq!(forwarded(&mut m, &frame(1, 1, false), ALL), None);
        assert_eq!(forwarded(&mut m, &frame(0, 2, true), low), Some((0, 2, true)));
    }

    #[test]
    fn numbers_go_on_across_a_switch() {
        let mut m = Vp9Munger::default();
        assert_eq!(run(&mut m, 0x7ffe..0x8000, Some(0x7ffe), ALL).last(), Some(&(0x7fff, 2, true)));
        let first = frame(1234, 0, true);
        m.switch_source(&Vp9Descriptor::parse(&first).unwrap());
        assert_eq!(run(&mut m, 1234..1236, Some(1234), ALL).last(), Some(&(1, 2, true)));
    }

    proptest! {
        /// Even when wishes change, a picture is never continued above a layer that it was not
        /// begun with, every picture that is forwarded ends once, and ids only grow.
        #[test]
        fn what_is_forwarded_can_be_decoded(
            wishes in proptest::collection::vec((0u8..3, 0u8..3, 0u8..8), 1..60)
        ) {
            let mut m = Vp9Munger::default();
            let mut key_at = [None; 3];
            for (at, (spatial, temporal, key)) in wishes.into_iter().enumerate() {
                let picture = at as u16;
                let is_key = at == 0 || key == 0;
                let out = run(&mut m, picture..picture + 1, is_key.then_some(picture), LayerWish { spatial, temporal });
                if is_key {
                    key_at = [None; 3];
                    for (_, s, _) in &out {
                        key_at[usize::from(*s)] = Some(at);
                    }
                }
                for (_, s, _) in &out {
                    prop_assert!(key_at[usize::from(*s)].is_some(), "layer {s} of picture {at} has no key picture");
                }
                prop_assert!(out.is_empty() || out.iter().filter(|(_, _, ends)| *ends).count() == 1);
                // A layer that was taken away needs a key picture to come back.
                if !out.is_empty() {
                    let highest = out.iter().map(|(_, s, _)| *s).max().unwrap_or(0);
                    key_at[usize::from(highest) + 1..].fill(None);
                }
            }
        }
    }
}
