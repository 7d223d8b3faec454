//! Packets for a section that carries nothing yet. Clients built on Pion, recorders and agents
//! report a track only when its first packet arrives, and a track that is muted, held back or
//! silent sends none.

use std::time::{Duration, Instant};

use crate::format::Format;

/// Media of the track may come first.
const FIRST: Duration = Duration::from_millis(100);
/// Packets may be lost, so there are several, each after twice the time the one before it took.
const PACKETS: u8 = 5;
/// 20 ms of silence in one Opus frame (RFC 6716 section 3): code 0, CELT, 20 ms, fullband.
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Samples in 20 ms at 8 kHz, and what silence is in each law (ITU-T G.711).
const G711_SAMPLES: usize = 160;
const PCMU_SILENCE: u8 = 0xff;
const PCMA_SILENCE: u8 = 0xd5;

/// The schedule of these packets.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    due: Instant,
    pause: Duration,
    left: u8,
}

impl Opening {
    /// A client has agreed to receive something.
    pub fn new(now: Instant) -> Self {
        Self { due: now + FIRST, pause: FIRST, left: PACKETS }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.due
    }

    /// One was sent. `None`: that was the last.
    pub fn next(self, now: Instant) -> Option<Self> {
        let left = self.left.checked_sub(1).filter(|left| *left > 0)?;
        let pause = 2 * self.pause;
        Some(Self { due: now + pause, pause, left })
    }
}

/// The payload of 20 ms of silence; empty for video, where padding says that there is a stream.
pub fn silence(format: Format) -> Vec<u8> {
    match format {
        Format::Opus => OPUS_SILENCE.to_vec(),
        Format::Pcmu => vec![PCMU_SILENCE; G711_SAMPLES],
        Format::Pcma => vec![PCMA_SILENCE; G711_SAMPLES],
        Format::Vp8 | Format::H264 | Format::Vp9 | Format::Av1 => Vec::new(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    #[test]
    fn a_few_packets_further_and_further_apart() {
        let begin = Instant::now();
        let mut opening = Some(Opening::new(begin));
        let mut sent = Vec::new();
        for ms in (0..20_000).step_by(100) {
            let now = begin + Duration::from_millis(ms);
            if opening.is_some_and(|o| o.is_due(now)) {
                sent.push(ms);
                opening = opening.and_then(|o| o.next(now));
            }
        }
        assert_eq!(sent, [100, 300, 700, 1500, 3100]);
    }
}
