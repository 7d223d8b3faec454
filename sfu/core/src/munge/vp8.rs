//! The counters of the VP8 payload descriptor (RFC 7741 §4.2): picture id, TL0PICIDX and KEYIDX. Decoders use them to
//! tell whether a frame is missing, so a layer switch must not make them jump.

use super::{Vp8Descriptor, Vp8Patch};

const PICTURE_ID_MASK: u16 = 0x7fff;
const KEY_IDX_MASK: u8 = 0x1f;

/// Renumbers descriptors of whatever source is current.
#[derive(Debug, Default)]
pub struct Vp8Munger {
    picture_id_offset: u16,
    tl0_offset: u8,
    key_idx_offset: u8,
    last_picture_id: Option<u16>,
    last_tl0: u8,
    last_key_idx: u8,
}

impl Vp8Munger {
    /// Go on with another source, of which `first` is the first descriptor.
    pub fn switch_source(&mut self, first: &Vp8Descriptor) {
        let Some(last) = self.last_picture_id else {
            return;
        };
        self.picture_id_offset = last.wrapping_add(1).wrapping_sub(first.picture_id().unwrap_or(0));
        self.tl0_offset = self.last_tl0.wrapping_add(1).wrapping_sub(first.tl0_pic_idx().unwrap_or(0));
        self.key_idx_offset = self.last_key_idx.wrapping_add(1).wrapping_sub(first.key_idx().unwrap_or(0));
    }

    /// The bytes to replace in this packet; `None` when the descriptor has no counters.
    pub fn map(&mut self, descriptor: &Vp8Descriptor) -> Option<Vp8Patch> {
        let picture_id = descriptor.picture_id()?.wrapping_add(self.picture_id_offset) & PICTURE_ID_MASK;
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

    proptest! {
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
