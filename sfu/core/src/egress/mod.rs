//! All media that we send on an association: what str0m would do at several times the cost (docs/decisions/0006).
//!
//! Written packets wait until the turn's [`flush`](MediaEgress::flush), so that what one client gets leaves in one run.
//! Numbers come from above, already continuous; here are headers, SRTP, retransmission (RFC 4588) and RTCP. str0m keeps
//! ICE, DTLS and data channels of the same association; it has no SRTP keys for one that only sends, and on a client's only
//! one it receives with the same keys, and sends RTCP under an SSRC of its own.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod history;
mod keys;
mod pacer;
mod packet;
mod patience;
mod rtcp;
mod srtp;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use history::History;
pub use keys::{AssociationKeys, KeySlot, build_with_keys, with_shared_srtp, without_srtp};
use pacer::Pacer;
pub use packet::ExtensionIds;
use packet::{Envelope, ExtensionWriter, OVERHEAD, PADDING, Packet};
use patience::Patience;
use rtcp::{Feedback, REPORTS_PER_DATAGRAM, Reception, SenderReport};
use srtp::{Opener, Sealer};
pub use srtp::{Profile, Verifier};
use str0m::media::Mid;

use crate::bandwidth::{Demand, Estimator, SentLog, read_feedback};
use crate::commands::Kind;
use crate::datagrams::Datagrams;
use crate::forward::{Egress, Format, Outgoing, OutgoingStream, PayloadTypes};
use crate::path::Path;

/// Streams that are sent are reported about this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// What a receiver reported longer ago says nothing any more.
const RECEPTION_AGE: Duration = Duration::from_secs(10);
/// For this long after a receiver missed something its voices come with redundancy and are kept to be sent again.
const CAREFUL: Duration = Duration::from_secs(15);
/// What waits, or a probe that runs, is looked at again after this.
const PACE_INTERVAL: Duration = Duration::from_millis(5);
/// Bits a second of video that are as good as none.
const SILENCE: f64 = 10_000.0;
/// Retransmissions may take up what the stream itself sent, and this much on top: bytes.
const RESEND_ALLOWANCE: usize = 100_000;
/// Seconds that are somewhere in the years clients expect. Only differences mean anything, and all streams of one
/// association share the origin (RFC 3550 section 6.4.1 allows it).
const NTP_ORIGIN: u64 = 3_900_000_000;

/// A stream to send, as it was negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    pub mid: Mid,
    pub cname: String,
    pub kind: Kind,
    pub ssrc: u32,
    pub extensions: ExtensionIds,
    /// SSRC of retransmissions, and their payload type for that of each format.
    pub rtx: Option<(u32, PayloadTypes)>,
}

struct Stream {
    spec: StreamSpec,
    extensions: ExtensionWriter,
    history: History,
    next_rtx_seq: u64,
    /// Of payload, still to be sent again.
    resend_budget: usize,
    packets: u32,
    bytes: u32,
    /// Sent since the last report about it.
    is_fresh: bool,
    /// RTP time and capture of the newest packet.
    newest: Option<(u32, Instant)>,
    reception: Option<(Instant, Reception)>,
    /// Before which flush something was queued last, and with what size.
    queued: (u64, usize),
}

impl Stream {
    fn new(spec: StreamSpec) -> Self {
        Self {
            extensions: ExtensionWriter::new(spec.extensions, &spec.mid),
            history: History::default(),
            next_rtx_seq: u64::from(spec.ssrc & 0x7fff),
            resend_budget: RESEND_ALLOWANCE,
            packets: 0,
            bytes: 0,
            is_fresh: false,
            newest: None,
            reception: None,
            queued: (0, usize::MAX),
            spec,
        }
    }

    /// A packet of it leaves: its transport-wide number, where that was agreed to.
    fn number(&self, sent: &mut SentLog, epoch: Instant, now: Instant, payload: usize) -> Option<u16> {
        number(self.spec.extensions, sent, epoch, now, payload)
    }

    fn clock_rate(&self) -> u32 {
        match self.spec.kind {
            Kind::Audio => Format::Opus.clock_rate(),
            Kind::Video => Format::Vp8.clock_rate(),
        }
    }

    fn report(&self, now: Instant, ntp: u64) -> Option<SenderReport> {
        let (timestamp, captured) = self.newest?;
        let ahead = ticks(now.saturating_duration_since(captured), self.clock_rate());
        // Capture times come from the publisher's clock and may lie a little ahead of ours.
        let behind = ticks(captured.saturating_duration_since(now), self.clock_rate());
        Some(SenderReport {
            ssrc: self.spec.ssrc,
            ntp,
            timestamp: timestamp.wrapping_add(ahead).wrapping_sub(behind),
            packets: self.packets,
            bytes: self.bytes,
        })
    }
}

fn number(ids: ExtensionIds, sent: &mut SentLog, epoch: Instant, now: Instant, payload: usize) -> Option<u16> {
    let passed = now.saturating_duration_since(epoch).as_micros() as u64;
    (ids.transport_wide != 0).then(|| sent.push(passed, payload + OVERHEAD))
}

fn ticks(duration: Duration, clock_rate: u32) -> u32 {
    (duration.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}

/// A packet that waits for the flush.
struct Queued {
    stream: usize,
    /// Of the payload, but no more than of those before it in the same stream, so that sorting keeps the stream in order.
    size: usize,
    packet: Packet,
}

/// How the client receives what we send.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReceptionSummary {
    /// Share of packets lost, over all streams, 0 … 1.
    pub loss: f32,
    pub round_trip: Duration,
    /// Worst jitter of the streams.
    pub jitter_ms: f32,
}

/// See the module.
pub struct MediaEgress {
    keys: KeySlot,
    /// Sends our RTCP, and nothing else.
    reporter: u32,
    sealer: Option<Sealer>,
    opener: Option<Opener>,
    path: Option<Path>,
    patience: Patience,
    streams: Vec<Stream>,
    by_ssrc: HashMap<u32, usize>,
    /// In order of writing.
    queue: Vec<Queued>,
    flushes: u64,
    epoch: Instant,
    reports_due: Instant,
    round_trip: Duration,
    /// The client missed something lately, until then.
    careful_until: Option<Instant>,
    sent: SentLog,
    estimator: Estimator,
    pacer: Pacer,
    /// The client said which packets arrived when; nothing else it says of its network counts from then on.
    has_transport_feedback: bool,
    limit_changed: bool,
    /// Of video and on its account, since the beginning.
    video_bytes: u64,
    /// The same a second ago, and what came of it in bits a second.
    video_measured: (u64, f64),
    wake_at: Option<Instant>,
    /// What is queued was not its turn before, and keeps its order.
    is_waiting: bool,
    /// Reused from packet to packet.
    scratch: Vec<u8>,
}

impl MediaEgress {
    /// `reporter`: an SSRC that nobody else on the association sends under.
    pub fn new(keys: KeySlot, reporter: u32, now: Instant) -> Self {
        Self {
            keys,
            reporter,
            sealer: None,
            opener: None,
            path: None,
            patience: Patience::new(now),
            streams: Vec::new(),
            by_ssrc: HashMap::new(),
            queue: Vec::new(),
            flushes: 0,
            epoch: now,
            reports_due: now,
            round_trip: Duration::ZERO,
            careful_until: None,
            sent: SentLog::default(),
            estimator: Estimator::default(),
            pacer: Pacer::default(),
            has_transport_feedback: false,
            limit_changed: false,
            video_bytes: 0,
            video_measured: (0, 0.0),
            wake_at: None,
            is_waiting: false,
            scratch: Vec::new(),
        }
    }

    /// The handshake is over. False when it did not agree on SRTP.
    pub fn open(&mut self) -> bool {
        let Some((sealer, opener)) = self.keys.get().and_then(AssociationKeys::contexts) else {
            return false;
        };
        self.sealer = Some(sealer);
        self.opener = Some(opener);
        true
    }

    /// Nothing leaves any more, and nothing is kept for that.
    pub fn close(&mut self) {
        self.sealer = None;
        self.opener = None;
        self.queue = Vec::new();
        self.wake_at = None;
    }

    /// The negotiated protection.
    pub fn profile(&self) -> Option<Profile> {
        self.keys.get().map(AssociationKeys::profile)
    }

    /// Where media goes from now on.
    pub fn set_path(&mut self, path: Path) {
        self.path = Some(path);
    }

    pub fn reporter(&self) -> u32 {
        self.reporter
    }

    /// SSRCs of the stream that was declared for this section, and of its retransmissions.
    pub fn ssrcs_of(&self, mid: Mid) -> Option<(u32, Option<u32>)> {
        let stream = self.streams.iter().find(|s| s.spec.mid == mid)?;
        Some((stream.spec.ssrc, stream.spec.rtx.map(|(ssrc, _)| ssrc)))
    }

    /// Something is sent under this SSRC already.
    pub fn sends_under(&self, ssrc: u32) -> bool {
        let is_its = |s: &Stream| s.spec.ssrc == ssrc || s.spec.rtx.is_some_and(|(rtx, _)| rtx == ssrc);
        self.reporter == ssrc || self.streams.iter().any(is_its)
    }

    /// Know a stream, or what has changed about it; its index. A stream is its SSRC, and never forgotten, because its
    /// numbers must not be used again.
    pub fn declare(&mut self, spec: StreamSpec) -> usize {
        if let Some(index) = self.by_ssrc.get(&spec.ssrc).copied() {
            let stream = &mut self.streams[index];
            if stream.spec != spec {
                // What is sent again in its own stream must be the same to the byte: its key and number were used.
                stream.history.clear();
                stream.extensions = ExtensionWriter::new(spec.extensions, &spec.mid);
                stream.spec = spec;
            }
            return index;
        }
        let index = self.streams.len();
        self.by_ssrc.insert(spec.ssrc, index);
        self.streams.push(Stream::new(spec));
        index
    }

    /// Bits a second of video the client's network takes; `None`: no congestion is known.
    pub fn limit(&self) -> Option<f64> {
        self.estimator.limit()
    }

    /// The limit is another than at the last call.
    pub fn take_limit_change(&mut self) -> bool {
        std::mem::take(&mut self.limit_changed)
    }

    pub fn set_demand(&mut self, demand: Demand) {
        self.estimator.set_demand(demand);
    }

    /// When [`flush`](Self::flush) is wanted although nothing was written.
    pub fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    /// That moment has come: said once, for the flush that then has to follow.
    pub fn take_wake(&mut self, now: Instant) -> bool {
        self.wake_at.take_if(|at| *at <= now).is_some()
    }

    /// Seal and hand over what was written; of video to a slow network, as much as is its turn.
    pub fn flush(&mut self, now: Instant, out: &mut Datagrams) {
        self.flushes += 1;
        if self.sealer.is_none() || self.path.is_none() {
            self.queue.clear();
            return;
        }
        if let Some(limit) = self.estimator.limit() {
            self.flush_paced(now, limit, out);
            return;
        }
        self.wake_at = None;
        if !std::mem::take(&mut self.is_waiting) {
            // Equal sizes side by side, large ones first: that is what one system call can carry.
            self.queue.sort_by_key(|queued| Reverse(queued.size));
        }
        let mut queue = std::mem::take(&mut self.queue);
        for queued in queue.drain(..) {
            self.send(now, queued, out);
        }
        self.queue = queue;
    }

    fn flush_paced(&mut self, now: Instant, limit: f64, out: &mut Datagrams) {
        self.pacer.refill(now, limit);
        let mut waiting = Vec::new();
        for queued in std::mem::take(&mut self.queue) {
            let is_video = self.streams[queued.stream].spec.kind == Kind::Video;
            // What waits keeps its order; sound never waits.
            if is_video && !(self.pacer.may_send() && waiting.is_empty()) {
                waiting.push(queued);
            } else {
                self.pacer.sent(queued.packet.payload.len() + OVERHEAD);
                self.send(now, queued, out);
            }
        }
        self.queue = waiting;
        self.is_waiting = !self.queue.is_empty();
        self.pacer.rest(now, self.is_waiting);
        let padding = self.estimator.poll_probe(now, self.video_bytes);
        self.pad(now, padding, out);
        let is_busy = self.is_waiting || self.estimator.is_probing(now);
        self.wake_at = is_busy.then(|| now + PACE_INTERVAL);
    }

    fn send(&mut self, now: Instant, queued: Queued, out: &mut Datagrams) {
        let (Some(sealer), Some(path)) = (&self.sealer, self.path) else {
            return;
        };
        let Queued { stream: index, packet, .. } = queued;
        let stream = &mut self.streams[index];
        let bytes = packet.payload.len();
        let transport_wide = if stream.spec.kind == Kind::Video {
            self.video_bytes += (bytes + OVERHEAD) as u64;
            stream.number(&mut self.sent, self.epoch, now, bytes)
        } else {
            None
        };
        let envelope = Envelope { transport_wide, ..Envelope::of(stream.spec.ssrc, &packet) };
        seal(sealer, path, &packet, envelope, &stream.extensions, out);
        stream.packets = stream.packets.wrapping_add(1);
        stream.bytes = stream.bytes.wrapping_add(bytes as u32);
        stream.is_fresh = true;
        stream.newest = Some((packet.timestamp, packet.captured));
        if stream.spec.rtx.is_some() || stream.spec.kind == Kind::Audio && is_within(now, self.careful_until) {
            stream.resend_budget = (stream.resend_budget + bytes).min(RESEND_ALLOWANCE);
            stream.history.remember(now, packet);
        }
    }

    /// Send about this many bytes of nothing, on the retransmission stream of what was sent last: a client may have stopped
    /// listening to others.
    fn pad(&mut self, now: Instant, bytes: usize, out: &mut Datagrams) {
        let (Some(sealer), Some(path)) = (&self.sealer, self.path) else {
            return;
        };
        let can_pad =
            |s: &&mut Stream| s.spec.extensions.transport_wide != 0 && s.newest.is_some() && s.spec.rtx.is_some();
        let latest = |s: &&mut Stream| s.newest.map(|(_, captured)| captured);
        let Some(stream) = self.streams.iter_mut().filter(can_pad).max_by_key(latest).filter(|_| bytes > 0) else {
            return;
        };
        let Some((ssrc, payload_types)) = stream.spec.rtx else {
            return;
        };
        let Some(payload_type) = payload_types.of(Format::Vp8).or(payload_types.of(Format::H264)) else {
            return;
        };
        let timestamp = stream.newest.map_or(0, |(timestamp, _)| timestamp);
        for _ in 0..bytes.div_ceil(PADDING + OVERHEAD) {
            self.video_bytes += (PADDING + OVERHEAD) as u64;
            let transport_wide = stream.number(&mut self.sent, self.epoch, now, PADDING);
            let envelope =
                Envelope { ssrc, payload_type, seq: stream.next_rtx_seq, is_retransmission: false, transport_wide };
            stream.next_rtx_seq += 1;
            out.write(path, |buffer| {
                let start = buffer.len();
                let header = packet::write_padding(timestamp, envelope, &stream.extensions, buffer);
                sealer.seal_rtp(buffer, start, header, envelope.ssrc, envelope.seq)
            });
        }
    }

    /// An SRTCP packet of the client; what it misses is sent at once. Sections that need a key frame are appended to
    /// `wanted`. False when it is not the client's, or not whole, or was here before.
    pub fn handle_rtcp(&mut self, now: Instant, packet: &[u8], out: &mut Datagrams, wanted: &mut Vec<Mid>) -> bool {
        let Some(opener) = self.opener.as_mut() else {
            return false;
        };
        let mut plain = std::mem::take(&mut self.scratch);
        let opened = opener.open_rtcp(packet, &mut plain).is_ok();
        if opened {
            self.patience.refill(now);
            rtcp::read(&plain, |feedback| self.take_feedback(now, feedback, out, wanted));
        }
        self.scratch = plain;
        opened
    }

    fn take_feedback(&mut self, now: Instant, feedback: Feedback<'_>, out: &mut Datagrams, wanted: &mut Vec<Mid>) {
        match feedback {
            Feedback::Lost { ssrc, seq } => {
                if self.patience.hears_of_loss() {
                    self.careful_until = Some(now + CAREFUL);
                    self.resend(now, ssrc, seq, out);
                }
            }
            Feedback::KeyframeWanted { ssrc } => {
                let mid = self.by_ssrc.get(&ssrc).map(|index| self.streams[*index].spec.mid);
                wanted.extend(mid.filter(|mid| !wanted.contains(mid)));
            }
            Feedback::Reception(reception) => {
                if reception.fraction_lost > 0 {
                    self.careful_until = Some(now + CAREFUL);
                }
                if let Some(index) = self.by_ssrc.get(&reception.ssrc) {
                    self.streams[*index].reception = Some((now, reception));
                    self.measure_round_trip(now, reception);
                }
            }
            Feedback::TransportWide(message) => self.take_transport_feedback(now, message),
            Feedback::RemoteLimit(limit) => {
                if !self.has_transport_feedback {
                    self.limit_changed |= self.estimator.take_remote_limit(now, limit as f64, self.video_measured.1);
                }
            }
        }
    }

    fn take_transport_feedback(&mut self, now: Instant, message: &[u8]) {
        self.has_transport_feedback = true;
        let (sent, estimator) = (&mut self.sent, &mut self.estimator);
        let (mut last, mut told) = (None, 0);
        read_feedback(message, self.patience.for_message(), |seq, arrived_us| {
            told += 1;
            last = Some(seq);
            if let Some(news) = sent.report(seq, arrived_us) {
                estimator.observe(news);
            }
        });
        self.patience.heard(told);
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
        let Some(stream) = self.by_ssrc.get(&ssrc).map(|index| &mut self.streams[*index]) else {
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

    /// What is due from time to time: reports about streams that were sent, and letting go of old packets.
    pub fn tick(&mut self, now: Instant, out: &mut Datagrams) {
        if now < self.reports_due {
            return;
        }
        self.reports_due = now + REPORT_INTERVAL;
        self.measure_sending(now);
        let ntp = self.ntp(now);
        let (Some(sealer), Some(path)) = (&mut self.sealer, self.path) else {
            return;
        };
        let mut reports = Vec::new();
        for stream in &mut self.streams {
            stream.history.forget(now);
            if std::mem::take(&mut stream.is_fresh) {
                reports.extend(stream.report(now, ntp).map(|report| (report, stream.spec.cname.as_str())));
            }
        }
        for chunk in reports.chunks(REPORTS_PER_DATAGRAM) {
            out.write(path, |buffer| {
                let start = buffer.len();
                rtcp::write_reports(self.reporter, chunk, buffer);
                sealer.seal_rtcp(buffer, start)
            });
        }
    }

    /// How much video is sent, and what reports say of it where nothing better does.
    fn measure_sending(&mut self, now: Instant) {
        let sent = self.video_bytes - std::mem::replace(&mut self.video_measured.0, self.video_bytes);
        self.video_measured.1 = sent as f64 * 8.0 / REPORT_INTERVAL.as_secs_f64();
        if self.has_transport_feedback {
            if self.video_measured.1 < SILENCE {
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
            self.limit_changed |= self.estimator.take_reported_loss(now, share, self.video_measured.1);
        }
    }

    /// 32.32 fixed point seconds.
    fn ntp(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.epoch);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        (NTP_ORIGIN + passed.as_secs()) << 32 | fraction
    }

    /// What the client said lately.
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

impl Egress for MediaEgress {
    fn is_open(&self) -> bool {
        self.sealer.is_some() && self.path.is_some()
    }

    fn write(&mut self, now: Instant, stream: OutgoingStream, packet: &Outgoing<'_>) -> bool {
        let redundant = packet.redundant.zip(stream.payload_types.red).filter(|_| is_within(now, self.careful_until));
        let plain = || Some((packet.payload, stream.payload_types.of(packet.format)?));
        let Some((payload, payload_type)) = redundant.or_else(plain) else {
            return false;
        };
        let Some(state) = self.streams.get_mut(stream.index) else {
            return false;
        };
        let before = if state.queued.0 == self.flushes { state.queued.1 } else { usize::MAX };
        let size = payload.len().min(before);
        state.queued = (self.flushes, size);
        let packet = Packet {
            seq: packet.position.seq,
            timestamp: packet.position.timestamp,
            captured: packet.position.captured,
            format: packet.format,
            payload_type,
            marker: packet.marker,
            vp8: packet.vp8,
            extensions: packet.extensions,
            payload: payload.clone(),
        };
        self.queue.push(Queued { stream: stream.index, size, packet });
        true
    }
}

fn is_within(now: Instant, until: Option<Instant>) -> bool {
    until.is_some_and(|until| now < until)
}

fn seal(
    sealer: &Sealer,
    path: Path,
    packet: &Packet,
    envelope: Envelope,
    extensions: &ExtensionWriter,
    out: &mut Datagrams,
) {
    out.write(path, |buffer| {
        let start = buffer.len();
        let header = packet::write(packet, envelope, extensions, buffer);
        sealer.seal_rtp(buffer, start, header, envelope.ssrc, envelope.seq)
    });
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    #[test]
    fn every_ssrc_is_used_for_one_thing() {
        let mut media = MediaEgress::new(KeySlot::default(), 1, Instant::now());
        let spec = |mid: &str, ssrc, rtx: Option<u32>| StreamSpec {
            mid: Mid::from(mid),
            cname: String::new(),
            kind: Kind::Video,
            ssrc,
            extensions: ExtensionIds::default(),
            rtx: rtx.map(|rtx| (rtx, PayloadTypes::default())),
        };
        media.declare(spec("a", 2, Some(3)));
        media.declare(spec("b", 4, None));

        let taken: Vec<u32> = (0..8).filter(|ssrc| media.sends_under(*ssrc)).collect();

        assert_eq!(taken, [1, 2, 3, 4]);
    }
}
