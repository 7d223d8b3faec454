//! Messages to clients.

use std::sync::Arc;
use std::time::Instant;

use super::{Outputs, Room};
use crate::commands::Target;
use crate::events::Event;
use crate::transport::Arrival;

impl Room {
    pub fn send_data(&mut self, now: Instant, slot: usize, reliable: bool, payload: &Arc<[u8]>, out: &mut Outputs) {
        let at = (slot, Target::Subscriber);
        if reliable {
            let sent = self.run(now, at, out, |t| t.send_reliable(payload.clone()));
            if matches!(sent, Some(Err(_))) {
                self.fail_transport(slot, out);
            }
        } else if self.run(now, at, out, |t| t.send_lossy(payload)) != Some(true) {
            out.counters.dropped_data_lossy += 1;
        }
    }

    fn fail_transport(&mut self, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let (id, target) = (peer.id, peer.name_of(Target::Subscriber));
        let mut arrivals = Vec::new();
        if let Some(transport) = peer.transport(target) {
            transport.fail(&mut arrivals);
        }
        for arrival in arrivals {
            if let Arrival::StateChanged(state) = arrival {
                out.events.push(Event::TransportChanged { peer: id, target, state });
            }
        }
    }
}
