//! A packet of a publisher on its way to those who receive its track.

use std::time::Instant;

use str0m::rtp::RtpPacket;

use super::capture_clock::capture_time;
use super::{Outputs, Room};
use crate::commands::{Kind, Target};
use crate::containment::contain;
use crate::events::Event;
use crate::forward::{Extensions, Format, Incoming};
use crate::munge::{RtpPosition, Vp8Descriptor};
use crate::peer::{IngressStream, Peer};
use crate::redundancy::Repair;
use crate::transport::Transport;

impl Room {
    pub(super) fn take_packet(&mut self, now: Instant, owner: usize, packet: RtpPacket, out: &mut Outputs) {
        let ssrc = *packet.header.ssrc;
        let Some(stream) = self.ingress_stream(owner, ssrc) else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let Some(peer) = self.peers.get_mut(owner).and_then(Option::as_mut) else {
            return;
        };
        if !peer.allowance.takes(now, packet.payload.len()) {
            out.counters.dropped_excess += 1;
            return;
        }
        let publisher = peer.publisher.as_ref();
        let primary = publisher.and_then(|t| t.primary_of(packet.header.payload_type));
        let format = publisher.and_then(|t| t.format_of(primary.unwrap_or(packet.header.payload_type)));
        let Some(format) = format else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let captured = capture_time(&mut self.clocks[owner], &packet, format);
        let Some(track) = self.tracks.get_mut(stream.track).and_then(Option::as_mut) else {
            return;
        };
        let layer = &mut track.layers[usize::from(stream.layer)];
        layer.last_packet = Some(now);
        if !layer.announced {
            layer.announced = true;
            out.events.push(Event::TrackLive {
                track: track.handle,
                rid: layer.rid.map(|r| r.to_string()).unwrap_or_default(),
                mime: format.mime(),
            });
        }
        let woke = !layer.flowing;
        layer.flowing = true;
        if woke {
            self.retarget(now, stream.track, out);
        }
        let incoming = look_at(packet, stream.layer, format, captured);
        let Some(track) = self.tracks.get_mut(stream.track).and_then(Option::as_mut) else {
            return;
        };
        let Some(layer) = track.layers.get_mut(usize::from(stream.layer)) else {
            return;
        };
        if format != Format::Opus {
            let temporal = incoming.vp8.map_or(0, |d| d.temporal());
            layer.rate.count(temporal, incoming.payload.len(), incoming.marker);
            self.forward(now, stream.track, &incoming, out);
            return;
        }
        for packet in layer.repair.forwardable(incoming, primary.map(|pt| *pt)).into_iter().flatten() {
            self.forward(now, stream.track, &packet, out);
        }
    }

    /// Which track and layer an SSRC feeds. The table has at most one for each layer of each track.
    fn ingress_stream(&mut self, owner: usize, ssrc: u32) -> Option<IngressStream> {
        let peer = self.peers.get_mut(owner)?.as_mut()?;
        if let Some(known) = peer.ingress.iter().find(|s| s.ssrc == ssrc) {
            return Some(*known);
        }
        let publisher = peer.publisher.as_mut()?;
        let (mid, rid) = publisher.stream_of(ssrc)?;
        let (index, track) = self
            .tracks
            .iter_mut()
            .enumerate()
            .find_map(|(i, t)| t.as_mut().filter(|t| t.owner == owner && t.mid == mid).map(|t| (i, t)))?;
        let layer = track.layer_of(rid)?;
        if track.kind == Kind::Audio {
            publisher.ask_again(ssrc);
            track.layers[layer].repair = Repair::default();
        }
        let stream = IngressStream { ssrc, track: index, layer: layer as u8 };
        // A client that restarts a layer changes its SSRC: the old one feeds nothing any more.
        let before = peer.ingress.len();
        peer.ingress.retain(|s| (s.track, s.layer) != (stream.track, stream.layer));
        let is_restarted = peer.ingress.len() < before;
        peer.ingress.push(stream);
        if is_restarted {
            // It counts anew, too, and what is sent must not.
            self.interrupt_where(index, |current| current == stream.layer);
        }
        Some(stream)
    }

    fn forward(&mut self, now: Instant, index: usize, packet: &Incoming, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if packet.keyframe && track.kind == Kind::Video {
            track.layers[usize::from(packet.layer)].keyframes.served();
        }
        if track.muted {
            return;
        }
        if track.kind == Kind::Audio {
            let dbov = packet.extensions.dbov();
            if let Some(dbov) = dbov {
                track.meter.observe(dbov);
            }
            let is_heard = self.loudest.hear(now, index, dbov);
            let was_heard = std::mem::replace(&mut track.is_heard, is_heard);
            if !is_heard {
                if was_heard {
                    self.interrupt(index);
                }
                return;
            }
        }
        if !track.is_shown {
            return;
        }
        let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let receivers = std::mem::take(&mut track.receivers);
        let mut crashed: Vec<(usize, String)> = Vec::new();
        let mut next = 0;
        // One guard around the whole loop; a panic is the fault of the receiver it stopped at.
        while next < receivers.len() {
            let run = contain(|| {
                while let Some(&(slot, section)) = receivers.get(next) {
                    if let Some(transport) = forward_to(now, self.peers.get_mut(slot), section, packet) {
                        out.counters.forwarded += 1;
                        if !std::mem::replace(&mut transport.has_written, true) {
                            self.dirty.push((slot, Target::Subscriber));
                        }
                    }
                    next += 1;
                }
            });
            if let Err(text) = run {
                crashed.push((receivers[next].0, text));
                next += 1;
            }
        }
        if let Some(track) = self.tracks.get_mut(index).and_then(Option::as_mut) {
            track.receivers = receivers;
        }
        for (slot, text) in crashed {
            self.crash(now, slot, text, out);
        }
    }

    /// Nothing of this track is forwarded from here on until it begins anew: numbers go on where they ended.
    pub(super) fn interrupt(&mut self, index: usize) {
        self.interrupt_where(index, |_| true);
    }

    /// The same for those who receive certain layers.
    fn interrupt_where(&mut self, index: usize, is_meant: impl Fn(u8) -> bool) {
        let Some(track) = self.tracks.get(index).and_then(Option::as_ref) else {
            return;
        };
        for &(slot, section) in &track.receivers {
            let carried = self.peers[slot].as_mut().and_then(|p| p.sections.get_mut(section));
            let subscription = carried.and_then(|s| s.subscription.as_mut());
            if let Some(subscription) = subscription.filter(|s| s.layers.current().is_some_and(&is_meant)) {
                subscription.layers.reset();
            }
        }
    }
}

/// The transport a packet was written to, if it was.
fn forward_to<'a>(
    now: Instant,
    peer: Option<&'a mut Option<Peer>>,
    section: usize,
    packet: &Incoming,
) -> Option<&'a mut Transport> {
    let peer = peer?.as_mut()?;
    let transport = if peer.is_single { &mut peer.publisher } else { &mut peer.subscriber }.as_mut()?;
    let sent = peer.sections.get_mut(section)?.forward(now, packet, transport.media()?);
    sent.then_some(transport)
}

/// Read once what every receiver needs to know.
fn look_at(packet: RtpPacket, layer: u8, format: Format, captured: Instant) -> Incoming {
    let payload = packet.payload;
    let vp8 = (format == Format::Vp8).then(|| Vp8Descriptor::parse(&payload)).flatten();
    let keyframe = match format {
        Format::Opus => true,
        Format::Vp8 => vp8.is_some_and(|d| d.starts_keyframe()),
        Format::H264 => str0m::format::detect_h264_keyframe(&payload),
    };
    let values = &packet.header.ext_vals;
    let voice = if values.voice_activity == Some(true) { 0x80 } else { 0 };
    let extensions = Extensions {
        audio_level: values.audio_level.map(|dbov| voice | dbov.unsigned_abs() & 0x7f),
        orientation: values.video_orientation.map(|o| o as u8),
    };
    Incoming {
        layer,
        format,
        position: RtpPosition { seq: *packet.seq_no, timestamp: packet.header.timestamp, captured },
        marker: packet.header.marker,
        keyframe,
        vp8,
        extensions,
        payload,
        redundant: None,
    }
}
