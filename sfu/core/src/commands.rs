//! The commands of a shard.

use std::sync::Arc;

use crate::bitrate::Bitrate;
use crate::format::Format;
use crate::ids::{PeerId, RequestId, RoomId, TapId, TrackId};
use crate::track_parts::Layer;

/// Which of its transports a client means, as `SignalTarget` of its protocol says it; inside the
/// core a transport is named by its [`Role`](crate::transport::Role).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalTarget {
    /// The client offers and sends media; where a peer has only one, this is it.
    Publisher,
    /// We offer and send media.
    Subscriber,
}

/// The number of transports that a client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionMode {
    /// Two: the client offers the one it sends on, and we offer the one we send on.
    Dual,
    /// One for both directions, which the client offers.
    Single,
}

/// The kind of media that a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

/// The wishes of a subscriber for a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionSettings {
    /// Forward at all.
    pub enabled: bool,
    /// The highest layer wanted.
    pub max_layer: Layer,
    /// The highest frame rate wanted, in frames per second, as far as temporal layers allow it; 0:
    /// no limit.
    pub max_fps: u32,
    /// Larger is more important; 0 says nothing.
    pub priority: u32,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self { enabled: true, max_layer: Layer::HIGHEST, max_fps: 0, priority: 0 }
    }
}

/// The wishes of a tap for its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapSettings {
    /// Keep packets at all.
    pub enabled: bool,
    /// The highest layer wanted.
    pub max_layer: Layer,
}

/// One request. Commands of one peer are carried out in the order given; what names an unknown
/// handle is ignored, or answered with an error when it asks for a reply.
#[derive(Debug, Clone)]
pub enum Command {
    AddRoom {
        room: RoomId,
    },
    RemoveRoom {
        room: RoomId,
    },
    AddPeer {
        room: RoomId,
        peer: PeerId,
        mode: ConnectionMode,
        /// Its client is told of our TCP candidates alone.
        tcp_only: bool,
    },
    RemovePeer {
        peer: PeerId,
    },
    AcceptOffer {
        request: RequestId,
        peer: PeerId,
        sdp: String,
    },
    CreateOffer {
        request: RequestId,
        peer: PeerId,
        restart_ice: bool,
    },
    AcceptAnswer {
        request: RequestId,
        peer: PeerId,
        sdp: String,
    },
    /// Ask for the sections that the next offer of a peer with one transport has to have.
    RequireSections {
        request: RequestId,
        peer: PeerId,
    },
    AddCandidate {
        peer: PeerId,
        target: SignalTarget,
        candidate: String,
    },
    Publish {
        peer: PeerId,
        track: TrackId,
        mid: String,
        kind: Kind,
        /// Video of a screen rather than of a camera.
        is_screen: bool,
        /// The format it will arrive in, as far as that is known.
        format: Option<Format>,
    },
    /// The same media in another codec, in a section of its own, for subscribers that cannot decode
    /// the first.
    PublishBackup {
        track: TrackId,
        mid: String,
        format: Option<Format>,
    },
    Unpublish {
        track: TrackId,
    },
    SetMuted {
        track: TrackId,
        muted: bool,
    },
    Subscribe {
        peer: PeerId,
        track: TrackId,
        stream_id: String,
        track_id: String,
    },
    Unsubscribe {
        peer: PeerId,
        track: TrackId,
    },
    SetSubscription {
        peer: PeerId,
        track: TrackId,
        settings: SubscriptionSettings,
    },
    /// Its videos get no more than this, whatever its network takes; `None`: no such limit.
    LimitVideo {
        peer: PeerId,
        limit: Option<Bitrate>,
    },
    /// Keep the packets of a track for [`Shard::take_tapped`](crate::Shard::take_tapped), as far as
    /// the track has room for another tap.
    AddTap {
        tap: TapId,
        track: TrackId,
        settings: TapSettings,
    },
    SetTap {
        tap: TapId,
        settings: TapSettings,
    },
    /// Ask the publisher for a key frame, although what the tap gets can be decoded.
    RequestKeyframe {
        tap: TapId,
    },
    /// The packets it still has are dropped.
    RemoveTap {
        tap: TapId,
    },
    SendData {
        peers: Vec<PeerId>,
        reliable: bool,
        payload: Arc<[u8]>,
    },
    /// For tests of containment only: the peer's next transport work panics.
    PanicPeer {
        peer: PeerId,
    },
}

impl Command {
    /// The request to reply to, for a command that asks for a reply.
    pub fn request(&self) -> Option<RequestId> {
        match self {
            Self::AcceptOffer { request, .. }
            | Self::CreateOffer { request, .. }
            | Self::AcceptAnswer { request, .. }
            | Self::RequireSections { request, .. } => Some(*request),
            _ => None,
        }
    }
}
