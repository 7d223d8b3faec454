//! Timers of transports and rooms.

use std::cmp::Reverse;
use std::time::Instant;

use super::Shard;
use super::keys::{TransportKey, Wake};
use crate::ids::RoomId;
use crate::slots::RoomSlot;

impl Shard {
    /// The latest time to call [`handle_timeout`](Self::handle_timeout).
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, wake))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            match wake {
                Wake::Transport(key) => self.wake_transport(now, at, key),
                Wake::Room(slot, id) => self.wake_room(now, at, slot, id),
            }
        }
    }

    fn wake_transport(&mut self, now: Instant, at: Instant, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        // A timer that was set earlier than this one already did the work.
        if transport.armed != Some(at) {
            return;
        }
        transport.armed = None;
        if transport.deadline() > now {
            self.arm(key);
            return;
        }
        if let Some(room) = self.rooms.get_mut(key.room) {
            room.handle_timeout(now, key.at(), &mut self.out);
        }
        self.follow_up(key.room);
    }

    fn wake_room(&mut self, now: Instant, at: Instant, slot: RoomSlot, id: RoomId) {
        let Some(room) = self.rooms.get_mut(slot).filter(|r| r.id == id && r.tick_at == at) else {
            return;
        };
        room.tick(now, &mut self.out);
        self.arm_room(now, slot);
        self.follow_up(slot);
    }

    pub(super) fn arm_room(&mut self, now: Instant, slot: RoomSlot) {
        if let Some(room) = self.rooms.get_mut(slot) {
            room.tick_at = room.next_tick(now);
            self.timers.push(Reverse((room.tick_at, Wake::Room(slot, room.id))));
        }
    }

    pub(super) fn arm(&mut self, key: TransportKey) {
        let Some(transport) = self.transport(key) else {
            return;
        };
        let deadline = transport.deadline();
        if transport.is_over() || transport.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        transport.armed = Some(deadline);
        self.timers.push(Reverse((deadline, Wake::Transport(key))));
    }
}
