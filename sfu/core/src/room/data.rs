//! Messages to clients.

use std::sync::Arc;
use std::time::Instant;

use super::{Outputs, Room};
use crate::events::Event;
use crate::slots::PeerSlot;
use crate::transport::Arrival;

impl Room {
    pub fn send_data(&mut self, now: Instant, slot: PeerSlot, reliable: bool, payload: &Arc<[u8]>, out: &mut Outputs) {
        let Some(at) = self.sending_at(slot) else {
            return;
        };
        if reliable {
            let sent = self.run(now, at, out, |t| t.send_reliable(payload.clone()));
            if matches!(sent, Some(Err(_))) {
                let (room, peer) = (self.id.0, self.peer_at(slot).map_or(0, |p| p.id.0));
                tracing::warn!(room, peer, "a client is given up: it does not read its reliable messages");
                self.fail_transport(slot, out);
            }
        } else if self.run(now, at, out, |t| t.send_lossy(payload)) != Some(true) {
            out.counters.dropped_data_lossy += 1;
        }
    }

    fn fail_transport(&mut self, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let (id, role) = (peer.id, peer.connection.sending_role());
        let mut arrivals = Vec::new();
        if let Some(transport) = peer.connection.transport(role) {
            transport.fail(&mut arrivals);
        }
        for arrival in arrivals {
            if let Arrival::StateChanged(state) = arrival {
                out.events.push(Event::TransportChanged { peer: id, target: role.target(), state });
            }
        }
    }
}
