//! Chooses the voices of a large room that are forwarded. Pure: levels and the time in, the choice
//! out.
//!
//! A room has a few places. A voice that begins to speak takes a free one with its first loud
//! packet. When none is free, it takes that of the voice that has been silent longest, but not of
//! one that was heard within [`HOLD`]: pauses between words must not cost a place. When everybody
//! with a place speaks, a newcomer that is clearly louder than the quietest of them takes the place
//! at once, so that an interjection is heard.

use std::time::{Duration, Instant};

use crate::slots::{Place, TrackSlot};

/// Louder than this, in dBov, is a voice; microphones send -60 and less in a quiet room.
const VOICE_DBOV: f32 = -50.0;
/// For how long a voice keeps its place after it was heard last.
const HOLD: Duration = Duration::from_secs(2);
/// A newcomer must be louder than the quietest by this much, in dB, when all others speak, too.
const MARGIN_DB: f32 = 6.0;
/// A voice that takes a place from another that speaks keeps it at least this long, or two equals
/// would take turns by word.
const SETTLE: Duration = Duration::from_millis(500);
/// Loudness follows rises at once and falls by this much: syllables are not pauses.
const DECAY_DB_PER_SECOND: f32 = 40.0;
/// The level of silence (RFC 6464 section 3).
const SILENCE_DBOV: f32 = -127.0;

/// The loudness of one voice, and the time when it was heard last.
#[derive(Debug, Clone, Copy)]
struct Voice {
    loudness: f32,
    at: Instant,
    voiced: Option<Instant>,
    placed: Option<Instant>,
}

impl Voice {
    fn new(now: Instant) -> Self {
        Self { loudness: SILENCE_DBOV, at: now, voiced: None, placed: None }
    }

    fn loudness_at(&self, now: Instant) -> f32 {
        let decayed = DECAY_DB_PER_SECOND * now.saturating_duration_since(self.at).as_secs_f32();
        (self.loudness - decayed).max(SILENCE_DBOV)
    }

    fn hear(&mut self, now: Instant, dbov: f32) {
        self.loudness = self.loudness_at(now).max(dbov);
        self.at = now;
        if dbov >= VOICE_DBOV {
            self.voiced = Some(now);
        }
    }

    fn is_speaking(&self, now: Instant) -> bool {
        self.voiced.is_some_and(|at| now.saturating_duration_since(at) < HOLD)
    }

    fn is_settled(&self, now: Instant) -> bool {
        self.placed.is_none_or(|at| now.saturating_duration_since(at) >= SETTLE)
    }
}

/// The places of one room. A voice is named by its track.
#[derive(Debug)]
pub struct Loudest {
    places: usize,
    /// At this many voices there is a choice; below, everybody is heard.
    from: usize,
    /// By the slots of their tracks.
    voices: Vec<Option<Voice>>,
    heard: Vec<TrackSlot>,
    count: usize,
}

impl Loudest {
    /// `places` voices are heard in a room of at least `from`.
    pub fn new(places: usize, from: usize) -> Self {
        Self { places: places.max(1), from, voices: Vec::new(), heard: Vec::new(), count: 0 }
    }

    pub fn add(&mut self, now: Instant, voice: TrackSlot) {
        let index = voice.index();
        if self.voices.len() <= index {
            self.voices.resize(index + 1, None);
        }
        if self.voices[index].replace(Voice::new(now)).is_none() {
            self.count += 1;
        }
    }

    /// It is gone, or muted: its place is free.
    pub fn silence(&mut self, now: Instant, voice: TrackSlot) {
        self.heard.retain(|h| *h != voice);
        if let Some(Some(v)) = self.voices.get_mut(voice.index()) {
            *v = Voice::new(now);
        }
    }

    pub fn remove(&mut self, voice: TrackSlot) {
        self.heard.retain(|h| *h != voice);
        if self.voices.get_mut(voice.index()).is_some_and(|v| v.take().is_some()) {
            self.count -= 1;
        }
    }

    /// A packet of `voice` arrived, with its level in dBov when it has one; true when it is to be
    /// forwarded. Clients that do not measure are taken for voices of medium loudness: better one
    /// too many than one unheard.
    pub fn hear(&mut self, now: Instant, voice: TrackSlot, dbov: Option<i8>) -> bool {
        let Some(Some(v)) = self.voices.get_mut(voice.index()) else {
            return false;
        };
        v.hear(now, dbov.map_or(-30.0, f32::from));
        let newcomer = *v;
        if self.count < self.from || self.heard.contains(&voice) {
            return true;
        }
        if newcomer.voiced != Some(now) {
            return false;
        }
        if self.heard.len() >= self.places {
            let Some(weakest) = self.weakest(now, &newcomer) else {
                return false;
            };
            self.heard.retain(|h| *h != weakest);
        }
        self.seat(now, voice);
        true
    }

    fn seat(&mut self, now: Instant, voice: TrackSlot) {
        self.heard.push(voice);
        if let Some(Some(v)) = self.voices.get_mut(voice.index()) {
            v.placed = Some(now);
        }
    }

    /// The voice that has to make room for `newcomer`, if any has.
    fn weakest(&self, now: Instant, newcomer: &Voice) -> Option<TrackSlot> {
        let placed = || self.heard.iter().filter_map(|h| Some((*h, self.voices[h.index()].as_ref()?)));
        let silent = placed().filter(|(_, v)| !v.is_speaking(now)).min_by_key(|(_, v)| v.voiced);
        if let Some((voice, _)) = silent {
            return Some(voice);
        }
        let quietest = placed()
            .filter(|(_, v)| v.is_settled(now))
            .min_by(|(_, a), (_, b)| a.loudness_at(now).total_cmp(&b.loudness_at(now)))?;
        (newcomer.loudness > quietest.1.loudness_at(now) + MARGIN_DB).then_some(quietest.0)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Clock(Instant);

    impl Clock {
        fn at(&self, ms: u64) -> Instant {
            self.0 + Duration::from_millis(ms)
        }
    }

    fn voice(index: usize) -> TrackSlot {
        TrackSlot::at(index)
    }

    fn room(voices: usize) -> (Loudest, Clock) {
        let clock = Clock(Instant::now());
        let mut loudest = Loudest::new(3, 4);
        (0..voices).for_each(|v| loudest.add(clock.0, voice(v)));
        (loudest, clock)
    }

    #[test]
    fn small_rooms_hear_everybody_whatever_the_level() {
        let (mut room, clock) = room(3);
        assert!(room.hear(clock.at(0), voice(0), Some(-127)));
        assert!(room.hear(clock.at(0), voice(1), None));
    }

    #[test]
    fn a_voice_is_heard_from_its_first_loud_packet_and_noise_is_not() {
        let (mut room, clock) = room(10);
        assert!(!room.hear(clock.at(0), voice(5), Some(-70)));
        assert!(room.hear(clock.at(20), voice(5), Some(-30)));
        assert!(room.hear(clock.at(40), voice(5), Some(-90)), "between two words");
    }

    #[test]
    fn whoever_has_been_silent_longest_makes_room() {
        let (mut room, clock) = room(10);
        for v in 0..3 {
            room.hear(clock.at(100 * v as u64), voice(v), Some(-20));
        }
        assert!(room.hear(clock.at(300), voice(1), Some(-20)));

        let late = clock.at(300 + HOLD.as_millis() as u64);
        assert!(room.hear(late, voice(7), Some(-40)) && !room.heard.contains(&voice(0)));
        assert!(room.hear(late, voice(8), Some(-40)) && !room.heard.contains(&voice(2)));
        assert!(!room.hear(late, voice(0), Some(-80)));
    }

    #[test]
    fn while_all_speak_only_a_clearly_louder_voice_takes_a_place_and_it_settles() {
        let (mut room, clock) = room(10);
        for v in 0..3 {
            room.hear(clock.at(0), voice(v), Some(-30 - 3 * v as i8));
        }
        let at = |ms, room: &mut Loudest| {
            for v in 0..3 {
                room.hear(clock.at(ms), voice(v), Some(-30 - 3 * v as i8));
            }
        };
        at(1000, &mut room);
        assert!(!room.hear(clock.at(1000), voice(7), Some(-32)));
        assert!(room.hear(clock.at(1000), voice(7), Some(-28)) && !room.heard.contains(&voice(2)));
        assert!(!room.hear(clock.at(1020), voice(2), Some(-36)));
        assert!(
            room.hear(clock.at(1040), voice(8), Some(-10)) && !room.heard.contains(&voice(1)),
            "the new one has settled in"
        );
    }

    #[test]
    fn muting_and_leaving_free_a_place_and_a_shrunken_room_hears_all() {
        let (mut room, clock) = room(5);
        for v in 0..3 {
            room.hear(clock.at(0), voice(v), Some(-20));
        }
        assert!(!room.hear(clock.at(0), voice(3), Some(-24)));
        room.silence(clock.at(0), voice(0));
        assert!(room.hear(clock.at(20), voice(3), Some(-24)));
        room.remove(voice(1));
        room.remove(voice(4));
        assert!(room.hear(clock.at(40), voice(0), Some(-100)));
        assert!(!room.hear(clock.at(40), voice(1), Some(-1)), "it is gone");
    }

    proptest! {
        /// Never more voices than places, and a packet is forwarded exactly when its voice has one.
        #[test]
        fn places_are_never_overbooked(packets in proptest::collection::vec((0usize..12, -100i8..0, 0u64..200), 1..400)) {
            let (mut room, clock) = room(12);
            let mut ms = 0;
            for (index, dbov, wait) in packets {
                let voice = voice(index);
                ms += wait;
                let had_place = room.heard.contains(&voice);
                let heard = room.hear(clock.at(ms), voice, Some(dbov));
                prop_assert_eq!(heard, room.heard.contains(&voice));
                prop_assert!(heard || !had_place);
                prop_assert!(room.heard.len() <= 3);
            }
        }
    }
}
