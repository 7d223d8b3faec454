//! Subscriptions: the tracks that each peer receives, and their layers.

use std::time::Instant;

use super::track::SubscriberAt;
use super::{Outputs, Room};
use crate::commands::SubscriptionSettings;
use crate::events::Event;
use crate::ids::TrackId;
use crate::peer::Subscription;
use crate::slots::{PeerSlot, TrackSlot};
use crate::transport::Transport;

impl Room {
    /// Add a subscription, unless there is one or the peer has too many sections.
    pub fn subscribe(&mut self, slot: PeerSlot, index: TrackSlot, msid: (String, String), out: &mut Outputs) {
        let Some(track) = self.tracks.get(index) else {
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

    pub fn unsubscribe(&mut self, slot: PeerSlot, track: TrackId, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot) {
            peer.unsubscribe(track);
            self.refresh_subscribers(slot);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_subscription(
        &mut self,
        now: Instant,
        slot: PeerSlot,
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

    /// Raise the layer of subscribers that stated no wish.
    pub(super) fn climb(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let climbed = peer.subscriptions().filter_map(|s| s.climb(now).then_some(())).count();
        if climbed > 0 {
            self.retarget_peer(slot);
            self.request_awaited_keyframes(now, slot, out);
        }
    }

    /// Tell the client of streams that carry nothing yet.
    pub(super) fn open_streams(&mut self, now: Instant, slot: PeerSlot) {
        let Some(peer) = self.peers.get_mut(slot) else {
            return;
        };
        let Some(egress) = peer.connection.sending_mut().and_then(Transport::media) else {
            return;
        };
        let mut has_written = false;
        for section in peer.sections.iter_mut().filter(|s| s.is_opening(now)) {
            let Some((track, agreed)) = section.subscription.as_ref().and_then(|s| Some((s.track, s.agreed?))) else {
                continue;
            };
            let track = self.tracks.get(track);
            // A client that can decode none of the codecs has no stream.
            if let Some(encoding) = track.and_then(|t| t.encodings.get(t.encoding_for(&agreed)?.index())) {
                has_written |= section.open(now, encoding.format, egress);
            }
        }
        if has_written {
            self.want_flush(slot);
        }
    }

    /// Make the subscriber lists of all tracks agree with this peer's sections.
    pub(super) fn refresh_subscribers(&mut self, slot: PeerSlot) {
        for track in self.tracks.values_mut() {
            track.subscribers.retain(|at| at.peer != slot);
        }
        let Some(peer) = self.peers.get(slot) else {
            return;
        };
        for (section, carried) in peer.sections.indexed() {
            let Some(subscription) = &carried.subscription else {
                continue;
            };
            if let Some(track) = self.tracks.get_mut(subscription.track) {
                track.subscribers.push(SubscriberAt { peer: slot, section });
            }
        }
    }

    /// Say what is news of the codecs this peer gets its tracks in, or one of them.
    pub(super) fn announce_codecs(&mut self, slot: PeerSlot, track: Option<TrackSlot>, out: &mut Outputs) {
        let Some(peer) = self.peers.get_mut(slot) else {
            return;
        };
        let id = peer.id;
        for subscription in peer.subscriptions().filter(|s| track.is_none_or(|t| t == s.track)) {
            let Some(track) = self.tracks.get(subscription.track) else {
                continue;
            };
            let Some((codec, mime)) = subscription.agreed.and_then(|agreed| track.codec_for(&agreed)) else {
                continue;
            };
            if std::mem::replace(&mut subscription.told_codec, codec) != codec {
                out.events.push(Event::CodecChosen { peer: id, track: track.handle, mime });
            }
        }
    }
}
