//! The layers that are wanted of a stream, and the decision about a packet of it.

/// The layers of a stream that a subscriber is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerWish {
    /// Spatial layers up to this one.
    pub spatial: u8,
    /// Temporal layers up to this one.
    pub temporal: u8,
}

/// The decision about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Kept {
        /// It is the last packet of its picture that is forwarded: the layers behind it are not.
        ends_picture: bool,
    },
    /// Its frame is left out.
    LeftOut,
}
