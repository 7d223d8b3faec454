//! Sound over networks that lose packets: what is lost on the way in is filled or asked for, what
//! is lost on the way out is sent twice.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use str0m::format::Codec;
use str0m::rtp::RedDecoder;
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// Which RTP packets of a connection are lost: those at these places of each hundred.
fn loses(places: &'static [usize]) -> impl FnMut(&[u8]) -> bool {
    let mut count = 0;
    move |datagram| {
        let is_rtp = (128..192).contains(&datagram[0]) && !(64..96).contains(&(datagram[1] & 0x7f));
        count += usize::from(is_rtp);
        is_rtp && places.contains(&(count % 100))
    }
}

fn meeting(is_redundant: bool) -> (World, Who, Who, String) {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    let voice = world.publish_microphone(alice);
    world.people[alice].publisher.microphones[0].is_redundant = is_redundant;
    let mid = world.watch(bob, voice);
    (world, alice, bob, mid)
}

/// The numbers of the sounds in one packet, that of the packet itself last.
fn sounds(world: &World, who: Who, payload_type: u8, payload: &[u8]) -> Vec<u32> {
    let params = world.people[who].subscriber.rtc.codec_config().params();
    let opus = params.iter().find(|p| p.spec().codec == Codec::Opus).unwrap();
    let number = |sound: &[u8]| u32::from_be_bytes(sound.try_into().unwrap());
    if payload_type == *opus.pt() {
        return vec![number(payload)];
    }
    assert_eq!(Some(payload_type), opus.red().map(|pt| *pt));
    RedDecoder::decode(payload).unwrap().iter().map(|block| number(block.payload)).collect()
}

/// Everything that somebody received, packet by packet.
fn heard(world: &World, who: Who, mid: &str) -> Vec<Vec<u32>> {
    let packets = world.people[who].subscriber.received(mid);
    packets.iter().map(|p| sounds(world, who, *p.header.payload_type, &p.payload)).collect()
}

fn missing(heard: &[Vec<u32>]) -> usize {
    let mut all: Vec<u32> = heard.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    (all[all.len() - 1] - all[0] + 1) as usize - all.len()
}

#[test]
fn what_the_publisher_lost_is_filled_from_the_next_packet() {
    let (mut world, alice, bob, mid) = meeting(true);
    world.run(SECOND);

    let mut lost = loses(&[7, 23, 61]);
    world.lose_upwards = Box::new(move |from, datagram| from == 20_000 && lost(datagram));
    world.run(10 * SECOND);

    let packets = heard(&world, bob, &mid);
    assert!(world.people[alice].publisher.microphones[0].packets > 450);
    assert_eq!(missing(&packets), 0, "{packets:?}");
    assert!(packets.iter().all(|sounds| sounds.len() == 1), "redundant without need");
    let numbers: Vec<u64> = world.people[bob].subscriber.received(&mid).iter().map(|p| *p.seq_no).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn who_loses_nothing_gets_nothing_twice() {
    let (mut world, _, bob, mid) = meeting(true);

    world.run(5 * SECOND);

    let packets = heard(&world, bob, &mid);
    assert!(packets.len() > 200);
    assert!(packets.iter().all(|sounds| sounds.len() == 1), "{packets:?}");
}

#[test]
fn who_loses_packets_gets_each_sound_twice_until_it_loses_none_any_more() {
    let (mut world, _, bob, mid) = meeting(true);
    world.run(SECOND);
    world.people[bob].subscriber.wants_lost_audio(&mid);

    let lossy = Rc::new(RefCell::new(true));
    let (now_lossy, mut lost) = (lossy.clone(), loses(&[7, 23, 61, 62]));
    world.deliver = Box::new(move |to, datagram| to.port() != 20_003 || !(*now_lossy.borrow() && lost(datagram)));
    world.run(10 * SECOND);

    let packets = heard(&world, bob, &mid);
    assert!(missing(&packets) <= 1, "{packets:?}");
    assert_eq!(packets.last().unwrap().len(), 2);

    *lossy.borrow_mut() = false;
    world.run(20 * SECOND);
    assert_eq!(heard(&world, bob, &mid).last().unwrap().len(), 1);
}

#[test]
fn sound_that_is_not_redundant_is_sent_again_as_it_was() {
    let (mut world, _, bob, mid) = meeting(false);
    world.run(SECOND);
    world.people[bob].subscriber.wants_lost_audio(&mid);

    // Nothing is kept for somebody who lost nothing so far, so the first is not there any more.
    let mut lost = loses(&[7, 23, 61, 62]);
    world.deliver = Box::new(move |to, datagram| to.port() != 20_003 || !lost(datagram));
    world.run(10 * SECOND);

    let packets = heard(&world, bob, &mid);
    assert!(packets.len() > 450);
    assert!(missing(&packets) <= 1, "{packets:?}");
}
