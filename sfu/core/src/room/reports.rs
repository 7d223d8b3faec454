//! What is done from time to time: housekeeping of tracks, levels, statistics.

use std::time::Instant;

use super::{Outputs, Room};
use crate::commands::{Kind, Target};
use crate::events::{Event, PeerStats, TransportState};
use crate::ids::TrackId;
use crate::limits;
use crate::peer::Peer;
use crate::transport::{Arrival, Transport};

impl Room {
    pub fn tick(&mut self, now: Instant, out: &mut Outputs) {
        for index in 0..self.tracks.len() {
            self.tick_track(now, index, out);
        }
        if now >= self.levels_due {
            self.levels_due = now + limits::LEVEL_INTERVAL;
            self.report_levels(now, out);
        }
        self.choose_cameras(now, out);
        for slot in 0..self.peers.len() {
            self.tick_peer(now, slot, out);
        }
    }

    fn tick_track(&mut self, now: Instant, index: usize, out: &mut Outputs) {
        let Some(track) = self.tracks[index].as_mut().filter(|t| t.kind == Kind::Video) else {
            return;
        };
        let mut changed = false;
        let mut due = Vec::new();
        for (number, layer) in track.layers.iter_mut().enumerate() {
            let silent = layer.last_packet.is_none_or(|t| now.saturating_duration_since(t) >= limits::LAYER_SILENCE);
            changed |= layer.flowing && silent;
            layer.flowing &= !silent;
            if layer.flowing {
                layer.rate.measure(now);
            } else {
                layer.rate.reset();
            }
            if layer.flowing && layer.keyframes.poll(now) {
                due.push(number as u8);
            }
        }
        for layer in due {
            self.send_keyframe_request(now, index, layer, out);
        }
        if changed {
            self.retarget(now, index, out);
        }
    }

    fn report_levels(&mut self, now: Instant, out: &mut Outputs) {
        let levels: Vec<(TrackId, f32)> = self
            .tracks
            .iter_mut()
            .flatten()
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

    fn tick_peer(&mut self, now: Instant, slot: usize, out: &mut Outputs) {
        // Lost key frames are asked for again until they arrive.
        self.request_awaited_keyframes(now, slot, out);
        let targets = self.transports_of(slot);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let id = peer.id;
        for &target in targets {
            let mut arrivals = Vec::new();
            if let Some(transport) = peer.transport(target) {
                transport.check_health(now, &mut arrivals);
                transport.tick_media(now, &mut out.datagrams);
            }
            for arrival in arrivals {
                if let Arrival::StateChanged(state) = arrival {
                    out.events.push(Event::TransportChanged { peer: id, target, state });
                }
            }
        }
        let sending = peer.transport(Target::Subscriber);
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

fn stats_of(now: Instant, peer: &Peer) -> Option<PeerStats> {
    let connected = |t: &&Transport| t.state() == Some(TransportState::Connected);
    let transports = || [peer.publisher.as_ref(), peer.subscriber.as_ref()].into_iter().flatten().filter(connected);
    transports().next()?;
    let mut stats = PeerStats::default();
    for measured in transports().map(|t| t.measured(now)) {
        stats.loss = stats.loss.max(measured.loss);
        stats.rtt_ms = stats.rtt_ms.max(measured.rtt.as_secs_f32() * 1000.0);
        stats.jitter_ms = stats.jitter_ms.max(measured.jitter_ms);
        stats.tx_bytes += measured.tx_bytes;
        stats.rx_bytes += measured.rx_bytes;
    }
    Some(stats)
}
