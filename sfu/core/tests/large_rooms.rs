//! Large rooms: the voices and cameras that are forwarded when there are more than the limits.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::{Event, RoomLimits, TrackId};
use support::media::Picture;
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> RoomLimits {
    RoomLimits { voices: 2, voices_from: 4, cameras: 2 }
}

/// Some publishers, and one more who watches: the people, the watcher and their tracks with the
/// watcher's sections.
fn room(
    publishers: usize,
    publish: impl Fn(&mut World, Who) -> TrackId,
) -> (World, Vec<Who>, Who, Vec<(TrackId, String)>) {
    let mut world = World::with_limits(limits());
    let room = world.add_room();
    let people: Vec<Who> = (0..publishers).map(|_| world.join(room)).collect();
    let watcher = world.join(room);
    let tracks: Vec<TrackId> = people.iter().map(|p| publish(&mut world, *p)).collect();
    let watched = tracks.into_iter().map(|t| (t, world.watch(watcher, t))).collect();
    (world, people, watcher, watched)
}

fn speak(world: &mut World, who: Who, dbov: i8) {
    world.people[who].publisher.microphones[0].dbov = dbov;
}

/// The number of packets of each section that arrive in this time.
fn arriving(world: &mut World, watcher: Who, sections: &[(TrackId, String)], duration: Duration) -> Vec<usize> {
    let count = |world: &World| -> Vec<usize> {
        sections.iter().map(|(_, mid)| world.people[watcher].subscriber.received(mid).len()).collect()
    };
    let before = count(world);
    world.run(duration);
    count(world).iter().zip(before).map(|(after, before)| after - before).collect()
}

#[test]
fn of_many_microphones_those_that_speak_are_heard_without_a_hole_in_their_numbers() {
    let (mut world, people, watcher, sections) = room(5, World::publish_microphone);
    for person in &people {
        speak(&mut world, *person, -90);
    }
    world.run(5 * SECOND);
    assert_eq!(arriving(&mut world, watcher, &sections, SECOND), [0; 5]);

    for (round, speakers) in [[0, 1], [2, 3], [4, 0], [1, 2]].into_iter().enumerate() {
        for (n, p) in people.iter().enumerate() {
            speak(&mut world, *p, if speakers.contains(&n) { -20 } else { -90 });
        }
        if round > 0 {
            // Those who spoke before keep their places for a moment.
            world.run(3 * SECOND);
        }
        let heard = arriving(&mut world, watcher, &sections, SECOND);
        for (n, packets) in heard.iter().enumerate() {
            let expected = if speakers.contains(&n) { 48..=52 } else { 0..=0 };
            assert!(expected.contains(packets), "{n} in round {round}: {heard:?}");
        }
    }

    for (_, mid) in &sections {
        let received = world.people[watcher].subscriber.received(mid);
        assert!(received.len() > 40, "only {} in {mid}", received.len());
        for pair in received.windows(2) {
            assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1, "hole in {mid}");
            let ticks = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp);
            assert!((960..48 * 20_000).contains(&ticks), "time goes wrong: {ticks}");
        }
    }
}

#[test]
fn a_voice_is_heard_from_its_first_loud_packet_even_when_others_speak() {
    let (mut world, people, watcher, sections) = room(5, World::publish_microphone);
    for (n, p) in people.iter().enumerate() {
        speak(&mut world, *p, if n < 2 { -35 } else { -90 });
    }
    world.run(4 * SECOND);
    let before = world.people[people[4]].publisher.microphones[0].packets;

    speak(&mut world, people[4], -15);
    world.run(Duration::from_millis(200));

    let received = world.people[watcher].subscriber.received(&sections[4].1);
    // Made-up silence, which says that there is a stream, is shorter than a voice's packet.
    let voice = received.iter().find_map(|p| p.payload.first_chunk());
    let first = u32::from_be_bytes(*voice.unwrap());
    assert!(first <= before + 1, "heard from packet {first}, loud from {}", before + 1);
}

#[test]
fn of_many_cameras_pinned_and_speaking_people_are_shown_and_clients_are_told() {
    let (mut world, people, watcher, sections) = room(4, |w, p| w.publish_camera(p, &[]));
    let microphones: Vec<TrackId> = people.iter().map(|p| world.publish_microphone(*p)).collect();
    for (person, _) in people.iter().zip(&microphones) {
        speak(&mut world, *person, -90);
    }
    // Not pinned: shown small.
    for (camera, _) in &sections {
        world.set_subscription(watcher, *camera, true, 0);
    }
    world.run(2 * SECOND);
    let shown = |world: &mut World| -> Vec<usize> {
        let arriving = arriving(world, watcher, &sections, SECOND);
        (0..4).filter(|n| arriving[*n] > 0).collect()
    };
    assert_eq!(shown(&mut world), [0, 1], "who came first");

    speak(&mut world, people[3], -20);
    world.run(2 * SECOND);
    assert_eq!(shown(&mut world), [0, 3], "the speaker instead of who came last");
    speak(&mut world, people[3], -90);
    world.run(3 * SECOND);
    assert_eq!(shown(&mut world), [0, 3], "who spoke stays");

    world.set_subscription(watcher, sections[2].0, true, 2);
    world.run(SECOND);
    assert_eq!(shown(&mut world), [2, 3], "somebody pinned it");

    let peer = world.people[watcher].peer;
    let told: Vec<(usize, bool)> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::StreamStateChanged { peer: p, track, active } if *p == peer => {
                Some((sections.iter().position(|(t, _)| t == track).unwrap(), *active))
            }
            _ => None,
        })
        .collect();
    let mut paused = [false; 4];
    for (camera, active) in told {
        assert_ne!(paused[camera], !active, "told twice");
        paused[camera] = !active;
    }
    assert_eq!(paused, [true, true, false, false]);
    for (_, mid) in &sections[2..] {
        let received = world.people[watcher].subscriber.received(mid);
        // Packets of padding alone say that there is a stream.
        let first = received.iter().find(|p| !p.payload.is_empty()).unwrap();
        assert!(Picture::read(first).keyframe, "begins with a key frame");
        assert!(received.windows(2).all(|p| *p[1].seq_no == *p[0].seq_no + 1), "hole in {mid}");
    }
}

#[test]
fn a_screen_is_always_shown_and_takes_no_cameras_place() {
    let (mut world, people, watcher, mut sections) = room(3, |w, p| w.publish_camera(p, &[]));
    let screen = world.publish_screen(people[2]);
    let mid = world.watch(watcher, screen);
    sections.push((screen, mid));
    world.run(2 * SECOND);

    let arriving = arriving(&mut world, watcher, &sections, SECOND);

    assert!(arriving[0] > 40 && arriving[1] > 40 && arriving[2] == 0 && arriving[3] > 40, "{arriving:?}");
    // Somebody who arrives later is told, too.
    let late = world.join(world.room);
    world.watch(late, sections[2].0);
    let peer = world.people[late].peer;
    let told = Event::StreamStateChanged { peer, track: sections[2].0, active: false };
    assert!(world.events.contains(&told));
}
