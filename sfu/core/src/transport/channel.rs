//! A data channel, and the labels of those that the protocol uses.

use str0m::channel::ChannelId;

/// Labels of the channels the protocol uses.
pub const RELIABLE: &str = "_reliable";
pub const LOSSY: &str = "_lossy";

pub(super) struct OpenChannel {
    pub(super) id: ChannelId,
    pub(super) label: String,
}
