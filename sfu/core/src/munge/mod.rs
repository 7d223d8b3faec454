//! Renumbering: the layers and tracks that a subscriber receives in a section must look like one
//! uninterrupted stream. Pure; one munger per outgoing stream, kept as long as its SSRC, because
//! SRTP must never see a number twice.

mod admission;
mod av1;
pub mod dependency_descriptor;
mod patch;
mod rtp;
mod vp8;
mod vp8_descriptor;
mod vp9;
mod vp9_descriptor;

pub use admission::{Admission, LayerWish};
pub use av1::Av1Munger;
pub use dependency_descriptor::{DependencyDescriptor, FrameInfo, TemplateStructure};
pub use patch::PayloadPatch;
pub use rtp::{RtpMunger, RtpPosition};
pub use vp8::Vp8Munger;
pub use vp8_descriptor::Vp8Descriptor;
pub use vp9::Vp9Munger;
pub use vp9_descriptor::Vp9Descriptor;
