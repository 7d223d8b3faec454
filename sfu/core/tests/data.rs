//! Messages over the data channels.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::{Event, SignalTarget, TransportState};
use support::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn messages_go_up_and_down_on_both_channels() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob, carol) = (world.join(room), world.join(room), world.join(room));
    let big = vec![7u8; 60_000];

    world.people[alice].publisher.send("_reliable", &big);
    world.people[alice].publisher.send("_lossy", b"soon");
    world.run(SECOND);
    let data: Vec<(bool, usize)> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::DataReceived { peer, reliable, payload } if *peer == world.people[alice].peer => {
                Some((*reliable, payload.len()))
            }
            _ => None,
        })
        .collect();
    assert!(data.contains(&(true, 60_000)) && data.contains(&(false, 4)), "{data:?}");

    world.send_data(&[bob, carol], true, &big);
    world.send_data(&[carol], false, b"now");
    world.run(SECOND);
    assert_eq!(world.people[bob].subscriber.messages, [("_reliable".to_owned(), big.clone())]);
    assert_eq!(world.people[carol].subscriber.messages.len(), 2);
    assert!(world.people[alice].subscriber.messages.is_empty());
}

#[test]
fn reliable_messages_keep_their_order_when_the_channel_is_full() {
    let mut world = World::new();
    let room = world.add_room();
    let bob = world.join(room);

    // More than the send buffer holds, less than may wait.
    for n in 0..50u8 {
        world.send_data(&[bob], true, &vec![n; 60_000]);
    }
    world.run_until(|w| w.people[bob].subscriber.messages.len() == 50);

    let order: Vec<u8> = world.people[bob].subscriber.messages.iter().map(|(_, m)| m[0]).collect();
    assert_eq!(order, (0..50).collect::<Vec<u8>>());
}

#[test]
fn messages_before_the_channel_is_open_wait_for_it() {
    let mut world = World::new();
    let room = world.add_room();
    let bob = world.arrive(room);
    world.publisher_offers(bob);
    world.negotiate_subscriber(bob);

    world.send_data(&[bob], true, b"early");
    world.run(3 * SECOND);

    assert_eq!(world.people[bob].subscriber.messages, [("_reliable".to_owned(), b"early".to_vec())]);
}

#[test]
fn a_receiver_that_does_not_read_is_given_up_and_others_go_on() {
    let mut world = World::new();
    let room = world.add_room();
    let (bob, carol) = (world.join(room), world.join(room));
    let gone = world.people[bob].subscriber.address;
    world.deliver = Box::new(move |to, _| to != gone);

    for _ in 0..100 {
        world.send_data(&[bob, carol], true, &vec![1; 60_000]);
        world.run(Duration::from_millis(50));
    }
    world.run_until(|w| w.people[carol].subscriber.messages.len() == 100);

    assert_eq!(world.states(bob, SignalTarget::Subscriber), [TransportState::Connected, TransportState::Failed]);
    assert_eq!(world.states(carol, SignalTarget::Subscriber), [TransportState::Connected]);
}
