//! Taps: receivers inside the process, as a recorder is one.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use moothall_sfu_core::limits::{MAX_TAPPED_BYTES, MAX_TAPS_OF_TRACK};
use moothall_sfu_core::tap::{Tapped, TappedPacket};
use moothall_sfu_core::track_parts::Layer;
use moothall_sfu_core::{Command, RoomLimits, TapId, TapSettings, TrackId};
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// The port of the first person's publisher connection.
const PUBLISHER: u16 = 20_000;

fn up_to(layer: u8) -> TapSettings {
    TapSettings { enabled: true, max_layer: Layer::new(layer) }
}

fn add_tap(world: &mut World, track: TrackId, settings: TapSettings) -> TapId {
    let tap = TapId::new(world.serial(), 0);
    world.command(Command::AddTap { tap, track, settings });
    tap
}

/// Somebody who is alone in a room.
fn one_person() -> (World, Who) {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.join(room);
    (world, alice)
}

fn take(world: &mut World, tap: TapId) -> Tapped {
    world.shard.take_tapped(tap).unwrap()
}

/// The packets that come in this time, taken ten times per second.
fn tapped(world: &mut World, tap: TapId, duration: Duration) -> Vec<TappedPacket> {
    let mut packets = Vec::new();
    for _ in 0..duration.as_millis() / 100 {
        world.run(SECOND / 10);
        let taken = take(world, tap);
        assert_eq!(taken.lost, 0);
        packets.extend(taken.packets);
    }
    packets
}

/// Loses these of each hundred RTP packets of the first person, retransmissions among them.
fn lose(world: &mut World, places: &'static [usize]) {
    let mut count = 0;
    world.lose_upwards = Box::new(move |port, datagram| {
        let is_rtp = (128..192).contains(&datagram[0]) && !(64..96).contains(&(datagram[1] & 0x7f));
        count += usize::from(is_rtp && port == PUBLISHER);
        is_rtp && port == PUBLISHER && places.contains(&(count % 100))
    });
}

fn numbers(packets: &[TappedPacket]) -> Vec<u64> {
    packets.iter().map(|p| p.seq).collect()
}

/// Every number between the first and the last came, and none came twice.
fn assert_whole(packets: &[TappedPacket]) {
    let numbers = numbers(packets);
    let different: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(different.len(), numbers.len(), "a packet came twice");
    assert_eq!(different.last().unwrap() - different.first().unwrap() + 1, different.len() as u64, "one is missing");
}

/// The frame that a packet of a made-up camera says it belongs to, and the layer.
fn picture(packet: &TappedPacket) -> (u32, u8) {
    (u32::from_be_bytes(packet.payload[8..12].try_into().unwrap()), packet.payload[7])
}

#[test]
fn video_that_was_lost_on_the_way_comes_once_and_in_order_of_arrival() {
    let (mut world, alice) = one_person();
    let camera = world.publish_camera(alice, &[]);
    world.run(SECOND);
    assert!(world.people[alice].publisher.keyframe_requests.is_empty(), "nobody watches");

    let tap = add_tap(&mut world, camera, up_to(2));
    let mut packets = tapped(&mut world, tap, SECOND);
    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), 1);
    lose(&mut world, &[3, 17, 40, 41, 77]);
    packets.extend(tapped(&mut world, tap, 10 * SECOND));
    lose(&mut world, &[]);
    packets.extend(tapped(&mut world, tap, 2 * SECOND));

    assert!(packets.len() > 600, "only {}", packets.len());
    assert!(packets[0].begins && packets[0].keyframe);
    assert!(packets[1..].iter().all(|p| !p.begins));
    assert_whole(&packets);
    assert!(packets.is_sorted_by_key(|p| p.arrived));
    assert!(!numbers(&packets).is_sorted(), "nothing was sent again");
    let frames = world.people[alice].publisher.cameras[0].layers[0].frames;
    assert!(picture(packets.last().unwrap()).0 + 1 >= frames);
}

#[test]
fn sound_comes_as_plain_opus_with_its_losses_filled() {
    let (mut world, alice) = one_person();
    let voice = world.publish_microphone(alice);
    world.people[alice].publisher.microphones[0].is_redundant = true;
    world.run(SECOND);
    let tap = add_tap(&mut world, voice, up_to(2));
    let mut packets = tapped(&mut world, tap, SECOND);
    lose(&mut world, &[7, 23, 61]);

    packets.extend(tapped(&mut world, tap, 10 * SECOND));

    assert_whole(&packets);
    let sounds: Vec<u32> = packets.iter().map(|p| u32::from_be_bytes(p.payload.as_ref().try_into().unwrap())).collect();
    assert!(sounds.len() > 500 && sounds.windows(2).all(|pair| pair[1] == pair[0] + 1), "{sounds:?}");
}

#[test]
fn nothing_comes_while_a_track_is_muted_and_it_goes_on_with_a_key_frame() {
    let (mut world, alice) = one_person();
    let tracks = [world.publish_camera(alice, &[]), world.publish_microphone(alice)];
    let taps = tracks.map(|track| add_tap(&mut world, track, up_to(2)));
    world.run(SECOND);
    for track in tracks {
        world.command(Command::SetMuted { track, muted: true });
    }
    for tap in taps {
        assert!(!take(&mut world, tap).packets.is_empty());
    }
    let asked = world.people[alice].publisher.keyframe_requests.len();

    // The client goes on sending.
    world.run(2 * SECOND);
    for tap in taps {
        assert_eq!(take(&mut world, tap), Tapped::default());
    }
    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), asked);

    for track in tracks {
        world.command(Command::SetMuted { track, muted: false });
    }
    for tap in taps {
        let packets = tapped(&mut world, tap, SECOND);
        assert!(packets[0].begins && packets[0].keyframe);
        assert_eq!(packets.iter().filter(|p| p.begins).count(), 1);
    }
    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), asked + 1);
}

#[test]
fn a_voice_that_a_large_room_leaves_out_comes_and_says_so() {
    let mut world = World::with_limits(RoomLimits { voices: 1, voices_from: 2, cameras: 25 });
    let room = world.add_room();
    let people = [world.join(room), world.join(room)];
    let taps = people.map(|person| {
        let voice = world.publish_microphone(person);
        add_tap(&mut world, voice, up_to(2))
    });
    world.people[people[1]].publisher.microphones[0].dbov = -90;
    world.run(5 * SECOND);
    for tap in taps {
        take(&mut world, tap);
    }

    let [loud, soft] = taps.map(|tap| tapped(&mut world, tap, SECOND));

    assert!(loud.len() > 40 && loud.iter().all(|p| p.heard));
    assert!(soft.len() > 40 && soft.iter().all(|p| !p.heard));
    assert!(soft.iter().all(|p| p.extensions.dbov() == Some(-90)));
    for packets in [loud, soft] {
        assert_whole(&packets);
    }
}

#[test]
fn a_tap_gets_one_layer_and_changes_to_another_at_its_key_frame() {
    let (mut world, alice) = one_person();
    let camera = world.publish_camera(alice, &["q", "h", "f"]);
    world.run(SECOND);
    let tap = add_tap(&mut world, camera, up_to(0));
    let low = tapped(&mut world, tap, SECOND);
    assert!(low.len() > 40 && low.iter().all(|p| picture(p).1 == 0));

    world.command(Command::SetTap { tap, settings: up_to(2) });
    let mixed = tapped(&mut world, tap, SECOND);

    let change = mixed.iter().position(|p| p.begins).unwrap();
    assert!(mixed[change].keyframe);
    assert!(mixed[..change].iter().all(|p| picture(p).1 == 0));
    assert!(mixed[change..].iter().all(|p| picture(p).1 == 2 && p.stream == mixed[change].stream));
    let asked: Vec<&str> = world.people[alice].publisher.keyframe_requests.iter().map(|(_, rid)| &**rid).collect();
    assert_eq!(asked, ["q", "f"]);

    world.people[alice].publisher.cameras[0].layers[2].is_off = true;
    world.run(3 * SECOND);
    let lower = tapped(&mut world, tap, 2 * SECOND);
    assert!(lower.iter().skip(10).all(|p| picture(p).1 == 1));

    world.command(Command::SetTap { tap, settings: TapSettings { enabled: false, ..up_to(2) } });
    assert_eq!(tapped(&mut world, tap, SECOND), []);
}

#[test]
fn a_tap_asks_for_a_key_frame_when_it_is_told_to() {
    let (mut world, alice) = one_person();
    let camera = world.publish_camera(alice, &[]);
    let tap = add_tap(&mut world, camera, up_to(2));
    tapped(&mut world, tap, 3 * SECOND);
    let asked = world.people[alice].publisher.keyframe_requests.len();

    world.command(Command::RequestKeyframe { tap });
    let packets = tapped(&mut world, tap, 3 * SECOND);

    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), asked + 1);
    assert_eq!(packets.iter().filter(|p| p.keyframe).count(), 1);
    assert!(packets.iter().all(|p| !p.begins));
}

#[test]
fn what_nobody_takes_is_dropped_and_counted_and_asks_nothing_of_the_publisher() {
    let (mut world, alice) = one_person();
    let camera = world.publish_camera(alice, &[]);
    let tap = add_tap(&mut world, camera, up_to(2));
    world.people[alice].publisher.cameras[0].layers[0].packets = (10, 1100);
    world.run(6 * SECOND);
    let asked = world.people[alice].publisher.keyframe_requests.len();
    world.run(4 * SECOND);

    assert_eq!(world.people[alice].publisher.keyframe_requests.len(), asked);
    let kept = take(&mut world, tap);
    let bytes: usize = kept.packets.iter().map(|p| p.payload.len()).sum();
    assert!((MAX_TAPPED_BYTES / 2..MAX_TAPPED_BYTES).contains(&bytes), "{bytes}");
    assert!(kept.lost > 0);

    let packets = tapped(&mut world, tap, SECOND);
    assert!(packets[0].begins && packets[0].keyframe);
    assert_whole(&packets);
}

#[test]
fn a_tap_outlives_its_track_and_not_its_room() {
    let (mut world, alice) = one_person();
    let tracks = [world.publish_camera(alice, &[]), world.publish_microphone(alice)];
    let [ended, other] = tracks.map(|track| add_tap(&mut world, track, up_to(2)));
    world.run(SECOND);

    world.command(Command::Unpublish { track: tracks[0] });
    let kept = take(&mut world, ended);
    assert!(kept.has_ended && kept.packets.len() > 20);
    assert!(!take(&mut world, other).has_ended);

    world.command(Command::RemoveTap { tap: ended });
    assert_eq!(world.shard.take_tapped(ended), None);
    world.command(Command::RemoveRoom { room: world.room });
    assert_eq!(world.shard.take_tapped(other), None);
}

#[test]
fn a_track_has_so_many_taps_and_no_more() {
    let (mut world, alice) = one_person();
    let voice = world.publish_microphone(alice);
    let taps: Vec<TapId> = (0..=MAX_TAPS_OF_TRACK).map(|_| add_tap(&mut world, voice, up_to(2))).collect();
    assert_eq!(world.shard.take_tapped(taps[MAX_TAPS_OF_TRACK]), None);

    world.command(Command::RemoveTap { tap: taps[0] });
    let another = add_tap(&mut world, voice, up_to(2));
    world.run(SECOND);

    for tap in taps[1..MAX_TAPS_OF_TRACK].iter().chain([&another]) {
        assert!(take(&mut world, *tap).packets.len() > 40);
    }
}

#[test]
fn clients_get_the_same_with_a_tap_and_without() {
    let received = |with_tap: bool| {
        let (mut world, alice) = one_person();
        let room = world.room;
        let bob = world.join(room);
        let camera = world.publish_camera(alice, &[]);
        if with_tap {
            add_tap(&mut world, camera, up_to(2));
        }
        let mid = world.watch(bob, camera);
        world.run(5 * SECOND);
        world.people[bob].subscriber.received(&mid).len()
    };
    assert_eq!(received(true), received(false));
}
