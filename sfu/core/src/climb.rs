//! Raises a subscriber that stated no wish from the lowest layer to the best. Most clients state a
//! size a moment after they subscribe, and until then the best layer would be sent for nothing.

use std::time::{Duration, Instant};

use crate::track_parts::Layer;

/// A layer has to arrive for this long before the next.
const PAUSE: Duration = Duration::from_millis(500);

/// The highest layer so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Climb {
    layer: Layer,
    since: Option<Instant>,
}

impl Climb {
    /// Nothing above this layer for the time being.
    pub fn most(&self) -> Layer {
        self.layer
    }

    /// Time has passed; `arrives`: all that may be forwarded is. True when there may be more from
    /// now on.
    pub fn pass(&mut self, now: Instant, arrives: bool) -> bool {
        let Some(next) = self.layer.next() else {
            return false;
        };
        if !arrives {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) < PAUSE {
            return false;
        }
        *self = Self { layer: next, since: None };
        true
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
mod tests {
    use super::*;

    #[test]
    fn each_layer_has_to_arrive_before_the_next() {
        let begin = Instant::now();
        let mut climb = Climb::default();
        let mut steps = Vec::new();
        for ms in (0..5_000).step_by(100) {
            // Nothing arrives in the first second, and nothing between two and three.
            let arrives = ms >= 1_000 && !(2_000..3_000).contains(&ms) || ms == 0;
            if climb.pass(begin + Duration::from_millis(ms), arrives) {
                steps.push((ms, climb.most().number()));
            }
        }
        assert_eq!(steps, [(1_500, 1), (3_500, 2)]);
    }
}
