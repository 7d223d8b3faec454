//! A stream that is sent on an association.

use std::time::{Duration, Instant};

use str0m::media::Mid;

use super::history::History;
use super::packet::{ExtensionIds, ExtensionWriter, OVERHEAD};
use super::rtcp::{Reception, SenderReport};
use crate::bandwidth::SentLog;
use crate::commands::Kind;
use crate::format::Format;
use crate::forward::PayloadTypes;

/// Retransmissions may take up what the stream itself sent, and this much on top: bytes.
pub(super) const RESEND_ALLOWANCE: usize = 100_000;

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

pub(super) struct Stream {
    pub(super) spec: StreamSpec,
    pub(super) extensions: ExtensionWriter,
    pub(super) history: History,
    pub(super) next_rtx_seq: u64,
    /// Bytes of payload that may still be sent again.
    pub(super) resend_budget: usize,
    pub(super) packets: u32,
    pub(super) bytes: u32,
    /// Sent since the last report about it.
    pub(super) is_fresh: bool,
    /// RTP time, capture and format of the newest packet.
    pub(super) newest: Option<(u32, Instant, Format)>,
    pub(super) reception: Option<(Instant, Reception)>,
    /// Number of the flush before which a packet was queued last, and its size.
    pub(super) queued: (u64, usize),
}

impl Stream {
    pub(super) fn new(spec: StreamSpec) -> Self {
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
    pub(super) fn number(&self, sent: &mut SentLog, epoch: Instant, now: Instant, payload: usize) -> Option<u16> {
        number(self.spec.extensions, sent, epoch, now, payload)
    }

    pub(super) fn clock_rate(&self) -> u32 {
        self.newest.map_or(Format::Vp8, |(_, _, format)| format).clock_rate()
    }

    pub(super) fn report(&self, now: Instant, ntp: u64) -> Option<SenderReport> {
        let (timestamp, captured, _) = self.newest?;
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

pub(super) fn number(
    ids: ExtensionIds,
    sent: &mut SentLog,
    epoch: Instant,
    now: Instant,
    payload: usize,
) -> Option<u16> {
    let passed = now.saturating_duration_since(epoch).as_micros() as u64;
    (ids.transport_wide != 0).then(|| sent.push(passed, payload + OVERHEAD))
}

fn ticks(duration: Duration, clock_rate: u32) -> u32 {
    (duration.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}
