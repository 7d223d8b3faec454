//! Sharing a client's bandwidth out among what it watches, when there is less of it than that takes.

use std::time::{Duration, Instant};

use super::track::Track;
use super::{Outputs, Room};
use crate::allocation::{Allotment, Importance, Wish, allocate};
use crate::bandwidth::Demand;
use crate::commands::{Kind, Target};
use crate::limits::{self, MAX_LAYERS, MAX_TEMPORAL_LAYERS};
use crate::peer::Subscription;
use crate::transport::Transport;

/// Who spoke this recently is a speaker.
const SPOKE: Duration = Duration::from_secs(10);
/// What layers are taken to need before they were measured, in bits a second.
const UNMEASURED: [f64; MAX_LAYERS] = [120e3, 400e3, 1.5e6];

impl Room {
    /// Give each video of this client what there is bandwidth for, and tell it what is paused or goes on.
    pub(super) fn allot(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        let Some(peer) = self.peers.get(slot).and_then(Option::as_ref) else {
            return;
        };
        let assumed = peer.video_limit;
        let known = peer.sending().and_then(Transport::video_limit);
        let limit = known.into_iter().chain(assumed).reduce(f64::min);
        if limit.is_none() && !peer.is_rationed {
            return;
        }
        let speakers = self.speakers(now);
        let (mut sections, mut wishes) = (Vec::new(), Vec::new());
        for (section, subscription) in peer.received() {
            let track = self.tracks.get(subscription.track).and_then(Option::as_ref);
            if let Some(track) = track.filter(|t| t.kind == Kind::Video && t.is_shown && !t.muted) {
                sections.push(section);
                wishes.push(wish(subscription, track, speakers.contains(&track.owner)));
            }
        }
        let allocation = allocate(&wishes, limit.unwrap_or(f64::INFINITY));
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        peer.is_rationed = limit.is_some();
        peer.allotted = Some(now);
        if let Some(transport) = peer.transport(Target::Subscriber) {
            // What is held back in any case is not asked of the network.
            let most = assumed.unwrap_or(f64::INFINITY);
            let next = allocation.next.filter(|next| *next <= most);
            transport.set_video_demand(Demand { whole: allocation.whole.min(most), next });
        }
        if limit.is_none() {
            peer.subscriptions().for_each(|s| s.allotment = Allotment::EVERYTHING);
        }
        let mut is_changed = limit.is_none();
        for (section, allotment) in sections.into_iter().zip(allocation.allotments) {
            if let Some(subscription) = peer.sections[section].subscription.as_mut() {
                is_changed |= subscription.allotment != allotment;
                if allotment == Allotment::Paused && subscription.allotment != Allotment::Paused {
                    // What goes on later begins with a key frame.
                    subscription.layers.reset();
                }
                subscription.allotment = allotment;
            }
        }
        if is_changed {
            self.retarget_peer(slot);
            self.request_awaited_keyframes(now, slot, out);
            self.announce_states(slot, None, out);
        }
    }

    /// Not everything a client says of its network has to be acted upon at once: the next tick does what is left.
    pub(super) fn may_allot(&self, now: Instant, slot: usize) -> bool {
        let peer = self.peers.get(slot).and_then(Option::as_ref);
        let last = peer.and_then(|p| p.allotted);
        last.is_none_or(|at| now.saturating_duration_since(at) >= limits::ROOM_TICK)
    }

    /// Give this client's videos no more than so many bits a second, whatever its network takes. `None`: no such limit.
    pub fn limit_video(&mut self, now: Instant, slot: usize, limit: Option<u64>, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot) {
            peer.video_limit = limit.map(|bits| bits as f64);
            if self.may_allot(now, slot) {
                self.allot(now, slot, out);
            }
        }
    }

    /// Peer slots of those who spoke lately.
    fn speakers(&self, now: Instant) -> Vec<usize> {
        let voices = self.tracks.iter().flatten().filter(|t| t.kind == Kind::Audio);
        let is_recent = |t: &&Track| t.spoke.is_some_and(|at| now.saturating_duration_since(at) < SPOKE);
        voices.filter(is_recent).map(|t| t.owner).collect()
    }
}

fn wish(subscription: &Subscription, track: &Track, speaks: bool) -> Wish {
    let mut costs = [[0.0; MAX_TEMPORAL_LAYERS]; MAX_LAYERS];
    for (number, layer) in track.layers.iter().enumerate().filter(|(_, l)| l.flowing) {
        costs[number] = layer.rate.costs();
        if costs[number][MAX_TEMPORAL_LAYERS - 1] == 0.0 {
            costs[number] = [UNMEASURED[number]; MAX_TEMPORAL_LAYERS];
        }
    }
    let settings = subscription.settings;
    let importance = if track.is_screen || settings.priority > 0 {
        Importance::First
    } else if subscription.is_pinned() || speaks {
        Importance::Second
    } else {
        Importance::Third
    };
    Wish {
        importance,
        priority: settings.priority,
        order: track.order,
        costs,
        most: (settings.max_layer, subscription.temporal_wish),
        now: subscription.allotment,
    }
}
