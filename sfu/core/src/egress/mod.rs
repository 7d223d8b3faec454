//! All media that we send on an association; str0m would do the same at several times the cost
//! (docs/decisions/0006).
//!
//! Written packets wait until the turn's [`flush`](MediaEgress::flush), so that what one client
//! gets leaves in one run. Numbers come from above, already continuous; here are headers, SRTP,
//! retransmission (RFC 4588) and RTCP. str0m keeps ICE, DTLS and data channels of the same
//! association; it has no SRTP keys for one that only sends, and on a client's only one it receives
//! with the same keys, and sends RTCP under an SSRC of its own.

mod cipher;
mod feedback;
mod feedback_budget;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod history;
mod keys;
mod pacer;
mod packet;
mod rtcp;
mod srtp;
mod stream;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use feedback_budget::FeedbackBudget;
pub use keys::{AssociationKeys, KeySlot, build_with_keys, with_shared_srtp, without_srtp};
use pacer::Pacer;
pub use packet::ExtensionIds;
use packet::{Envelope, ExtensionWriter, OVERHEAD, PADDING, Packet};
use rtcp::REPORTS_PER_DATAGRAM;
use srtp::{Opener, Sealer};
pub use srtp::{Profile, Verifier};
use str0m::media::Mid;
pub use stream::StreamSpec;
use stream::{RESEND_ALLOWANCE, Stream};

use crate::bandwidth::{Demand, Estimator, SentLog};
use crate::bitrate::Bitrate;
use crate::commands::Kind;
use crate::datagrams::Datagrams;
use crate::forward::{Egress, Outgoing, OutgoingStream};
use crate::path::Path;
use crate::slots::{OutgoingIndex, Place};

/// Sender reports leave this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// After a receiver lost a packet, its audio carries redundancy, and is kept for retransmission,
/// for this long.
const LOSS_PROTECTION_TIME: Duration = Duration::from_secs(15);
/// While packets wait or a probe runs, the next flush comes after this time.
const PACE_INTERVAL: Duration = Duration::from_millis(5);
/// Seconds that are somewhere in the years clients expect. Only differences mean anything, and all
/// streams of one association share the origin (RFC 3550 section 6.4.1 allows it).
const NTP_ORIGIN: u64 = 3_900_000_000;

/// A packet that waits for the flush.
struct Queued {
    stream: OutgoingIndex,
    /// Size of the payload in bytes, but at most that of the packets before it in the same stream,
    /// so that sorting keeps the stream in order.
    size: usize,
    packet: Packet,
}

/// See the module.
pub struct MediaEgress {
    keys: KeySlot,
    /// Sends our RTCP, and nothing else.
    reporter: u32,
    sealer: Option<Sealer>,
    opener: Option<Opener>,
    path: Option<Path>,
    feedback_budget: FeedbackBudget,
    streams: Vec<Stream>,
    by_ssrc: HashMap<u32, OutgoingIndex>,
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
    /// The client said which packets arrived when; nothing else it says of its network counts from
    /// then on.
    has_transport_feedback: bool,
    limit_changed: bool,
    /// Bytes of video, with its retransmissions and padding, since the beginning.
    video_bytes: u64,
    /// The same when it was measured last, and the rate since the time before.
    measured_bytes: u64,
    sending: Bitrate,
    wake_at: Option<Instant>,
    /// The queue was paced out in the last flush; do not sort it again.
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
            feedback_budget: FeedbackBudget::new(now),
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
            measured_bytes: 0,
            sending: Bitrate::ZERO,
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

    /// Nothing is sent any more, and nothing is kept to be sent.
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

    /// Sets the path that media is sent on from now on.
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

    /// Add a stream, or take note of its changes. Returns its index. A stream is its SSRC, and
    /// never forgotten, because its numbers must not be used again.
    pub fn declare(&mut self, spec: StreamSpec) -> OutgoingIndex {
        if let Some(index) = self.by_ssrc.get(&spec.ssrc).copied() {
            let stream = &mut self.streams[index.index()];
            if stream.spec != spec {
                // A packet that is sent again in its own stream must be the same to the byte,
                // because its key and number were used.
                stream.history.clear();
                stream.extensions = ExtensionWriter::new(spec.extensions, &spec.mid);
                stream.spec = spec;
            }
            return index;
        }
        let index = OutgoingIndex::at(self.streams.len());
        self.by_ssrc.insert(spec.ssrc, index);
        self.streams.push(Stream::new(spec));
        index
    }

    /// The bitrate of video that the client's network takes; `None`: no congestion is known.
    pub fn limit(&self) -> Option<Bitrate> {
        self.estimator.limit()
    }

    /// The limit is another than at the last call.
    pub fn take_limit_change(&mut self) -> bool {
        std::mem::take(&mut self.limit_changed)
    }

    pub fn set_demand(&mut self, demand: Demand) {
        self.estimator.set_demand(demand);
    }

    /// The time at which [`flush`](Self::flush) is wanted although nothing was written.
    pub fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    /// True once when that time has come; a flush has to follow.
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

    fn flush_paced(&mut self, now: Instant, limit: Bitrate, out: &mut Datagrams) {
        self.pacer.refill(now, limit);
        let mut waiting = Vec::new();
        for queued in std::mem::take(&mut self.queue) {
            let is_video = self.streams[queued.stream.index()].spec.kind == Kind::Video;
            // Waiting packets keep their order; sound never waits.
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
        let stream = &mut self.streams[index.index()];
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
        stream.newest = Some((packet.timestamp, packet.captured, packet.format));
        if stream.spec.rtx.is_some() || stream.spec.kind == Kind::Audio && is_within(now, self.careful_until) {
            stream.resend_budget = (stream.resend_budget + bytes).min(RESEND_ALLOWANCE);
            stream.history.remember(now, packet);
        }
    }

    /// Send about this many bytes of nothing, on the retransmission stream of what was sent last: a
    /// client may have stopped listening to others.
    fn pad(&mut self, now: Instant, bytes: usize, out: &mut Datagrams) {
        let (Some(sealer), Some(path)) = (&self.sealer, self.path) else {
            return;
        };
        let can_pad =
            |s: &&mut Stream| s.spec.extensions.transport_wide != 0 && s.newest.is_some() && s.spec.rtx.is_some();
        let latest = |s: &&mut Stream| s.newest.map(|(_, captured, _)| captured);
        let Some(stream) = self.streams.iter_mut().filter(can_pad).max_by_key(latest).filter(|_| bytes > 0) else {
            return;
        };
        let Some((ssrc, payload_types)) = stream.spec.rtx else {
            return;
        };
        let Some((timestamp, _, format)) = stream.newest else {
            return;
        };
        let Some(payload_type) = payload_types.of(format) else {
            return;
        };
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

    /// Does the periodic work: reports on the streams that were sent, and dropping old packets.
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

    /// 32.32 fixed point seconds.
    fn ntp(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.epoch);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        (NTP_ORIGIN + passed.as_secs()) << 32 | fraction
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
        let Some(state) = self.streams.get_mut(stream.index.index()) else {
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
            patch: packet.patch,
            descriptor: packet.descriptor.map(|(descriptor, number)| (descriptor.clone(), number)),
            extensions: packet.extensions,
            payload: payload.clone(),
            padding: packet.padding,
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
    use crate::forward::PayloadTypes;

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
