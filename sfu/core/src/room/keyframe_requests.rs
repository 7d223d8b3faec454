//! Key frame requests to publishers.

use std::time::Instant;

use super::{Outputs, Room, Work};
use crate::commands::Kind;
use crate::containment::contain;
use crate::slots::TrackSlot;
use crate::track_parts::StreamIndex;

impl Room {
    pub(super) fn request_keyframe(&mut self, now: Instant, index: TrackSlot, stream: StreamIndex, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        if track.muted || track.kind == Kind::Audio || !track.is_shown {
            return;
        }
        let send = track.stream_mut(stream).is_some_and(|s| s.keyframes.request(now));
        if send {
            self.send_keyframe_request(now, index, stream, out);
        }
    }

    pub(super) fn send_keyframe_request(
        &mut self,
        now: Instant,
        index: TrackSlot,
        stream: StreamIndex,
        out: &mut Outputs,
    ) {
        let Some(track) = self.tracks.get(index) else {
            return;
        };
        let Some((mid, rid)) = track.streams.get(stream.index()).map(|s| (s.mid, s.rid)) else {
            return;
        };
        let owner = track.owner;
        let Some(transport) = self.peers.get_mut(owner).and_then(|p| p.connection.receiving_mut()) else {
            return;
        };
        if !std::mem::replace(&mut transport.is_dirty, true) {
            self.dirty.push((owner, Work::Drain));
        }
        match contain(|| transport.request_keyframe(mid, rid)) {
            Ok(true) => out.counters.keyframe_requests += 1,
            Ok(false) => {}
            Err(text) => self.crash(now, owner, text, out),
        }
    }
}
