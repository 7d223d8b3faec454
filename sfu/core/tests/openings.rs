//! Clients that wait for a first packet hear of every track they subscribe to, whether it sends
//! anything or not.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::{Command, RoomLimits, TrackId};
use str0m::rtp::RtpPacket;
use support::media::Picture;
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);
/// 20 ms of silence.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// Alice, who publishes, and Bob, who watches.
fn two_people() -> (World, Who, Who) {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    (world, alice, bob)
}

fn mute(world: &mut World, track: TrackId, muted: bool) {
    world.command(Command::SetMuted { track, muted });
}

/// Each packet has its own number, none is left out, and time goes on.
fn assert_one_stream(packets: &[&RtpPacket]) {
    for pair in packets.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1, "hole in the numbering");
        let ticks = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp);
        assert!(ticks < 90_000 * 10, "timestamp went back, by {}", ticks.wrapping_neg());
    }
}

fn is_opening(packet: &RtpPacket) -> bool {
    packet.payload.is_empty() || *packet.payload == SILENCE
}

#[test]
fn a_muted_track_is_heard_of_and_begins_where_that_ended() {
    let (mut world, alice, bob) = two_people();
    let (camera, microphone) = (world.publish_camera(alice, &["q", "h", "f"]), world.publish_microphone(alice));
    world.run(SECOND);
    for track in [camera, microphone] {
        mute(&mut world, track, true);
    }
    world.run(SECOND);

    let mids = [camera, microphone].map(|track| world.watch(bob, track));
    world.run(5 * SECOND);

    for (mid, expected) in mids.iter().zip([&[][..], &SILENCE]) {
        let received = world.people[bob].subscriber.received(mid);
        assert!((2..10).contains(&received.len()), "{} packets", received.len());
        assert!(received.iter().all(|p| *p.payload == *expected), "nothing else is sent of a muted track");
        assert_one_stream(&received);
    }
    for track in [camera, microphone] {
        mute(&mut world, track, false);
    }
    world.run(2 * SECOND);
    for mid in &mids {
        let received = world.people[bob].subscriber.received(mid);
        assert!(received.len() > 40, "media goes on");
        assert_one_stream(&received);
        let media = received.iter().position(|p| !is_opening(p)).unwrap();
        assert!(received[media..].iter().all(|p| !is_opening(p)), "it is said before media only");
    }
    let video = world.people[bob].subscriber.received(&mids[0]);
    let first = video.iter().find(|p| !is_opening(p)).unwrap();
    assert!(Picture::read(first).keyframe);
}

#[test]
fn nothing_is_made_up_where_media_comes_at_once() {
    let (mut world, alice, bob) = two_people();
    let microphone = world.publish_microphone(alice);
    world.run(SECOND);

    let mid = world.watch(bob, microphone);
    world.run(2 * SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.len() > 80 && received.iter().all(|p| !is_opening(p)));
}

#[test]
fn a_track_that_never_sent_anything_is_heard_of() {
    let (mut world, alice, bob) = two_people();
    let (camera, microphone) = (world.publish_camera(alice, &[]), world.publish_microphone(alice));
    world.people[alice].publisher.cameras[0].layers[0].is_off = true;
    world.people[alice].publisher.microphones.clear();

    let mids = [camera, microphone].map(|track| world.watch(bob, track));
    world.run(5 * SECOND);

    for mid in &mids {
        assert!(world.people[bob].subscriber.received(mid).len() >= 2);
    }
}

#[test]
fn a_track_that_is_held_back_or_turned_off_is_heard_of() {
    let mut world = World::with_limits(RoomLimits { cameras: 1, voices: 1, voices_from: 2 });
    let room = world.add_room();
    let (alice, bob, carol) = (world.join(room), world.join(room), world.join(room));
    let mut mids = Vec::new();
    for who in [alice, carol] {
        for track in [world.publish_camera(who, &[]), world.publish_microphone(who)] {
            mids.push(world.watch(bob, track));
        }
    }
    let screen = world.publish_screen(alice);
    mids.push(world.watch(bob, screen));
    world.set_subscription(bob, screen, false, 2);
    world.run(5 * SECOND);

    for mid in &mids {
        let received = world.people[bob].subscriber.received(mid);
        assert!(received.len() >= 2, "{mid}: {} packets", received.len());
        assert_one_stream(&received);
    }
}

#[test]
fn what_is_subscribed_to_again_is_heard_of_again_in_the_same_numbering() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    let mid = world.watch(bob, camera);
    world.run(SECOND);
    mute(&mut world, camera, true);
    world.unwatch(bob, camera);
    world.negotiate_subscriber(bob);
    let before = world.people[bob].subscriber.received(&mid).len();

    world.subscribe(bob, camera);
    let tracks = world.negotiate_subscriber(bob);
    assert!(tracks.contains(&(mid.clone(), camera)), "the section is used again");
    world.run(5 * SECOND);
    assert!(world.people[bob].subscriber.received(&mid).len() >= before + 2);
    mute(&mut world, camera, false);
    world.run(2 * SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.len() > before + 40);
    assert_one_stream(&received);
}
