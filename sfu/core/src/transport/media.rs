//! Media on a transport: what is sent, asked for and measured.

use std::time::Instant;

use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::rtp::Ssrc;

use super::{Measured, Transport};
use crate::bandwidth::Demand;
use crate::bitrate::Bitrate;
use crate::datagrams::Datagrams;
use crate::egress::{MediaEgress, Profile};
use crate::events::TransportState;

impl Transport {
    /// The egress that forwarding writes to, where we send.
    pub fn media(&mut self) -> Option<&mut MediaEgress> {
        self.media.as_mut()
    }

    /// The protection of the media that we send, once it is negotiated.
    pub fn srtp_profile(&self) -> Option<Profile> {
        self.media.as_ref().and_then(MediaEgress::profile)
    }

    /// The bitrate of video that the client's network takes; `None`: no congestion is known.
    pub fn video_limit(&self) -> Option<Bitrate> {
        self.media.as_ref().and_then(MediaEgress::limit)
    }

    /// The limit is another than at the last call.
    pub fn take_limit_change(&mut self) -> bool {
        self.media.as_mut().is_some_and(MediaEgress::take_limit_change)
    }

    pub fn set_video_demand(&mut self, demand: Demand) {
        if let Some(media) = self.media.as_mut() {
            media.set_demand(demand);
        }
    }

    /// Send what was written. True when something is left for later.
    pub fn flush_media(&mut self, now: Instant, out: &mut Datagrams) -> bool {
        assert!(!self.panic_next, "panic asked for by a test");
        self.with_media(out, |media, out| media.flush(now, out));
        self.media.as_ref().is_some_and(|media| media.wake_at().is_some())
    }

    /// RTCP that is due.
    pub fn tick_media(&mut self, now: Instant, out: &mut Datagrams) {
        if self.state == Some(TransportState::Connected) {
            self.with_media(out, |media, out| media.tick(now, out));
        }
    }

    /// Have media do something, and count what it sends.
    pub(super) fn with_media<T>(
        &mut self,
        out: &mut Datagrams,
        work: impl FnOnce(&mut MediaEgress, &mut Datagrams) -> T,
    ) -> Option<T> {
        let before = out.byte_count();
        let done = work(self.media.as_mut()?, out);
        self.own_tx_bytes += (out.byte_count() - before) as u64;
        Some(done)
    }

    /// The present measurements.
    pub fn measured(&self, now: Instant) -> Measured {
        let sent = self.media.as_ref().map(|media| media.reception(now)).unwrap_or_default();
        Measured {
            loss: self.measured.loss.max(sent.loss),
            rtt: self.measured.rtt.max(sent.round_trip),
            jitter_ms: self.measured.jitter_ms.max(sent.jitter_ms),
            tx_bytes: self.measured.tx_bytes + self.own_tx_bytes,
            rx_bytes: self.measured.rx_bytes + self.own_rx_bytes,
        }
    }

    /// Ask for what is lost of a stream again. The library does so by itself only where a
    /// retransmission stream is negotiated, and audio has none: it is sent again as it was.
    pub fn ask_again(&mut self, ssrc: u32) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&Ssrc::from(ssrc)) {
            stream.suppress_nack(false);
        }
    }

    /// Ask the client for a key frame. False when the layer has no stream yet.
    pub fn request_keyframe(&mut self, mid: Mid, rid: Option<Rid>) -> bool {
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid, rid) else {
            return false;
        };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }
}
