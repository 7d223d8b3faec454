//! Sharing a client's bandwidth out among what it watches, when there is less of it than that
//! takes.

use std::time::{Duration, Instant};

use super::track::Track;
use super::{Outputs, Room};
use crate::allocation::{Allotment, Importance, Wish, allocate};
use crate::bandwidth::Demand;
use crate::bitrate::Bitrate;
use crate::commands::Kind;
use crate::limits::{self, MAX_LAYERS};
use crate::peer::Subscription;
use crate::slots::PeerSlot;
use crate::transport::Transport;

/// A participant who spoke this recently is a speaker.
const SPOKE: Duration = Duration::from_secs(10);
/// The assumed bitrates of layers that were not measured yet, near the presets of livekit-client
/// for 180p, 360p and 720p.
const UNMEASURED: [Bitrate; MAX_LAYERS] = [Bitrate::from_kbps(120), Bitrate::from_kbps(400), Bitrate::from_kbps(1500)];

impl Room {
    /// Give each video of this client what there is bandwidth for, and tell it what is paused or
    /// goes on.
    pub(super) fn allot(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peers.get(slot) else {
            return;
        };
        let assumed = peer.video_limit;
        let known = peer.connection.sending().and_then(Transport::video_limit);
        let limit = known.into_iter().chain(assumed).reduce(Bitrate::min);
        if limit.is_none() && !peer.is_rationed {
            return;
        }
        let speakers = self.speakers(now);
        let (mut sections, mut wishes) = (Vec::new(), Vec::new());
        for (section, subscription) in peer.received() {
            let track = self.tracks.get(subscription.track);
            if let Some(track) = track.filter(|t| t.kind == Kind::Video && t.is_shown && !t.muted) {
                sections.push(section);
                wishes.push(wish(subscription, track, speakers.contains(&track.owner)));
            }
        }
        let allocation = allocate(&wishes, limit.unwrap_or(Bitrate::UNLIMITED));
        let Some(peer) = self.peers.get_mut(slot) else {
            return;
        };
        peer.is_rationed = limit.is_some();
        peer.allotted = Some(now);
        if let Some(transport) = peer.connection.sending_mut() {
            // The network is not asked for video that the limit holds back in any case.
            let most = assumed.unwrap_or(Bitrate::UNLIMITED);
            let next = allocation.next.filter(|next| *next <= most);
            transport.set_video_demand(Demand { whole: allocation.whole.min(most), next });
        }
        if limit.is_none() {
            peer.subscriptions().for_each(|s| s.allotment = Allotment::EVERYTHING);
        }
        let mut is_changed = limit.is_none();
        for (section, allotment) in sections.into_iter().zip(allocation.allotments) {
            if let Some(subscription) = peer.sections.get_mut(section).and_then(|s| s.subscription.as_mut()) {
                is_changed |= subscription.allotment != allotment;
                if allotment == Allotment::Paused && subscription.allotment != Allotment::Paused {
                    // A paused video goes on with a key frame.
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

    /// Not everything a client says of its network has to be acted upon at once: the next tick does
    /// what is left.
    pub(super) fn may_allot(&self, now: Instant, slot: PeerSlot) -> bool {
        let peer = self.peers.get(slot);
        let last = peer.and_then(|p| p.allotted);
        last.is_none_or(|at| now.saturating_duration_since(at) >= limits::ROOM_TICK)
    }

    /// Give this client's videos no more than this, whatever its network takes. `None`: no such
    /// limit.
    pub fn limit_video(&mut self, now: Instant, slot: PeerSlot, limit: Option<Bitrate>, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot) {
            peer.video_limit = limit;
            if self.may_allot(now, slot) {
                self.allot(now, slot, out);
            }
        }
    }

    /// The participants who spoke lately.
    fn speakers(&self, now: Instant) -> Vec<PeerSlot> {
        let voices = self.tracks.values().filter(|t| t.kind == Kind::Audio);
        let is_recent = |t: &&Track| t.spoke.is_some_and(|at| now.saturating_duration_since(at) < SPOKE);
        voices.filter(is_recent).map(|t| t.owner).collect()
    }
}

fn wish(subscription: &Subscription, track: &Track, speaks: bool) -> Wish {
    let costs = track.costs(subscription.encoding, UNMEASURED);
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
        max_layer: subscription.most_layer(),
        max_temporal: subscription.temporal_wish,
        now: subscription.allotment,
    }
}
