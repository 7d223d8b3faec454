//! A receiver inside the process: it keeps the packets of one track until they are taken.
//!
//! A tap gets packets as they were sent, in order of arrival: decrypted, lost ones sent again or
//! filled from redundancy, nothing while the track is muted. In a large room it gets all voices,
//! whether they are forwarded or not. It chooses one layer as a client does, and asks for the key
//! frames it needs, so that a publisher who is alone with it sends video at all.

use std::sync::Arc;
use std::time::Instant;

use crate::commands::TapSettings;
use crate::format::Format;
use crate::forward::{Extensions, Incoming};
use crate::layers::{Choice, LayerState, Verdict};
use crate::limits::MAX_TAPPED_BYTES;
use crate::receiver::{Aim, Receiver, Wanted};
use crate::slots::TrackSlot;
use crate::track_parts::StreamIndex;

/// One packet that a tap received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TappedPacket {
    pub arrived: Instant,
    pub stream: StreamIndex,
    pub format: Format,
    /// The publisher's sequence number, extended by its wraps.
    pub seq: u64,
    /// RTP time, in ticks of the format's clock.
    pub timestamp: u32,
    pub marker: bool,
    /// Something can be decoded from here on without what came before.
    pub keyframe: bool,
    /// Numbers and times before it are of another stream, or packets are missing in between.
    pub begins: bool,
    /// It was forwarded to clients, too: false for voices that a large room leaves out.
    pub heard: bool,
    pub extensions: Extensions,
    /// Empty for padding, which has a number of its own.
    pub payload: Arc<[u8]>,
}

impl TappedPacket {
    /// Its share of [`MAX_TAPPED_BYTES`].
    fn size(&self) -> usize {
        size_of::<Self>() + self.payload.len()
    }
}

/// The packets that a tap kept since they were taken last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tapped {
    /// In order of arrival.
    pub packets: Vec<TappedPacket>,
    /// Packets that were dropped because too many waited.
    pub lost: u64,
    /// The track has ended: nothing more will come.
    pub has_ended: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Tap {
    /// `None` once the track has ended.
    pub track: Option<TrackSlot>,
    settings: TapSettings,
    layers: LayerState,
    wants_keyframe: bool,
    waiting: Vec<TappedPacket>,
    waiting_bytes: usize,
    lost: u64,
}

impl Tap {
    pub fn new(track: TrackSlot, settings: TapSettings) -> Self {
        Self {
            track: Some(track),
            settings,
            layers: LayerState::default(),
            wants_keyframe: false,
            waiting: Vec::new(),
            waiting_bytes: 0,
            lost: 0,
        }
    }

    pub fn set(&mut self, settings: TapSettings) {
        if self.settings.enabled && !settings.enabled {
            self.interrupt();
        }
        self.settings = settings;
    }

    /// A key frame is wanted although what comes can be decoded.
    pub fn want_keyframe(&mut self) {
        self.wants_keyframe = true;
    }

    pub fn take(&mut self) -> Tapped {
        self.waiting_bytes = 0;
        Tapped {
            packets: std::mem::take(&mut self.waiting),
            lost: std::mem::take(&mut self.lost),
            has_ended: self.track.is_none(),
        }
    }
}

impl Receiver for Tap {
    fn wanted(&self) -> Wanted {
        Wanted { decodes: None, max_layer: self.settings.max_layer, max_fps: 0 }
    }

    /// All layers of a stream are kept when several share it.
    fn aim(&mut self, aim: Aim) {
        self.layers.set_target(aim.choice.map(|choice| Choice::whole(choice.stream)));
    }

    fn current(&self) -> Option<StreamIndex> {
        self.layers.current()
    }

    /// Nothing is asked of a publisher while nobody takes what is here already.
    fn awaited_keyframe(&self) -> Option<StreamIndex> {
        if !self.settings.enabled || self.waiting_bytes > MAX_TAPPED_BYTES / 2 {
            return None;
        }
        self.layers.awaits().or_else(|| self.layers.current().filter(|_| self.wants_keyframe))
    }

    fn interrupt(&mut self) {
        self.layers.reset();
    }

    fn receive(&mut self, now: Instant, packet: &Incoming) -> bool {
        if !self.settings.enabled {
            return false;
        }
        let begins = match self.layers.judge(packet.stream, packet.keyframe) {
            Verdict::Drop => return false,
            Verdict::Forward => false,
            Verdict::Switch => true,
        };
        let tapped = TappedPacket {
            arrived: now,
            stream: packet.stream,
            format: packet.format,
            seq: packet.position.seq,
            timestamp: packet.position.timestamp,
            marker: packet.marker,
            keyframe: packet.keyframe,
            begins,
            heard: packet.heard,
            extensions: packet.extensions,
            payload: packet.payload.clone(),
        };
        if self.waiting_bytes + tapped.size() > MAX_TAPPED_BYTES {
            self.lost += 1;
            self.interrupt();
            return false;
        }
        self.wants_keyframe &= !packet.keyframe;
        self.waiting_bytes += tapped.size();
        self.waiting.push(tapped);
        true
    }
}
