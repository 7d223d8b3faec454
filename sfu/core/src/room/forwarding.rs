//! Forwarding: a packet of a publisher on its way to the receivers of its track.

use std::time::Instant;

use str0m::rtp::RtpPacket;

use super::track::Track;
use super::{Outputs, Room, Work};
use crate::codecs;
use crate::commands::Kind;
use crate::containment::contain;
use crate::events::Event;
use crate::format::Format;
use crate::forward::{Extensions, Incoming};
use crate::munge::{RtpPosition, TemplateStructure};
use crate::peer::{IngressStream, Peer, capture_time};
use crate::receiver::Receiver;
use crate::slots::{PeerSlot, SectionIndex, TrackSlot};
use crate::track_parts::{Layer, StreamIndex, Temporal};
use crate::transport::Transport;

impl Room {
    pub(super) fn take_packet(&mut self, now: Instant, owner: PeerSlot, packet: RtpPacket, out: &mut Outputs) {
        let ssrc = *packet.header.ssrc;
        let Some(ingress) = self.ingress_stream(owner, ssrc) else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let Some(peer) = self.peers.get_mut(owner) else {
            return;
        };
        if !peer.allowance.takes(now, packet.payload.len()) {
            out.counters.dropped_excess += 1;
            return;
        }
        let publisher = peer.connection.receiving_mut();
        let primary = publisher.as_ref().and_then(|t| t.primary_of(packet.header.payload_type));
        let format = publisher.and_then(|t| t.format_of(primary.unwrap_or(packet.header.payload_type)));
        let Some(format) = format else {
            out.counters.dropped_unbound += 1;
            return;
        };
        let captured = capture_time(&mut peer.clock, &packet, format);
        let Some(track) = self.tracks.get_mut(ingress.track) else {
            return;
        };
        let handle = track.handle;
        let Some(stream) = track.stream_mut(ingress.stream) else {
            return;
        };
        let mut incoming = look_at(packet, ingress.stream, format, captured, &mut stream.structure);
        let is_first = !std::mem::replace(&mut stream.announced, true);
        if is_first {
            let rid = stream.rid.map(|r| r.to_string()).unwrap_or_default();
            out.events.push(Event::TrackLive { track: handle, rid, mime: format.mime() });
        }
        let is_news = stream.arrived(now, &incoming.layering);
        if !format.is_audio() {
            let spatial = Layer::new(incoming.layering.spatial());
            let temporal = Temporal::new(incoming.layering.temporal());
            stream.spatial[spatial.index()].rate.count(temporal, incoming.payload.len(), incoming.marker);
        }
        let is_changed = track.encoding_of(ingress.stream).is_some_and(|encoding| {
            let before = encoding.format.replace(format);
            before != Some(format)
        });
        if is_news || is_changed {
            self.retarget(now, ingress.track, out);
        }
        if format != Format::Opus {
            self.forward(now, ingress.track, &mut incoming, out);
            return;
        }
        let Some(track) = self.tracks.get_mut(ingress.track) else {
            return;
        };
        let Some(stream) = track.stream_mut(ingress.stream) else {
            return;
        };
        for mut packet in stream.repair.forwardable(incoming, primary.map(|pt| *pt)).into_iter().flatten() {
            self.forward(now, ingress.track, &mut packet, out);
        }
    }

    /// Which stream of which track an SSRC is. The table has at most one for each stream.
    fn ingress_stream(&mut self, owner: PeerSlot, ssrc: u32) -> Option<IngressStream> {
        let peer = self.peers.get_mut(owner)?;
        if let Some(known) = peer.ingress.iter().find(|s| s.ssrc == ssrc) {
            return Some(*known);
        }
        let publisher = peer.connection.receiving_mut()?;
        let (mid, rid) = publisher.stream_of(ssrc)?;
        let is_owned = |(_, track): &(TrackSlot, &mut Track)| track.owner == owner;
        let (index, stream, track) = self
            .tracks
            .iter_mut()
            .filter(is_owned)
            .find_map(|(index, track)| Some((index, track.stream_of(mid, rid)?, track)))?;
        track.stream_mut(stream)?.begin_again();
        if track.kind == Kind::Audio {
            publisher.ask_again(ssrc);
        }
        let found = IngressStream { ssrc, track: index, stream };
        // A client that restarts a stream changes its SSRC: the old one feeds nothing any more.
        let before = peer.ingress.len();
        peer.ingress.retain(|s| (s.track, s.stream) != (index, stream));
        let is_restarted = peer.ingress.len() < before;
        peer.ingress.push(found);
        if is_restarted {
            // It counts anew, too, and what is sent must not.
            self.interrupt_stream(index, stream);
        }
        Some(found)
    }

    fn forward(&mut self, now: Instant, index: TrackSlot, packet: &mut Incoming, out: &mut Outputs) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        if packet.keyframe
            && track.kind == Kind::Video
            && let Some(stream) = track.stream_mut(packet.stream)
        {
            stream.keyframes.served();
        }
        if track.muted {
            return;
        }
        if track.kind == Kind::Audio {
            let dbov = packet.extensions.dbov();
            if let Some(dbov) = dbov {
                track.meter.observe(dbov);
            }
            packet.heard = self.loudest.hear(now, index, dbov);
        }
        if !track.is_shown {
            return;
        }
        for tap in &track.taps {
            if let Some(tap) = self.taps.get_mut(*tap) {
                tap.receive(now, packet);
            }
        }
        let was_heard = std::mem::replace(&mut track.is_heard, packet.heard);
        if !packet.heard {
            if was_heard {
                self.interrupt_subscribers(index, |_| true);
            }
            return;
        }
        let subscribers = std::mem::take(&mut track.subscribers);
        let mut crashed: Vec<(PeerSlot, String)> = Vec::new();
        let mut next = 0;
        // One guard around the whole loop; a panic is the fault of the receiver it stopped at.
        while next < subscribers.len() {
            let run = contain(|| {
                while let Some(at) = subscribers.get(next) {
                    let peer = self.peers.get_mut(at.peer);
                    if let Some(transport) = forward_to(now, peer, at.section, packet) {
                        out.counters.forwarded += 1;
                        if !std::mem::replace(&mut transport.has_written, true) {
                            self.dirty.push((at.peer, Work::Flush));
                        }
                    }
                    next += 1;
                }
            });
            if let Err(text) = run {
                crashed.push((subscribers[next].peer, text));
                next += 1;
            }
        }
        if let Some(track) = self.tracks.get_mut(index) {
            track.subscribers = subscribers;
        }
        for (slot, text) in crashed {
            self.crash(now, slot, text, out);
        }
    }
}

/// The transport a packet was written to, if it was.
fn forward_to<'a>(
    now: Instant,
    peer: Option<&'a mut Peer>,
    section: SectionIndex,
    packet: &Incoming,
) -> Option<&'a mut Transport> {
    let mut subscriber = peer?.subscriber(section)?;
    subscriber.receive(now, packet).then_some(subscriber.transport)
}

/// Read once what every receiver needs to know.
fn look_at(
    packet: RtpPacket,
    stream: StreamIndex,
    format: Format,
    captured: Instant,
    structure: &mut Option<TemplateStructure>,
) -> Incoming {
    let values = &packet.header.ext_vals;
    let layering = codecs::layering(format, &packet.payload, values, structure);
    let voice = if values.voice_activity == Some(true) { 0x80 } else { 0 };
    let extensions = Extensions {
        audio_level: values.audio_level.map(|dbov| voice | dbov.unsigned_abs() & 0x7f),
        orientation: values.video_orientation.map(|o| o as u8),
    };
    Incoming {
        stream,
        format,
        position: RtpPosition { seq: *packet.seq_no, timestamp: packet.header.timestamp, captured },
        marker: packet.header.marker,
        heard: true,
        keyframe: codecs::begins_anew(format, &layering, &packet.payload),
        layering,
        extensions,
        payload: packet.payload,
        redundant: None,
    }
}
