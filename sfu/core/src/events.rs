//! The events of a shard.

use crate::commands::{Kind, SignalTarget};
use crate::error::NegotiationError;
use crate::ids::{PeerId, RequestId, RoomId, TrackId};

/// The state of a transport.
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
        /// Which section carries which track to the client; nothing where it has a transport of its
        /// own for that.
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
    /// The number of receiving sections that the client has to add before it offers again; it must
    /// offer again even if that is none.
    SectionsRequired {
        audio: u32,
        video: u32,
    },
}

/// Statistics of a peer's transports.
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
        result: Result<Reply, NegotiationError>,
    },
    TransportChanged {
        peer: PeerId,
        target: SignalTarget,
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
        target: SignalTarget,
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
    /// The codec in which a peer gets a track, when it is not the first that the track was
    /// published in, or is the first again.
    CodecChosen {
        peer: PeerId,
        track: TrackId,
        /// Empty: it can decode none of those there are, and gets nothing.
        mime: &'static str,
    },
    /// The peer's transport panicked; the peer is removed already.
    PeerCrashed {
        peer: PeerId,
        text: String,
    },
}
