//! Drives the SFU core: UDP sockets, one thread per shard, an event queue with a file descriptor that wakes the reader.
//!
//! Nothing here knows what a packet means; the core never sees a socket.
#![forbid(unsafe_code)]

mod addresses;
mod engine;
mod event_queue;
mod shard_thread;
mod socket;

pub use engine::{Engine, EngineConfig};
