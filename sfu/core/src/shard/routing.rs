//! Which transport a datagram belongs to.

use std::net::SocketAddr;
use std::time::Instant;

use super::Shard;
use super::keys::{Address, TransportKey};
use crate::limits;
use crate::path::{Carrier, Path};
use crate::stun::{self, Protocol};
use crate::transport::{Refused, Transport};

/// Addresses remembered for one transport: a client behind several networks has a few.
const MAX_ROUTES: usize = 16;

impl Shard {
    /// A transport here has this ICE user fragment.
    pub fn has_ufrag(&self, ufrag: &str) -> bool {
        self.by_ufrag.contains_key(ufrag)
    }

    /// ICE found that this is a way to a client of ours, and the client is still there.
    pub fn is_proven(&self, carrier: Carrier, remote: SocketAddr) -> bool {
        self.by_address.contains_key(&(carrier, remote))
    }

    /// A datagram that arrived at `path.local`, one of the configured candidates.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        self.out.counters.packets_in += 1;
        self.out.counters.bytes_in += datagram.len() as u64;
        if datagram.len() > limits::MAX_DATAGRAM {
            self.out.counters.dropped_oversized += 1;
            tracing::debug!(remote = %path.remote, bytes = datagram.len() as u64, "a datagram was dropped: too large");
            return;
        }
        let Some(protocol) = stun::classify(datagram) else {
            self.out.counters.dropped_garbage += 1;
            return;
        };
        let key = if protocol == Protocol::Stun {
            stun::addressed_ufrag(datagram).and_then(|ufrag| self.by_ufrag.get(ufrag)).copied()
        } else {
            self.by_address.get(&(path.carrier, path.remote)).copied()
        };
        let Some(key) = key else {
            tracing::debug!(remote = %path.remote, ?protocol, "a datagram was dropped: nobody here is its client");
            if protocol == Protocol::Stun {
                self.out.counters.dropped_unknown_ufrag += 1;
            } else {
                self.out.counters.dropped_unknown_source += 1;
            }
            return;
        };
        if protocol == Protocol::Rtp {
            let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
            if !self.transport(key).is_some_and(|t| t.admits(ssrc, datagram)) {
                self.out.counters.dropped_ssrc += 1;
                tracing::debug!(
                    peer = key.peer.0,
                    ssrc = u64::from(ssrc),
                    "a packet was dropped: not proved to be the client's"
                );
                return;
            }
        }
        let Some(room) = self.rooms.get_mut(key.room) else {
            return;
        };
        match room.handle_datagram(now, key.at(), path, datagram, &mut self.out) {
            Ok(()) => {}
            Err(Refused::Stranger) => self.out.counters.dropped_unknown_source += 1,
            Err(Refused::Malformed) => {
                self.out.counters.dropped_refused += 1;
                tracing::debug!(peer = key.peer.0, remote = %path.remote, "a datagram was dropped: the transport refuses it");
            }
        }
        self.follow_up(key.room);
    }

    pub(super) fn transport(&mut self, key: TransportKey) -> Option<&mut Transport> {
        let peer = self.rooms.get_mut(key.room)?.peer_at(key.slot)?;
        if peer.id != key.peer {
            return None;
        }
        peer.connection.transport(key.role)
    }

    /// Route what comes from where ICE found the client to be.
    pub(super) fn learn_addresses(&mut self, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        for path in transport.take_proven_paths() {
            let address = (path.carrier, path.remote);
            let owner = self.by_address.get(&address).copied();
            if owner.is_some_and(|owner| owner == key || self.is_in_use(owner, address)) {
                continue;
            }
            let routes = self.routes.entry(key).or_default();
            if routes.addresses.len() >= MAX_ROUTES {
                let oldest = routes.addresses.remove(0);
                if self.by_address.get(&oldest) == Some(&key) {
                    self.by_address.remove(&oldest);
                }
            }
            routes.addresses.push(address);
            self.by_address.insert(address, key);
        }
    }

    /// A transport that is alive reaches its client at this address. Another client that checks
    /// from there with credentials of its own makes the address up, so datagrams from it still
    /// count as those of the first.
    pub(super) fn is_in_use(&mut self, owner: TransportKey, (carrier, remote): Address) -> bool {
        let is_there = |used: Path| used.carrier == carrier && used.remote == remote;
        self.transport(owner).is_some_and(|t| t.may_be_alive() && t.path().is_some_and(is_there))
    }

    pub(super) fn learn_ufrag(&mut self, key: TransportKey) {
        let Some(ufrag) = self.transport(key).and_then(Transport::take_new_ufrag) else {
            return;
        };
        // Credentials before an ICE restart are as good as unknown ones.
        let routes = self.routes.entry(key).or_default();
        for old in std::mem::take(&mut routes.ufrags) {
            self.by_ufrag.remove(&old);
        }
        routes.ufrags.push(ufrag.clone());
        self.by_ufrag.insert(ufrag, key);
    }

    pub(super) fn forget_routes(&mut self, key: TransportKey) {
        let Some(routes) = self.routes.remove(&key) else {
            return;
        };
        for ufrag in routes.ufrags {
            self.by_ufrag.remove(&ufrag);
        }
        for address in routes.addresses {
            if self.by_address.get(&address) == Some(&key) {
                self.by_address.remove(&address);
            }
        }
    }
}
