//! Taps by their handles.

use std::time::Instant;

use super::Shard;
use super::keys::{TapAt, TrackAt};
use crate::commands::TapSettings;
use crate::ids::{TapId, TrackId};
use crate::room::{Outputs, Room};
use crate::slots::{RoomSlot, TapSlot};
use crate::tap::Tapped;

impl Shard {
    /// Take the packets that a tap kept since the last time; `None` when it is unknown.
    pub fn take_tapped(&mut self, tap: TapId) -> Option<Tapped> {
        let at = self.tap_slots.get(&tap)?;
        self.rooms.get_mut(at.room)?.take_tapped(at.slot)
    }

    pub(super) fn add_tap(&mut self, now: Instant, tap: TapId, track: TrackId, settings: TapSettings) {
        let Some(&TrackAt { room, slot: track }) = self.track_slots.get(&track) else {
            return;
        };
        // A handle names one tap in all its life.
        if self.tap_slots.contains_key(&tap) {
            return;
        }
        let added = self.rooms.get_mut(room).and_then(|r| r.add_tap(now, track, settings, &mut self.out));
        if let Some(slot) = added {
            self.tap_slots.insert(tap, TapAt { room, slot });
        }
        self.follow_up(room);
    }

    pub(super) fn remove_tap(&mut self, tap: TapId) {
        if let Some(at) = self.tap_slots.remove(&tap)
            && let Some(room) = self.rooms.get_mut(at.room)
        {
            room.remove_tap(at.slot);
        }
    }

    pub(super) fn with_tap(&mut self, tap: TapId, work: impl FnOnce(&mut Room, TapSlot, &mut Outputs)) {
        let Some(&TapAt { room, slot }) = self.tap_slots.get(&tap) else {
            return;
        };
        if let Some(found) = self.rooms.get_mut(room) {
            work(found, slot, &mut self.out);
        }
        self.follow_up(room);
    }

    pub(super) fn forget_taps(&mut self, room: RoomSlot) {
        self.tap_slots.retain(|_, at| at.room != room);
    }
}
