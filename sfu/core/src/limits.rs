//! Limits of the resources that one peer may use. Beyond them something is refused or dropped;
//! another peer never gets an error.

use std::time::Duration;

use crate::bitrate::Bitrate;

/// Larger datagrams are dropped unread: str0m copies into 2000 byte buffers.
pub const MAX_DATAGRAM: usize = 2000;
/// Bytes of one session description.
pub const MAX_SDP: usize = 1024 * 1024;
/// Lines of one session description.
pub const MAX_SDP_LINES: usize = 32_768;
/// Media sections of a description a client sends. A publisher never needs more than a handful, but
/// a subscriber's answer has one section for every track it ever received at the same time.
pub const MAX_OFFERED_SECTIONS: usize = 32;
/// Media sections of a subscriber transport.
pub const MAX_SUBSCRIBED_SECTIONS: usize = 600;
/// Payload types in one media section.
pub const MAX_PAYLOAD_TYPES: usize = 64;
/// Tracks one peer may publish at a time.
pub const MAX_TRACKS_PER_PEER: usize = 8;
/// SSRCs a transport hands to str0m in all its life, retransmissions included: a screen that is
/// shared for the hundredth time has other ones than before.
pub const MAX_SSRCS_ON_TRANSPORT: usize = 1024;
/// Media one peer may publish, all tracks and layers together: three times what a camera and a
/// screen in full size take.
pub const MAX_PUBLISHED: Bitrate = Bitrate::from_kbps(30_000);
/// Simulcast layers of one track.
pub const MAX_LAYERS: usize = 3;
/// Codecs that one track may be published in at the same time.
pub const MAX_ENCODINGS: usize = 2;
/// RTP streams of one track, in all codecs.
pub const MAX_STREAMS_OF_TRACK: usize = MAX_ENCODINGS * MAX_LAYERS;
/// Temporal layers that are told apart; those above count as the highest.
pub const MAX_TEMPORAL_LAYERS: usize = 3;
/// Taps of one track.
pub const MAX_TAPS_OF_TRACK: usize = 4;
/// Bytes that may wait in one tap: 3 s of a screen at 2.5 Mbit/s.
pub const MAX_TAPPED_BYTES: usize = 1024 * 1024;
/// Data channels open at a time on one transport.
pub const MAX_CHANNELS: usize = 16;
/// Remote candidates that may be trickled for one transport, and as many may be in each
/// description.
pub const MAX_REMOTE_CANDIDATES: usize = 64;
/// Connectivity checks of one transport that wait for their answer: those that come before the
/// client's description.
pub const MAX_UNANSWERED_CHECKS: usize = 16;
/// Bytes of one data channel message.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Bytes of reliable messages that may wait for one receiver.
pub const MAX_QUEUED_DATA: usize = 4 * 1024 * 1024;
/// Bytes str0m may hold in its SCTP send buffer for one association.
pub const SCTP_BUFFER: usize = 512 * 1024;
/// Below this many buffered bytes a data channel is topped up.
pub const SCTP_LOW_WATER: usize = 64 * 1024;

/// The part of a large room that is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomLimits {
    /// Voices forwarded at a time in a room with many microphones; at least one.
    pub voices: usize,
    /// From this many microphones on a room has many.
    pub voices_from: usize,
    /// Cameras forwarded at a time; screen shares do not count.
    pub cameras: usize,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self { voices: 3, voices_from: 16, cameras: 25 }
    }
}

/// A publisher layer is asked for a key frame at most this often.
pub const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);
/// A layer without a packet for this long no longer flows.
pub const LAYER_SILENCE: Duration = Duration::from_millis(1500);
/// Audio levels are reported this often.
pub const LEVEL_INTERVAL: Duration = Duration::from_millis(400);
/// Statistics are reported this often.
pub const STATS_INTERVAL: Duration = Duration::from_secs(5);
/// A transport that stays disconnected this long has failed.
pub const DISCONNECTED_TIMEOUT: Duration = Duration::from_secs(5);
/// A transport that never connects has failed this long after it was negotiated.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Housekeeping of a room with tracks.
pub const ROOM_TICK: Duration = Duration::from_millis(100);
/// Housekeeping of a room without tracks.
pub const IDLE_ROOM_TICK: Duration = Duration::from_secs(1);
