//! What is published: tracks, from the section they are bound to until they end.

use std::time::Instant;

use str0m::media::{Mid, Rid};

use super::track::{Layer, Track};
use super::{Outputs, Room, free_slot};
use crate::commands::Kind;
use crate::ids::TrackId;
use crate::levels::LevelMeter;
use crate::limits;

impl Room {
    /// Bind a section to a new track; its slot, or `None` when the peer publishes too much.
    pub fn publish(
        &mut self,
        now: Instant,
        slot: usize,
        handle: TrackId,
        (mid, kind, is_screen): (&str, Kind, bool),
    ) -> Option<usize> {
        let published = self.tracks.iter().flatten().filter(|t| t.owner == slot).count();
        if published >= limits::MAX_TRACKS_PER_PEER {
            return None;
        }
        let mid = Mid::from(mid);
        let rids = self.offered.iter().find(|s| s.peer == slot && s.mid == mid).map(|s| s.rids.as_slice());
        let layers = match rids {
            Some(rids) if !rids.is_empty() => rids.iter().map(|r| Layer::new(Some(Rid::from(r.as_str())))).collect(),
            _ => vec![Layer::new(None)],
        };
        let index = free_slot(&mut self.tracks);
        self.tracks[index] = Some(Track {
            handle,
            owner: slot,
            mid,
            kind,
            layers,
            is_screen,
            muted: false,
            meter: LevelMeter::default(),
            spoke: None,
            is_heard: true,
            is_shown: true,
            order: self.published,
            receivers: Vec::new(),
        });
        self.published += 1;
        if kind == Kind::Audio {
            self.loudest.add(now, index);
        } else {
            // Not even for a moment more than there are places.
            let is_shown = is_screen || self.cameras().count() <= self.limits.cameras;
            if let Some(track) = self.tracks[index].as_mut() {
                track.is_shown = is_shown;
            }
        }
        Some(index)
    }

    pub fn unpublish(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        self.end_track(now, index, out);
    }

    pub(super) fn end_track(&mut self, _now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::take) else {
            return;
        };
        out.ended.push(track.handle);
        self.loudest.remove(index);
        if let Some(owner) = self.peer_at(track.owner) {
            owner.ingress.retain(|s| s.track != index);
        }
        for slot in 0..self.peers.len() {
            let Some(peer) = &mut self.peers[slot] else {
                continue;
            };
            peer.unsubscribe(track.handle);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_muted(&mut self, now: Instant, index: usize, muted: bool, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if track.muted == muted {
            return;
        }
        track.muted = muted;
        track.meter.reset();
        self.loudest.silence(now, index);
        if muted {
            // What is not forwarded cannot be built upon: everyone starts from a key frame again.
            for slot in 0..self.peers.len() {
                let Some(peer) = &mut self.peers[slot] else {
                    continue;
                };
                peer.subscriptions().filter(|s| s.track == index).for_each(|s| s.layers.reset());
            }
        } else {
            self.retarget(now, index, out);
        }
    }
}
