//! A client with a narrow network: the allocation of its bandwidth, and that the others do not
//! notice.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use moothall_sfu_core::bitrate::Bitrate;
use moothall_sfu_core::{Command, Event, SubscriptionSettings, TrackId};
use support::media::Picture;
use support::{Client, STEP, Who, World};

const SECOND: Duration = Duration::from_secs(1);
/// RTP that is larger is video, or padding in its place.
const SOUND: usize = 100;

/// Lets so many bits of video a second through to one person, and drops the rest.
struct NarrowLink {
    bits_per_second: Cell<f64>,
    credit: Rc<Cell<f64>>,
    /// Bytes that were to go through, padding included.
    offered: Rc<Cell<usize>>,
}

impl NarrowLink {
    fn before(world: &mut World, who: Who) -> Self {
        let credit = Rc::new(Cell::new(f64::INFINITY));
        let offered = Rc::new(Cell::new(0));
        let (address, left, seen) = (world.people[who].subscriber.address, credit.clone(), offered.clone());
        world.deliver = Box::new(move |destination, datagram| {
            let is_rtp = datagram[0] >> 6 == 2 && !(192..224).contains(&datagram[1]);
            if destination != address || !is_rtp || datagram.len() <= SOUND {
                return true;
            }
            seen.set(seen.get() + datagram.len());
            let passes = left.get() > 0.0;
            if passes {
                left.set(left.get() - datagram.len() as f64);
            }
            passes
        });
        Self { bits_per_second: Cell::new(f64::INFINITY), credit, offered }
    }

    fn run(&self, world: &mut World, duration: Duration) {
        let end = world.now + duration;
        while world.now < end {
            let filled = self.credit.get() + self.bits_per_second.get() * STEP.as_secs_f64() / 8.0;
            self.credit.set(if self.bits_per_second.get().is_finite() { filled.min(10_000.0) } else { f64::INFINITY });
            world.step();
        }
    }
}

/// Bob watches four cameras and hears one microphone.
fn gallery() -> (World, Vec<Who>, Who, Vec<TrackId>) {
    let mut world = World::new();
    let room = world.add_room();
    let seen: Vec<Who> = (0..4).map(|_| world.join(room)).collect();
    let bob = world.join(room);
    let cameras: Vec<TrackId> = seen.iter().map(|who| world.publish_camera(*who, &["q", "h", "f"])).collect();
    let microphone = world.publish_microphone(seen[0]);
    for track in cameras.iter().chain([&microphone]) {
        world.watch(bob, *track);
    }
    (world, seen, bob, cameras)
}

/// The last that was said of each track that anything was said of.
fn active(world: &World, who: Who) -> HashMap<TrackId, bool> {
    let peer = world.people[who].peer;
    let said = world.events.iter().filter_map(|e| match e {
        Event::StreamStateChanged { peer: p, track, active } if *p == peer => Some((*track, *active)),
        _ => None,
    });
    said.collect()
}

fn sounds(world: &World, who: Who) -> usize {
    world.people[who].subscriber.packets.iter().filter(|p| p.payload.len() == 4).count()
}

#[test]
fn nobody_with_enough_is_told_of_anything() {
    let (mut world, _, bob, _) = gallery();
    world.run(20 * SECOND);
    assert_eq!(active(&world, bob), HashMap::new());
}

#[test]
fn a_narrow_network_pauses_some_video_and_no_sound_and_all_returns_with_it() {
    let (mut world, _, bob, cameras) = gallery();
    let link = NarrowLink::before(&mut world, bob);
    link.run(&mut world, 5 * SECOND);
    assert_eq!(active(&world, bob), HashMap::new());

    link.bits_per_second.set(400e3);
    link.run(&mut world, 15 * SECOND);

    let paused = active(&world, bob).values().filter(|active| !**active).count();
    assert!((1..cameras.len()).contains(&paused), "{paused} of {} paused", cameras.len());
    let (before, frames) = (sounds(&world, bob), world.people[bob].subscriber.packets.len());
    link.run(&mut world, 10 * SECOND);
    let heard = sounds(&world, bob) - before;
    assert!(heard >= 495, "{heard} packets of sound in ten seconds");
    assert!(world.people[bob].subscriber.packets.len() - frames > heard + 100, "some video goes on");

    link.bits_per_second.set(f64::INFINITY);
    let all_active = |w: &World| active(w, bob).values().all(|active| *active);
    for _ in 0..60 {
        link.run(&mut world, SECOND);
    }
    assert!(all_active(&world), "{:?}", active(&world, bob));
}

/// The bitrate of video that arrived in a stretch of time, in bits per second.
fn video_rate(world: &mut World, who: Who, duration: Duration, run: impl FnOnce(&mut World)) -> f64 {
    let received = |world: &World| {
        let video = world.people[who].subscriber.packets.iter().map(|p| p.payload.len()).filter(|size| *size > 4);
        video.sum::<usize>()
    };
    let before = received(world);
    run(world);
    (received(world) - before) as f64 * 8.0 / duration.as_secs_f64()
}

fn limits(world: &mut World, who: Who, limit: Option<Bitrate>) {
    let peer = world.people[who].peer;
    world.command(Command::LimitVideo { peer, limit });
}

#[test]
fn whoever_asks_for_less_gets_less_and_all_returns_when_that_is_taken_back() {
    let (mut world, seen, bob, cameras) = gallery();
    world.run(5 * SECOND);
    let whole = video_rate(&mut world, bob, 5 * SECOND, |w| w.run(5 * SECOND));

    limits(&mut world, bob, Some(Bitrate::from_kbps(400)));

    let paused = active(&world, bob).values().filter(|active| !**active).count();
    assert!((1..cameras.len()).contains(&paused), "{paused} of {} paused", cameras.len());
    let before = sounds(&world, bob);
    let limited = video_rate(&mut world, bob, 10 * SECOND, |w| w.run(10 * SECOND));
    assert!((100e3..400e3).contains(&limited), "{limited} bits a second");
    assert!(sounds(&world, bob) - before >= 495);

    limits(&mut world, bob, Some(Bitrate::from_bps(1.0)));
    world.run(SECOND);
    assert_eq!(active(&world, bob).values().filter(|active| !**active).count(), cameras.len());
    assert!(video_rate(&mut world, bob, 5 * SECOND, |w| w.run(5 * SECOND)) < 1.0);

    limits(&mut world, bob, None);
    world.run(SECOND / 5);
    assert!(active(&world, bob).values().all(|active| *active), "{:?}", active(&world, bob));
    world.run(SECOND);
    let again = video_rate(&mut world, bob, 5 * SECOND, |w| w.run(5 * SECOND));
    assert!(again > 0.95 * whole, "{again} of {whole}");
    assert!(seen.iter().all(|who| active(&world, *who).is_empty()));
}

#[test]
fn the_narrower_of_what_was_asked_for_and_what_the_network_takes_counts() {
    let (mut world, _, bob, _) = gallery();
    let link = NarrowLink::before(&mut world, bob);
    link.run(&mut world, 5 * SECOND);
    limits(&mut world, bob, Some(Bitrate::from_kbps(100_000)));
    assert_eq!(active(&world, bob), HashMap::new());

    link.bits_per_second.set(400e3);
    link.run(&mut world, 15 * SECOND);
    assert!(active(&world, bob).values().any(|active| !*active), "the network's");

    limits(&mut world, bob, Some(Bitrate::from_kbps(300)));
    link.bits_per_second.set(f64::INFINITY);
    link.run(&mut world, 60 * SECOND);
    assert!(active(&world, bob).values().any(|active| !*active), "its own");
    let limited = video_rate(&mut world, bob, 10 * SECOND, |w| link.run(w, 10 * SECOND));
    assert!(limited < 300e3, "{limited} bits a second");

    limits(&mut world, bob, None);
    link.run(&mut world, 60 * SECOND);
    assert!(active(&world, bob).values().all(|active| *active), "{:?}", active(&world, bob));
}

#[test]
fn who_changes_its_mind_all_the_time_is_not_always_listened_to() {
    let mut world = World::new();
    let room = world.add_room();
    let seen: Vec<Who> = (0..4).map(|_| world.join(room)).collect();
    let cameras: Vec<TrackId> = seen.iter().map(|who| world.publish_camera(*who, &["q", "h", "f"])).collect();
    let bob = world.arrive(room);
    let address = world.people[bob].subscriber.address;
    world.people[bob].subscriber = Client::without_transport_feedback(world.now, address);
    for camera in &cameras {
        world.subscribe(bob, *camera);
    }
    world.negotiate_subscriber(bob);
    world.run(3 * SECOND);
    world.events.clear();

    for _ in 0..200 {
        for kilobits in [50, 200_000, 50, 200_000, 50] {
            world.people[bob].subscriber.estimate(kilobits);
        }
        world.step();
    }

    assert!(active(&world, bob).values().any(|active| !active));
    let changes = world.events.iter().filter(|e| matches!(e, Event::StreamStateChanged { .. })).count();
    // Each of them once a tick.
    assert!(changes <= 4 * 11, "{changes} in a second");
}

#[test]
fn a_narrow_network_is_not_tried_out_for_what_is_held_back_anyway() {
    let (mut world, _, bob, cameras) = gallery();
    let link = NarrowLink::before(&mut world, bob);
    link.run(&mut world, 5 * SECOND);
    // Less than one camera takes: without a limit of its own one would be tried again and again.
    link.bits_per_second.set(200e3);
    link.run(&mut world, 15 * SECOND);

    limits(&mut world, bob, Some(Bitrate::from_kbps(50)));
    link.run(&mut world, 3 * SECOND);
    assert_eq!(active(&world, bob).values().filter(|active| !**active).count(), cameras.len());
    let before = link.offered.get();
    link.run(&mut world, 30 * SECOND);

    assert_eq!(link.offered.get(), before, "no video, and no padding in its place");
}

#[test]
fn what_was_given_priority_is_paused_last() {
    let (mut world, _, bob, cameras) = gallery();
    let peer = world.people[bob].peer;
    let settings = SubscriptionSettings { priority: 9, ..SubscriptionSettings::default() };
    world.command(Command::SetSubscription { peer, track: cameras[3], settings });
    let link = NarrowLink::before(&mut world, bob);
    link.run(&mut world, 3 * SECOND);
    link.bits_per_second.set(400e3);
    link.run(&mut world, 20 * SECOND);

    let active = active(&world, bob);
    assert!(active.values().any(|active| !active));
    assert_ne!(active.get(&cameras[3]), Some(&false));
}

#[test]
fn frames_a_second_choose_temporal_layers_and_the_stream_stays_continuous() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let camera = world.publish_camera(alice, &[]);
    world.people[alice].publisher.cameras[0].layers[0].temporal_layers = true;
    let mid = world.watch(bob, camera);
    world.run(3 * SECOND);
    let peer = world.people[bob].peer;

    let mut rates = Vec::new();
    for max_fps in [0, 13, 7, 0] {
        let settings = SubscriptionSettings { max_fps, ..SubscriptionSettings::default() };
        world.command(Command::SetSubscription { peer, track: camera, settings });
        world.run(SECOND);
        let before = world.people[bob].subscriber.received(&mid).len();
        world.run(4 * SECOND);
        // Two packets a frame.
        rates.push((world.people[bob].subscriber.received(&mid).len() - before) / 8);
    }

    assert!((24..=26).contains(&rates[0]) && (24..=26).contains(&rates[3]), "{rates:?}");
    assert!((12..=13).contains(&rates[1]) && (6..=7).contains(&rates[2]), "{rates:?}");
    let received = world.people[bob].subscriber.received(&mid);
    for pair in received.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
        let (old, new) = (Picture::read(pair[0]), Picture::read(pair[1]));
        assert_eq!(new.id, (old.id + u16::from(new.starts)) & 0x7fff);
    }
}
