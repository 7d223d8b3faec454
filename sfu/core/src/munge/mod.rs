//! Renumbering: what a subscriber receives must look like one uninterrupted stream, whatever layers or tracks it is cut
//! from. Pure; one munger per outgoing stream, kept as long as its SSRC, because SRTP must never see a number twice.

mod rtp;
mod vp8;
mod vp8_descriptor;

pub use rtp::{RtpMunger, RtpPosition};
pub use vp8::{Frame, Vp8Munger};
pub use vp8_descriptor::{Vp8Descriptor, Vp8Patch};
