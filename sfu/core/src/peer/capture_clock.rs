//! Computes when media was captured, on our clock.

use std::time::{Duration, Instant, SystemTime};

use str0m::rtp::RtpPacket;

use crate::format::Format;

/// Our clock against a publisher's, from its sender reports.
#[derive(Debug, Clone, Copy)]
pub struct PublisherClock {
    ntp: SystemTime,
    ours: Instant,
}

/// The time at which the packet's media was captured, on our clock: the publisher's sender reports
/// tie RTP time to its wall clock, and the first of them ties that to ours. All streams of a
/// publisher share the tie, so sound and picture stay together. Before the first report, the time
/// of arrival.
pub fn capture_time(clock: &mut Option<PublisherClock>, packet: &RtpPacket, format: Format) -> Instant {
    let Some(report) = &packet.last_sender_info else {
        return packet.timestamp;
    };
    let rate = f64::from(format.clock_rate());
    let ticks = packet.time.numer() as f64 - report.rtp_time.numer() as f64;
    let seconds = ticks / rate;
    // A report that far from the packet is a broken or hostile one.
    if !(-60.0..60.0).contains(&seconds) {
        return packet.timestamp;
    }
    let tie = clock.get_or_insert(PublisherClock { ntp: shifted(report.ntp_time, seconds), ours: packet.timestamp });
    let captured = shifted(report.ntp_time, seconds);
    let ours = match captured.duration_since(tie.ntp) {
        Ok(after) => tie.ours.checked_add(after),
        Err(before) => tie.ours.checked_sub(before.duration()),
    };
    // Clocks drift and clients lie: what is seconds away from its arrival is tied anew.
    match ours {
        Some(ours) if is_near(ours, packet.timestamp) => ours,
        _ => {
            *clock = None;
            packet.timestamp
        }
    }
}

fn is_near(a: Instant, b: Instant) -> bool {
    let apart = a.saturating_duration_since(b).max(b.saturating_duration_since(a));
    apart < Duration::from_secs(2)
}

fn shifted(time: SystemTime, seconds: f64) -> SystemTime {
    let by = Duration::from_secs_f64(seconds.abs());
    let shifted = if seconds < 0.0 { time.checked_sub(by) } else { time.checked_add(by) };
    shifted.unwrap_or(time)
}
