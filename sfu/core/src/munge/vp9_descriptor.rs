//! The VP9 payload descriptor (RFC 9628 section 4.2): read once when a packet arrives, patched in
//! each copy that leaves.

use super::patch::PayloadPatch;

/// Bits of the first byte: I, P, L, F, B, E and V.
const HAS_PICTURE_ID: u8 = 0x80;
const IS_INTER_PREDICTED: u8 = 0x40;
const HAS_LAYER: u8 = 0x20;
const IS_FLEXIBLE: u8 = 0x10;
const STARTS_FRAME: u8 = 0x08;
const ENDS_FRAME: u8 = 0x04;
const HAS_STRUCTURE: u8 = 0x02;
/// References that a picture in flexible mode may name.
const MAX_REFERENCES: usize = 3;

/// The descriptor of a packet, as far as forwarding needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Descriptor {
    flags: u8,
    picture_id: Option<u16>,
    /// The picture id has 15 bits rather than 7.
    is_long: bool,
    /// TID, U, SID and D as they are.
    layer: Option<u8>,
    tl0_pic_idx: Option<u8>,
    /// The highest spatial layer of the scalability structure, where the packet has one.
    highest_spatial: Option<u8>,
}

impl Vp9Descriptor {
    /// `None` for a payload that is too short for what its first byte announces.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (flags, mut rest) = payload.split_first()?;
        let mut next = || {
            let (byte, after) = rest.split_first()?;
            rest = after;
            Some(*byte)
        };
        let (mut picture_id, mut is_long) = (None, false);
        if flags & HAS_PICTURE_ID != 0 {
            let high = next()?;
            is_long = high & 0x80 != 0;
            let low = if is_long { Some(next()?) } else { None };
            picture_id = Some(low.map_or(u16::from(high), |low| u16::from_be_bytes([high & 0x7f, low])));
        }
        let (mut layer, mut tl0_pic_idx) = (None, None);
        if flags & HAS_LAYER != 0 {
            layer = Some(next()?);
            if flags & IS_FLEXIBLE == 0 {
                tl0_pic_idx = Some(next()?);
            }
        }
        if flags & IS_INTER_PREDICTED != 0 && flags & IS_FLEXIBLE != 0 {
            // The lowest bit says that another one follows.
            let mut references = 1;
            while next()? & 1 == 1 {
                references += 1;
                if references > MAX_REFERENCES {
                    return None;
                }
            }
        }
        let highest_spatial = if flags & HAS_STRUCTURE != 0 { Some(next()? >> 5) } else { None };
        Some(Self { flags: *flags, picture_id, is_long, layer, tl0_pic_idx, highest_spatial })
    }

    /// In 7 or 15 bits, when there is one.
    pub fn picture_id(&self) -> Option<u16> {
        self.picture_id
    }

    /// Numbers of pictures come round at this one.
    pub fn picture_id_range(&self) -> u16 {
        if self.is_long { 1 << 15 } else { 1 << 7 }
    }

    /// Absent in flexible mode.
    pub fn tl0_pic_idx(&self) -> Option<u8> {
        self.tl0_pic_idx
    }

    /// The temporal layer of the picture; 0 when there are none.
    pub fn temporal(&self) -> u8 {
        self.layer.map_or(0, |byte| byte >> 5)
    }

    /// The spatial layer of the frame; 0 when there are none.
    pub fn spatial(&self) -> u8 {
        self.layer.map_or(0, |byte| byte >> 1 & 0x07)
    }

    /// The highest spatial layer of the stream, where the packet says so.
    pub fn highest_spatial(&self) -> Option<u8> {
        self.highest_spatial
    }

    /// Later pictures of higher temporal layers do not depend on earlier ones above this picture's
    /// layer.
    pub fn is_switching_up_point(&self) -> bool {
        self.layer.is_some_and(|byte| byte & 0x10 != 0)
    }

    /// The packet belongs to a picture that is decoded without an earlier one: its lowest spatial
    /// layer.
    pub fn is_key_picture(&self) -> bool {
        self.flags & IS_INTER_PREDICTED == 0 && self.spatial() == 0
    }

    /// The packet begins a picture that is decoded without an earlier one.
    pub fn starts_keyframe(&self) -> bool {
        self.is_key_picture() && self.flags & STARTS_FRAME != 0
    }

    /// The packet is the last of its frame, which is one spatial layer of a picture.
    pub fn ends_frame(&self) -> bool {
        self.flags & ENDS_FRAME != 0
    }

    /// The bytes that replace the numbers of the descriptor by these. A number that the descriptor
    /// has no room for is left out; a short picture id keeps its low seven bits.
    pub fn patch(&self, picture_id: u16, tl0_pic_idx: u8) -> PayloadPatch {
        let mut patch = PayloadPatch::at(1);
        if self.picture_id.is_some() {
            let [high, low] = picture_id.to_be_bytes();
            if self.is_long {
                patch.push(high | 0x80);
                patch.push(low);
            } else {
                patch.push(low & 0x7f);
            }
        }
        if let Some((layer, _)) = self.layer.zip(self.tl0_pic_idx) {
            patch.push(layer);
            patch.push(tl0_pic_idx);
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_form() {
        // Long picture id, temporal layer 2 with U, spatial layer 1 with D, TL0PICIDX 9.
        let full = Vp9Descriptor::parse(&[0xac, 0x92, 0x34, 0x53, 9]).unwrap();
        assert_eq!((full.picture_id(), full.tl0_pic_idx()), (Some(0x1234), Some(9)));
        assert_eq!((full.temporal(), full.spatial(), full.is_switching_up_point()), (2, 1, true));
        assert!(!full.starts_keyframe(), "the upper layer of a key picture does not begin it");
        assert!(full.ends_frame());
        let key = Vp9Descriptor::parse(&[0x8c, 0x05]).unwrap();
        assert_eq!((key.picture_id(), key.picture_id_range()), (Some(5), 128));
        assert!(key.starts_keyframe() && key.is_key_picture());
        let continued = Vp9Descriptor::parse(&[0x84, 0x05]).unwrap();
        assert!(!continued.starts_keyframe() && continued.is_key_picture());
        let predicted = Vp9Descriptor::parse(&[0xcc, 0x05]).unwrap();
        assert!(!predicted.starts_keyframe() && !predicted.is_key_picture());
        // Flexible mode has no TL0PICIDX.
        let flexible = Vp9Descriptor::parse(&[0xb8, 0x05, 0x20]).unwrap();
        assert_eq!((flexible.temporal(), flexible.tl0_pic_idx()), (1, None));
        let structured = Vp9Descriptor::parse(&[0x0a, 0x58]).unwrap();
        assert_eq!((structured.highest_spatial(), key.highest_spatial()), (Some(2), None));
        let referring = Vp9Descriptor::parse(&[0x52, 0x03, 0x02, 0x20]).unwrap();
        assert_eq!(referring.highest_spatial(), Some(1));
        assert_eq!(Vp9Descriptor::parse(&[0x50, 3, 3, 3, 2]), None, "more references than there may be");
        for short in [&[][..], &[0x80], &[0x80, 0x80], &[0x20], &[0x20, 0x00], &[0xa0, 0x01], &[0x02], &[0x50]] {
            assert_eq!(Vp9Descriptor::parse(short), None, "{short:?}");
        }
    }

    proptest! {
        /// Patching changes the numbers to the ones asked for, and nothing else.
        #[test]
        fn a_patch_is_read_back(
            payload in proptest::collection::vec(any::<u8>(), 1..12), id in 0u16..0x8000, tl0: u8
        ) {
            let Some(before) = Vp9Descriptor::parse(&payload) else { return Ok(()); };
            let mut changed = payload.clone();
            before.patch(id, tl0).apply(&mut changed);
            let after = Vp9Descriptor::parse(&changed).unwrap();

            let expected = before.picture_id().map(|_| if before.is_long { id } else { id & 0x7f });
            prop_assert_eq!(after.picture_id(), expected);
            prop_assert_eq!(after.tl0_pic_idx(), before.tl0_pic_idx().map(|_| tl0));
            prop_assert_eq!((after.flags, after.layer), (before.flags, before.layer));
            before.patch(before.picture_id().unwrap_or(0), before.tl0_pic_idx().unwrap_or(0)).apply(&mut changed);
            prop_assert_eq!(changed, payload);
        }
    }
}
