//! Offers and answers, one at a time, and what happens when one is lost.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::{Kind, NegotiationError, Reply};
use support::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_answer_accepts_what_we_forward_and_nothing_else() {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.arrive(room);
    let offer = include_str!("fixtures/chromium_offer.sdp");

    let (answer, sections) = world.accept_offer(alice, offer.to_owned()).unwrap();

    assert_eq!(sections.len(), 2);
    assert_eq!((sections[0].kind, sections[0].direction), (Kind::Audio, "sendonly"));
    assert_eq!((sections[1].kind, sections[1].rids.len()), (Kind::Video, 3));
    assert!(!sections[0].cid.is_empty() && !sections[1].cid.is_empty());
    for needed in [
        "a=ice-lite",
        "a=setup:passive",
        " typ host",
        // Browsers send redundancy only where it is named before what it repeats.
        "UDP/TLS/RTP/SAVPF 63 111 0 8\r\n",
        "opus/48000/2",
        "red/48000/2",
        "VP8/90000",
        "H264/90000",
        "VP9/90000",
        "AV1/90000",
        "PCMU/8000",
        "PCMA/8000",
        "rtx/90000",
        "a=simulcast:recv q;h;f",
        "transport-wide-cc",
        "ssrc-audio-level",
        "repaired-rtp-stream-id",
        "webrtc-datachannel",
    ] {
        assert!(answer.contains(needed), "no {needed} in {answer}");
    }
    for unwanted in ["ulpfec", "telephone-event"] {
        assert!(!answer.contains(unwanted), "{unwanted} in {answer}");
    }
}

/// The protocols of the candidates in a description, sorted.
fn carriers(sdp: &str) -> Vec<&str> {
    let mut found: Vec<&str> =
        sdp.lines().filter_map(|l| l.strip_prefix("a=candidate:")?.split(' ').nth(2)).map(str::trim).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn who_is_to_use_tcp_is_told_of_nothing_else() {
    let mut world = World::new();
    let room = world.add_room();
    for (tcp_only, told) in [(false, vec!["tcp", "udp"]), (true, vec!["tcp"])] {
        world.tcp_only = tcp_only;
        let (pair, single) = (world.arrive(room), world.arrive_single(room));
        let Ok(Reply::Offer { sdp: offer, .. }) = world.create_offer(pair, false) else {
            panic!("no offer");
        };
        let theirs = include_str!("fixtures/chromium_offer.sdp");
        let (answer, _) = world.accept_offer(pair, theirs.to_owned()).unwrap();
        let (single, _) = world.accept_offer(single, theirs.to_owned()).unwrap();

        for sdp in [offer, answer, single] {
            assert_eq!(carriers(&sdp), told, "{sdp}");
        }
    }
}

#[test]
fn an_offer_names_streams_as_signalling_asked() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let microphone = world.publish_microphone(alice);
    world.subscribe(bob, microphone);

    let Ok(Reply::Offer { sdp, tracks }) = world.create_offer(bob, false) else {
        panic!("no offer");
    };

    assert!(sdp.contains(&format!("a=msid:PA_x|TR_{0} TR_{0}\r\n", microphone.0)), "{sdp}");
    assert!(sdp.contains("a=sendonly") && sdp.contains("webrtc-datachannel"));
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].1, microphone);
}

#[test]
fn only_one_offer_is_open_and_changes_meanwhile_ask_for_another() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let microphone = world.publish_microphone(alice);
    let camera = world.publish_camera(alice, &[]);
    world.subscribe(bob, microphone);
    assert_eq!(world.negotiations_needed(bob), 1);
    let Ok(Reply::Offer { sdp, .. }) = world.create_offer(bob, false) else {
        panic!("no offer");
    };

    world.subscribe(bob, camera);
    assert_eq!(world.create_offer(bob, false), Err(NegotiationError::OfferIsOpen));
    assert_eq!(world.negotiations_needed(bob), 1);
    let answer = world.people[bob].subscriber.accept_offer(&sdp);
    world.accept_answer(bob, answer).unwrap();

    assert_eq!(world.negotiations_needed(bob), 2);
    assert_eq!(world.negotiate_subscriber(bob).len(), 2);
    assert_eq!(world.create_offer(bob, false), Ok(Reply::NothingToOffer));
}

#[test]
fn an_offer_that_never_arrived_is_made_again() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let camera = world.publish_camera(alice, &["q", "h"]);
    world.subscribe(bob, camera);
    assert!(matches!(world.create_offer(bob, false), Ok(Reply::Offer { .. })));

    // Lost on the way. The client resumes.
    let tracks = world.negotiate_subscriber_with(bob, true);
    world.run(2 * SECOND);

    assert_eq!(tracks.len(), 1);
    assert!(world.people[bob].subscriber.received(&tracks[0].0).len() > 40);
}

#[test]
fn a_refused_answer_gives_the_offer_up_and_asks_again() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let camera = world.publish_camera(alice, &[]);
    world.subscribe(bob, camera);
    assert!(matches!(world.create_offer(bob, false), Ok(Reply::Offer { .. })));

    assert!(world.accept_answer(bob, "v=0\r\nnonsense".into()).is_err());

    assert_eq!(world.negotiations_needed(bob), 2);
    let tracks = world.negotiate_subscriber(bob);
    world.run(2 * SECOND);
    assert!(world.people[bob].subscriber.received(&tracks[0].0).len() > 40);
}

#[test]
fn an_answer_without_an_offer_is_refused() {
    let mut world = World::new();
    let room = world.add_room();
    let bob = world.join(room);

    assert_eq!(world.accept_answer(bob, "v=0".into()), Err(NegotiationError::NoOpenOffer));
}

#[test]
fn a_section_carries_another_track_only_after_an_offer_said_it_carries_none() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let first = world.publish_camera(alice, &[]);
    let second = world.publish_camera(alice, &[]);
    let third = world.publish_camera(alice, &[]);
    let used = world.watch(bob, first);

    // Exchanged in one offer: a client would take the second track for the first.
    world.unwatch(bob, first);
    let other = world.watch(bob, second);
    assert_ne!(other, used);

    // That offer said that the first section is free, and it was answered.
    assert_eq!(world.watch(bob, third), used);
    world.run(SECOND);
    for mid in [other, used] {
        assert!(world.people[bob].subscriber.received(&mid).len() > 10, "nothing in {mid}");
    }
}

#[test]
fn a_section_that_was_free_in_an_offer_that_was_never_answered_is_not_used_yet() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let first = world.publish_camera(alice, &[]);
    let second = world.publish_camera(alice, &[]);
    let used = world.watch(bob, first);

    world.unwatch(bob, first);
    assert!(matches!(world.create_offer(bob, false), Ok(Reply::Offer { .. })));
    // The client may know of the lost offer or not, so this one has to be safe either way.
    world.subscribe(bob, second);
    let tracks = world.negotiate_subscriber_with(bob, true);

    assert_eq!(tracks.len(), 1);
    assert_ne!(tracks[0].0, used);
}
