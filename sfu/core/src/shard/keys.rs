//! The keys under which a shard keeps transports, peers, tracks and taps.

use std::net::SocketAddr;

use crate::ids::{PeerId, RoomId};
use crate::path::Carrier;
use crate::room::TransportAt;
use crate::slots::{PeerSlot, RoomSlot, TapSlot, TrackSlot};
use crate::transport::Role;

/// Names one transport; `peer` tells whether the slot was given to someone else since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TransportKey {
    pub(super) room: RoomSlot,
    pub(super) slot: PeerSlot,
    pub(super) peer: PeerId,
    pub(super) role: Role,
}

impl TransportKey {
    /// The transport in its room: the peer's slot, and which of its transports.
    pub(super) fn at(self) -> TransportAt {
        TransportAt { slot: self.slot, role: self.role }
    }
}

/// The place of a peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAt {
    pub(super) room: RoomSlot,
    pub(super) slot: PeerSlot,
}

/// The place of a track.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackAt {
    pub(super) room: RoomSlot,
    pub(super) slot: TrackSlot,
}

/// The place of a tap.
#[derive(Debug, Clone, Copy)]
pub(super) struct TapAt {
    pub(super) room: RoomSlot,
    pub(super) slot: TapSlot,
}

/// The routes to a transport, kept together to be forgotten together.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) ufrags: Vec<String>,
    pub(super) addresses: Vec<Address>,
}

/// The source of a client's datagrams.
pub(super) type Address = (Carrier, SocketAddr);

/// The target of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    Transport(TransportKey),
    Room(RoomSlot, RoomId),
}
