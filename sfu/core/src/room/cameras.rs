//! Which cameras of a large room are forwarded.

use std::time::Instant;

use super::track::{SubscriberAt, Track};
use super::{Outputs, Room};
use crate::commands::Kind;
use crate::peer::Subscription;
use crate::slots::{PeerSlot, TrackSlot};
use crate::spotlight::{self, Claim};

impl Room {
    pub(super) fn cameras(&self) -> impl Iterator<Item = (TrackSlot, &Track)> {
        self.tracks.iter().filter(|(_, t)| t.kind == Kind::Video && !t.is_screen)
    }

    /// Choose again which cameras are forwarded.
    pub(super) fn choose_cameras(&mut self, now: Instant, out: &mut Outputs) {
        let on = || self.cameras().filter(|(_, t)| !t.muted);
        if on().count() <= self.limits.cameras && on().all(|(_, t)| t.is_shown) {
            return;
        }
        let claims: Vec<Claim> = on().map(|(i, t)| self.claim(i, t)).collect();
        let candidates: Vec<(TrackSlot, bool)> = claims.iter().map(|c| (c.camera, c.is_shown)).collect();
        let chosen = spotlight::choose(claims, self.limits.cameras);
        for (index, was_shown) in candidates {
            let is_shown = chosen.contains(&index);
            if is_shown != was_shown {
                self.show(now, index, is_shown, out);
            }
        }
    }

    fn claim(&self, index: TrackSlot, track: &Track) -> Claim {
        let subscription = |at: &SubscriberAt| {
            self.peers.get(at.peer).and_then(|p| p.sections.get(at.section)).and_then(|s| s.subscription.as_ref())
        };
        let voices = self.tracks.values().filter(|t| t.owner == track.owner && t.kind == Kind::Audio);
        Claim {
            camera: index,
            order: track.order,
            is_pinned: track.subscribers.iter().filter_map(subscription).any(Subscription::is_pinned),
            last_spoke: voices.filter_map(|t| t.spoke).max(),
            is_shown: track.is_shown,
        }
    }

    fn show(&mut self, now: Instant, index: TrackSlot, is_shown: bool, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        track.is_shown = is_shown;
        let subscribers: Vec<PeerSlot> = track.subscribers.iter().map(|at| at.peer).collect();
        if is_shown {
            self.retarget(now, index, out);
        } else {
            self.interrupt(index);
        }
        for slot in subscribers {
            self.announce_states(slot, Some(index), out);
        }
    }
}
