//! Periodic work: housekeeping of tracks, levels, statistics.

use std::time::Instant;

use super::{Outputs, Room};
use crate::commands::Kind;
use crate::events::{Event, PeerStats, TransportState};
use crate::ids::TrackId;
use crate::limits;
use crate::peer::Peer;
use crate::slots::{PeerSlot, TrackSlot};
use crate::track_parts::StreamIndex;
use crate::transport::{Arrival, Measured};

impl Room {
    pub fn tick(&mut self, now: Instant, out: &mut Outputs) {
        for index in self.tracks.places() {
            self.tick_track(now, index, out);
        }
        if now >= self.levels_due {
            self.levels_due = now + limits::LEVEL_INTERVAL;
            self.report_levels(now, out);
        }
        self.choose_cameras(now, out);
        for slot in self.peers.places() {
            self.tick_peer(now, slot, out);
        }
        self.tick_taps(now, out);
    }

    fn tick_track(&mut self, now: Instant, index: TrackSlot, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).filter(|t| t.kind == Kind::Video) else {
            return;
        };
        let mut changed = false;
        let mut due = Vec::new();
        for (number, stream) in track.streams.iter_mut().enumerate() {
            for spatial in &mut stream.spatial {
                let is_fresh = |t| now.saturating_duration_since(t) < limits::LAYER_SILENCE;
                let is_silent = !spatial.last_packet.is_some_and(is_fresh);
                changed |= spatial.flowing && is_silent;
                spatial.flowing &= !is_silent;
                if spatial.flowing {
                    spatial.rate.measure(now);
                } else {
                    spatial.rate.reset();
                }
            }
            if stream.is_flowing() && stream.keyframes.poll(now) {
                due.push(StreamIndex::new(number));
            }
        }
        for stream in due {
            self.send_keyframe_request(now, index, stream, out);
        }
        if changed {
            self.retarget(now, index, out);
        }
    }

    fn report_levels(&mut self, now: Instant, out: &mut Outputs) {
        let levels: Vec<(TrackId, f32)> = self
            .tracks
            .values_mut()
            .filter(|t| t.kind == Kind::Audio)
            .filter_map(|t| {
                let level = t.meter.close_window()?;
                t.spoke = Some(now);
                Some((t.handle, level))
            })
            .collect();
        let audible = !levels.is_empty();
        if audible || self.levels_were_audible {
            out.events.push(Event::LevelsMeasured { room: self.id, levels });
        }
        self.levels_were_audible = audible;
    }

    fn tick_peer(&mut self, now: Instant, slot: PeerSlot, out: &mut Outputs) {
        self.climb(now, slot, out);
        self.open_streams(now, slot);
        // Lost key frames are asked for again until they arrive.
        self.request_awaited_keyframes(now, slot, out);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let id = peer.id;
        for &role in peer.connection.roles() {
            let mut arrivals = Vec::new();
            if let Some(transport) = peer.connection.transport(role) {
                transport.check_health(now, &mut arrivals);
                transport.tick_media(now, &mut out.datagrams);
            }
            for arrival in arrivals {
                if let Arrival::StateChanged(state) = arrival {
                    out.events.push(Event::TransportChanged { peer: id, target: role.target(), state });
                }
            }
        }
        let sending = peer.connection.sending_mut();
        let is_limited = sending.is_some_and(|t| t.take_limit_change() || t.video_limit().is_some());
        if now >= peer.stats_due {
            peer.stats_due = now + limits::STATS_INTERVAL;
            if let Some(stats) = stats_of(now, peer) {
                out.events.push(Event::StatsMeasured { peer: id, stats });
            }
        }
        if peer.limits_pictures() {
            self.retarget_peer(slot);
        }
        if is_limited {
            self.want_flush(slot);
        }
        self.allot(now, slot, out);
    }
}

/// `None` while no transport of the peer is connected.
fn stats_of(now: Instant, peer: &mut Peer) -> Option<PeerStats> {
    let connected = peer.connection.transports().filter(|t| t.state() == Some(TransportState::Connected));
    let all: Vec<Measured> = connected.map(|t| t.measured(now)).collect();
    if all.is_empty() {
        return None;
    }
    let mut stats = PeerStats::default();
    for measured in all {
        stats.loss = stats.loss.max(measured.loss);
        stats.rtt_ms = stats.rtt_ms.max(measured.rtt.as_secs_f32() * 1000.0);
        stats.jitter_ms = stats.jitter_ms.max(measured.jitter_ms);
        stats.tx_bytes += measured.tx_bytes;
        stats.rx_bytes += measured.rx_bytes;
    }
    Some(stats)
}
