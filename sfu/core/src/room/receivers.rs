//! The receivers of a room's tracks, clients and taps alike.

use std::time::Instant;

use super::{Outputs, Room};
use crate::limits::MAX_STREAMS_OF_TRACK;
use crate::peer::Peer;
use crate::receiver::Receiver;
use crate::slots::{PeerSlot, TapSlot, TrackSlot};
use crate::track_parts::StreamIndex;

impl Room {
    /// Choose again for all receivers of this track.
    pub(super) fn retarget(&mut self, now: Instant, index: TrackSlot, out: &mut Outputs) {
        let Some(track) = self.tracks.get(index) else {
            return;
        };
        let mut awaited = [false; MAX_STREAMS_OF_TRACK];
        let mut aim = |receiver: &mut dyn Receiver| {
            receiver.aim(track.aim_for(receiver.wanted()));
            if let Some(stream) = receiver.awaited_keyframe() {
                awaited[stream.index()] = true;
            }
        };
        for at in &track.subscribers {
            if let Some(mut subscriber) = self.peers.get_mut(at.peer).and_then(|p| p.subscriber(at.section)) {
                aim(&mut subscriber);
            }
        }
        for tap in &track.taps {
            if let Some(tap) = self.taps.get_mut(*tap) {
                aim(tap);
            }
        }
        for slot in self.peers.places() {
            self.announce_codecs(slot, Some(index), out);
        }
        for stream in StreamIndex::all().filter(|s| awaited[s.index()]) {
            self.request_keyframe(now, index, stream, out);
        }
    }

    /// Choose again for all that this peer receives.
    pub(super) fn retarget_peer(&mut self, slot: PeerSlot) {
        let Some(peer) = self.peers.get_mut(slot) else {
            return;
        };
        for section in peer.sections.indices() {
            let Some(track) = peer.track_in(section).and_then(|track| self.tracks.get(track)) else {
                continue;
            };
            if let Some(mut subscriber) = peer.subscriber(section) {
                let aim = track.aim_for(subscriber.wanted());
                subscriber.aim(aim);
            }
        }
    }

    /// Nothing of this track is received from here on until it begins anew.
    pub(super) fn interrupt(&mut self, index: TrackSlot) {
        self.interrupt_subscribers(index, |_| true);
        self.interrupt_taps(index, |_| true);
    }

    /// The same for all receivers of this stream of it.
    pub(super) fn interrupt_stream(&mut self, index: TrackSlot, stream: StreamIndex) {
        self.interrupt_subscribers(index, |current| current == stream);
        self.interrupt_taps(index, |current| current == stream);
    }

    /// The same for clients that receive certain streams. Their numbers go on where they ended.
    pub(super) fn interrupt_subscribers(&mut self, index: TrackSlot, is_meant: impl Fn(StreamIndex) -> bool) {
        let Some(track) = self.tracks.get(index) else {
            return;
        };
        for at in &track.subscribers {
            if let Some(mut subscriber) = self.peers.get_mut(at.peer).and_then(|p| p.subscriber(at.section)) {
                interrupt_where(&mut subscriber, &is_meant);
            }
        }
    }

    fn interrupt_taps(&mut self, index: TrackSlot, is_meant: impl Fn(StreamIndex) -> bool) {
        let Some(track) = self.tracks.get(index) else {
            return;
        };
        for tap in &track.taps {
            if let Some(tap) = self.taps.get_mut(*tap) {
                interrupt_where(tap, &is_meant);
            }
        }
    }

    /// Ask for the key frames this peer needs to go on.
    pub(super) fn request_awaited_keyframes(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        let Some(peer) = self.peers.get_mut(slot) else {
            return;
        };
        for (track, stream) in awaited_keyframes(peer) {
            self.request_keyframe(now, track, stream, out);
        }
    }

    /// Ask for the key frame this tap needs to go on.
    pub(super) fn request_tapped_keyframe(&mut self, now: Instant, slot: TapSlot, out: &mut Outputs) {
        let tap = self.taps.get(slot);
        if let Some((track, stream)) = tap.and_then(|tap| Some((tap.track?, tap.awaited_keyframe()?))) {
            self.request_keyframe(now, track, stream, out);
        }
    }
}

/// The streams that a peer needs a key frame of to go on.
fn awaited_keyframes(peer: &mut Peer) -> Vec<(TrackSlot, StreamIndex)> {
    let mut awaited = Vec::new();
    for section in peer.sections.indices() {
        let stream = peer.subscriber(section).and_then(|s| s.awaited_keyframe());
        awaited.extend(peer.track_in(section).zip(stream));
    }
    awaited
}

fn interrupt_where(receiver: &mut impl Receiver, is_meant: &impl Fn(StreamIndex) -> bool) {
    if receiver.current().is_some_and(is_meant) {
        receiver.interrupt();
    }
}
