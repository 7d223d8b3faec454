//! Offers that we make.

use str0m::change::SdpPendingOffer;
use str0m::channel::{ChannelConfig, Reliability};
use str0m::media::{Direction, MediaKind, Mid};

use super::channel::{LOSSY, RELIABLE};
use super::{OfferDraft, Transport};
use crate::commands::Kind;

impl Transport {
    /// Offer what `draft` describes. `None` when that changes nothing.
    pub fn create_offer(&mut self, draft: &OfferDraft) -> Option<(String, SdpPendingOffer, Vec<Mid>)> {
        let mut api = self.rtc.sdp_api();
        if draft.with_channels {
            api.add_channel_with_config(ChannelConfig { label: RELIABLE.to_owned(), ..Default::default() });
            api.add_channel_with_config(ChannelConfig {
                label: LOSSY.to_owned(),
                ordered: false,
                reliability: Reliability::MaxRetransmits { retransmits: 0 },
                ..Default::default()
            });
        }
        if draft.restart_ice {
            api.ice_restart(true);
        }
        for (mid, active) in &draft.directions {
            let direction = if *active { Direction::SendOnly } else { Direction::Inactive };
            api.set_direction(*mid, direction);
        }
        let mids = draft
            .additions
            .iter()
            .map(|add| {
                let kind = match add.kind {
                    Kind::Audio => MediaKind::Audio,
                    Kind::Video => MediaKind::Video,
                };
                let (stream, track) = (Some(add.stream_id.clone()), Some(add.track_id.clone()));
                api.add_media(kind, Direction::SendOnly, stream, track, None)
            })
            .collect();
        let (offer, pending) = api.apply()?;
        Some((offer.to_sdp_string(), pending, mids))
    }
}
