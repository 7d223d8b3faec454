//! A section that is forwarded to, with books kept of the numbers that leave it: what tests and the fuzzer drive.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use str0m::media::Mid;

use crate::allocation::Allotment;
use crate::commands::Kind;
use crate::forward::{Egress, Extensions, Format, Incoming, Outgoing, OutgoingStream, PayloadTypes};
use crate::ids::TrackId;
use crate::munge::{RtpPosition, Vp8Descriptor};
use crate::peer::{SendSection, Subscription};

/// Where the numbers of three layers begin.
const FIRST: [i64; 3] = [70_000, 5_000, 1_000_000];

/// A number is part of what media is encrypted with, so none may be sent twice, whatever a publisher sends in whatever order
/// and whatever is wanted of it.
pub struct WatchedSection {
    section: SendSection,
    sent: Sent,
    /// Of each layer, the newest number that arrived.
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
        let subscription = Subscription::new(0, TrackId(1), Kind::Video, (String::new(), String::new()));
        let mut section = SendSection::new(Mid::from("a"), subscription);
        let stream = OutgoingStream { ssrc: 77, index: 0, payload_types: PayloadTypes::default() };
        section.set_stream(Some(stream), now);
        Self { section, sent: Sent::default(), newest: FIRST, arrived: HashSet::new(), began: now }
    }

    /// Numbers that were sent.
    pub fn sent(&self) -> usize {
        self.sent.0.len()
    }

    /// Something else is wanted: below 3 a layer, 3 whatever flows first, below 7 a temporal layer; otherwise nothing.
    pub fn want(&mut self, wish: u8) {
        let Some(subscription) = self.section.subscription.as_mut() else {
            return;
        };
        match wish {
            0..3 => subscription.layers.set_target(Some(wish)),
            3 => subscription.layers.reset(),
            4..7 => subscription.allotment = Allotment::UpTo { layer: 2, temporal: wish - 4 },
            _ => {}
        }
    }

    /// A packet of VP8 arrives in a layer below 3, so many numbers behind the newest or before it. `payload` is given its number.
    ///
    /// # Panics
    ///
    /// When a number is sent for the second time.
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
            layer,
            format: Format::Vp8,
            position: RtpPosition { seq: seq as u64, timestamp: seq as u32, captured },
            marker: false,
            keyframe: vp8.is_some_and(|d| d.starts_keyframe()),
            vp8,
            extensions: Extensions::default(),
            payload: payload.into(),
            redundant: None,
        };
        self.section.forward(self.began, &packet, &mut self.sent);
    }
}
