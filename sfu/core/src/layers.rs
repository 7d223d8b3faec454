//! Which layer a subscriber should get: simulcast layers are streams of their own, spatial layers
//! share one.

use crate::limits::MAX_LAYERS;
use crate::track_parts::{Layer, StreamIndex};

/// The best flowing layer not above `wanted`; when nothing at or below flows, the lowest that does;
/// `None` when the publisher sends nothing.
pub fn choose_layer(wanted: Layer, flowing: [bool; MAX_LAYERS]) -> Option<Layer> {
    let flows = |layer: &Layer| flowing[layer.index()];
    let at_or_below = Layer::all().rev().filter(|layer| *layer <= wanted).find(flows);
    at_or_below.or_else(|| Layer::all().find(flows))
}

/// A stream of a track, and the spatial layers of it that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub stream: StreamIndex,
    /// Spatial layers of it up to this one, where it has several.
    pub spatial: Layer,
}

impl Choice {
    /// A stream with all that is in it.
    pub fn whole(stream: StreamIndex) -> Self {
        Self { stream, spatial: Layer::HIGHEST }
    }
}

/// The decision about a packet of some stream for one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    Forward,
    /// Forward as the first packet of another source: rebase the numbering before.
    Switch,
}

/// The stream one subscriber receives and the one it should receive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerState {
    current: Option<StreamIndex>,
    /// Spatial layers of the current stream that are forwarded, where it has several to choose
    /// from.
    spatial: Option<Layer>,
    target: Option<Choice>,
}

impl LayerState {
    pub fn current(&self) -> Option<StreamIndex> {
        self.current
    }

    /// The stream to receive.
    pub fn target(&self) -> Option<StreamIndex> {
        self.target.map(|target| target.stream)
    }

    pub fn set_target(&mut self, target: Option<Choice>) {
        self.target = target;
    }

    /// The highest spatial layer wanted.
    pub fn target_spatial(&self) -> Layer {
        self.target.map_or(Layer::HIGHEST, |target| target.spatial)
    }

    /// Spatial layers of the current stream up to this one are forwarded; `None`: it has none to
    /// choose from.
    pub fn set_spatial(&mut self, spatial: Option<Layer>) {
        self.spatial = spatial;
    }

    /// Forget what was forwarded: the next packet needs a key frame.
    pub fn reset(&mut self) {
        self.current = None;
        self.spatial = None;
    }

    /// The stream to ask for a key frame, when one is needed to go on.
    pub fn awaits(&self) -> Option<StreamIndex> {
        let is_lacking = |target: &Choice| {
            self.current != Some(target.stream) || self.spatial.is_some_and(|spatial| spatial < target.spatial)
        };
        self.target.filter(is_lacking).map(|target| target.stream)
    }

    /// Switches happen on key frames only; until the target's arrives, the current stream goes on.
    pub fn judge(&mut self, stream: StreamIndex, keyframe: bool) -> Verdict {
        if self.current == Some(stream) {
            return Verdict::Forward;
        }
        if keyframe && self.target() == Some(stream) {
            self.current = Some(stream);
            self.spatial = None;
            return Verdict::Switch;
        }
        Verdict::Drop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(index: usize) -> StreamIndex {
        StreamIndex::new(index)
    }

    #[test]
    fn best_layer_not_above_the_wanted_one() {
        assert_eq!(choose_layer(Layer::new(2), [true, true, true]), Some(Layer::new(2)));
        assert_eq!(choose_layer(Layer::new(1), [true, true, true]), Some(Layer::new(1)));
        assert_eq!(choose_layer(Layer::new(2), [true, true, false]), Some(Layer::new(1)));
        assert_eq!(choose_layer(Layer::new(2), [true, false, false]), Some(Layer::new(0)));
        assert_eq!(choose_layer(Layer::new(0), [false, true, true]), Some(Layer::new(1)));
        assert_eq!(choose_layer(Layer::new(1), [false, false, false]), None);
        assert_eq!(choose_layer(Layer::new(200), [true, false, true]), Some(Layer::new(2)));
    }

    #[test]
    fn switches_on_keyframes_only() {
        let mut state = LayerState::default();
        state.set_target(Some(Choice::whole(stream(0))));

        assert_eq!(state.judge(stream(0), false), Verdict::Drop);
        assert_eq!(state.judge(stream(1), true), Verdict::Drop);
        assert_eq!(state.judge(stream(0), true), Verdict::Switch);
        assert_eq!(state.awaits(), None);

        state.set_target(Some(Choice::whole(stream(2))));
        assert_eq!(state.awaits(), Some(stream(2)));
        assert_eq!(state.judge(stream(2), false), Verdict::Drop);
        assert_eq!(state.judge(stream(0), false), Verdict::Forward);
        assert_eq!(state.judge(stream(2), true), Verdict::Switch);
        assert_eq!(state.judge(stream(0), true), Verdict::Drop);
    }

    #[test]
    fn a_pause_keeps_the_layer_and_a_reset_asks_for_a_keyframe() {
        let mut state = LayerState::default();
        state.set_target(Some(Choice::whole(stream(1))));
        assert_eq!(state.judge(stream(1), true), Verdict::Switch);

        state.set_target(None);
        assert_eq!(state.awaits(), None);
        state.set_target(Some(Choice::whole(stream(1))));
        assert_eq!(state.judge(stream(1), false), Verdict::Forward);

        state.reset();
        assert_eq!(state.awaits(), Some(stream(1)));
        assert_eq!(state.judge(stream(1), false), Verdict::Drop);
    }

    #[test]
    fn a_spatial_layer_that_is_lacking_needs_a_keyframe() {
        let mut state = LayerState::default();
        state.set_target(Some(Choice { stream: stream(0), spatial: Layer::new(1) }));
        assert_eq!(state.judge(stream(0), true), Verdict::Switch);
        assert_eq!(state.awaits(), None, "nothing is known of spatial layers");
        state.set_spatial(Some(Layer::new(1)));
        state.set_target(Some(Choice { stream: stream(0), spatial: Layer::new(2) }));
        assert_eq!(state.awaits(), Some(stream(0)));
        state.set_spatial(Some(Layer::new(2)));
        assert_eq!(state.awaits(), None);
        state.set_target(Some(Choice { stream: stream(0), spatial: Layer::new(0) }));
        assert_eq!(state.awaits(), None, "less takes none");
    }
}
