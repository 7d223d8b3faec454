//! A client as the receiver of a track.

use std::time::Instant;

use super::section::SendSection;
use crate::allocation::Allotment;
use crate::commands::Kind;
use crate::events::TransportState;
use crate::forward::Incoming;
use crate::receiver::{Aim, Receiver, Wanted};
use crate::track_parts::{Layer, StreamIndex};
use crate::transport::Transport;

/// A section that carries a subscription, and the transport it is sent on.
pub struct Subscriber<'a> {
    pub section: &'a mut SendSection,
    pub transport: &'a mut Transport,
}

impl Receiver for Subscriber<'_> {
    fn wanted(&self) -> Wanted {
        let Some(subscription) = &self.section.subscription else {
            return Wanted { decodes: None, max_layer: Layer::LOWEST, max_fps: 0 };
        };
        let most = subscription.most_layer();
        let max_layer = match subscription.allotment {
            Allotment::UpTo { layer, .. } => layer.min(most),
            Allotment::Paused => most,
        };
        Wanted { decodes: subscription.agreed, max_layer, max_fps: subscription.settings.max_fps }
    }

    fn aim(&mut self, aim: Aim) {
        if let Some(subscription) = &mut self.section.subscription {
            subscription.encoding = aim.encoding;
            subscription.layers.set_target(aim.choice);
            subscription.temporal_wish = aim.max_temporal;
        }
    }

    fn current(&self) -> Option<StreamIndex> {
        self.section.subscription.as_ref()?.layers.current()
    }

    fn awaited_keyframe(&self) -> Option<StreamIndex> {
        let is_there = self.transport.state() == Some(TransportState::Connected) && self.section.stream.is_some();
        let is_wanted = self.section.kind == Kind::Video && is_there;
        let subscription = self.section.subscription.as_ref().filter(|_| is_wanted)?;
        let is_forwarded = subscription.settings.enabled && subscription.allotment != Allotment::Paused;
        subscription.layers.awaits().filter(|_| is_forwarded)
    }

    fn interrupt(&mut self) {
        if let Some(subscription) = &mut self.section.subscription {
            subscription.layers.reset();
        }
    }

    fn receive(&mut self, now: Instant, packet: &Incoming) -> bool {
        self.transport.media().is_some_and(|egress| self.section.forward(now, packet, egress))
    }
}
