//! A published track as the room keeps it.

use std::time::Instant;

use str0m::media::{Mid, Rid};

use crate::bitrate::Bitrate;
use crate::commands::Kind;
use crate::format::Format;
use crate::forward::{Layering, PayloadTypes};
use crate::ids::TrackId;
use crate::keyframes::KeyframeThrottle;
use crate::layer_rate::LayerRate;
use crate::layers::{Choice, choose_layer};
use crate::levels::LevelMeter;
use crate::limits::{self, MAX_LAYERS, MAX_TEMPORAL_LAYERS};
use crate::munge::TemplateStructure;
use crate::peer::CodecInUse;
use crate::receiver::{Aim, Wanted};
use crate::redundancy::Repair;
use crate::slots::{PeerSlot, SectionIndex, TapSlot};
use crate::track_parts::{EncodingIndex, Layer, StreamIndex, Temporal};

/// One RTP stream of a track: a simulcast layer, or all there is, in one of its codecs.
pub(super) struct Stream {
    pub(super) mid: Mid,
    pub(super) rid: Option<Rid>,
    pub(super) announced: bool,
    pub(super) keyframes: KeyframeThrottle,
    /// Fills in lost sound; used for audio only.
    pub(super) repair: Repair,
    /// The templates that its dependency descriptors refer to.
    pub(super) structure: Option<TemplateStructure>,
    /// Only the first, where the stream has no spatial layers in it.
    pub(super) spatial: [SpatialLayer; MAX_LAYERS],
    /// The highest spatial layer there is, as far as is known.
    pub(super) highest_spatial: Layer,
}

/// A spatial layer of a stream.
#[derive(Debug, Default)]
pub(super) struct SpatialLayer {
    pub(super) last_packet: Option<Instant>,
    pub(super) flowing: bool,
    pub(super) rate: LayerRate,
}

impl Stream {
    pub(super) fn new(mid: Mid, rid: Option<Rid>) -> Self {
        Self {
            mid,
            rid,
            announced: false,
            keyframes: KeyframeThrottle::new(limits::KEYFRAME_INTERVAL),
            repair: Repair::default(),
            structure: None,
            spatial: Default::default(),
            highest_spatial: Layer::LOWEST,
        }
    }

    /// A packet arrived. True when that is news: its layer was silent, or there is a higher one
    /// than was known.
    pub(super) fn arrived(&mut self, now: Instant, layering: &Layering) -> bool {
        let spatial = Layer::new(layering.spatial());
        let highest = layering.highest_spatial(self.structure.as_ref()).map_or(spatial, Layer::new).max(spatial);
        let known = self.highest_spatial;
        self.highest_spatial = known.max(highest);
        let layer = &mut self.spatial[spatial.index()];
        layer.last_packet = Some(now);
        let was_flowing = std::mem::replace(&mut layer.flowing, true);
        !was_flowing || self.highest_spatial > known
    }

    /// It begins anew under another SSRC.
    pub(super) fn begin_again(&mut self) {
        self.repair = Repair::default();
        self.structure = None;
    }

    pub(super) fn is_flowing(&self) -> bool {
        self.spatial.iter().any(|layer| layer.flowing)
    }

    /// The bitrate with all temporal layers up to each, of one spatial layer and those below it.
    fn costs(&self, spatial: Layer) -> [Bitrate; MAX_TEMPORAL_LAYERS] {
        let mut sum = [Bitrate::ZERO; MAX_TEMPORAL_LAYERS];
        for layer in self.spatial[..=spatial.index()].iter().filter(|layer| layer.flowing) {
            for (total, cost) in sum.iter_mut().zip(layer.rate.costs()) {
                *total += cost;
            }
        }
        sum
    }
}

/// A track in one codec: a section of the publisher's, with one or more streams in it.
pub(super) struct Encoding {
    /// As it was announced, then as it arrives.
    pub(super) format: Option<Format>,
    /// Its streams, of those of the track.
    first: usize,
    count: usize,
}

pub(super) struct Track {
    pub(super) handle: TrackId,
    /// Slot of the publishing peer.
    pub(super) owner: PeerSlot,
    pub(super) kind: Kind,
    /// The same media in different codecs, the one meant for everybody first.
    pub(super) encodings: Vec<Encoding>,
    /// The streams of all encodings, one after the other, each low to high.
    pub(super) streams: Vec<Stream>,
    pub(super) is_screen: bool,
    pub(super) muted: bool,
    pub(super) meter: LevelMeter,
    /// The time when the meter last heard a voice in it: clicks do not count.
    pub(super) spoke: Option<Instant>,
    /// Its packets are forwarded; of a large room's voices only some are.
    pub(super) is_heard: bool,
    /// Its packets are forwarded; of a large room's cameras only some are.
    pub(super) is_shown: bool,
    /// Tracks published before it in this room.
    pub(super) order: u64,
    /// Every client that may receive it.
    pub(super) subscribers: Vec<SubscriberAt>,
    pub(super) taps: Vec<TapSlot>,
}

/// The section in which a client receives a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SubscriberAt {
    pub(super) peer: PeerSlot,
    pub(super) section: SectionIndex,
}

impl Track {
    /// Add the media of one section. `rids`: its simulcast layers, low to high, or nothing.
    pub(super) fn add_encoding(&mut self, mid: Mid, format: Option<Format>, rids: &[String]) {
        let first = self.streams.len();
        self.streams.extend(rids.iter().map(|rid| Stream::new(mid, Some(Rid::from(rid.as_str())))));
        if rids.is_empty() {
            self.streams.push(Stream::new(mid, None));
        }
        self.encodings.push(Encoding { format, first, count: self.streams.len() - first });
    }

    /// Streams of an encoding, low to high.
    fn streams_of(&self, encoding: EncodingIndex) -> &[Stream] {
        let found = self.encodings.get(encoding.index());
        found.and_then(|e| self.streams.get(e.first..e.first + e.count)).unwrap_or_default()
    }

    /// Which layers of an encoding flow: simulcast layers, or the spatial ones of its only stream.
    fn flowing(&self, encoding: EncodingIndex) -> [bool; MAX_LAYERS] {
        let mut flowing = [false; MAX_LAYERS];
        match self.streams_of(encoding) {
            [only] => flowing.iter_mut().zip(&only.spatial).for_each(|(flag, layer)| *flag = layer.flowing),
            several => flowing.iter_mut().zip(several).for_each(|(flag, stream)| *flag = stream.is_flowing()),
        }
        flowing
    }

    /// The best choice of an encoding up to the layer `most`; `None` while nothing flows.
    fn choice(&self, encoding: EncodingIndex, most: Layer) -> Option<Choice> {
        let first = self.encodings.get(encoding.index())?.first;
        let layer = choose_layer(most, self.flowing(encoding))?;
        Some(match self.streams_of(encoding) {
            [only] => Choice { stream: StreamIndex::new(first), spatial: most.max(layer).min(only.highest_spatial) },
            _ => Choice::whole(StreamIndex::new(first + layer.index())),
        })
    }

    /// The bitrate of each layer of an encoding with its temporal layers up to each; zero: the
    /// layer does not flow. `unmeasured` is taken for layers that were not measured yet.
    pub(super) fn costs(
        &self,
        encoding: EncodingIndex,
        unmeasured: [Bitrate; MAX_LAYERS],
    ) -> [[Bitrate; MAX_TEMPORAL_LAYERS]; MAX_LAYERS] {
        let mut costs = [[Bitrate::ZERO; MAX_TEMPORAL_LAYERS]; MAX_LAYERS];
        let streams = self.streams_of(encoding);
        let flowing = self.flowing(encoding);
        for layer in Layer::all().filter(|layer| flowing[layer.index()]) {
            let cost = &mut costs[layer.index()];
            *cost = match streams {
                [only] => only.costs(layer),
                several => several[layer.index()].costs(Layer::HIGHEST),
            };
            if cost[Temporal::HIGHEST.index()] == Bitrate::ZERO {
                *cost = [unmeasured[layer.index()]; MAX_TEMPORAL_LAYERS];
            }
        }
        costs
    }

    /// The highest temporal layer of a choice that keeps to this frame rate.
    fn temporal_for(&self, choice: Choice, pictures_per_second: u32) -> Option<Temporal> {
        let stream = self.streams.get(choice.stream.index())?;
        let spatial = choice.spatial.min(stream.highest_spatial);
        Some(stream.spatial[spatial.index()].rate.temporal_for(pictures_per_second))
    }

    /// The decision about a receiver: the best layer that is wanted and there, of the first
    /// encoding that it can decode.
    pub(super) fn aim_for(&self, wanted: Wanted) -> Aim {
        let encoding = wanted.decodes.map_or(Some(EncodingIndex::FIRST), |agreed| self.encoding_for(&agreed));
        let choice = encoding.and_then(|encoding| self.choice(encoding, wanted.max_layer));
        let limited = choice.filter(|_| wanted.max_fps > 0);
        Aim {
            encoding: encoding.unwrap_or(EncodingIndex::FIRST),
            choice,
            max_temporal: limited
                .and_then(|choice| self.temporal_for(choice, wanted.max_fps))
                .unwrap_or(Temporal::HIGHEST),
        }
    }

    /// The first encoding that a client can decode that agreed to these payload types, if there is
    /// one.
    pub(super) fn encoding_for(&self, agreed: &PayloadTypes) -> Option<EncodingIndex> {
        let can_decode = |e: &Encoding| e.format.is_none_or(|format| agreed.of(format).is_some());
        self.encodings.iter().position(can_decode).map(EncodingIndex::new)
    }

    /// The codec for a client that agreed to these payload types, and its name; `None` while that
    /// is not known.
    pub(super) fn codec_for(&self, agreed: &PayloadTypes) -> Option<(CodecInUse, &'static str)> {
        let Some(at) = self.encoding_for(agreed) else {
            return Some((CodecInUse::Nothing, ""));
        };
        let format = self.encodings[at.index()].format?;
        Some((if at == EncodingIndex::FIRST { CodecInUse::First } else { CodecInUse::Other(format) }, format.mime()))
    }

    /// The encoding that a stream belongs to.
    pub(super) fn encoding_of(&mut self, stream: StreamIndex) -> Option<&mut Encoding> {
        self.encodings.iter_mut().find(|e| (e.first..e.first + e.count).contains(&stream.index()))
    }

    pub(super) fn stream_of(&self, mid: Mid, rid: Option<Rid>) -> Option<StreamIndex> {
        self.streams.iter().position(|s| s.mid == mid && s.rid == rid).map(StreamIndex::new)
    }

    pub(super) fn stream_mut(&mut self, stream: StreamIndex) -> Option<&mut Stream> {
        self.streams.get_mut(stream.index())
    }
}
