//! A published track as the room keeps it.

use std::time::Instant;

use str0m::media::{Mid, Rid};

use crate::commands::Kind;
use crate::ids::TrackId;
use crate::keyframes::KeyframeThrottle;
use crate::layer_rate::LayerRate;
use crate::levels::LevelMeter;
use crate::limits::{self, MAX_LAYERS};
use crate::redundancy::Repair;

/// One simulcast layer of a track; layer 0 is all there is without simulcast.
pub(super) struct Layer {
    pub(super) rid: Option<Rid>,
    pub(super) last_packet: Option<Instant>,
    pub(super) flowing: bool,
    pub(super) announced: bool,
    pub(super) keyframes: KeyframeThrottle,
    /// Of audio.
    pub(super) repair: Repair,
    pub(super) rate: LayerRate,
}

impl Layer {
    pub(super) fn new(rid: Option<Rid>) -> Self {
        Self {
            rid,
            last_packet: None,
            flowing: false,
            announced: false,
            keyframes: KeyframeThrottle::new(limits::KEYFRAME_INTERVAL),
            repair: Repair::default(),
            rate: LayerRate::default(),
        }
    }
}

pub(super) struct Track {
    pub(super) handle: TrackId,
    /// Slot of the publishing peer.
    pub(super) owner: usize,
    pub(super) mid: Mid,
    pub(super) kind: Kind,
    pub(super) layers: Vec<Layer>,
    pub(super) is_screen: bool,
    pub(super) muted: bool,
    pub(super) meter: LevelMeter,
    /// When it was a voice last, by the meter: clicks do not count.
    pub(super) spoke: Option<Instant>,
    /// Its packets are forwarded; of a large room's voices only some are.
    pub(super) is_heard: bool,
    /// Its packets are forwarded; of a large room's cameras only some are.
    pub(super) is_shown: bool,
    /// Tracks published before it in this room.
    pub(super) order: u64,
    /// (peer slot, section) of everyone who may receive it.
    pub(super) receivers: Vec<(usize, usize)>,
}

impl Track {
    pub(super) fn flowing(&self) -> [bool; MAX_LAYERS] {
        let mut flowing = [false; MAX_LAYERS];
        for (flag, layer) in flowing.iter_mut().zip(&self.layers) {
            *flag = layer.flowing;
        }
        flowing
    }

    pub(super) fn layer_of(&self, rid: Option<Rid>) -> Option<usize> {
        self.layers.iter().position(|l| l.rid == rid)
    }
}
