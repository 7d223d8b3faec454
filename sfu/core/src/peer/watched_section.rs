//! A section that is forwarded to, with books kept of the numbers that leave it: what tests and the
//! fuzzer drive.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use str0m::media::Mid;

use super::{SendSection, Subscription};
use crate::allocation::Allotment;
use crate::commands::Kind;
use crate::format::Format;
use crate::forward::{Egress, Extensions, Incoming, Layering, Outgoing, OutgoingStream, PayloadTypes};
use crate::ids::TrackId;
use crate::layers::Choice;
use crate::munge::{RtpPosition, Vp8Descriptor};
use crate::slots::{OutgoingIndex, Place, TrackSlot};
use crate::track_parts::{Layer, StreamIndex, Temporal};

/// The first numbers of three layers.
const FIRST: [i64; 3] = [70_000, 5_000, 1_000_000];

fn stream() -> OutgoingStream {
    let mut payload_types = PayloadTypes::default();
    payload_types.set(Format::Vp8, 96);
    OutgoingStream { ssrc: 77, index: OutgoingIndex::at(0), payload_types }
}

fn subscription() -> Subscription {
    Subscription::new(TrackSlot::at(0), TrackId(1), Kind::Video, (String::new(), String::new()))
}

/// Media is encrypted with its sequence number, so no number may be sent twice, in any order of
/// packets and wishes.
pub struct WatchedSection {
    section: SendSection,
    sent: Sent,
    /// The newest number that arrived of each layer.
    newest: [i64; 3],
    arrived: HashSet<(u8, i64)>,
    began: Instant,
}

#[derive(Default)]
struct Sent(HashSet<u64>);

impl Egress for Sent {
    fn is_open(&self) -> bool {
        true
    }

    fn write(&mut self, _now: Instant, _stream: OutgoingStream, packet: &Outgoing<'_>) -> bool {
        assert!(self.0.insert(packet.position.seq), "number {} was sent twice", packet.position.seq);
        true
    }
}

impl WatchedSection {
    pub fn new(now: Instant) -> Self {
        let mut section = SendSection::new(Mid::from("a"), subscription());
        section.set_stream(Some(stream()), now);
        Self { section, sent: Sent::default(), newest: FIRST, arrived: HashSet::new(), began: now }
    }

    /// Numbers that were sent.
    pub fn sent(&self) -> usize {
        self.sent.0.len()
    }

    /// Something else is wanted: below 3 a layer, 3 whatever flows first, below 7 a temporal layer,
    /// 7 to hear of the stream although nothing came of it, 8 something else in the same section;
    /// otherwise nothing.
    pub fn want(&mut self, wish: u8) {
        if wish == 7 && self.section.is_opening(self.began + Duration::from_secs(1)) {
            self.section.open(self.began, None, &mut self.sent);
        }
        if wish == 8 {
            self.section.release();
            self.section.subscription = Some(subscription());
            self.section.set_stream(Some(stream()), self.began);
        }
        let Some(subscription) = self.section.subscription.as_mut() else {
            return;
        };
        match wish {
            0..3 => subscription.layers.set_target(Some(Choice::whole(StreamIndex::new(usize::from(wish))))),
            3 => subscription.layers.reset(),
            4..7 => {
                subscription.allotment = Allotment::UpTo { layer: Layer::HIGHEST, temporal: Temporal::new(wish - 4) }
            }
            _ => {}
        }
    }

    /// A packet of VP8 arrives in a layer below 3, so many numbers behind the newest or before it.
    /// `payload` is given its number.
    ///
    /// # Panics
    ///
    /// Panics when a number is sent for the second time.
    pub fn arrive(&mut self, layer: u8, step: i64, payload: impl FnOnce(i64) -> Vec<u8>) {
        let newest = &mut self.newest[usize::from(layer)];
        let seq = *newest + step;
        *newest = seq.max(*newest);
        // The library hands every packet on once.
        if !self.arrived.insert((layer, seq)) {
            return;
        }
        let payload = payload(seq);
        let vp8 = Vp8Descriptor::parse(&payload);
        let captured = self.began + Duration::from_millis(self.arrived.len() as u64);
        let packet = Incoming {
            stream: StreamIndex::new(usize::from(layer)),
            format: Format::Vp8,
            position: RtpPosition { seq: seq as u64, timestamp: seq as u32, captured },
            marker: false,
            heard: true,
            keyframe: vp8.is_some_and(|d| d.starts_keyframe()),
            layering: vp8.map_or(Layering::None, Layering::Vp8),
            extensions: Extensions::default(),
            payload: payload.into(),
            redundant: None,
        };
        self.section.forward(self.began, &packet, &mut self.sent);
    }
}
