//! Makes one continuous outgoing stream of the streams that it is cut from: numbers of RTP and of
//! the payload formats, and layers that are left out. Kept as long as the stream's SSRC, because
//! SRTP must never see a number twice.

use std::time::Instant;

use crate::format::Format;
use crate::forward::{Incoming, Layering};
use crate::munge::{Admission, Av1Munger, LayerWish, PayloadPatch, RtpMunger, RtpPosition, Vp8Munger, Vp9Munger};
use crate::track_parts::Layer;

/// See the module.
#[derive(Debug)]
pub struct Numbering {
    rtp: RtpMunger,
    vp8: Vp8Munger,
    /// Made where they are needed: most streams never carry these formats.
    vp9: Option<Box<Vp9Munger>>,
    av1: Option<Box<Av1Munger>>,
}

impl Numbering {
    /// The numbering of the stream with this SSRC.
    pub fn new(ssrc: u32, now: Instant) -> Self {
        Self {
            // Any start does; the random SSRC makes it unlike its neighbours'. Below 2^15 leaves
            // room before the rollover.
            rtp: RtpMunger::new((ssrc & 0x7fff) as u16, ssrc.rotate_left(7), now),
            vp8: Vp8Munger::default(),
            vp9: None,
            av1: None,
        }
    }

    /// Take a packet out of the numbering. False when it is too late: its successors were numbered
    /// already.
    pub fn remove(&mut self, seq: u64) -> bool {
        self.rtp.remove(seq)
    }

    /// Go on with another source, of which `first` is the first packet.
    pub fn switch_source(&mut self, first: &Incoming) {
        self.rtp.switch_source(first.position, first.format.clock_rate());
        match &first.layering {
            Layering::None => {}
            Layering::Vp8(descriptor) => self.vp8.switch_source(descriptor),
            Layering::Vp9(descriptor) => self.vp9.get_or_insert_default().switch_source(descriptor),
            Layering::Av1(descriptor) => self.av1.get_or_insert_default().switch_source(&descriptor.frame),
        }
    }

    /// Decide about a packet of the current source.
    pub fn admit(&mut self, packet: &Incoming, wish: LayerWish) -> Admission {
        match &packet.layering {
            Layering::None => Admission::Kept { ends_picture: false },
            Layering::Vp8(descriptor) => self.vp8.admit(descriptor, wish.temporal),
            Layering::Vp9(descriptor) => self.vp9.get_or_insert_default().admit(descriptor, wish),
            Layering::Av1(descriptor) => {
                self.av1.get_or_insert_default().admit(&descriptor.frame, packet.position.timestamp, wish)
            }
        }
    }

    /// The highest spatial layer of the current source that is forwarded; `None` where it has none
    /// to choose from.
    pub fn spatial(&self, packet: &Incoming) -> Option<Layer> {
        let number = match &packet.layering {
            Layering::None | Layering::Vp8(_) => None,
            Layering::Vp9(_) => self.vp9.as_ref().map(|munger| munger.spatial()),
            Layering::Av1(_) => self.av1.as_ref().map(|munger| munger.spatial()),
        };
        number.map(Layer::new)
    }

    /// The outgoing position of a packet of the current source; `None` when it has none.
    pub fn place(&mut self, incoming: RtpPosition) -> Option<RtpPosition> {
        self.rtp.map(incoming)
    }

    /// The numbers of a kept packet in its payload and its descriptor.
    pub fn rename(&mut self, packet: &Incoming) -> (Option<PayloadPatch>, Option<u16>) {
        match &packet.layering {
            Layering::None => (None, None),
            Layering::Vp8(descriptor) => (self.vp8.map(descriptor), None),
            Layering::Vp9(descriptor) => (self.vp9.get_or_insert_default().map(descriptor), None),
            Layering::Av1(descriptor) => (None, Some(self.av1.get_or_insert_default().map(&descriptor.frame))),
        }
    }

    /// The position of the next packet that is made up rather than forwarded.
    pub fn fill(&mut self, now: Instant, format: Format) -> RtpPosition {
        self.rtp.fill(now, format.clock_rate())
    }
}
