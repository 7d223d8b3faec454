//! One peer, or a stranger on the network, can hurt nobody else.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use moothall_sfu_core::TransportState::{Connected, Disconnected, Failed};
use moothall_sfu_core::{Command, Event, Kind, NegotiationError, Reply, RequestId, SignalTarget, TrackId};
use str0m::format::Codec;
use str0m::rtp::{Extension, RtpWrite};
use support::{Who, World};

const SECOND: Duration = Duration::from_secs(1);

/// Alice publishes to Bob and Carol; returns the mid at each.
fn three_people() -> (World, [Who; 3], Vec<String>) {
    let mut world = World::new();
    let room = world.add_room();
    let people = [world.join(room), world.join(room), world.join(room)];
    let camera = world.publish_camera(people[0], &["q", "h"]);
    let mids = people[1..].iter().map(|p| world.watch(*p, camera)).collect();
    world.run(SECOND);
    (world, people, mids)
}

fn received(world: &World, who: Who, mid: &str) -> usize {
    world.people[who].subscriber.received(mid).len()
}

/// Packets of a second of the camera.
const FLOWING: usize = 40;

#[test]
fn a_panic_costs_the_peer_it_happens_in_and_nobody_else() {
    let (mut world, [_, bob, carol], mids) = three_people();
    let before = [received(&world, bob, &mids[0]), received(&world, carol, &mids[1])];

    world.command(Command::PanicPeer { peer: world.people[bob].peer });
    world.run(SECOND);

    let crashed: Vec<&Event> = world.events.iter().filter(|e| matches!(e, Event::PeerCrashed { .. })).collect();
    assert!(matches!(crashed[..], [Event::PeerCrashed { peer, .. }] if *peer == world.people[bob].peer), "{crashed:?}");
    assert_eq!((world.shard.counters().panics, world.shard.counters().peers), (1, 2));
    assert!(received(&world, carol, &mids[1]) > before[1] + FLOWING);
    assert_eq!(received(&world, bob, &mids[0]), before[0]);
}

#[test]
fn a_panic_of_the_publisher_ends_its_tracks() {
    let (mut world, [alice, bob, carol], _) = three_people();
    world.events.clear();

    world.command(Command::PanicPeer { peer: world.people[alice].peer });

    assert_eq!(world.shard.counters().tracks, 0);
    assert_eq!((world.negotiations_needed(bob), world.negotiations_needed(carol)), (1, 1));
}

#[test]
fn garbage_from_anywhere_changes_nothing() {
    let (mut world, [alice, bob, _], mids) = three_people();
    let stranger = SocketAddr::from(([192, 0, 2, 66], 6666));
    let (from_alice, from_bob) = (world.people[alice].publisher.address, world.people[bob].subscriber.address);
    let mut datagrams: Vec<Vec<u8>> =
        vec![vec![], vec![0; 2001], vec![0xFF; 1200], vec![0x80; 11], vec![22; 13], vec![23; 1999]];
    // STUN for nobody, with a huge user name, cut short; RTP and RTCP with a bad tag; DTLS of every
    // type.
    datagrams.push(stun_request("nobody:x"));
    datagrams.push(stun_request(&"a".repeat(1900)));
    datagrams.push(stun_request("cut:short")[..30].to_vec());
    for pt in [96u8, 111, 200, 201, 205, 206] {
        let mut packet = vec![0x80, pt, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];
        packet.resize(200, 7);
        datagrams.push(packet);
    }
    datagrams.extend((20..=63).map(|content| dtls_record(content, 1, &[3; 50])));
    let before = received(&world, bob, &mids[0]);
    let events = world.events.len();

    for _ in 0..200 {
        for datagram in &datagrams {
            for source in [stranger, from_alice, from_bob] {
                world.arrives(source, datagram);
            }
        }
    }
    let sent_to_stranger = count_sent_to_strangers(&mut world);
    world.run(2 * SECOND);

    assert!(received(&world, bob, &mids[0]) > before + 2 * FLOWING);
    assert_eq!(sent_to_stranger.get(), 0);
    let news: Vec<&Event> =
        world.events[events..].iter().filter(|e| !matches!(e, Event::StatsMeasured { .. })).collect();
    assert!(news.is_empty(), "{news:?}");
    let counters = world.shard.counters();
    assert_eq!((counters.panics, counters.peers), (0, 3));
    assert_eq!(counters.dropped_oversized, 600);
    assert!(
        counters.dropped_unknown_ufrag >= 600 && counters.dropped_unknown_source > 0 && counters.dropped_garbage > 0
    );
}

/// As it looks before encryption in epoch 0, and like noise in any later one.
fn dtls_record(content: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
    let header = [content, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 9, 0, body.len() as u8];
    [&header[..], body].concat()
}

/// Counts what is sent to strangers, who have addresses of 192.0.2.0/24.
fn count_sent_to_strangers(world: &mut World) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    world.deliver = Box::new(move |to, _| {
        counted.set(counted.get() + usize::from(to.to_string().starts_with("192.0.2.")));
        true
    });
    count
}

#[test]
fn what_is_not_encrypted_after_the_handshake_is_not_taken() {
    let (mut world, [alice, bob, _], mids) = three_people();
    let (from_alice, from_bob) = (world.people[alice].publisher.address, world.people[bob].subscriber.address);
    let (before, events) = (received(&world, bob, &mids[0]), world.events.len());
    // Alerts that close and that fail, the end of a handshake, the beginning of another, data.
    let (close, fail) = (dtls_record(21, 0, &[1, 0]), dtls_record(21, 0, &[2, 40]));
    let handshake = |kind: u8| dtls_record(22, 0, &[&[kind, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 12][..], &[7; 12]].concat());
    let data = dtls_record(23, 0, b"\x13\x88\x13\x88\0\0\0\0\0\0\0\0\0\x03\0\x14\0\0\0\x01\0\0\0\0\0\0\0\x33hey!");

    for _ in 0..50 {
        for record in [&close, &fail, &dtls_record(20, 0, &[1]), &handshake(1), &handshake(20), &data] {
            world.arrives(from_alice, record);
            world.arrives(from_bob, record);
        }
        world.run(SECOND / 25);
    }

    assert!(received(&world, bob, &mids[0]) > before + 2 * FLOWING);
    let news = world.events[events..].iter().find(|e| !matches!(e, Event::StatsMeasured { .. }));
    assert_eq!(news, None);
}

#[test]
fn who_has_another_certificate_than_its_description_says_is_nobody() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.arrive(room));
    let camera = world.publish_camera(alice, &[]);
    let impostor = |sdp: String| {
        let at = sdp.find("a=fingerprint:sha-256 ").unwrap() + "a=fingerprint:sha-256 ".len();
        let other = if &sdp[at..at + 2] == "00" { "11" } else { "00" };
        [&sdp[..at], other, &sdp[at + 2..]].concat()
    };

    let offer = impostor(world.people[bob].publisher.create_offer());
    let (answer, _) = world.accept_offer(bob, offer).unwrap();
    world.people[bob].publisher.accept_answer(&answer);
    world.subscribe(bob, camera);
    let Ok(Reply::Offer { sdp, tracks }) = world.create_offer(bob, false) else {
        panic!("nothing to offer");
    };
    let answer = impostor(world.people[bob].subscriber.accept_offer(&sdp));
    world.accept_answer(bob, answer).unwrap();
    world.run(5 * SECOND);

    for target in [SignalTarget::Publisher, SignalTarget::Subscriber] {
        assert_eq!(world.states(bob, target), [Failed]);
    }
    assert_eq!(received(&world, bob, &tracks[0].0), 0);
    let opened = |e: &Event| matches!(e, Event::ChannelOpened { peer, .. } if *peer == world.people[bob].peer);
    assert!(!world.events.iter().any(opened));
}

#[test]
fn people_join_and_media_flows_while_strangers_flood() {
    let (mut world, [_, bob, _], mids) = three_people();
    let sent = count_sent_to_strangers(&mut world);
    let hello = dtls_record(22, 0, &[&[1, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 50][..], &[1; 50]].concat());
    let with_many_attributes = {
        let mut m = vec![0, 1, 0x07, 0xB8, 0x21, 0x12, 0xA4, 0x42];
        m.extend([5; 12]);
        (0..494).for_each(|_| m.extend([0x80, 0x22, 0, 0]));
        m
    };
    let before = received(&world, bob, &mids[0]);

    let room = world.room;
    for number in 0..10u32 {
        for spoofed in 0..1000u32 {
            let stranger =
                SocketAddr::from(([192, 0, 2, (spoofed % 250) as u8], 1000 + (spoofed / 250 + 4 * number) as u16));
            let check = stun_request(&format!("{:08x}:theirs", spoofed.wrapping_mul(0x9E37_79B9)));
            for datagram in [&hello, &check, &with_many_attributes] {
                world.arrives(stranger, datagram);
            }
        }
        world.join(room);
    }
    world.run(SECOND);

    assert_eq!(sent.get(), 0);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);
    let counters = world.shard.counters();
    assert_eq!((counters.peers, counters.panics), (13, 0));
    assert_eq!((counters.dropped_unknown_ufrag, counters.dropped_unknown_source), (20_000, 10_000));
}

fn stun_request(username: &str) -> Vec<u8> {
    let padded = username.len().next_multiple_of(4);
    let mut m = vec![0, 1];
    m.extend(((padded + 4) as u16).to_be_bytes());
    m.extend([0x21, 0x12, 0xA4, 0x42]);
    m.extend([5; 12]);
    m.extend([0, 6]);
    m.extend((username.len() as u16).to_be_bytes());
    m.extend(username.as_bytes());
    m.resize(24 + padded, 0);
    m
}

#[test]
fn a_stranger_who_knows_the_user_fragment_gets_nothing_and_changes_nothing() {
    let (mut world, [_, bob, _], mids) = three_people();
    let ufrag = world.people[bob].subscriber.remote_ufrag.clone().unwrap();
    let stranger = SocketAddr::from(([192, 0, 2, 66], 6666));
    let before = received(&world, bob, &mids[0]);

    world.arrives(stranger, &stun_request(&format!("{ufrag}:theirs")));
    let rtp = [&[0x80, 96, 0, 1][..], &[0; 96]].concat();
    world.arrives(stranger, &rtp);
    let strangers = count_sent_to_strangers(&mut world);
    world.run(SECOND);

    assert_eq!(strangers.get(), 0);
    let counters = world.shard.counters();
    assert_eq!((counters.dropped_refused, counters.dropped_unknown_source), (1, 1));
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);
}

#[test]
fn hostile_descriptions_are_refused_and_the_connection_lives_on() {
    let (mut world, [alice, bob, _], mids) = three_people();
    world.people[alice].publisher.add_camera(&[]);
    let good = world.people[alice].publisher.create_offer();
    let before = received(&world, bob, &mids[0]);
    let hostile = [
        String::new(),
        "v=0\r\n".to_owned(),
        "x".repeat(2_000_000),
        good.replace("a=mid:", "a=dim:"),
        good.replace("a=fingerprint:sha-256 ", "a=fingerprint:sha-256 00:"),
        good.replace("a=ice-ufrag", "a=ice-x"),
        good.replace("rtpmap:96", "rtpmap:255"),
        good.replace("m=video 9", "m=video"),
        format!("{good}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:zz\r\n".repeat(200)),
        good.lines().rev().collect::<Vec<_>>().join("\r\n"),
        good[..good.len() / 2].to_owned(),
    ];
    let count = hostile.len();

    let refused = hostile.into_iter().filter(|sdp| world.accept_offer(alice, sdp.clone()).is_err()).count();
    world.run(SECOND);

    assert!(refused >= count - 2, "only {refused} of {count} refused");
    assert_eq!(world.shard.counters().peers, 3);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING, "media stopped");
    assert!(world.accept_answer(bob, "v=0".into()).is_err());
}

#[test]
fn one_peer_gets_no_more_than_its_share() {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.join(room);
    let peer = world.people[alice].peer;

    for n in 0..20 {
        let track = TrackId::new(1000 + n, 0);
        world.command(Command::Publish {
            peer,
            track,
            mid: format!("m{n}"),
            kind: Kind::Audio,
            is_screen: false,
            format: None,
        });
    }
    assert_eq!(world.shard.counters().tracks, 8);

    for n in 0..100 {
        let candidate = format!("candidate:{n} 1 udp 2113937151 10.9.9.9 {} typ host", 1000 + n);
        world.command(Command::AddCandidate { peer, target: SignalTarget::Publisher, candidate });
    }
    let candidate = "candidate:1 1 udp 1 6a7f-x.local 9 typ host".to_owned();
    world.command(Command::AddCandidate { peer, target: SignalTarget::Publisher, candidate });
    assert_eq!(world.shard.counters().ignored_candidates, 37);

    for n in 0..20 {
        world.people[alice].publisher.open_channel(&format!("extra{n}"));
    }
    world.run(2 * SECOND);
    let opened =
        world.events.iter().filter(|e| matches!(e, Event::ChannelOpened { target: SignalTarget::Publisher, .. }));
    assert_eq!(opened.count(), 16);
}

#[test]
fn no_more_sources_than_allowed_reach_the_library() {
    let (mut world, [alice, bob, _], mids) = three_people();
    let source = world.people[alice].publisher.address;
    let before = received(&world, bob, &mids[0]);

    for ssrc in 0..5000u32 {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 1];
        packet.extend(ssrc.to_be_bytes());
        packet.resize(100, 1);
        world.arrives(source, &packet);
    }
    world.run(SECOND);

    assert_eq!(world.shard.counters().dropped_ssrc, 5000);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);

    // Nobody's place was taken.
    let second = world.publish_camera(alice, &["q", "h"]);
    let mid = world.watch(bob, second);
    world.run(SECOND);
    assert!(received(&world, bob, &mid) > FLOWING / 2);
}

#[test]
fn packets_that_are_not_the_clients_take_over_none_of_its_streams() {
    let (mut world, [alice, bob, _], mids) = three_people();
    let (source, mid) = (world.people[alice].publisher.address, world.people[alice].publisher.cameras[0].mid);
    let ids = world.people[alice].publisher.rtc.media(mid).unwrap().remote_extmap();
    let (mid_id, rid_id) = (ids.id_of(Extension::RtpMid).unwrap(), ids.id_of(Extension::RtpStreamId).unwrap());
    let before = received(&world, bob, &mids[0]);

    // Packets that name the section and the layer of a stream that flows, under SSRCs of their own.
    for ssrc in 0..100u32 {
        for rid in *b"qh" {
            let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 1];
            packet.extend(ssrc.to_be_bytes());
            let mut elements = vec![mid_id << 4 | (mid.len() - 1) as u8];
            elements.extend_from_slice(mid.as_bytes());
            elements.extend([rid_id << 4, rid]);
            elements.resize(elements.len().next_multiple_of(4), 0);
            packet.extend([0xBE, 0xDE, 0, (elements.len() / 4) as u8]);
            packet.extend(elements);
            packet.resize(200, 1);
            world.arrives(source, &packet);
        }
    }
    world.run(SECOND);

    assert_eq!(world.shard.counters().dropped_ssrc, 200);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);
}

#[test]
fn a_publisher_that_counts_anew_makes_no_number_come_twice() {
    let (mut world, [alice, bob, _], mids) = three_people();
    let (address, numbers) = (world.people[bob].subscriber.address, Rc::new(RefCell::new(Vec::new())));
    let seen = numbers.clone();
    world.deliver = Box::new(move |to, datagram| {
        let is_rtp = datagram[0] >> 6 == 2 && !(192..=223).contains(&datagram[1]);
        if to == address && is_rtp {
            seen.borrow_mut().push((datagram[8..12].to_vec(), datagram[2..4].to_vec()));
        }
        true
    });
    world.run(SECOND);
    for _ in 0..3 {
        let client = &mut world.people[alice].publisher;
        client.cameras[0].begin_again(&mut client.rtc);
        world.run(SECOND);
    }

    let sent = numbers.borrow();
    assert!(sent.len() > 3 * FLOWING, "{}", sent.len());
    assert_eq!(sent.iter().collect::<HashSet<_>>().len(), sent.len());
    drop(sent);
    let before = received(&world, bob, &mids[0]);
    world.run(SECOND);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);
}

#[test]
fn a_client_may_publish_again_and_again() {
    let (mut world, [alice, bob, _], _) = three_people();
    for time in 0..25 {
        let screen = world.publish_camera(alice, &["q", "h", "f"]);
        let mid = world.watch(bob, screen);
        let before = received(&world, bob, &mid);
        world.run(SECOND);
        assert!(received(&world, bob, &mid) > before + FLOWING / 2, "the {time}th time");
        world.command(Command::Unpublish { track: screen });
        world.people[alice].publisher.cameras.pop();
        world.negotiate_subscriber(bob);
    }
}

#[test]
fn who_publishes_without_measure_is_forwarded_in_part() {
    let (mut world, [alice, bob, carol], mids) = three_people();
    let quiet = world.publish_camera(carol, &[]);
    let from_carol = world.watch(bob, quiet);
    // The larger layer goes on where it was.
    let camera = world.people[alice].publisher.cameras.remove(0);
    let (mid, mut seq) = (camera.mid, 45_500 + 2 * u64::from(camera.layers[1].frames));
    let before = [received(&world, bob, &mids[0]), received(&world, bob, &from_carol)];

    // Far more than 30 Mbit/s of the layer that Bob gets.
    let pt = world.people[alice].publisher.rtc.codec_config().find(|p| p.spec().codec == Codec::Vp8).unwrap().pt();
    for _ in 0..400 {
        let now = world.now;
        let client = &mut world.people[alice].publisher;
        for _ in 0..40 {
            seq += 1;
            let write = RtpWrite::new(pt, seq.into(), 7, now, [0x10, 1, 0xAA].repeat(330));
            client.rtc.direct_api().stream_tx_by_mid(mid, Some("h".into())).unwrap().write_rtp(write);
            client.push_out();
        }
        world.step();
    }

    let forwarded = received(&world, bob, &mids[0]) - before[0];
    assert!(world.shard.counters().dropped_excess > 1000);
    assert!(forwarded > 1000 && forwarded < 13_000, "{forwarded} packets in two seconds");
    assert!(received(&world, bob, &from_carol) > before[1] + 2 * FLOWING);
}

#[test]
fn who_vanishes_is_disconnected_then_failed() {
    let (mut world, [_, bob, carol], mids) = three_people();
    world.people[bob].subscriber.is_mute = true;
    let before = received(&world, carol, &mids[1]);

    world.run(40 * SECOND);

    assert_eq!(world.states(bob, SignalTarget::Subscriber), [Connected, Disconnected, Failed]);
    assert_eq!(world.states(bob, SignalTarget::Publisher), [Connected]);
    assert!(received(&world, carol, &mids[1]) > before + 39 * FLOWING);

    // Nothing is put by for who is gone.
    let (forwarded, before) = (world.shard.counters().forwarded, received(&world, carol, &mids[1]));
    world.run(5 * SECOND);
    let to_carol = received(&world, carol, &mids[1]) - before;
    assert_eq!(world.shard.counters().forwarded - forwarded, to_carol as u64);
}

#[test]
fn an_ice_restart_brings_back_who_was_disconnected() {
    let (mut world, [_, bob, _], mids) = three_people();
    world.people[bob].subscriber.is_mute = true;
    world.run(18 * SECOND);
    world.people[bob].subscriber.is_mute = false;
    world.negotiate_subscriber_with(bob, true);
    world.run(5 * SECOND);

    assert_eq!(world.states(bob, SignalTarget::Subscriber), [Connected, Disconnected, Connected]);
    let before = received(&world, bob, &mids[0]);
    world.run(SECOND);
    assert!(received(&world, bob, &mids[0]) > before + FLOWING);
}

#[test]
fn unknown_handles_are_answered_or_ignored() {
    let mut world = World::new();
    let peer = moothall_sfu_core::PeerId::new(99, 0);

    let refused = world.request(|request| Command::CreateOffer { request, peer, restart_ice: false });
    assert_eq!(refused, Err(NegotiationError::UnknownPeer));
    let request = RequestId(7);
    world.command(Command::AcceptOffer { request, peer, sdp: String::new() });
    assert!(matches!(world.events.last(), Some(Event::Replied { request: r, result: Err(_) }) if *r == request));
    world.command(Command::RemovePeer { peer });
    world.command(Command::Unpublish { track: TrackId::new(5, 0) });
    world.command(Command::SetMuted { track: TrackId::new(5, 0), muted: true });
}

#[test]
fn a_shard_that_starts_over_reports_everyone_and_takes_them_back() {
    let (mut world, people, _) = three_people();
    let room = world.room;

    world.shard.start_over(world.now, "bug");
    world.run(SECOND);

    let crashed = world.events.iter().filter(|e| matches!(e, Event::PeerCrashed { text, .. } if text == "bug"));
    assert_eq!(crashed.count(), people.len());
    let counters = *world.shard.counters();
    assert_eq!((counters.panics, counters.rooms, counters.peers, counters.tracks), (1, 1, 0, 0));
    let (alice, bob) = (world.join(room), world.join(room));
    let camera = world.publish_camera(alice, &[]);
    let mid = world.watch(bob, camera);
    world.run(SECOND);
    assert!(received(&world, bob, &mid) > FLOWING / 2);
}
