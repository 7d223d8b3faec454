//! Which cameras of a large room are shown. Pure.
//!
//! A room forwards so many cameras and no more. First come those that somebody has pinned, then
//! those of people who speak or spoke, the last to speak first, then those that are shown already,
//! then the rest in order of arrival. A camera that is shown therefore stays until somebody else
//! has a better claim, and those who never spoke do not take turns.

use std::time::Instant;

use crate::slots::TrackSlot;

/// The claim of a camera to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub camera: TrackSlot,
    /// Between equal claims, the smaller number comes first.
    pub order: u64,
    pub is_pinned: bool,
    pub last_spoke: Option<Instant>,
    pub is_shown: bool,
}

/// The cameras to show, at most `places` of them.
pub fn choose(mut claims: Vec<Claim>, places: usize) -> Vec<TrackSlot> {
    if claims.len() > places {
        claims.sort_by_key(|c| {
            (std::cmp::Reverse(c.is_pinned), std::cmp::Reverse(c.last_spoke), std::cmp::Reverse(c.is_shown), c.order)
        });
        claims.truncate(places);
    }
    claims.into_iter().map(|c| c.camera).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;
    use crate::slots::Place;
    use proptest::prelude::*;
    use std::time::Duration;

    fn claim(camera: usize) -> Claim {
        Claim {
            camera: TrackSlot::at(camera),
            order: camera as u64,
            is_pinned: false,
            last_spoke: None,
            is_shown: false,
        }
    }

    #[test]
    fn with_room_for_all_all_are_shown() {
        assert_eq!(choose(vec![claim(3), claim(1)], 2), [3, 1].map(TrackSlot::at));
    }

    #[test]
    fn pinned_then_speakers_by_recency_then_who_is_there_then_who_came_first() {
        let now = Instant::now();
        let spoke = |camera, ms| Claim { last_spoke: Some(now + Duration::from_millis(ms)), ..claim(camera) };
        let claims = vec![
            claim(0),
            Claim { is_shown: true, ..claim(1) },
            spoke(2, 10),
            spoke(3, 20),
            Claim { is_pinned: true, ..claim(4) },
            claim(5),
        ];

        assert_eq!(choose(claims.clone(), 5), [4, 3, 2, 1, 0].map(TrackSlot::at));
        assert_eq!(choose(claims.clone(), 2), [4, 3].map(TrackSlot::at));
        assert_eq!(choose(claims, 0), []);
    }

    proptest! {
        /// Choosing again changes nothing while nobody speaks or pins.
        #[test]
        fn the_choice_is_stable(count in 0usize..60, places in 0usize..30, pinned in 0usize..60) {
            let mut claims: Vec<Claim> =
                (0..count).map(|c| Claim { is_pinned: c == pinned, ..claim(c) }).collect();
            let first = choose(claims.clone(), places);
            for c in &mut claims {
                c.is_shown = first.contains(&c.camera);
            }
            claims.push(claim(count));
            let mut again = choose(claims, places);
            let mut first = first;
            first.sort_unstable();
            again.sort_unstable();
            if count >= places {
                prop_assert_eq!(again, first);
            }
        }
    }
}
