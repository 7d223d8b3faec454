//! The first layers of a subscriber: a low one until it states a wish, and soon the best when it
//! states none.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use moothall_sfu_core::TrackId;
use support::media::Picture;
use support::{Who, World};

const MOMENT: Duration = Duration::from_millis(100);
const TWELVE_SECONDS: Duration = Duration::from_secs(12);
/// Packets and bytes of each that make a layer of about 150 kbit/s, 500 kbit/s and 1.7 Mbit/s at 25
/// frames a second.
const LAYERS: [(u8, usize); 3] = [(1, 750), (3, 833), (7, 1_190)];

/// Three people with three cameras each in three layers, all flowing, and Bob, who is there and
/// receives nothing yet.
fn nine_cameras() -> (World, Who, Vec<TrackId>) {
    let mut world = World::new();
    let room = world.add_room();
    let publishers: Vec<Who> = (0..3).map(|_| world.join(room)).collect();
    let bob = world.join(room);
    let mut cameras = Vec::new();
    for who in publishers {
        for _ in 0..3 {
            cameras.push(world.publish_camera(who, &["q", "h", "f"]));
            let camera = world.people[who].publisher.cameras.last_mut().unwrap();
            camera.layers.iter_mut().zip(LAYERS).for_each(|(layer, packets)| layer.packets = packets);
        }
    }
    world.run(Duration::from_secs(2));
    (world, bob, cameras)
}

/// Bytes that reach Bob in the first twelve seconds of nine cameras. `stated_at`: when he says that
/// he wants the middle layer. `begins_high`: he said at once that he wants the highest, which is
/// how every subscription began before.
fn bytes_of_nine(stated_at: Option<Duration>, begins_high: bool) -> usize {
    let (mut world, bob, cameras) = nine_cameras();
    let (address, bytes) = (world.people[bob].subscriber.address, Rc::new(Cell::new(0)));
    let counted = bytes.clone();
    world.deliver = Box::new(move |destination, datagram| {
        if destination == address {
            counted.set(counted.get() + datagram.len());
        }
        true
    });
    for camera in &cameras {
        world.subscribe(bob, *camera);
        if begins_high {
            world.set_subscription(bob, *camera, true, 2);
        }
    }
    world.negotiate_subscriber(bob);
    let stated_at = stated_at.unwrap_or(TWELVE_SECONDS);
    world.run(stated_at);
    if stated_at < TWELVE_SECONDS {
        for camera in &cameras {
            world.set_subscription(bob, *camera, true, 1);
        }
        world.run(TWELVE_SECONDS.saturating_sub(stated_at));
    }
    bytes.get()
}

#[test]
fn until_a_size_is_stated_little_is_sent() {
    let megabits = |bytes: usize| bytes as f64 * 8.0 / 1e6;
    let least = megabits(bytes_of_nine(Some(Duration::ZERO), true));
    for stated_ms in [300, 2_000] {
        let stated = Some(Duration::from_millis(stated_ms));
        let (before, now) = (megabits(bytes_of_nine(stated, true)), megabits(bytes_of_nine(stated, false)));
        assert!(now - least < 0.5 * (before - least), "{now:.1} of {before:.1}, {least:.1} at the least");
    }
    let (before, now) = (bytes_of_nine(None, true), bytes_of_nine(None, false));
    assert!(now as f64 > 0.85 * before as f64, "the best comes soon: {now} of {before} bytes");
}

#[test]
fn who_states_nothing_climbs_to_the_best_layer_by_layer() {
    let (mut world, bob, cameras) = nine_cameras();
    let mid = world.watch(bob, cameras[0]);
    let layers = |world: &World| {
        let received = world.people[bob].subscriber.received(&mid);
        let mut layers: Vec<u8> = received.iter().map(|p| Picture::read(p).layer).collect();
        layers.dedup();
        layers
    };
    let begin = world.now;
    while layers(&world).last() != Some(&2) {
        assert!(world.now < begin + Duration::from_millis(2_500), "layers so far: {:?}", layers(&world));
        world.run(MOMENT);
    }
    assert_eq!(layers(&world), [0, 1, 2]);
}

#[test]
fn a_size_that_is_stated_on_the_way_decides() {
    let (mut world, bob, cameras) = nine_cameras();
    let mid = world.watch(bob, cameras[0]);
    world.run(3 * MOMENT);

    world.set_subscription(bob, cameras[0], true, 1);
    world.run(Duration::from_secs(4));

    let received = world.people[bob].subscriber.received(&mid);
    let highest = received.iter().map(|p| Picture::read(p).layer).max();
    assert_eq!(highest, Some(1));
}

#[test]
fn a_camera_with_one_layer_is_not_asked_for_key_frames_on_the_way() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let camera = world.publish_camera(alice, &[]);
    world.watch(bob, camera);
    world.run(Duration::from_secs(1));
    let asked = world.people[alice].publisher.keyframe_requests.len();

    world.run(Duration::from_secs(4));

    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), asked);
}
