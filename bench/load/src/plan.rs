//! The plan of a run: who publishes what, who receives which layer, how fast people join.

use crate::outbound::Shape;

/// A microphone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Microphone {
    pub shape: Shape,
    /// Whether its level says that somebody speaks.
    pub speaks: bool,
}

/// The tracks that one publisher sends, and whether it receives as well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Publisher {
    /// Layers of the camera, smallest first; one without simulcast, none without camera.
    pub camera: Vec<Shape>,
    pub microphone: Option<Microphone>,
    /// Receives the others as well.
    pub receives: bool,
}

/// Which layer of whom a subscriber asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The smallest layer of everybody.
    Grid,
    /// The largest layer of publisher 0 and the smallest of the others.
    Speaker,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub scenario: String,
    pub publishers: Vec<Publisher>,
    /// People who only receive.
    pub subscribers: usize,
    pub layout: Layout,
    pub joins_per_second: f64,
    pub warm_up_s: f64,
    pub measure_s: f64,
}

/// RIDs, smallest layer first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];

const LAYERS: [Shape; 3] = [
    Shape { frames_per_second: 20.0, packets_per_frame: 1, payload_bytes: 900, width: 320, height: 180 },
    Shape { frames_per_second: 20.0, packets_per_frame: 2, payload_bytes: 1100, width: 640, height: 360 },
    Shape { frames_per_second: 30.0, packets_per_frame: 6, payload_bytes: 1050, width: 1280, height: 720 },
];

const VOICE: Shape = Shape { frames_per_second: 50.0, packets_per_frame: 1, payload_bytes: 120, width: 0, height: 0 };

impl Plan {
    pub fn new(scenario: &str, publishers: Vec<Publisher>, subscribers: usize) -> Self {
        Plan {
            scenario: scenario.into(),
            publishers,
            subscribers,
            layout: Layout::Grid,
            joins_per_second: 25.0,
            warm_up_s: 3.0,
            measure_s: 10.0,
        }
    }

    /// `count` cameras of one layer each, `packets_per_second` in frames of up to four packets.
    pub fn video_fan_out(count: usize, packets_per_second: f64, payload_bytes: usize, subscribers: usize) -> Self {
        let packets_per_frame = if packets_per_second >= 80.0 { 4 } else { 1 };
        let shape = Shape {
            frames_per_second: packets_per_second / f64::from(packets_per_frame),
            packets_per_frame,
            payload_bytes,
            width: 640,
            height: 360,
        };
        Plan::new("fanout-video", vec![Publisher { camera: vec![shape], ..Publisher::default() }; count], subscribers)
    }

    pub fn audio_fan_out(count: usize, packets_per_second: f64, payload_bytes: usize, subscribers: usize) -> Self {
        let shape = Shape { frames_per_second: packets_per_second, payload_bytes, ..VOICE };
        let microphone = Some(Microphone { shape, speaks: true });
        Plan::new("fanout-audio", vec![Publisher { microphone, ..Publisher::default() }; count], subscribers)
    }

    /// A meeting of `people`, `cameras` of whom publish; `microphones` of them have one and the
    /// first three speak.
    pub fn room(people: usize, cameras: usize, microphones: usize, layers: usize, layout: Layout) -> Self {
        let name = if layout == Layout::Speaker { "room-speaker" } else { "room" };
        let publishers = (0..cameras)
            .map(|index| Publisher {
                camera: LAYERS[..layers].to_vec(),
                microphone: (index < microphones).then_some(Microphone { shape: VOICE, speaks: index < 3 }),
                receives: true,
            })
            .collect();
        Plan { layout, ..Plan::new(name, publishers, people.saturating_sub(cameras)) }
    }

    /// The layer of this publisher that subscribers ask for.
    pub fn wanted_layer(&self, publisher: usize) -> usize {
        let layers = self.publishers[publisher].camera.len();
        if self.layout == Layout::Speaker && publisher == 0 { layers - 1 } else { 0 }
    }

    /// Packets a second that one subscriber who publishes nothing is to receive.
    pub fn subscriber_packets_per_second(&self) -> f64 {
        let video =
            |(index, publisher): (usize, &Publisher)| publisher.camera.get(self.wanted_layer(index)).map_or(0.0, Shape::packets_per_second);
        let voices = self.publishers.iter().filter_map(|publisher| publisher.microphone).filter(|microphone| microphone.speaks);
        self.publishers.iter().enumerate().filter(|(_, publisher)| !publisher.camera.is_empty()).map(video).sum::<f64>()
            + voices.map(|microphone| microphone.shape.packets_per_second()).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_250_by_25_is_163_kpps() {
        let plan = Plan::room(250, 25, 25, 3, Layout::Grid);
        assert_eq!(plan.subscribers, 225);
        let per_person = plan.subscriber_packets_per_second();
        assert!((per_person - 650.0).abs() < 1e-9);
        assert!((162_000.0..163_000.0).contains(&(per_person * 250.0)));
        let speaker = Plan::room(250, 25, 25, 3, Layout::Speaker);
        assert!((speaker.subscriber_packets_per_second() - (24.0 * 20.0 + 180.0 + 150.0)).abs() < 1e-9);
    }

    #[test]
    fn fan_out_has_the_rate_asked_for() {
        assert!((Plan::video_fan_out(10, 100.0, 1100, 30).subscriber_packets_per_second() - 1000.0).abs() < 1e-9);
        assert!((Plan::video_fan_out(25, 20.0, 900, 100).subscriber_packets_per_second() - 500.0).abs() < 1e-9);
        assert!((Plan::audio_fan_out(10, 50.0, 120, 100).subscriber_packets_per_second() - 500.0).abs() < 1e-9);
    }
}
