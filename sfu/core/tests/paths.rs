//! Paths of clients: checks that come early, and clients that move.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use moothall_sfu_core::{Reply, TransportState};
use support::stun::{Check, answers};
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// The ICE attributes of a description.
fn credentials(sdp: &str) -> (String, String) {
    let value = |name: &str| sdp.lines().find_map(|l| l.strip_prefix(name)).unwrap().to_owned();
    (value("a=ice-ufrag:"), value("a=ice-pwd:"))
}

fn offer(world: &mut World, who: Who) -> String {
    match world.create_offer(who, false) {
        Ok(Reply::Offer { sdp, .. }) => sdp,
        other => panic!("no offer: {other:?}"),
    }
}

/// Datagrams and where they went.
type Wire = Rc<RefCell<Vec<(SocketAddr, Vec<u8>)>>>;

/// Everything sent to anybody from now on.
fn watch_wire(world: &mut World) -> Wire {
    let wire = Rc::new(RefCell::new(Vec::new()));
    let seen = wire.clone();
    world.deliver = Box::new(move |to, bytes| {
        seen.borrow_mut().push((to, bytes.to_vec()));
        true
    });
    wire
}

/// The first record of a handshake, enough to be taken for DTLS.
fn client_hello() -> Vec<u8> {
    let mut record = vec![22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50];
    record.resize(63, 1);
    record
}

#[test]
fn a_check_that_comes_before_the_answer_counts_as_soon_as_the_answer_is_here() {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.arrive(room);
    let sdp = offer(&mut world, alice);
    let (ufrag, password) = credentials(&sdp);
    let answer = world.people[alice].subscriber.accept_offer(&sdp);
    let (own_ufrag, _) = credentials(&answer);
    let address = world.people[alice].subscriber.address;
    let wire = watch_wire(&mut world);
    let check = Check { id: 1, ufrag: &ufrag, password: &password, own_ufrag: &own_ufrag, nominates: true };
    world.arrives(address, &check.encode());
    assert!(wire.borrow().is_empty());

    assert_eq!(world.accept_answer(alice, answer), Ok(Reply::AnswerAccepted));

    assert!(wire.borrow().iter().any(|(to, bytes)| *to == address && answers(bytes, 1)));
    world.arrives(address, &client_hello());
    assert_eq!(world.shard.counters().dropped_unknown_source, 0);
}

#[test]
fn early_checks_prove_nothing_without_the_password_or_for_another_client() {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.arrive(room);
    let sdp = offer(&mut world, alice);
    let (ufrag, password) = credentials(&sdp);
    let answer = world.people[alice].subscriber.accept_offer(&sdp);
    let (own_ufrag, _) = credentials(&answer);
    let stranger = SocketAddr::from(([192, 0, 2, 66], 6666));
    let guess = Check { id: 1, ufrag: &ufrag, password: "guessed", own_ufrag: &own_ufrag, nominates: true };
    let other = Check { id: 2, ufrag: &ufrag, password: &password, own_ufrag: "someone", nominates: true };
    for check in [guess, other] {
        world.arrives(stranger, &check.encode());
    }
    let wire = watch_wire(&mut world);

    assert_eq!(world.accept_answer(alice, answer), Ok(Reply::AnswerAccepted));
    world.arrives(stranger, &client_hello());

    assert!(wire.borrow().iter().all(|(to, _)| *to != stranger));
    // The guess and the handshake.
    assert_eq!(world.shard.counters().dropped_unknown_source, 2);
}

#[test]
fn media_follows_the_client_to_the_path_it_nominates_last() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.arrive(room));
    let camera = world.publish_camera(alice, &[]);
    world.subscribe(bob, camera);
    let sdp = offer(&mut world, bob);
    let (ufrag, password) = credentials(&sdp);
    let answer = world.people[bob].subscriber.accept_offer(&sdp);
    let (own_ufrag, _) = credentials(&answer);
    world.accept_answer(bob, answer).unwrap();
    world.run(SECOND);
    let (before, after) = (world.people[bob].subscriber.address, SocketAddr::from(([198, 51, 100, 9], 4_000)));
    let wire = watch_wire(&mut world);
    world.run(SECOND);
    assert!(media_to(&wire.borrow(), before) > 20 && media_to(&wire.borrow(), after) == 0);
    wire.borrow_mut().clear();

    let check =
        |id, nominates| Check { id, ufrag: &ufrag, password: &password, own_ufrag: &own_ufrag, nominates }.encode();
    world.arrives(after, &check(1, false));
    world.run(SECOND);
    assert!(media_to(&wire.borrow(), before) > 20 && media_to(&wire.borrow(), after) == 0);
    wire.borrow_mut().clear();

    world.arrives(after, &check(2, true));
    // A client at the old address cannot take the media back without the password.
    let forged = Check { id: 3, ufrag: &ufrag, password: "guessed", own_ufrag: &own_ufrag, nominates: true };
    world.arrives(before, &forged.encode());
    world.people[bob].subscriber.is_mute = true;
    world.run(SECOND);

    assert!(media_to(&wire.borrow(), after) > 20 && media_to(&wire.borrow(), before) == 0);
    assert_eq!(world.states(bob, moothall_sfu_core::SignalTarget::Subscriber), [TransportState::Connected]);
}

fn media_to(wire: &[(SocketAddr, Vec<u8>)], address: SocketAddr) -> usize {
    let is_rtp = |bytes: &[u8]| bytes[0] & 0xC0 == 0x80 && !(192..=223).contains(&bytes[1]);
    wire.iter().filter(|(to, bytes)| *to == address && is_rtp(bytes)).count()
}

#[test]
fn nobody_takes_the_address_of_somebody_who_is_there() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, mallory) = (world.join(room), world.arrive(room));
    let camera = world.publish_camera(alice, &[]);
    let bob = world.join(room);
    let mid = world.watch(bob, camera);
    let sdp = offer(&mut world, mallory);
    let (ufrag, password) = credentials(&sdp);
    let answer = world.people[mallory].subscriber.accept_offer(&sdp);
    let (own_ufrag, _) = credentials(&answer);
    world.accept_answer(mallory, answer).unwrap();
    world.run(SECOND);
    let victim = world.people[alice].publisher.address;

    // Her own credentials, somebody else's address.
    for id in 0..20 {
        let check = Check { id, ufrag: &ufrag, password: &password, own_ufrag: &own_ufrag, nominates: id % 2 == 1 };
        world.arrives(victim, &check.encode());
    }
    let before = world.people[bob].subscriber.received(&mid).len();
    // Less than Alice needs to check again.
    world.run(SECOND / 2);

    assert!(world.people[bob].subscriber.received(&mid).len() > before + 20);
}
