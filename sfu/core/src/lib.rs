//! A selective forwarding unit without I/O: commands, datagrams and the time go in; events and
//! datagrams come out.
//!
//! One [`Shard`](shard::Shard) owns a set of rooms and everything in them and is driven by exactly
//! one thread. Nothing in this crate opens a socket, reads a clock or starts a thread, so that
//! every behaviour can be tested with peers in memory and a clock that the test turns.
//!
//! ```text
//! shard    demultiplexing (routing), timers, handles, containment of panics
//!   room     the media graph of one meeting: peers, tracks, forwarding, levels
//!     peer       up to two transports, ingress table, sections and subscriptions
//!     tap        a receiver inside the process
//!       receiver   the interface of peers and taps to the room
//!       transport  the only module that drives str0m: negotiation, channels, health, media
//!         egress     SRTP, retransmission and RTCP of what subscribers receive
//! all others: pure leaves
//! ```
#![forbid(unsafe_code)]

pub mod allocation;
pub mod allowance;
pub mod bandwidth;
pub mod bitrate;
mod climb;
mod codecs;
pub mod commands;
pub mod containment;
pub mod counters;
pub mod data;
pub mod datagrams;
mod egress;
pub mod error;
pub mod events;
pub mod format;
pub mod forward;
pub mod framing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod ids;
pub mod keyframes;
pub mod layer_rate;
pub mod layers;
pub mod levels;
pub mod limits;
pub mod loudest;
pub mod munge;
mod numbering;
mod opening;
pub mod path;
mod peer;
mod receiver;
mod redundancy;
mod room;
pub mod sdp;
pub mod shard;
pub mod silence;
mod slots;
pub mod spotlight;
pub mod stun;
pub mod tap;
pub mod track_parts;
mod transport;

pub use commands::{Command, ConnectionMode, Kind, SignalTarget, SubscriptionSettings, TapSettings};
pub use counters::Counters;
pub use datagrams::Datagrams;
pub use error::{DescriptionError, NegotiationError};
pub use events::{Event, PeerStats, Reply, TransportState};
pub use ids::{PeerId, RequestId, RoomId, TapId, TrackId};
pub use limits::RoomLimits;
pub use path::{Carrier, Path};
pub use shard::{Shard, ShardConfig};
pub use transport::{Identity, TransportConfig};
