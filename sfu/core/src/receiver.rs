//! The interface between a room and the receivers of its tracks.
//!
//! There are two kinds: a client, in one of the sections of its connection
//! ([`Subscriber`](crate::peer::Subscriber)), and a [`Tap`](crate::tap::Tap), which keeps the
//! packets for a reader inside the process.

use std::time::Instant;

use crate::forward::{Incoming, PayloadTypes};
use crate::layers::Choice;
use crate::track_parts::{EncodingIndex, Layer, StreamIndex, Temporal};

/// The wishes of a receiver for a track.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The formats it can decode; `None`: all.
    pub decodes: Option<PayloadTypes>,
    pub max_layer: Layer,
    /// Frames per second; 0: no limit.
    pub max_fps: u32,
}

/// The decision of a room about a receiver.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    pub encoding: EncodingIndex,
    /// `None` while nothing flows that the receiver can decode.
    pub choice: Option<Choice>,
    pub max_temporal: Temporal,
}

/// See the module. Packets go to [`receive`](Self::receive) of a type known at compile time; the
/// rest may go through `dyn Receiver`, since it happens a few times a second.
pub trait Receiver {
    fn wanted(&self) -> Wanted;

    /// Takes note of the streams to receive from now on.
    fn aim(&mut self, aim: Aim);

    /// The stream that is received.
    fn current(&self) -> Option<StreamIndex>;

    /// The stream whose key frame is needed to go on, unless nothing is received for now anyway.
    fn awaited_keyframe(&self) -> Option<StreamIndex>;

    /// Forgets what was received: the next packet has to be a key frame.
    fn interrupt(&mut self);

    /// Offers a packet of the track. True when it was taken.
    fn receive(&mut self, now: Instant, packet: &Incoming) -> bool;
}
