//! Who receives which track, and which of its layers.

use std::time::Instant;

use super::track::Track;
use super::{Outputs, Room};
use crate::allocation::Allotment;
use crate::commands::{Kind, SubscriptionSettings};
use crate::ids::TrackId;
use crate::layers::choose_layer;
use crate::limits::MAX_LAYERS;
use crate::peer::Subscription;

impl Room {
    /// Add a subscription, unless there is one or the peer has too many sections.
    pub fn subscribe(&mut self, slot: usize, index: usize, msid: (String, String), out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let (handle, kind, owner) = (track.handle, track.kind, track.owner);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        if owner == slot || peer.subscription(handle).is_some() {
            return;
        }
        peer.subscribe(Subscription::new(index, handle, kind, msid));
        self.retarget_peer(slot);
        self.announce_negotiation(slot, out);
    }

    pub fn unsubscribe(&mut self, slot: usize, track: TrackId, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot) {
            peer.unsubscribe(track);
            self.refresh_receivers(slot);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_subscription(
        &mut self,
        now: Instant,
        slot: usize,
        track: TrackId,
        settings: SubscriptionSettings,
        out: &mut Outputs,
    ) {
        let Some(subscription) = self.peer_at(slot).and_then(|p| p.subscription(track)) else {
            return;
        };
        if subscription.settings.enabled && !settings.enabled {
            subscription.layers.reset();
        }
        subscription.settings = settings;
        subscription.is_configured = true;
        self.retarget_peer(slot);
        self.allot(now, slot, out);
        self.request_awaited_keyframes(now, slot, out);
    }

    /// Make the receiver lists of all tracks agree with this peer's sections.
    pub(super) fn refresh_receivers(&mut self, slot: usize) {
        for track in self.tracks.iter_mut().flatten() {
            track.receivers.retain(|(s, _)| *s != slot);
        }
        let Some(peer) = self.peers.get(slot).and_then(Option::as_ref) else {
            return;
        };
        for (section, carried) in peer.sections.iter().enumerate() {
            let Some(subscription) = &carried.subscription else {
                continue;
            };
            if let Some(track) = self.tracks.get_mut(subscription.track).and_then(Option::as_mut) {
                track.receivers.push((slot, section));
            }
        }
    }

    /// Choose again for everyone who receives this track.
    pub(super) fn retarget(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        let kind = track.kind;
        let mut awaited = [false; MAX_LAYERS];
        for peer in self.peers.iter_mut().flatten() {
            for subscription in peer.subscriptions().filter(|s| s.track == index) {
                aim(subscription, track);
                if let Some(layer) = subscription.layers.awaits().filter(|_| kind == Kind::Video) {
                    awaited[usize::from(layer)] |=
                        subscription.settings.enabled && subscription.allotment != Allotment::Paused;
                }
            }
        }
        for layer in (0..MAX_LAYERS).filter(|l| awaited[*l]) {
            self.request_keyframe(now, index, layer as u8, out);
        }
    }

    pub(super) fn retarget_peer(&mut self, slot: usize) {
        let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        for subscription in peer.subscriptions() {
            if let Some(track) = self.tracks.get(subscription.track).and_then(Option::as_ref) {
                aim(subscription, track);
            }
        }
    }
}

/// Aim at the best layer that is wanted, affordable and there.
fn aim(subscription: &mut Subscription, track: &Track) {
    let settings = subscription.settings;
    let most = match subscription.allotment {
        Allotment::UpTo { layer, .. } => layer.min(settings.max_layer),
        Allotment::Paused => settings.max_layer,
    };
    let target = choose_layer(most, track.flowing());
    subscription.layers.set_target(target);
    let forwarded = target.and_then(|t| track.layers.get(usize::from(t))).filter(|_| settings.max_fps > 0);
    subscription.temporal_wish =
        forwarded.map_or(Allotment::MOST_TEMPORAL, |layer| layer.rate.temporal_for(settings.max_fps));
}
