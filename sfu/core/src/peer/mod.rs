//! One participant's connection: its transports, the streams it sends us and the sections we send
//! it.
//!
//! A client has two transports, one for each direction, of which we offer the one we send on
//! ([`dual`]). Or it has one, which it offers itself; what it receives then goes into sections that
//! it made for that ([`single`]).

mod capture_clock;
mod connection;
mod dual;
mod requirement;
mod section;
mod sections;
mod single;
mod subscriber;
mod subscription;
#[cfg(any(test, feature = "fuzzing"))]
pub mod watched_section;

use std::time::Instant;

pub use capture_clock::{PublisherClock, capture_time};
pub use connection::Connection;
pub use section::SendSection;
pub use sections::Sections;
use str0m::media::Mid;
pub use subscriber::Subscriber;
pub use subscription::{CodecInUse, Subscription};

use crate::allocation::Allotment;
use crate::allowance::Allowance;
use crate::bitrate::Bitrate;
use crate::ids::{PeerId, TrackId};
use crate::limits;
use crate::slots::{SectionIndex, TrackSlot};
use crate::track_parts::StreamIndex;

/// A received RTP stream, and which of a track's streams it is.
#[derive(Debug, Clone, Copy)]
pub struct IngressStream {
    pub ssrc: u32,
    pub track: TrackSlot,
    pub stream: StreamIndex,
}

/// See the module.
pub struct Peer {
    pub id: PeerId,
    pub connection: Connection,
    /// The client is told of our TCP candidates alone.
    pub tcp_only: bool,
    pub ingress: Vec<IngressStream>,
    /// Its clock against ours, once a sender report told it.
    pub clock: Option<PublisherClock>,
    /// Limits the media it sends.
    pub allowance: Allowance,
    pub sections: Sections,
    /// Its videos get what there is bandwidth for, not what was asked for.
    pub is_rationed: bool,
    /// The time at which its bandwidth was shared out last.
    pub allotted: Option<Instant>,
    /// Its videos get no more than this, whatever its network takes.
    pub video_limit: Option<Bitrate>,
    pub stats_due: Instant,
}

impl Peer {
    pub fn new(id: PeerId, connection: Connection, tcp_only: bool, now: Instant) -> Self {
        Self {
            id,
            connection,
            tcp_only,
            ingress: Vec::new(),
            clock: None,
            allowance: Allowance::default(),
            sections: Sections::default(),
            is_rationed: false,
            allotted: None,
            video_limit: None,
            stats_due: now + limits::STATS_INTERVAL,
        }
    }

    pub fn subscription(&mut self, track: TrackId) -> Option<&mut Subscription> {
        self.subscriptions().find(|s| s.handle == track)
    }

    pub fn subscriptions(&mut self) -> impl Iterator<Item = &mut Subscription> {
        self.sections.subscriptions()
    }

    /// It limits the frame rate of a track.
    pub fn limits_pictures(&self) -> bool {
        self.sections.iter().filter_map(|s| s.subscription.as_ref()).any(|s| s.settings.max_fps > 0)
    }

    /// The subscriptions that the client agreed to receive and has not turned off, with the index
    /// of the section.
    pub fn received(&self) -> impl Iterator<Item = (SectionIndex, &Subscription)> {
        let agreed = self.sections.indexed().filter(|(_, s)| s.stream.is_some());
        agreed.filter_map(|(at, s)| Some((at, s.subscription.as_ref().filter(|s| s.settings.enabled)?)))
    }

    /// The client as receiver of what a section carries; `None` when that is nothing.
    pub fn subscriber(&mut self, section: SectionIndex) -> Option<Subscriber<'_>> {
        let section = self.sections.get_mut(section).filter(|s| s.subscription.is_some())?;
        Some(Subscriber { section, transport: self.connection.sending_mut()? })
    }

    /// The track that a section carries.
    pub fn track_in(&self, section: SectionIndex) -> Option<TrackSlot> {
        Some(self.sections.get(section)?.subscription.as_ref()?.track)
    }

    /// Waits for a section until the next offer; ignored when there are too many already.
    pub fn subscribe(&mut self, subscription: Subscription) {
        if self.sections.len() + self.sections.waiting.len() < limits::MAX_SUBSCRIBED_SECTIONS {
            self.sections.waiting.push(subscription);
            self.sections.needs_offer = true;
        } else {
            tracing::warn!(peer = self.id.0, "a subscription was ignored: the peer has too many sections");
        }
    }

    pub fn unsubscribe(&mut self, track: TrackId) {
        let waited = self.sections.waiting.len();
        self.sections.waiting.retain(|s| s.handle != track);
        if self.sections.waiting.len() != waited {
            return;
        }
        let carried = |s: &&mut SendSection| s.subscription.as_ref().is_some_and(|s| s.handle == track);
        let released = self.sections.iter_mut().find(carried).map(SendSection::release);
        self.sections.needs_offer |= released.is_some();
    }

    /// True when Python should be told to ask for an offer now.
    pub fn announce_negotiation(&mut self) -> bool {
        let is_under_way = self.sections.is_announced || self.connection.is_negotiating();
        if !self.sections.needs_offer || is_under_way || self.connection.sending().is_none() {
            return false;
        }
        self.sections.is_announced = true;
        true
    }

    /// Say what the client does not know yet of whether a track is forwarded: `is_shown`, for all
    /// that it agreed to receive or for one of them. Handles and what to say.
    pub fn announce_states(
        &mut self,
        track: Option<TrackSlot>,
        is_shown: impl Fn(TrackSlot) -> bool,
    ) -> Vec<(TrackId, bool)> {
        let agreed = self.sections.iter_mut().filter(|s| s.stream.is_some());
        let mut news = Vec::new();
        for subscription in agreed.filter_map(|s| s.subscription.as_mut()) {
            if track.is_some_and(|t| t != subscription.track) {
                continue;
            }
            let paused = !is_shown(subscription.track) || subscription.allotment == Allotment::Paused;
            if std::mem::replace(&mut subscription.is_told_paused, paused) != paused {
                news.push((subscription.handle, !paused));
            }
        }
        news
    }

    /// The section of the subscriber transport with this mid, when it carries something.
    pub fn subscription_in(&self, mid: Mid) -> Option<&Subscription> {
        self.sections.with_mid(mid)?.subscription.as_ref()
    }
}
