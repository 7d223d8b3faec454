//! What a shard can be asked to do.

use std::sync::Arc;

use crate::ids::{PeerId, RequestId, RoomId, TrackId};

/// Which of a peer's transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The client offers and sends media; where a peer has only one, this is it.
    Publisher,
    /// We offer and send media.
    Subscriber,
}

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Audio,
    Video,
}

/// What a subscriber wants of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionSettings {
    /// Forward at all.
    pub enabled: bool,
    /// Highest simulcast layer wanted: 0 low, 1 medium, 2 high.
    pub max_layer: u8,
    /// No more pictures a second than this, as far as temporal layers allow it; 0: no limit.
    pub max_fps: u32,
    /// Larger is more important; 0 says nothing.
    pub priority: u32,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self { enabled: true, max_layer: 2, max_fps: 0, priority: 0 }
    }
}

/// One request. Commands of one peer are carried out in the order given; what names an unknown handle is ignored, or
/// answered with an error when it asks for a reply.
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
        /// One transport for both directions instead of two.
        is_single: bool,
        /// Its client is told of our TCP candidates alone.
        tcp_only: bool,
    },
    RemovePeer {
        peer: PeerId,
    },
    AcceptOffer {
        request: RequestId,
        peer: PeerId,
        target: Target,
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
    /// Of a peer with one transport: what its next offer has to have.
    RequireSections {
        request: RequestId,
        peer: PeerId,
    },
    AddCandidate {
        peer: PeerId,
        target: Target,
        candidate: String,
    },
    Publish {
        peer: PeerId,
        track: TrackId,
        mid: String,
        kind: Kind,
        /// Video of a screen rather than of a camera.
        is_screen: bool,
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
    /// Its videos get no more than this, in bits a second, whatever its network takes; `None`: no such limit.
    LimitVideo {
        peer: PeerId,
        limit: Option<u64>,
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
