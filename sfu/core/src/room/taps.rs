//! Taps of tracks: receivers inside the process.

use std::time::Instant;

use super::{Outputs, Room};
use crate::commands::TapSettings;
use crate::limits;
use crate::receiver::Receiver;
use crate::slots::{TapSlot, TrackSlot};
use crate::tap::{Tap, Tapped};

impl Room {
    /// Add a tap to a track. Returns its slot, or `None` when the track has too many.
    pub fn add_tap(
        &mut self,
        now: Instant,
        index: TrackSlot,
        settings: TapSettings,
        out: &mut Outputs,
    ) -> Option<TapSlot> {
        let track = self.tracks.get_mut(index)?;
        if track.taps.len() >= limits::MAX_TAPS_OF_TRACK {
            tracing::warn!(room = self.id.0, track = track.handle.0, "a tap was not added: the track has too many");
            return None;
        }
        let slot = self.taps.insert(Tap::new(index, settings));
        track.taps.push(slot);
        self.aim_tap(now, slot, out);
        Some(slot)
    }

    pub fn set_tap(&mut self, now: Instant, slot: TapSlot, settings: TapSettings, out: &mut Outputs) {
        if let Some(tap) = self.taps.get_mut(slot) {
            tap.set(settings);
            self.aim_tap(now, slot, out);
        }
    }

    fn aim_tap(&mut self, now: Instant, slot: TapSlot, out: &mut Outputs) {
        let Some(tap) = self.taps.get_mut(slot) else {
            return;
        };
        if let Some(track) = tap.track.and_then(|track| self.tracks.get(track)) {
            tap.aim(track.aim_for(tap.wanted()));
        }
        self.request_tapped_keyframe(now, slot, out);
    }

    /// Ask for a key frame of what a tap receives.
    pub fn refresh_tap(&mut self, now: Instant, slot: TapSlot, out: &mut Outputs) {
        if let Some(tap) = self.taps.get_mut(slot) {
            tap.want_keyframe();
            self.request_tapped_keyframe(now, slot, out);
        }
    }

    /// Take the packets that a tap kept since the last time; `None` when there is no such tap.
    pub fn take_tapped(&mut self, slot: TapSlot) -> Option<Tapped> {
        Some(self.taps.get_mut(slot)?.take())
    }

    pub fn remove_tap(&mut self, slot: TapSlot) {
        let track = self.taps.remove(slot).and_then(|tap| tap.track);
        if let Some(track) = track.and_then(|track| self.tracks.get_mut(track)) {
            track.taps.retain(|tap| *tap != slot);
        }
    }

    /// Lost key frames are asked for again until they arrive.
    pub(super) fn tick_taps(&mut self, now: Instant, out: &mut Outputs) {
        for slot in self.taps.places() {
            self.request_tapped_keyframe(now, slot, out);
        }
    }
}
