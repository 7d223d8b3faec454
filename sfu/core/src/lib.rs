//! A selective forwarding unit without I/O: commands, datagrams and the time go in; events and datagrams come out.
//!
//! One [`Shard`](shard::Shard) owns a set of rooms and everything in them and is driven by exactly one thread. Nothing in
//! this crate opens a socket, reads a clock or starts a thread, so that every behaviour can be tested with peers in
//! memory and a clock that the test turns.
//!
//! ```text
//! shard    demultiplexing, timers, who owns what, containment of panics
//!   room     the media graph of one meeting: peers, tracks, forwarding, levels
//!     peer       up to two transports, ingress table, subscriptions, data queue; single: those with one
//!       transport  the only module that drives str0m
//!         egress     SRTP, retransmission and RTCP of what subscribers receive
//! bandwidth, allocation, allowance, munge, redundancy, layers, layer_rate, keyframes, levels, loudest, spotlight, silence, sdp, stun, path, framing, data: pure leaves
//! ```
#![forbid(unsafe_code)]

pub mod allocation;
pub mod allowance;
pub mod bandwidth;
pub mod commands;
pub mod containment;
pub mod counters;
pub mod data;
pub mod datagrams;
mod egress;
pub mod events;
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
pub mod path;
mod peer;
mod redundancy;
mod room;
pub mod sdp;
pub mod shard;
pub mod silence;
mod single;
pub mod spotlight;
pub mod stun;
mod transport;
#[cfg(any(test, feature = "fuzzing"))]
mod watched_section;

pub use commands::{Command, Kind, SubscriptionSettings, Target};
pub use counters::Counters;
pub use datagrams::Datagrams;
pub use events::{Event, PeerStats, Reply, TransportState};
pub use ids::{PeerId, RequestId, RoomId, TrackId};
pub use limits::RoomLimits;
pub use path::{Carrier, Path};
pub use shard::{Shard, ShardConfig};
pub use transport::Identity;
