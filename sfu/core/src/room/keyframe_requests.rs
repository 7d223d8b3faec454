//! Key frames that somebody waits for.

use std::time::Instant;

use super::{Outputs, Room};
use crate::commands::{Kind, Target};
use crate::containment::contain;

impl Room {
    /// Ask for the key frames this peer needs to go on.
    pub(super) fn request_awaited_keyframes(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        for (track, layer) in peer.awaited_keyframes() {
            self.request_keyframe(now, track, layer, out);
        }
    }

    pub(super) fn request_keyframe(&mut self, now: Instant, index: usize, layer: u8, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if track.muted || track.kind == Kind::Audio || !track.is_shown {
            return;
        }
        let send = track.layers.get_mut(usize::from(layer)).is_some_and(|l| l.keyframes.request(now));
        if send {
            self.send_keyframe_request(now, index, layer, out);
        }
    }

    pub(super) fn send_keyframe_request(&mut self, now: Instant, index: usize, layer: u8, out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let (owner, mid, rid) = (track.owner, track.mid, track.layers[usize::from(layer)].rid);
        let Some(transport) = self.transport_at(owner, Target::Publisher) else {
            return;
        };
        let was_dirty = std::mem::replace(&mut transport.is_dirty, true);
        if !was_dirty {
            self.dirty.push((owner, Target::Publisher));
        }
        let Some(transport) = self.transport_at(owner, Target::Publisher) else {
            return;
        };
        match contain(|| transport.request_keyframe(mid, rid)) {
            Ok(true) => out.counters.keyframe_requests += 1,
            Ok(false) => {}
            Err(text) => self.crash(now, owner, text, out),
        }
    }
}
