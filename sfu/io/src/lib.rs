//! Drives the SFU core: UDP sockets, one thread per shard, TCP connections for networks without
//! UDP, an event queue with a file descriptor that wakes the reader.
//!
//! Nothing here knows what a packet means; the core never sees a socket.
#![forbid(unsafe_code)]

mod addresses;
mod engine;
mod event_queue;
mod logs;
mod outbox;
mod pace;
mod shard_thread;
mod socket;
mod tcp_connections;
mod tcp_lobby;
mod tcp_ring;

pub use engine::{Engine, EngineConfig};
pub use logs::{FieldValue, LogRecord, collect_logs, take_logs};
