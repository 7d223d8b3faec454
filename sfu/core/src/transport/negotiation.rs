//! Negotiation with a client: descriptions, candidates, streams and formats.

use std::time::Instant;

use str0m::Candidate;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{MediaKind, Mid, Pt, Rid};
use str0m::net::Protocol;
use str0m::rtp::{Extension, Ssrc};

use super::{Role, Transport};
use crate::codecs::dependency_descriptor;
use crate::commands::Kind;
use crate::egress::{ExtensionIds, StreamSpec};
use crate::error::NegotiationError;
use crate::format::Format;
use crate::forward::{OutgoingStream, PayloadTypes};
use crate::limits;
use crate::sdp::Announcement;

impl Transport {
    pub fn accept_offer(&mut self, now: Instant, sdp: &str) -> Result<String, NegotiationError> {
        let offer = SdpOffer::from_sdp_string(sdp)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        self.negotiated(now);
        Ok(answer.to_sdp_string())
    }

    pub fn accept_answer(&mut self, now: Instant, pending: SdpPendingOffer, sdp: &str) -> Result<(), NegotiationError> {
        let answer = SdpAnswer::from_sdp_string(sdp)?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        self.negotiated(now);
        Ok(())
    }

    fn negotiated(&mut self, now: Instant) {
        let ufrag = self.rtc.direct_api().local_ice_credentials().ufrag;
        if ufrag != self.ufrag {
            self.new_ufrag = Some(ufrag.clone());
            self.ufrag = ufrag;
        }
        self.negotiated_at.get_or_insert(now);
    }

    /// The stream to send in a section, once the client agreed to receive it.
    pub fn outgoing_stream(&mut self, mid: Mid) -> Option<OutgoingStream> {
        let media = self.rtc.media(mid)?;
        if !media.direction().is_sending() || media.stopped() {
            return None;
        }
        let (mut payload_types, mut resent_as) = (PayloadTypes::default(), PayloadTypes::default());
        for params in self.rtc.codec_config().params() {
            let Some(format) = Format::of(params.spec().codec).filter(|_| media.remote_pts().contains(&params.pt()))
            else {
                continue;
            };
            payload_types.set(format, *params.pt());
            payload_types.red = payload_types.red.or(params.red().map(|pt| *pt));
            // A format that was not negotiated for retransmission is not resent: str0m leaves it
            // out of its parameters.
            if let Some(rtx) = params.resend() {
                resent_as.set(format, *rtx);
            }
        }
        let id = |extension| media.remote_extmap().id_of(extension).filter(|id| *id < 15).unwrap_or(0);
        let extensions = ExtensionIds {
            mid: id(Extension::RtpMid),
            audio_level: id(Extension::AudioLevel),
            orientation: id(Extension::VideoOrientation),
            transport_wide: id(Extension::TransportSequenceNumber),
            dependency_descriptor: id(dependency_descriptor()),
        };
        let kind = match media.kind() {
            MediaKind::Audio => Kind::Audio,
            MediaKind::Video => Kind::Video,
        };
        let cname = media.cname().to_owned();
        let (ssrc, rtx) = self.send_ssrcs(mid)?;
        let rtx = rtx.map(|ssrc| (ssrc, resent_as)).filter(|_| kind == Kind::Video);
        let spec = StreamSpec { mid, cname, kind, ssrc, extensions, rtx };
        let index = self.media.as_mut()?.declare(spec);
        Some(OutgoingStream { ssrc, index, payload_types })
    }

    /// The SSRCs under which we send and retransmit in a section. str0m chooses them; where it
    /// receives, too, it then has to forget the stream, because it would report on packets that it
    /// does not send.
    fn send_ssrcs(&mut self, mid: Mid) -> Option<(u32, Option<u32>)> {
        let media = self.media.as_ref()?;
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        let (ssrc, rtx) = (stream.ssrc(), stream.rtx());
        if self.role != Role::Both {
            return Some((*ssrc, rtx.map(|rtx| *rtx)));
        }
        api.remove_stream_tx(ssrc);
        // It may choose an SSRC again that it forgot.
        let unused = |mut ssrc: Ssrc| {
            while media.sends_under(*ssrc) {
                ssrc = api.new_ssrc();
            }
            *ssrc
        };
        Some(media.ssrcs_of(mid).unwrap_or_else(|| (unused(ssrc), rtx.map(unused))))
    }

    /// The `a=ssrc` lines of a section we send in.
    pub fn announcement(&self, mid: Mid) -> Option<Announcement> {
        let (ssrc, rtx) = self.media.as_ref()?.ssrcs_of(mid)?;
        Some(Announcement { ssrc, rtx, cname: self.rtc.media(mid)?.cname().to_owned() })
    }

    /// False for a candidate that does not parse or is one too many.
    pub fn add_candidate(&mut self, line: &str) -> bool {
        if self.remote_candidates >= limits::MAX_REMOTE_CANDIDATES || line.len() > 512 {
            return false;
        }
        match Candidate::from_sdp_string(line) {
            Ok(candidate) if candidate.proto() == Protocol::Udp => {
                self.remote_candidates += 1;
                self.rtc.add_remote_candidate(candidate);
                true
            }
            _ => false,
        }
    }

    /// Section and layer of a received stream.
    pub fn stream_of(&mut self, ssrc: u32) -> Option<(Mid, Option<Rid>)> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&Ssrc::from(ssrc))?;
        Some((stream.mid(), stream.rid()))
    }

    pub fn format_of(&self, pt: Pt) -> Option<Format> {
        let params = self.rtc.codec_config().params();
        Format::of(params.iter().find(|p| p.pt() == pt)?.spec().codec)
    }

    /// For a payload type of redundant audio, the payload type of the audio in it.
    pub fn primary_of(&self, red: Pt) -> Option<Pt> {
        let params = self.rtc.codec_config().params();
        Some(params.iter().find(|p| p.red() == Some(red))?.pt())
    }
}
