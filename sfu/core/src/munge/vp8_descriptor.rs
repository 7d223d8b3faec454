//! The VP8 payload descriptor (RFC 7741 section 4.2): read once when a packet arrives, patched in
//! each copy that leaves.
//!
//! Its counters stand in a row behind the first two bytes, picture id, TL0PICIDX, TID/Y/KEYIDX, so
//! a patch is one short run.

use super::patch::PayloadPatch;

/// The index at which the counters begin, when there are any.
const COUNTERS: u8 = 2;

/// The parts of a descriptor that a subscriber's copy is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8Descriptor {
    picture_id: Option<u16>,
    /// The picture id has 15 bits rather than 7.
    is_long: bool,
    tl0_pic_idx: Option<u8>,
    /// TID and Y as they are, KEYIDX in the low five bits.
    tid_and_key_idx: Option<u8>,
    has_tid: bool,
    has_key_idx: bool,
    starts_keyframe: bool,
}

impl Vp8Descriptor {
    /// `None` for a payload that is too short for what it says it has.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut at = 1;
        let mut next = || {
            let byte = payload.get(at).copied();
            at += 1;
            byte
        };
        let mut parsed = Self {
            picture_id: None,
            is_long: false,
            tl0_pic_idx: None,
            tid_and_key_idx: None,
            has_tid: false,
            has_key_idx: false,
            starts_keyframe: false,
        };
        if first & 0x80 != 0 {
            let extension = next()?;
            if extension & 0x80 != 0 {
                let high = next()?;
                parsed.is_long = high & 0x80 != 0;
                parsed.picture_id = Some(if parsed.is_long {
                    u16::from(high & 0x7f) << 8 | u16::from(next()?)
                } else {
                    u16::from(high)
                });
            }
            if extension & 0x40 != 0 {
                parsed.tl0_pic_idx = Some(next()?);
            }
            if extension & 0x30 != 0 {
                parsed.tid_and_key_idx = Some(next()?);
                parsed.has_tid = extension & 0x20 != 0;
                parsed.has_key_idx = extension & 0x10 != 0;
            }
        }
        // The first partition of a frame begins with its header, of which the lowest bit says "not
        // a key frame".
        let partition = first & 0x07;
        let starts_frame = first & 0x10 != 0 && partition == 0;
        parsed.starts_keyframe = starts_frame && next()? & 1 == 0;
        Some(parsed)
    }

    pub fn picture_id(&self) -> Option<u16> {
        self.picture_id
    }

    pub fn tl0_pic_idx(&self) -> Option<u8> {
        self.tl0_pic_idx
    }

    pub fn key_idx(&self) -> Option<u8> {
        self.tid_and_key_idx.filter(|_| self.has_key_idx).map(|b| b & 0x1f)
    }

    /// The picture id has 15 bits rather than 7.
    pub fn is_long(&self) -> bool {
        self.is_long
    }

    /// The temporal layer the packet's frame belongs to; 0, of which all others are built, when
    /// there are none.
    pub fn temporal(&self) -> u8 {
        self.tid_and_key_idx.filter(|_| self.has_tid).map_or(0, |b| b >> 6)
    }

    /// The frame depends on the lowest temporal layer alone, so that layer is enough to go on with
    /// this frame.
    pub fn is_sync(&self) -> bool {
        self.tid_and_key_idx.is_some_and(|b| self.has_tid && b & 0x20 != 0)
    }

    /// True when the packet begins a key frame.
    pub fn starts_keyframe(&self) -> bool {
        self.starts_keyframe
    }

    /// The bytes that put these counters in place of those there are; what a descriptor has no room
    /// for is left out. A short picture id keeps its low seven bits.
    pub fn patch(&self, picture_id: u16, tl0_pic_idx: u8, key_idx: u8) -> PayloadPatch {
        let mut patch = PayloadPatch::at(COUNTERS);
        if self.picture_id.is_some() {
            if self.is_long {
                patch.push(0x80 | (picture_id >> 8) as u8);
                patch.push(picture_id as u8);
            } else {
                patch.push(picture_id as u8 & 0x7f);
            }
        }
        if self.tl0_pic_idx.is_some() {
            patch.push(tl0_pic_idx);
        }
        if let Some(byte) = self.tid_and_key_idx.filter(|_| self.has_key_idx) {
            patch.push(byte & 0xe0 | key_idx & 0x1f);
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(payload: &[u8]) -> (Option<u16>, Option<u8>, Option<u8>, bool) {
        let d = Vp8Descriptor::parse(payload).unwrap();
        (d.picture_id(), d.tl0_pic_idx(), d.key_idx(), d.starts_keyframe())
    }

    #[test]
    fn reads_every_form() {
        assert_eq!(read(&[0x10, 0x00]), (None, None, None, true));
        assert_eq!(read(&[0x10, 0x01]), (None, None, None, false));
        assert_eq!(read(&[0x00, 0x00]), (None, None, None, false));
        assert_eq!(read(&[0x11, 0x00]), (None, None, None, false), "second partition");
        assert_eq!(read(&[0x90, 0x80, 0x7e, 0x00]), (Some(0x7e), None, None, true));
        assert_eq!(read(&[0x90, 0x80, 0x92, 0x34, 0x00]), (Some(0x1234), None, None, true));
        assert_eq!(read(&[0x90, 0xf0, 0x92, 0x34, 9, 0xe3, 1]), (Some(0x1234), Some(9), Some(3), false));
        assert_eq!(read(&[0x90, 0x20, 0xe3, 0]), (None, None, None, true), "TID alone is no counter");
        for short in [&[][..], &[0x90], &[0x90, 0x80], &[0x90, 0x80, 0x80], &[0x90, 0x40], &[0x10], &[0x90, 0x10]] {
            assert_eq!(Vp8Descriptor::parse(short), None, "{short:?}");
        }
    }

    #[test]
    fn reads_the_temporal_layer_and_where_one_can_be_joined() {
        let temporal = |payload: &[u8]| Vp8Descriptor::parse(payload).map(|d| (d.temporal(), d.is_sync())).unwrap();
        assert_eq!(temporal(&[0x90, 0xf0, 0x92, 0x34, 9, 0xa3, 1]), (2, true));
        assert_eq!(temporal(&[0x90, 0x20, 0x40, 1]), (1, false));
        assert_eq!(temporal(&[0x90, 0x10, 0xe3, 1]), (0, false), "a key index alone is no layer");
        assert_eq!(temporal(&[0x10, 0x00]), (0, false));
    }

    proptest! {
        /// Patching changes the counters to the ones asked for, and nothing else.
        #[test]
        fn a_patch_is_read_back(
            payload in proptest::collection::vec(any::<u8>(), 1..20), id in 0u16..0x8000, tl0: u8, key in 0u8..32
        ) {
            let Some(before) = Vp8Descriptor::parse(&payload) else { return Ok(()); };
            let mut changed = payload.clone();
            before.patch(id, tl0, key).apply(&mut changed);
            let after = Vp8Descriptor::parse(&changed).unwrap();

            prop_assert_eq!(after.picture_id(), before.picture_id().map(|_| if before.is_long { id } else { id & 0x7f }));
            prop_assert_eq!(after.tl0_pic_idx(), before.tl0_pic_idx().map(|_| tl0));
            prop_assert_eq!(after.key_idx(), before.key_idx().map(|_| key));
            prop_assert_eq!(after.starts_keyframe(), before.starts_keyframe());
            let back = before.patch(
                before.picture_id().unwrap_or(0), before.tl0_pic_idx().unwrap_or(0), before.key_idx().unwrap_or(0));
            back.apply(&mut changed);
            prop_assert_eq!(changed, payload);
        }
    }
}
