//! Forwarding to a subscriber: one continuous stream from any number of layers and tracks.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use moothall_sfu_core::{Command, Event, SignalTarget, TransportState};
use str0m::rtp::RtpPacket;
use support::media::Picture;
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// Numbers without a hole, timestamps that advance with the frames, picture ids that count the
/// frames, and every stretch of a layer starting with a key frame.
fn assert_continuous(packets: &[&RtpPacket]) {
    assert!(packets.len() > 10, "only {} packets", packets.len());
    for pair in packets.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (old, new) = (Picture::read(a), Picture::read(b));
        assert_eq!(*b.seq_no, *a.seq_no + 1, "hole in the numbering");
        let ticks = b.header.timestamp.wrapping_sub(a.header.timestamp);
        if new.starts {
            assert_eq!(new.id, (old.id + 1) & 0x7fff, "picture id jumped");
            assert_eq!(new.tl0, old.tl0.wrapping_add(1), "TL0PICIDX jumped");
            assert!(ticks > 0 && ticks < 90 * 1500, "timestamp advanced by {ticks}");
            assert!(new.layer == old.layer || new.keyframe, "switched without a key frame");
        } else {
            assert_eq!((new.id, new.tl0, ticks), (old.id, old.tl0, 0), "frame fell apart");
        }
    }
    assert!(Picture::read(packets[0]).keyframe, "does not start with a key frame");
}

fn layers(packets: &[&RtpPacket]) -> Vec<u8> {
    let mut layers: Vec<u8> = packets.iter().map(|p| Picture::read(p).layer).collect();
    layers.dedup();
    layers
}

fn two_people() -> (World, Who, Who) {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    (world, alice, bob)
}

#[test]
fn subscriber_receives_the_best_layer_as_one_stream() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &["q", "h", "f"]);
    let mid = world.watch(bob, camera);

    world.run(4 * SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert_continuous(&received);
    assert_eq!(layers(&received).last(), Some(&2));
    let live: Vec<String> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::TrackLive { track, rid, mime } if *track == camera && *mime == "video/VP8" => Some(rid.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(live.len(), 3, "each layer once: {live:?}");
    assert!(["q", "h", "f"].iter().all(|rid| live.iter().any(|l| l == rid)), "{live:?}");
}

#[test]
fn every_wish_for_another_layer_is_a_clean_switch() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &["q", "h", "f"]);
    let mid = world.watch(bob, camera);
    world.run(2 * SECOND);

    for wanted in [0, 2, 1, 0, 1, 2] {
        world.set_subscription(bob, camera, true, wanted);
        world.run(SECOND);
        let received = world.people[bob].subscriber.received(&mid);
        assert_eq!(layers(&received).last(), Some(&wanted));
        assert_continuous(&received);
    }
}

#[test]
fn a_layer_that_stops_is_replaced_by_the_next_lower_and_taken_again_when_it_returns() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &["q", "h", "f"]);
    let mid = world.watch(bob, camera);
    world.run(2 * SECOND);

    world.people[alice].publisher.cameras[0].layers[2].is_off = true;
    world.run(3 * SECOND);
    let received = world.people[bob].subscriber.received(&mid);
    assert_eq!(layers(&received).last(), Some(&1));

    world.people[alice].publisher.cameras[0].layers[2].is_off = false;
    world.run(2 * SECOND);
    let received = world.people[bob].subscriber.received(&mid);
    assert_eq!(layers(&received).last(), Some(&2));
    let ticks = received.windows(2).map(|p| p[1].header.timestamp.wrapping_sub(p[0].header.timestamp)).max();
    assert!(ticks < Some(90 * 2500), "time jumped by {ticks:?}");
    assert!(received.windows(2).all(|p| *p[1].seq_no == *p[0].seq_no + 1));
}

#[test]
fn a_muted_track_is_not_forwarded_and_returns_with_a_keyframe() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    let mid = world.watch(bob, camera);
    world.run(SECOND);

    world.command(Command::SetMuted { track: camera, muted: true });
    world.step();
    let before = world.people[bob].subscriber.received(&mid).len();
    world.run(SECOND);
    assert_eq!(world.people[bob].subscriber.received(&mid).len(), before);

    world.command(Command::SetMuted { track: camera, muted: false });
    world.run(SECOND);
    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.len() > before + 10);
    assert!(Picture::read(received[before]).keyframe);
    assert_eq!(*received[before].seq_no, *received[before - 1].seq_no + 1);
}

#[test]
fn a_disabled_subscription_pauses_for_one_subscriber_only() {
    let (mut world, alice, bob) = two_people();
    let room = world.add_room();
    assert!(world.shard.counters().rooms == 2, "{room:?} is another room");
    let camera = world.publish_camera(alice, &["q", "h"]);
    let mid = world.watch(bob, camera);
    world.run(SECOND);

    world.set_subscription(bob, camera, false, 2);
    world.step();
    let before = world.people[bob].subscriber.received(&mid).len();
    world.run(SECOND);
    assert_eq!(world.people[bob].subscriber.received(&mid).len(), before);

    world.set_subscription(bob, camera, true, 0);
    world.run(SECOND);
    let received = world.people[bob].subscriber.received(&mid);
    assert_continuous(&received);
    // Which layer is heard of first, and so shown first, is chance; the high one is shown until the
    // pause, the low one after it.
    assert!(layers(&received).ends_with(&[1, 0]), "{:?}", layers(&received));
}

#[test]
fn audio_is_forwarded_to_everyone_else_and_measured() {
    let mut world = World::new();
    let room = world.add_room();
    let people: Vec<Who> = (0..3).map(|_| world.join(room)).collect();
    let microphone = world.publish_microphone(people[0]);
    let mids: Vec<String> = people[1..].iter().map(|p| world.watch(*p, microphone)).collect();

    world.run(2 * SECOND);

    for (who, mid) in people[1..].iter().zip(&mids) {
        let received = world.people[*who].subscriber.received(mid);
        assert!(received.len() > 90, "only {}", received.len());
        for pair in received.windows(2) {
            assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
            assert_eq!(pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp), 960);
        }
    }
    let levels = || {
        world.events.iter().filter_map(|e| match e {
            Event::LevelsMeasured { room: r, levels } if *r == room => Some(levels.clone()),
            _ => None,
        })
    };
    assert!(levels().count() >= 4);
    let last = levels().next_back().unwrap();
    assert_eq!(last[0].0, microphone);
    assert!((last[0].1 - 0.1).abs() < 0.01, "{last:?}");

    world.people[people[0]].publisher.microphones[0].dbov = -90;
    world.events.clear();
    world.run(4 * SECOND);
    let falling: Vec<usize> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::LevelsMeasured { levels, .. } => Some(levels.len()),
            _ => None,
        })
        .collect();
    assert_eq!(falling.last(), Some(&0), "one last empty list: {falling:?}");
    assert_eq!(falling.iter().filter(|n| **n == 0).count(), 1);
}

#[test]
fn lost_packets_are_sent_again() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    let mid = world.watch(bob, camera);
    world.run(SECOND);

    // One large datagram in ten to Bob is lost: video, as nothing else of that size is sent.
    let (to, mut count) = (world.people[bob].subscriber.address, 0);
    world.deliver = Box::new(move |destination, datagram| {
        count += usize::from(destination == to && datagram.len() > 500);
        destination != to || datagram.len() <= 500 || count % 10 != 0
    });
    world.run(3 * SECOND);
    world.deliver = Box::new(|_, _| true);
    world.run(SECOND);

    assert_continuous(&world.people[bob].subscriber.received(&mid));
}

#[test]
fn what_is_sent_again_is_counted_as_sent() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    world.watch(bob, camera);
    let (address, sent) = (world.people[bob].subscriber.address, Rc::new(Cell::new((0u64, 0u64))));
    let seen = sent.clone();
    world.deliver = Box::new(move |to, datagram| {
        let (bytes, packets) = seen.get();
        let is_media = to == address && datagram[0] >> 6 == 2 && !(192..=223).contains(&datagram[1]);
        if is_media {
            seen.set((bytes + datagram.len() as u64, packets + 1));
        }
        !is_media || packets % 4 != 0
    });
    let peer = world.people[bob].peer;
    let mut last = (0, 0);
    for _ in 0..4000 {
        let before = sent.get().0;
        world.events.clear();
        world.step();
        let of_bob = |e: &Event| match e {
            Event::StatsMeasured { peer: p, stats } if *p == peer => Some(stats.tx_bytes),
            _ => None,
        };
        if let Some(told) = world.events.iter().find_map(of_bob) {
            last = (told, before);
        }
    }
    let (told, on_the_wire) = last;
    assert!(on_the_wire > 300_000 && told >= on_the_wire, "told of {told} of {on_the_wire} bytes");
}

#[test]
fn who_asks_for_everything_again_gets_no_more_than_twice_as_much() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    world.watch(bob, camera);
    world.run(SECOND);
    let to = world.people[bob].subscriber.address;
    let (sent, lose) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(true)));
    let (count, losing) = (sent.clone(), lose.clone());
    // Nothing but every fiftieth packet arrives, so that the rest is asked for again and again.
    world.deliver = Box::new(move |destination, datagram| {
        let is_video = destination == to && datagram.len() > 500;
        count.set(count.get() + usize::from(is_video));
        !is_video || !losing.get() || count.get() % 50 == 0
    });

    world.run(10 * SECOND);

    // 25 frames of two packets a second, and an allowance to begin with.
    let (allowance, packet) = (100_000, 600);
    assert!(sent.get() > 600, "nothing was sent again: {}", sent.get());
    assert!(sent.get() <= 2 * 10 * 50 + allowance / packet, "{}", sent.get());
}

#[test]
fn sender_reports_put_all_streams_of_a_publisher_on_one_clock() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &["q", "h"]);
    let microphone = world.publish_microphone(alice);
    let mids = [world.watch(bob, camera), world.watch(bob, microphone)];
    world.run(4 * SECOND);

    // The time of capture of the newest packet of each, by the reports.
    let captured = mids.map(|mid| {
        let received = world.people[bob].subscriber.received(&mid);
        let packet = received.last().unwrap();
        let report = packet.last_sender_info.as_ref().expect("a sender report");
        let ticks = packet.time.numer() as f64 - report.rtp_time.numer() as f64;
        let seconds = ticks / f64::from(packet.time.frequency().get());
        let ntp = report.ntp_time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!(report.sender_packet_count > 50 && report.sender_octet_count > 0);
        (ntp + seconds, packet.timestamp)
    });

    let arrived = captured[1].1.duration_since(captured[0].1).as_secs_f64()
        - captured[0].1.duration_since(captured[1].1).as_secs_f64();
    let apart = captured[1].0 - captured[0].0 - arrived;
    assert!(apart.abs() < 0.045, "sound and picture are {apart} s apart");
}

#[test]
fn what_a_subscriber_loses_and_how_far_it_is_are_measured() {
    let (mut world, alice, bob) = two_people();
    let microphone = world.publish_microphone(alice);
    world.watch(bob, microphone);
    let (to, mut count) = (world.people[bob].subscriber.address, 0);
    // One packet in five of the sound, which nobody asks for again.
    world.deliver = Box::new(move |destination, datagram| {
        let is_rtp = destination == to && datagram[0] & 0xC0 == 0x80 && !(192..=223).contains(&datagram[1]);
        count += usize::from(is_rtp);
        !is_rtp || count % 5 != 0
    });
    world.run(12 * SECOND);

    let peer = world.people[bob].peer;
    let stats = world.events.iter().rev().find_map(|e| match e {
        Event::StatsMeasured { peer: p, stats } if *p == peer => Some(*stats),
        _ => None,
    });
    let stats = stats.expect("statistics");
    assert!((0.1..0.35).contains(&stats.loss), "{stats:?}");
    assert!(stats.rtt_ms < 20.0, "{stats:?}");
    assert!(stats.tx_bytes > 10_000 && stats.rx_bytes > 0, "{stats:?}");
}

#[test]
fn keyframes_are_requested_once_per_interval_however_many_ask() {
    let mut world = World::new();
    let room = world.add_room();
    let people: Vec<Who> = (0..5).map(|_| world.join(room)).collect();
    let camera = world.publish_camera(people[0], &[]);
    let mids: Vec<String> = people[1..].iter().map(|p| world.watch(*p, camera)).collect();
    world.run(3 * SECOND);
    world.people[people[0]].publisher.keyframe_requests.clear();

    for _ in 0..20 {
        for (who, mid) in people[1..].iter().zip(&mids) {
            world.people[*who].subscriber.request_keyframe(mid);
        }
        world.run(Duration::from_millis(100));
    }

    let requests = &world.people[people[0]].publisher.keyframe_requests;
    assert!((3..=5).contains(&requests.len()), "{} requests in two seconds", requests.len());
    assert!(requests.windows(2).all(|r| r[1].0 - r[0].0 >= Duration::from_millis(490)));
}

#[test]
fn a_used_section_is_used_again_and_its_numbers_go_on() {
    let (mut world, alice, bob) = two_people();
    let first = world.publish_camera(alice, &["q", "h"]);
    let mid = world.watch(bob, first);
    world.run(SECOND);
    world.unwatch(bob, first);
    world.negotiate_subscriber(bob);
    let before = world.people[bob].subscriber.received(&mid).len();
    world.run(SECOND);
    assert_eq!(world.people[bob].subscriber.received(&mid).len(), before);

    let second = world.publish_camera(alice, &[]);
    assert_eq!(world.watch(bob, second), mid);
    world.run(SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.len() > before + 10);
    assert_eq!(*received[before].seq_no, *received[before - 1].seq_no + 1);
    assert!(Picture::read(received[before]).keyframe);
}

#[test]
fn a_track_that_ends_asks_its_subscribers_to_negotiate() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &[]);
    world.watch(bob, camera);
    world.events.clear();

    world.command(Command::Unpublish { track: camera });

    assert_eq!(world.negotiations_needed(bob), 1);
    assert_eq!(world.shard.counters().tracks, 0);
    assert_eq!(world.negotiate_subscriber(bob), []);
}

#[test]
fn rooms_do_not_mix() {
    let mut world = World::new();
    let (here, there) = (world.add_room(), world.add_room());
    let (alice, mallory) = (world.join(here), world.join(there));
    let camera = world.publish_camera(alice, &[]);

    world.subscribe(mallory, camera);
    world.run(SECOND);

    assert_eq!(world.negotiations_needed(mallory), 0);
    assert_eq!(world.people[mallory].subscriber.packets.len(), 0);
}

#[test]
fn media_goes_on_through_ice_restarts_of_both_connections() {
    let (mut world, alice, bob) = two_people();
    let camera = world.publish_camera(alice, &["q", "h"]);
    let mid = world.watch(bob, camera);
    world.run(2 * SECOND);

    let offer = world.people[alice].publisher.create_offer_with(true);
    let (answer, _) = world.accept_offer(alice, offer).unwrap();
    world.people[alice].publisher.accept_answer(&answer);
    world.run(2 * SECOND);
    world.negotiate_subscriber_with(bob, true);
    let before = world.people[bob].subscriber.received(&mid).len();
    world.run(3 * SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.len() > before + 100, "{} then {}", before, received.len());
    assert!(received.windows(2).all(|p| *p[1].seq_no == *p[0].seq_no + 1));
    assert_eq!(world.states(bob, SignalTarget::Subscriber), [TransportState::Connected]);
}
