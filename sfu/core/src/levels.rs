//! Measures how loud a track is, from the client-to-mixer audio level extension (RFC 6464), in
//! windows of [`LEVEL_INTERVAL`](crate::limits::LEVEL_INTERVAL).

/// Louder than this, in dBov, counts as sound. This and the next two are the defaults of
/// livekit-server (`active_level`, `min_percentile`, `smooth_intervals`), so that clients see the
/// same levels.
const ACTIVE_DBOV: f32 = -35.0;
/// Share of a window's packets that must be sound for the window to count.
const ACTIVE_SHARE: f32 = 0.4;
/// Exponential smoothing over two windows: 2 / (2 + 1).
const SMOOTHING: f32 = 2.0 / 3.0;
/// Levels below this are silence: the linear value of a bit less than the threshold of sound.
const AUDIBLE: f32 = 0.01;

/// Level of one track.
#[derive(Debug, Default)]
pub struct LevelMeter {
    packets: u32,
    active: u32,
    loudest: f32,
    smoothed: f32,
}

impl LevelMeter {
    /// One packet's level in dBov: 0 is the loudest, -127 silence.
    pub fn observe(&mut self, dbov: i8) {
        let dbov = f32::from(dbov).min(0.0);
        self.loudest = if self.packets == 0 { dbov } else { self.loudest.max(dbov) };
        self.packets += 1;
        if dbov >= ACTIVE_DBOV {
            self.active += 1;
        }
    }

    /// Close the window; the smoothed linear level 0 … 1 when it is audible.
    pub fn close_window(&mut self) -> Option<f32> {
        let share = if self.packets == 0 { 0.0 } else { self.active as f32 / self.packets as f32 };
        let level = if share > ACTIVE_SHARE {
            // A sound that fills only part of the window counts for less.
            10f32.powf(self.loudest / 20.0) * share
        } else {
            0.0
        };
        self.packets = 0;
        self.active = 0;
        self.smoothed += (level - self.smoothed) * SMOOTHING;
        if self.smoothed < AUDIBLE {
            self.smoothed = 0.0;
            return None;
        }
        Some(self.smoothed.min(1.0))
    }

    /// Silence at once: the track was muted.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(meter: &mut LevelMeter, levels: &[i8]) -> Option<f32> {
        for level in levels {
            meter.observe(*level);
        }
        meter.close_window()
    }

    #[test]
    fn speech_rises_over_two_windows_and_falls_silent() {
        let mut meter = LevelMeter::default();

        let first = window(&mut meter, &[-20; 20]).unwrap();
        let second = window(&mut meter, &[-20; 20]).unwrap();
        assert!((first - 0.0667).abs() < 0.001, "{first}");
        assert!(second > first && second < 0.1, "{second}");

        let falling: Vec<_> = (0..6).map(|_| window(&mut meter, &[-90; 20])).collect();
        assert!(falling[0].is_some());
        assert_eq!(falling[5], None);
    }

    #[test]
    fn a_short_click_and_soft_noise_are_silence() {
        let mut meter = LevelMeter::default();
        let mut click = [-80i8; 20];
        click[3] = -5;

        assert_eq!(window(&mut meter, &click), None);
        assert_eq!(window(&mut meter, &[-40; 20]), None);
        assert_eq!(window(&mut meter, &[]), None);
    }
}
