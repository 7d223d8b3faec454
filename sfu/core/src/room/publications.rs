//! Publications: tracks, from the section they are bound to until they end.

use std::time::Instant;

use str0m::media::Mid;

use super::track::Track;
use super::{OfferedSection, Outputs, Room};
use crate::commands::Kind;
use crate::format::Format;
use crate::ids::TrackId;
use crate::levels::LevelMeter;
use crate::limits;
use crate::slots::{PeerSlot, TrackSlot};

impl Room {
    /// Bind a section to a new track. Returns its slot, or `None` when the peer publishes too much.
    /// `format`: what it will arrive in, as far as that is known.
    pub fn publish(
        &mut self,
        now: Instant,
        slot: PeerSlot,
        handle: TrackId,
        (mid, kind, is_screen): (&str, Kind, bool),
        format: Option<Format>,
    ) -> Option<TrackSlot> {
        let published = self.tracks.values().filter(|t| t.owner == slot).count();
        if published >= limits::MAX_TRACKS_PER_PEER {
            let peer = self.peer_at(slot).map_or(0, |p| p.id.0);
            tracing::warn!(room = self.id.0, peer, "a track was not published: the peer has too many");
            return None;
        }
        let mut track = Track {
            handle,
            owner: slot,
            kind,
            encodings: Vec::new(),
            streams: Vec::new(),
            is_screen,
            muted: false,
            meter: LevelMeter::default(),
            spoke: None,
            is_heard: true,
            is_shown: true,
            order: self.published,
            subscribers: Vec::new(),
            taps: Vec::new(),
        };
        add_encoding(&mut track, &self.offered, mid, format);
        let index = self.tracks.insert(track);
        self.published += 1;
        if kind == Kind::Audio {
            self.loudest.add(now, index);
        } else {
            // Not even for a moment more than there are places.
            let is_shown = is_screen || self.cameras().count() <= self.limits.cameras;
            if let Some(track) = self.tracks.get_mut(index) {
                track.is_shown = is_shown;
            }
        }
        Some(index)
    }

    /// Bind another section of the same peer to a track: the same media in another codec, for
    /// subscribers that cannot decode the first. Ignored when the track has one already.
    pub fn publish_backup(
        &mut self,
        now: Instant,
        index: TrackSlot,
        mid: &str,
        format: Option<Format>,
        out: &mut Outputs,
    ) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        if track.encodings.len() < limits::MAX_ENCODINGS {
            add_encoding(track, &self.offered, mid, format);
        }
        self.retarget(now, index, out);
    }

    pub fn unpublish(&mut self, now: Instant, index: TrackSlot, out: &mut Outputs) {
        self.end_track(now, index, out);
    }

    pub(super) fn end_track(&mut self, _now: Instant, index: TrackSlot, out: &mut Outputs) {
        let Some(track) = self.tracks.remove(index) else {
            return;
        };
        out.ended.push(track.handle);
        for tap in track.taps {
            if let Some(tap) = self.taps.get_mut(tap) {
                tap.track = None;
            }
        }
        self.loudest.remove(index);
        if let Some(owner) = self.peer_at(track.owner) {
            owner.ingress.retain(|s| s.track != index);
        }
        for slot in self.peers.places() {
            let Some(peer) = self.peers.get_mut(slot) else {
                continue;
            };
            peer.unsubscribe(track.handle);
            self.announce_negotiation(slot, out);
        }
    }

    pub fn set_muted(&mut self, now: Instant, index: TrackSlot, muted: bool, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        if track.muted == muted {
            return;
        }
        track.muted = muted;
        track.meter.reset();
        self.loudest.silence(now, index);
        if muted {
            // Later frames build on frames that are not forwarded, so everyone starts from a key
            // frame again.
            self.interrupt(index);
        } else {
            self.retarget(now, index, out);
        }
    }
}

/// Bind a section to a track, with the streams that were offered in it. Ignored when it is bound
/// already.
fn add_encoding(track: &mut Track, offered: &[OfferedSection], mid: &str, format: Option<Format>) {
    let mid = Mid::from(mid);
    if track.streams.iter().any(|stream| stream.mid == mid) {
        return;
    }
    let rids = offered.iter().find(|s| s.peer == track.owner && s.mid == mid).map(|s| s.rids.as_slice());
    let format = format.filter(|f| f.is_audio() == (track.kind == Kind::Audio));
    track.add_encoding(mid, format, rids.unwrap_or_default());
}
