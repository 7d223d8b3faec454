//! The counters of the VP8 payload descriptor (RFC 7741 section 4.2): picture id, TL0PICIDX and
//! KEYIDX. Decoders use them to tell whether a frame is missing, so neither a layer switch nor a
//! frame left out may make them jump.

use std::collections::VecDeque;

use super::admission::Admission;
use super::patch::PayloadPatch;
use super::vp8_descriptor::Vp8Descriptor;

/// A picture id has 15 bits, a KEYIDX 5.
const PICTURE_ID_MASK: u16 = 0x7fff;
const KEY_IDX_MASK: u8 = 0x1f;
/// Frames left out that a late packet can still be told to belong to.
const REMEMBERED_GAPS: usize = 64;
/// Far enough from zero for late packets of the first frames.
const FIRST: u64 = 1 << 20;
const KEPT: Admission = Admission::Kept { ends_picture: false };

/// Renumbers descriptors of the current source.
#[derive(Debug, Default)]
pub struct Vp8Munger {
    /// Extended incoming picture id of the newest frame of the current source.
    newest: Option<u64>,
    /// Incoming frames that were left out, ascending.
    gaps: VecDeque<u64>,
    /// Temporal layers up to this one are forwarded.
    temporal: u8,
    picture_id_offset: u16,
    tl0_offset: u8,
    key_idx_offset: u8,
    last_picture_id: Option<u16>,
    last_tl0: u8,
    last_key_idx: u8,
}

impl Vp8Munger {
    /// Go on with another source, of which `first` is the first descriptor. It begins with a key
    /// frame.
    pub fn switch_source(&mut self, first: &Vp8Descriptor) {
        self.newest = None;
        self.gaps.clear();
        let Some(last) = self.last_picture_id else {
            return;
        };
        self.picture_id_offset = last.wrapping_add(1).wrapping_sub(first.picture_id().unwrap_or(0));
        self.tl0_offset = self.last_tl0.wrapping_add(1).wrapping_sub(first.tl0_pic_idx().unwrap_or(0));
        self.key_idx_offset = self.last_key_idx.wrapping_add(1).wrapping_sub(first.key_idx().unwrap_or(0));
    }

    /// Decide about a packet when frames above temporal layer `wanted` are not. A frame is kept or
    /// left out as a whole. More of them are taken up only where that is possible: with a key
    /// frame, or one built of the lowest layer alone.
    pub fn admit(&mut self, descriptor: &Vp8Descriptor, wanted: u8) -> Admission {
        let Some(id) = self.extend(descriptor) else {
            return KEPT;
        };
        if self.newest.is_some_and(|newest| id <= newest) {
            return if self.gaps.binary_search(&id).is_ok() { Admission::LeftOut } else { KEPT };
        }
        self.newest = Some(id);
        let temporal = descriptor.temporal();
        if descriptor.starts_keyframe() || wanted < self.temporal {
            self.temporal = wanted;
        } else if temporal > self.temporal && temporal <= wanted && descriptor.is_sync() {
            self.temporal = temporal;
        }
        if temporal <= self.temporal {
            return KEPT;
        }
        if self.gaps.len() >= REMEMBERED_GAPS {
            self.gaps.pop_front();
            self.picture_id_offset = self.picture_id_offset.wrapping_sub(1);
        }
        self.gaps.push_back(id);
        Admission::LeftOut
    }

    /// Incoming picture ids do not wrap in what this returns.
    fn extend(&self, descriptor: &Vp8Descriptor) -> Option<u64> {
        let id = u64::from(descriptor.picture_id()?);
        let Some(newest) = self.newest else {
            return Some(FIRST | id);
        };
        let range = if descriptor.is_long() { 1 << 15 } else { 1 << 7 };
        let ahead = id.wrapping_sub(newest) & (range - 1);
        Some(if ahead < range / 2 { newest + ahead } else { (newest + ahead).saturating_sub(range) })
    }

    /// The bytes to replace in this packet; `None` when the descriptor has no counters.
    pub fn map(&mut self, descriptor: &Vp8Descriptor) -> Option<PayloadPatch> {
        let gaps = if self.gaps.is_empty() {
            0
        } else {
            let id = self.extend(descriptor)?;
            self.gaps.partition_point(|gap| *gap < id) as u16
        };
        let picture_id =
            descriptor.picture_id()?.wrapping_add(self.picture_id_offset).wrapping_sub(gaps) & PICTURE_ID_MASK;
        let tl0 = descriptor.tl0_pic_idx().map(|v| v.wrapping_add(self.tl0_offset));
        let key_idx = descriptor.key_idx().map(|v| v.wrapping_add(self.key_idx_offset) & KEY_IDX_MASK);

        let newer = self
            .last_picture_id
            .is_none_or(|last| picture_id.wrapping_sub(last) & PICTURE_ID_MASK < PICTURE_ID_MASK / 2);
        if newer {
            self.last_picture_id = Some(picture_id);
            self.last_tl0 = tl0.unwrap_or(self.last_tl0);
            self.last_key_idx = key_idx.unwrap_or(self.last_key_idx);
        }

        Some(descriptor.patch(picture_id, tl0.unwrap_or(0), key_idx.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn payload(picture_id: u16, tl0: u8) -> Vec<u8> {
        // X, then I L T K, a 15 bit picture id, TL0PICIDX, TID/Y/KEYIDX, one byte of frame.
        vec![0x90, 0xF0, 0x80 | (picture_id >> 8) as u8, picture_id as u8, tl0, 0x03, 0x01]
    }

    fn short_payload(picture_id: u8) -> Vec<u8> {
        vec![0x90, 0x80, picture_id & 0x7f, 0x01]
    }

    /// Picture id and TL0PICIDX as a receiver reads them.
    fn mapped(munger: &mut Vp8Munger, bytes: &[u8]) -> (u16, u8) {
        let patch = munger.map(&Vp8Descriptor::parse(bytes).unwrap()).unwrap();
        let mut copy = bytes.to_vec();
        patch.apply(&mut copy);
        let read = Vp8Descriptor::parse(&copy).unwrap();
        (read.picture_id().unwrap(), read.tl0_pic_idx().unwrap_or(0))
    }

    #[test]
    fn counters_go_on_across_a_switch() {
        let mut m = Vp8Munger::default();
        assert_eq!(mapped(&mut m, &payload(0x7ffe, 254)), (0x7ffe, 254));
        assert_eq!(mapped(&mut m, &payload(0x7fff, 255)), (0x7fff, 255));

        m.switch_source(&Vp8Descriptor::parse(&payload(1234, 9)).unwrap());

        assert_eq!(mapped(&mut m, &payload(1234, 9)), (0, 0));
        assert_eq!(mapped(&mut m, &payload(1235, 9)), (1, 0));
    }

    #[test]
    fn a_late_packet_does_not_move_the_counters_back() {
        let mut m = Vp8Munger::default();
        mapped(&mut m, &payload(100, 1));
        mapped(&mut m, &payload(101, 2));

        assert_eq!(mapped(&mut m, &payload(100, 1)), (100, 1));

        m.switch_source(&Vp8Descriptor::parse(&payload(7, 7)).unwrap());
        assert_eq!(mapped(&mut m, &payload(7, 7)), (102, 3));
    }

    #[test]
    fn seven_bit_ids_stay_seven_bit() {
        let mut m = Vp8Munger::default();
        mapped(&mut m, &payload(5000, 0));
        m.switch_source(&Vp8Descriptor::parse(&short_payload(3)).unwrap());

        // 5001 and 5002 in seven bits.
        assert_eq!(mapped(&mut m, &short_payload(3)), (0x09, 0));
        assert_eq!(mapped(&mut m, &short_payload(4)), (0x0a, 0));
    }

    /// One packet of a frame: its picture id, its temporal layer, and whether that can be joined
    /// with it.
    fn layered(picture_id: u16, temporal: u8, is_sync: bool, keyframe: bool) -> Vec<u8> {
        let tid = temporal << 6 | u8::from(is_sync) << 5 | 0x03;
        vec![0x90, 0xF0, 0x80 | (picture_id >> 8) as u8, picture_id as u8, 7, tid, u8::from(!keyframe)]
    }

    fn admitted(m: &mut Vp8Munger, bytes: &[u8], wanted: u8) -> Option<u16> {
        let descriptor = Vp8Descriptor::parse(bytes).unwrap();
        (m.admit(&descriptor, wanted) == KEPT).then(|| mapped(m, bytes).0)
    }

    /// The usual pattern of three temporal layers; the frames of each group of four above the
    /// lowest can be joined first.
    fn frame(number: u16, keyframe: bool) -> Vec<u8> {
        let temporal = [0, 2, 1, 2][usize::from(number % 4)];
        layered(number & PICTURE_ID_MASK, temporal, matches!(number % 8, 1 | 2), keyframe)
    }

    #[test]
    fn frames_above_the_wanted_layer_are_left_out_without_a_gap() {
        let mut m = Vp8Munger::default();
        let mut out = Vec::new();
        for number in 0..40u16 {
            let wanted = [2, 0, 1, 2][usize::from(number / 10)];
            out.extend(admitted(&mut m, &frame(number, number == 0), wanted).map(|id| (number, id)));
        }
        let ids: Vec<u16> = out.iter().map(|(_, id)| *id).collect();
        assert_eq!(ids, (0..ids.len() as u16).collect::<Vec<_>>());
        let kept = |from: u16, to: u16| {
            out.iter().filter(|(n, _)| (from..to).contains(n)).map(|(n, _)| *n).collect::<Vec<_>>()
        };
        assert_eq!(kept(0, 10), (0..10).collect::<Vec<_>>());
        assert_eq!(kept(10, 20), [12, 16]);
        // Layer one is joined at frame 26, the first after 20 that is built of the lowest alone.
        assert_eq!(kept(20, 30), [20, 24, 26, 28]);
        assert_eq!(kept(30, 40), [30, 32, 33, 34, 35, 36, 37, 38, 39]);
    }

    #[test]
    fn a_late_packet_shares_the_fate_of_its_frame() {
        let mut m = Vp8Munger::default();
        assert_eq!(admitted(&mut m, &frame(0, true), 0), Some(0));
        assert_eq!(admitted(&mut m, &frame(1, false), 0), None);
        assert_eq!(admitted(&mut m, &frame(4, false), 0), Some(3), "2 and 3 may still come");
        assert_eq!(admitted(&mut m, &frame(1, false), 2), None);
        assert_eq!(admitted(&mut m, &frame(0, true), 2), Some(0));
    }

    #[test]
    fn a_key_frame_brings_all_layers_back() {
        let mut m = Vp8Munger::default();
        admitted(&mut m, &frame(0, true), 0);
        assert_eq!(admitted(&mut m, &layered(1, 0, false, true), 2), Some(1));
        assert_eq!(admitted(&mut m, &layered(2, 2, false, false), 2), Some(2));
    }

    proptest! {
        #[test]
        fn whatever_is_left_out_ids_are_contiguous(start: u16, wishes in proptest::collection::vec(0u8..3, 1..40)) {
            let mut m = Vp8Munger::default();
            let mut last: Option<u16> = None;
            for (at, wanted) in wishes.iter().flat_map(|w| std::iter::repeat_n(*w, 9)).enumerate() {
                let number = start.wrapping_add(at as u16);
                if let Some(id) = admitted(&mut m, &frame(number, at == 0), wanted) {
                    if let Some(last) = last {
                        prop_assert_eq!(id, (last + 1) & PICTURE_ID_MASK);
                    }
                    last = Some(id);
                }
            }
        }

        #[test]
        fn picture_ids_never_jump(sources in proptest::collection::vec((any::<u16>(), 1u16..40), 1..10)) {
            let mut m = Vp8Munger::default();
            let mut last: Option<u16> = None;
            for (start, count) in sources {
                m.switch_source(&Vp8Descriptor::parse(&payload(start & PICTURE_ID_MASK, 0)).unwrap());
                for i in 0..count {
                    let (id, _) = mapped(&mut m, &payload(start.wrapping_add(i) & PICTURE_ID_MASK, 0));
                    if let Some(last) = last {
                        prop_assert_eq!(id, (last + 1) & PICTURE_ID_MASK);
                    }
                    last = Some(id);
                }
            }
        }
    }
}
