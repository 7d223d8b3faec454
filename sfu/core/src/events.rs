//! What a shard has to tell.

use crate::commands::{Kind, Target};
use crate::ids::{PeerId, RequestId, RoomId, TrackId};

/// Where a transport is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportState {
    /// ICE and DTLS are up.
    Connected,
    /// No sign of life for a while; it may come back.
    Disconnected,
    /// Gone for good, or could never be set up.
    Failed,
    /// The client closed it.
    Closed,
}

/// One audio or video section of an accepted offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub mid: String,
    pub kind: Kind,
    /// As the offerer wrote it: `sendrecv`, `sendonly`, `recvonly` or `inactive`.
    pub direction: &'static str,
    /// Simulcast layers, low to high; empty without simulcast.
    pub rids: Vec<String>,
    /// Track id of the `a=msid` line, or empty.
    pub cid: String,
}

/// The value of a command that asked for a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Answer {
        sdp: String,
        sections: Vec<Section>,
        /// Which section carries which track to the client; nothing where it has a transport of its own for that.
        tracks: Vec<(String, TrackId)>,
        /// Something waits that only another offer of the client can carry.
        needs_offer: bool,
    },
    Offer {
        sdp: String,
        /// Which section of the offer carries which track.
        tracks: Vec<(String, TrackId)>,
    },
    /// There was nothing to negotiate.
    NothingToOffer,
    AnswerAccepted,
    /// How many sections to receive in the client has to add before it offers again; it must offer again even if it is none.
    SectionsRequired {
        audio: u32,
        video: u32,
    },
}

/// How well a peer's transports do.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PeerStats {
    /// Worse of what we lose from the peer and what it says it loses from us, 0 … 1.
    pub loss: f32,
    pub rtt_ms: f32,
    pub jitter_ms: f32,
    /// Bytes sent to the peer since it joined.
    pub tx_bytes: u64,
    /// Bytes received from the peer since it joined.
    pub rx_bytes: u64,
}

/// News from a shard.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Replied {
        request: RequestId,
        result: Result<Reply, String>,
    },
    TransportChanged {
        peer: PeerId,
        target: Target,
        state: TransportState,
    },
    NegotiationNeeded {
        peer: PeerId,
    },
    /// The first packet of a layer arrived.
    TrackLive {
        track: TrackId,
        rid: String,
        mime: &'static str,
    },
    ChannelOpened {
        peer: PeerId,
        target: Target,
        label: String,
    },
    DataReceived {
        peer: PeerId,
        reliable: bool,
        payload: Vec<u8>,
    },
    LevelsMeasured {
        room: RoomId,
        levels: Vec<(TrackId, f32)>,
    },
    StatsMeasured {
        peer: PeerId,
        stats: PeerStats,
    },
    /// A track this peer receives is not forwarded for want of room, or is again.
    StreamStateChanged {
        peer: PeerId,
        track: TrackId,
        active: bool,
    },
    /// The peer's transport panicked; the peer is removed already.
    PeerCrashed {
        peer: PeerId,
        text: String,
    },
}
