//! A peer's subscription to one track.

use std::time::Instant;

use crate::allocation::Allotment;
use crate::climb::Climb;
use crate::commands::{Kind, SubscriptionSettings};
use crate::format::Format;
use crate::forward::PayloadTypes;
use crate::ids::TrackId;
use crate::layers::LayerState;
use crate::slots::TrackSlot;
use crate::track_parts::{EncodingIndex, Layer, Temporal};

/// A peer's wishes for one track, and the decisions about it.
#[derive(Debug)]
pub struct Subscription {
    /// The place of the track in its room.
    pub track: TrackSlot,
    pub handle: TrackId,
    pub kind: Kind,
    pub stream_id: String,
    pub track_id: String,
    pub settings: SubscriptionSettings,
    /// The settings are the client's own, not those to begin with.
    pub is_configured: bool,
    /// The highest layer so far while they are not.
    pub climb: Climb,
    pub layers: LayerState,
    /// The formats that the client can decode in the section that carries it, once that is
    /// negotiated.
    pub agreed: Option<PayloadTypes>,
    /// Which of the codecs it is published in.
    pub encoding: EncodingIndex,
    /// The layers that there is bandwidth for.
    pub allotment: Allotment,
    /// The highest temporal layer the client asked for.
    pub temporal_wish: Temporal,
    /// The client was told that nothing is forwarded at the moment.
    pub is_told_paused: bool,
    /// The codec that the client was told of last.
    pub told_codec: CodecInUse,
}

/// In which of a track's codecs a client gets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodecInUse {
    /// The one the track was published in first.
    #[default]
    First,
    Other(Format),
    /// It can decode none of them.
    Nothing,
}

impl Subscription {
    /// A subscription as a client begins with it. `msid`: the stream and track id that the track is
    /// announced with.
    pub fn new(track: TrackSlot, handle: TrackId, kind: Kind, msid: (String, String)) -> Self {
        let (stream_id, track_id) = msid;
        Self {
            track,
            handle,
            kind,
            stream_id,
            track_id,
            settings: SubscriptionSettings::default(),
            is_configured: false,
            climb: Climb::default(),
            layers: LayerState::default(),
            agreed: None,
            encoding: EncodingIndex::FIRST,
            allotment: Allotment::EVERYTHING,
            temporal_wish: Temporal::HIGHEST,
            is_told_paused: false,
            told_codec: CodecInUse::First,
        }
    }

    /// The highest layer that is wanted for now.
    pub fn most_layer(&self) -> Layer {
        let most = self.settings.max_layer;
        if self.is_configured { most } else { most.min(self.climb.most()) }
    }

    /// Time has passed. True when a higher layer is wanted from now on.
    pub fn climb(&mut self, now: Instant) -> bool {
        if self.is_configured || self.kind == Kind::Audio {
            return false;
        }
        let arrives = self.layers.current().is_some() && self.layers.awaits().is_none();
        self.climb.pass(now, arrives && self.settings.enabled)
    }

    /// The highest temporal layer to forward.
    pub fn temporal(&self) -> Temporal {
        match self.allotment {
            Allotment::UpTo { temporal, .. } => temporal.min(self.temporal_wish),
            Allotment::Paused => Temporal::LOWEST,
        }
    }

    /// The client shows it large or says that it is important.
    pub fn is_pinned(&self) -> bool {
        let large = self.settings.max_layer == Layer::HIGHEST;
        self.is_configured && self.settings.enabled && (large || self.settings.priority > 0)
    }
}
