//! Packets of one outgoing stream that may have to be sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::packet::Packet;

/// A receiver asks for what is missing within a round trip or two, or not at all.
const MAX_AGE: Duration = Duration::from_millis(1500);
/// Packets kept of one stream at most.
const MAX_PACKETS: usize = 512;
/// A packet that is asked for again sooner than this was still under way when the client asked.
const MIN_RESEND_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Sent {
    packet: Packet,
    at: Instant,
    resent: Option<Instant>,
}

/// Newest packets of a stream, bounded in age and number. Payloads are shared with the histories of
/// other receivers.
#[derive(Debug, Default)]
pub struct History {
    /// In order of sending, and nearly in order of numbers.
    sent: VecDeque<Sent>,
}

impl History {
    pub fn remember(&mut self, now: Instant, packet: Packet) {
        self.forget(now);
        if self.sent.len() >= MAX_PACKETS {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { packet, at: now, resent: None });
    }

    /// Let go of everything.
    pub fn clear(&mut self) {
        self.sent.clear();
    }

    /// Let go of what is too old.
    pub fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|s| now.saturating_duration_since(s.at) > MAX_AGE) {
            self.sent.pop_front();
        }
    }

    /// The packet a receiver misses, unless it is gone or was sent again within the last
    /// `round_trip`.
    pub fn resend(&mut self, now: Instant, seq: u16, round_trip: Duration) -> Option<&Packet> {
        let found = self.position(seq)?;
        let sent = &mut self.sent[found];
        let interval = round_trip.max(MIN_RESEND_INTERVAL);
        if sent.resent.is_some_and(|at| now.saturating_duration_since(at) < interval) {
            return None;
        }
        sent.resent = Some(now);
        Some(&sent.packet)
    }

    fn position(&self, seq: u16) -> Option<usize> {
        let newest = self.sent.back()?.packet.seq as u16;
        // Without reordering the distance in numbers is the distance in the queue; otherwise it is
        // close by.
        let guess = self.sent.len().checked_sub(1 + usize::from(newest.wrapping_sub(seq)));
        if let Some(guess) = guess.filter(|at| self.sent[*at].packet.seq as u16 == seq) {
            return Some(guess);
        }
        self.sent.iter().rposition(|s| s.packet.seq as u16 == seq)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    fn packet(seq: u64, now: Instant) -> Packet {
        Packet { seq, ..Packet::for_tests(now) }
    }

    #[test]
    fn finds_what_was_sent_in_any_order_across_the_wrap() {
        let now = Instant::now();
        let mut history = History::default();
        for seq in [65_530, 65_532, 65_531, 65_535, 65_536, 65_537] {
            history.remember(now, packet(seq, now));
        }

        for (wanted, found) in [(65_531u16, Some(65_531)), (65_532, Some(65_532)), (1, Some(65_537)), (65_533, None)] {
            let got = history.resend(now, wanted, Duration::ZERO).map(|p| p.seq);
            assert_eq!(got, found, "{wanted}");
        }
    }

    #[test]
    fn sends_a_packet_again_once_in_a_round_trip() {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        let mut history = History::default();
        history.remember(now, packet(1, now));
        let trip = Duration::from_millis(100);

        let sent: Vec<u64> = (0..300).step_by(10).filter(|ms| history.resend(at(*ms), 1, trip).is_some()).collect();

        assert_eq!(sent, [0, 100, 200]);
    }

    #[test]
    fn forgets_what_is_old_or_too_much() {
        let now = Instant::now();
        let mut history = History::default();
        for seq in 0..2 * MAX_PACKETS as u64 {
            history.remember(now, packet(seq, now));
        }
        assert_eq!(history.sent.len(), MAX_PACKETS);
        assert!(history.resend(now, 0, Duration::ZERO).is_none());

        let later = now + MAX_AGE + Duration::from_millis(1);
        history.forget(later);

        assert_eq!(history.sent.len(), 0);
        assert!(history.resend(later, 1, Duration::ZERO).is_none());
    }
}
