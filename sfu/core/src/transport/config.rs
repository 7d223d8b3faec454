//! The configuration of transports.

use std::net::SocketAddr;

use super::identity::Identity;

/// The same for all transports of a shard.
#[derive(Debug, Clone)]
pub struct TransportConfig {
    pub identity: Identity,
    /// Addresses clients are told. Datagrams are received at and sent from these.
    pub candidates: Vec<SocketAddr>,
    /// Addresses clients may open TCP connections to (RFC 6544, passive).
    pub tcp_candidates: Vec<SocketAddr>,
}
