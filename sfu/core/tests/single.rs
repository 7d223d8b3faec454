//! A client with one connection, which it offers: it sends and receives on it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::{Command, Kind, Reply, SignalTarget, TrackId, TransportState};
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// The tracks in an answer.
struct Answered {
    sdp: String,
    tracks: Vec<(String, TrackId)>,
    needs_offer: bool,
}

/// The client offers what it has changed, and applies the answer.
fn offers(world: &mut World, who: Who, restart_ice: bool) -> Answered {
    let offer = world.people[who].publisher.create_offer_with(restart_ice);
    let answered = asks(world, who, offer);
    world.people[who].publisher.accept_answer(&answered.sdp);
    answered
}

fn asks(world: &mut World, who: Who, sdp: String) -> Answered {
    let peer = world.people[who].peer;
    match world.request(|request| Command::AcceptOffer { request, peer, sdp }).unwrap() {
        Reply::Answer { sdp, tracks, needs_offer, .. } => Answered { sdp, tracks, needs_offer },
        other => panic!("not an answer: {other:?}"),
    }
}

/// Somebody with so many sections to receive in, connected.
fn joins(world: &mut World, audio: usize, video: usize) -> Who {
    let who = world.arrive_single(world.room);
    world.people[who].publisher.add_sections(audio, video);
    offers(world, who, false);
    world.run_until(|w| w.people[who].publisher.has_channel("_reliable"));
    who
}

fn requires(world: &mut World, who: Who) -> Reply {
    let peer = world.people[who].peer;
    world.request(|request| Command::RequireSections { request, peer }).unwrap()
}

fn publishes(world: &mut World, who: Who, kind: Kind) -> TrackId {
    match kind {
        Kind::Audio => world.people[who].publisher.add_microphone(),
        Kind::Video => world.people[who].publisher.add_camera(&[]),
    }
    let offer = world.people[who].publisher.create_offer();
    let peer = world.people[who].peer;
    let reply = world.request(|request| Command::AcceptOffer { request, peer, sdp: offer }).unwrap();
    let Reply::Answer { sdp, sections, .. } = reply else {
        panic!("no answer");
    };
    world.people[who].publisher.accept_answer(&sdp);
    let mid = sections.iter().rfind(|s| s.kind == kind && s.direction == "sendonly").unwrap().mid.clone();
    let track = TrackId::new(world.serial(), 0);
    world.command(Command::Publish { peer, track, mid, kind, is_screen: false, format: None });
    track
}

fn frames(world: &World, who: Who, mid: &str) -> usize {
    world.people[who].publisher.received(mid).len()
}

#[test]
fn two_clients_see_and_hear_each_other_on_one_connection_each() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 2, 2), joins(&mut world, 2, 2));
    let camera = publishes(&mut world, alice, Kind::Video);
    let microphone = publishes(&mut world, alice, Kind::Audio);
    let other_camera = publishes(&mut world, bob, Kind::Video);
    world.subscribe(bob, camera);
    world.subscribe(bob, microphone);
    world.subscribe(alice, other_camera);
    assert_eq!((world.negotiations_needed(bob), world.negotiations_needed(alice)), (1, 1));
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 0 });

    let bobs = offers(&mut world, bob, false);
    let alices = offers(&mut world, alice, false);
    world.run(3 * SECOND);

    assert!(!bobs.needs_offer && !alices.needs_offer);
    let mid = |answered: &Answered, track| answered.tracks.iter().find(|(_, t)| *t == track).unwrap().0.clone();
    assert!(frames(&world, bob, &mid(&bobs, camera)) > 60);
    assert!(frames(&world, bob, &mid(&bobs, microphone)) > 100);
    assert!(frames(&world, alice, &mid(&alices, other_camera)) > 60);
    for who in [alice, bob] {
        assert_eq!(world.states(who, SignalTarget::Publisher), [TransportState::Connected]);
        assert_eq!(world.states(who, SignalTarget::Subscriber), []);
    }
    assert!(bobs.sdp.contains(&format!("a=msid:PA_x|TR_{0} TR_{0}\r\n", camera.0)), "{}", bobs.sdp);
    assert_eq!(bobs.sdp.matches("a=inactive").count(), 2, "{}", bobs.sdp);
    assert_eq!(requires(&mut world, bob), Reply::NothingToOffer);
    assert!(world.create_offer(bob, false).is_err());
}

#[test]
fn sections_that_are_lacking_are_asked_for_once_and_used_when_they_come() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 1, 1), joins(&mut world, 1, 1));
    let tracks: Vec<TrackId> = (0..3).map(|_| publishes(&mut world, alice, Kind::Video)).collect();
    for track in &tracks {
        world.subscribe(bob, *track);
    }
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 2 });

    // An offer that was on its way has not got them yet.
    world.people[bob].publisher.add_microphone();
    let early = offers(&mut world, bob, false);
    assert_eq!((early.tracks.len(), early.needs_offer), (1, false));
    assert_eq!(requires(&mut world, bob), Reply::NothingToOffer);
    world.people[bob].publisher.add_sections(0, 2);
    let late = offers(&mut world, bob, false);
    world.run(2 * SECOND);

    assert_eq!((late.tracks.len(), late.needs_offer), (3, false));
    for (mid, _) in &late.tracks {
        assert!(frames(&world, bob, mid) > 30, "nothing in {mid}");
    }
}

#[test]
fn a_section_carries_another_track_after_it_was_said_to_be_empty() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let (first, second) = (publishes(&mut world, alice, Kind::Video), publishes(&mut world, alice, Kind::Video));
    world.subscribe(bob, first);
    let mid = offers(&mut world, bob, false).tracks[0].0.clone();
    world.run(SECOND);
    let ssrc = |sdp: &str| sdp.lines().filter(|l| l.starts_with("a=ssrc:")).map(str::to_owned).next();
    let before = frames(&world, bob, &mid);
    assert!(before > 15);

    world.unwatch(bob, first);
    world.subscribe(bob, second);
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 0 });
    let emptied = offers(&mut world, bob, false);
    assert!(emptied.tracks.is_empty() && emptied.needs_offer);
    // But for the name of its stream: a client would not show what comes back under an SSRC that
    // was gone.
    assert!(ssrc(&emptied.sdp).is_some() && !emptied.sdp.contains("msid:PA_"));
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 0 });
    let filled = offers(&mut world, bob, false);
    assert_eq!(filled.tracks, [(mid.clone(), second)]);
    world.run(SECOND);

    assert!(frames(&world, bob, &mid) > before + 15);
    let packets = world.people[bob].publisher.received(&mid);
    // One stream all along: no number is used twice.
    assert!(packets.windows(2).all(|pair| *pair[0].seq_no < *pair[1].seq_no));
    assert!(packets.iter().all(|p| p.header.ssrc == packets[0].header.ssrc));
}

#[test]
fn an_ice_restart_keeps_what_flows_and_asks_again_for_what_may_have_been_lost() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let (first, second) = (publishes(&mut world, alice, Kind::Video), publishes(&mut world, alice, Kind::Video));
    world.subscribe(bob, first);
    let mid = offers(&mut world, bob, false).tracks[0].0.clone();
    world.subscribe(bob, second);
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 1 });

    let restarted = offers(&mut world, bob, true);
    world.run(SECOND);
    assert!(restarted.needs_offer);
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 1 });
    let before = frames(&world, bob, &mid);
    world.run(SECOND);

    assert!(frames(&world, bob, &mid) > before + 15);
    assert_eq!(world.states(bob, SignalTarget::Publisher), [TransportState::Connected]);
}

#[test]
fn a_section_that_an_answer_freed_is_not_used_in_the_answer_to_a_restart() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let (first, second) = (publishes(&mut world, alice, Kind::Video), publishes(&mut world, alice, Kind::Video));
    world.subscribe(bob, first);
    offers(&mut world, bob, false);
    world.unwatch(bob, first);
    offers(&mut world, bob, false);
    world.subscribe(bob, second);

    let restarted = offers(&mut world, bob, true);
    assert!(restarted.tracks.is_empty() && restarted.needs_offer);
    assert_eq!(offers(&mut world, bob, false).tracks.len(), 1);
}

#[test]
fn what_a_client_no_longer_receives_in_waits_for_another_section() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let camera = publishes(&mut world, alice, Kind::Video);
    world.subscribe(bob, camera);
    let mid = offers(&mut world, bob, false).tracks[0].0.clone();
    world.run(SECOND);

    world.people[bob].publisher.stop_receiving(&mid);
    let stopped = offers(&mut world, bob, false);

    assert!(stopped.tracks.is_empty() && stopped.needs_offer);
    assert_eq!(requires(&mut world, bob), Reply::SectionsRequired { audio: 0, video: 1 });
    world.people[bob].publisher.add_sections(0, 1);
    let other = offers(&mut world, bob, false).tracks[0].0.clone();
    world.run(SECOND);
    assert_ne!(other, mid);
    assert!(frames(&world, bob, &other) > 15);
}

#[test]
fn lost_video_is_sent_again_and_a_key_frame_asked_for_on_the_same_connection() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let camera = publishes(&mut world, alice, Kind::Video);
    publishes(&mut world, bob, Kind::Video);
    world.subscribe(bob, camera);
    let mid = offers(&mut world, bob, false).tracks[0].0.clone();
    world.run(SECOND);
    let to_bob = world.people[bob].publisher.address;
    let mut count = 0;
    world.deliver = Box::new(move |to, datagram| {
        let is_media = to == to_bob && datagram[0] >> 6 == 2 && !(192..=223).contains(&datagram[1]);
        count += usize::from(is_media);
        !(is_media && count % 20 == 0)
    });
    let asked = world.people[alice].publisher.keyframe_requests.len();
    world.people[bob].publisher.request_keyframe(&mid);

    world.run(4 * SECOND);

    assert!(world.people[alice].publisher.keyframe_requests.len() > asked);
    let numbers: Vec<u64> = world.people[bob].publisher.received(&mid).iter().map(|p| *p.seq_no).collect();
    let (missing, last) =
        numbers.windows(2).fold((0, 0), |(missing, _), pair| (missing + pair[1] - pair[0] - 1, pair[1]));
    assert!(last > 100);
    // But for the end, where the repair is under way.
    assert!(missing <= 2, "{missing} of {last} are missing");
}

#[test]
fn data_goes_both_ways_on_the_channels_the_client_opened() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 0), world.join(world.room));
    let peer = world.people[alice].peer;

    world.send_data(&[alice, bob], true, b"hello");
    world.send_data(&[alice], false, b"quick");
    world.people[alice].publisher.send("_reliable", b"from alice");
    world.run(SECOND);

    let heard = &world.people[alice].publisher.messages;
    assert!(heard.contains(&("_reliable".to_owned(), b"hello".to_vec())));
    assert!(heard.contains(&("_lossy".to_owned(), b"quick".to_vec())));
    assert!(world.events.iter().any(|e| matches!(
        e,
        moothall_sfu_core::Event::DataReceived { peer: from, reliable: true, payload } if *from == peer && payload == b"from alice"
    )));
}

#[test]
fn clients_with_one_and_with_two_connections_meet() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), world.join(room));
    let from_alice = publishes(&mut world, alice, Kind::Video);
    let from_bob = world.publish_camera(bob, &[]);
    let mid = world.watch(bob, from_alice);
    world.subscribe(alice, from_bob);
    let answered = offers(&mut world, alice, false);
    world.run(2 * SECOND);

    assert!(world.people[bob].subscriber.received(&mid).len() > 30);
    assert!(frames(&world, alice, &answered.tracks[0].0) > 30);
    assert_eq!(answered.tracks[0].1, from_bob);
}

#[test]
fn a_peer_that_panics_or_leaves_takes_its_one_transport_with_it() {
    let mut world = World::new();
    world.add_room();
    let (alice, bob) = (joins(&mut world, 0, 1), joins(&mut world, 0, 1));
    let camera = publishes(&mut world, alice, Kind::Video);
    world.subscribe(bob, camera);
    offers(&mut world, bob, false);
    world.run(SECOND);

    let peer = world.people[bob].peer;
    world.command(Command::PanicPeer { peer });
    world.run(SECOND);
    assert_eq!(world.shard.counters().peers, 1);
    let peer = world.people[alice].peer;
    world.command(Command::RemovePeer { peer });
    world.run(SECOND);
    assert_eq!((world.shard.counters().peers, world.shard.counters().tracks), (0, 0));
}
