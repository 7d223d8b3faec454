//! Takes a client's feedback: losses, arrival times, requests for key frames.

use std::time::{Duration, Instant};

use str0m::media::Mid;

use super::packet::{Envelope, OVERHEAD};
use super::rtcp::{self, Feedback, Reception};
use super::stream::number;
use super::{LOSS_PROTECTION_TIME, MediaEgress, REPORT_INTERVAL, seal};
use crate::bandwidth::read_feedback;
use crate::bitrate::Bitrate;
use crate::commands::Kind;
use crate::datagrams::Datagrams;
use crate::slots::Place;

/// An older report of a receiver says nothing about the present.
const RECEPTION_AGE: Duration = Duration::from_secs(10);
/// Below this rate no video counts as sent.
const IDLE_VIDEO: Bitrate = Bitrate::from_kbps(10);

/// The client's reception of our packets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReceptionSummary {
    /// Share of packets lost, over all streams, 0 … 1.
    pub loss: f32,
    pub round_trip: Duration,
    /// Worst jitter of the streams.
    pub jitter_ms: f32,
}

impl MediaEgress {
    /// An SRTCP packet of the client; what it misses is sent at once. Sections that need a key
    /// frame are appended to `wanted`. False when it is not the client's, or not whole, or was here
    /// before.
    pub fn handle_rtcp(&mut self, now: Instant, packet: &[u8], out: &mut Datagrams, wanted: &mut Vec<Mid>) -> bool {
        let Some(opener) = self.opener.as_mut() else {
            return false;
        };
        let mut plain = std::mem::take(&mut self.scratch);
        let opened = opener.open_rtcp(packet, &mut plain).is_ok();
        if opened {
            self.feedback_budget.refill(now);
            rtcp::read(&plain, |feedback| self.take_feedback(now, feedback, out, wanted));
        }
        self.scratch = plain;
        opened
    }

    fn take_feedback(&mut self, now: Instant, feedback: Feedback<'_>, out: &mut Datagrams, wanted: &mut Vec<Mid>) {
        match feedback {
            Feedback::Lost { ssrc, seq } => {
                if self.feedback_budget.hears_of_loss() {
                    self.careful_until = Some(now + LOSS_PROTECTION_TIME);
                    self.resend(now, ssrc, seq, out);
                }
            }
            Feedback::KeyframeWanted { ssrc } => {
                let mid = self.by_ssrc.get(&ssrc).map(|index| self.streams[index.index()].spec.mid);
                wanted.extend(mid.filter(|mid| !wanted.contains(mid)));
            }
            Feedback::Reception(reception) => {
                if reception.fraction_lost > 0 {
                    self.careful_until = Some(now + LOSS_PROTECTION_TIME);
                }
                if let Some(index) = self.by_ssrc.get(&reception.ssrc) {
                    self.streams[index.index()].reception = Some((now, reception));
                    self.measure_round_trip(now, reception);
                }
            }
            Feedback::TransportWide(message) => self.take_transport_feedback(now, message),
            Feedback::RemoteLimit(limit) => {
                if !self.has_transport_feedback {
                    let limit = Bitrate::from_bps(limit as f64);
                    self.limit_changed |= self.estimator.take_remote_limit(now, limit, self.sending);
                }
            }
        }
    }

    fn take_transport_feedback(&mut self, now: Instant, message: &[u8]) {
        self.has_transport_feedback = true;
        let (sent, estimator) = (&mut self.sent, &mut self.estimator);
        let (mut last, mut told) = (None, 0);
        read_feedback(message, self.feedback_budget.for_message(), |seq, arrived_us| {
            told += 1;
            last = Some(seq);
            if let Some(news) = sent.report(seq, arrived_us) {
                estimator.observe(news);
            }
        });
        self.feedback_budget.heard(told);
        if let Some(last) = last {
            sent.forget_before(last);
            self.limit_changed |= estimator.conclude(now);
        }
    }

    /// RFC 3550 section 6.4.1: now, less when we reported, less what passed there.
    fn measure_round_trip(&mut self, now: Instant, reception: Reception) {
        if reception.last_report == 0 {
            return;
        }
        let middle = (self.ntp(now) >> 16) as u32;
        let passed = middle.wrapping_sub(reception.last_report).wrapping_sub(reception.delay);
        // Beyond half the range it is negative: clocks of two resolutions on a very short way.
        let passed = if passed > u32::MAX / 2 { 0 } else { passed };
        self.round_trip = Duration::from_micros(u64::from(passed) * 1_000_000 / 65_536);
    }

    fn resend(&mut self, now: Instant, ssrc: u32, seq: u16, out: &mut Datagrams) {
        let (Some(sealer), Some(path)) = (&self.sealer, self.path) else {
            return;
        };
        let Some(stream) = self.by_ssrc.get(&ssrc).map(|index| &mut self.streams[index.index()]) else {
            return;
        };
        let Some(packet) = stream.history.resend(now, seq, self.round_trip) else {
            return;
        };
        let Some(left) = stream.resend_budget.checked_sub(packet.payload.len()) else {
            return;
        };
        let bytes = packet.payload.len();
        let envelope = match stream.spec.rtx {
            Some((ssrc, payload_types)) => {
                let Some(payload_type) = payload_types.of(packet.format) else {
                    return;
                };
                let transport_wide = number(stream.spec.extensions, &mut self.sent, self.epoch, now, bytes);
                let seq = stream.next_rtx_seq;
                stream.next_rtx_seq += 1;
                self.video_bytes += (bytes + OVERHEAD) as u64;
                Envelope { ssrc, payload_type, seq, is_retransmission: true, transport_wide }
            }
            None => Envelope::of(ssrc, packet),
        };
        stream.resend_budget = left;
        self.pacer.sent(bytes + OVERHEAD);
        seal(sealer, path, packet, envelope, &stream.extensions, out);
    }

    /// Measures how much video is sent, and takes the loss of receiver reports where there is no
    /// better feedback.
    pub(super) fn measure_sending(&mut self, now: Instant) {
        let sent = self.video_bytes - std::mem::replace(&mut self.measured_bytes, self.video_bytes);
        self.sending = Bitrate::of_bytes(sent, REPORT_INTERVAL);
        if self.has_transport_feedback {
            if self.sending < IDLE_VIDEO {
                self.limit_changed |= self.estimator.pass_silence(now);
            }
            return;
        }
        let is_fresh = |at: Instant| now.saturating_duration_since(at) <= REPORT_INTERVAL;
        let video = self.streams.iter().filter(|s| s.spec.kind == Kind::Video);
        let fresh: Vec<u8> =
            video.filter_map(|s| s.reception.filter(|(at, _)| is_fresh(*at))).map(|(_, r)| r.fraction_lost).collect();
        if !fresh.is_empty() {
            let share = fresh.iter().map(|lost| f64::from(*lost) / 256.0).sum::<f64>() / fresh.len() as f64;
            self.limit_changed |= self.estimator.take_reported_loss(now, share, self.sending);
        }
    }

    /// The latest reports of the client, put together.
    pub fn reception(&self, now: Instant) -> ReceptionSummary {
        let (mut lost, mut streams, mut jitter_ms) = (0.0f32, 0.0f32, 0.0f32);
        for stream in &self.streams {
            let Some((at, reception)) = stream.reception else {
                continue;
            };
            if now.saturating_duration_since(at) > RECEPTION_AGE {
                continue;
            }
            lost += f32::from(reception.fraction_lost) / 256.0;
            streams += 1.0;
            jitter_ms = jitter_ms.max(reception.jitter as f32 * 1000.0 / stream.clock_rate() as f32);
        }
        ReceptionSummary {
            loss: if streams > 0.0 { lost / streams } else { 0.0 },
            round_trip: self.round_trip,
            jitter_ms,
        }
    }
}
