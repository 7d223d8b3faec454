//! VP9 and AV1 with their spatial and temporal layers in one stream, and tracks in two codecs.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::Duration;

use moothall_sfu_core::format::Format;
use moothall_sfu_core::track_parts::Layer;
use moothall_sfu_core::{Command, Event, Kind, SubscriptionSettings, TrackId};
use str0m::format::Codec;
use str0m::rtp::RtpPacket;
use support::scalable::LayerFrame;
use support::{Client, Who, World};

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [Codec; 2] = [Codec::Vp9, Codec::Av1];

fn two_people() -> (World, Who, Who) {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    (world, alice, bob)
}

fn want(world: &mut World, who: Who, track: TrackId, max_layer: u8, max_fps: u32) {
    let peer = world.people[who].peer;
    let max_layer = Layer::new(max_layer);
    let settings = SubscriptionSettings { enabled: true, max_layer, max_fps, priority: 0 };
    world.command(Command::SetSubscription { peer, track, settings });
}

/// Numbers without a hole; each picture a run of spatial layers from the lowest, of which the last
/// has the marker and no other; no higher layer than there was in the last key picture; numbers of
/// pictures that only grow.
fn assert_decodable(packets: &[&RtpPacket], codec: Codec) {
    assert!(packets.len() > 20, "only {} packets", packets.len());
    let frames: Vec<LayerFrame> = packets.iter().map(|p| LayerFrame::read(p, codec)).collect();
    assert!(frames[0].is_key && frames[0].spatial == 0, "does not begin with a key frame");
    let mut highest = 0;
    for (at, pair) in packets.windows(2).enumerate() {
        let (old, new) = (frames[at], frames[at + 1]);
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1, "hole in the numbering");
        let begins = new.unit != old.unit;
        assert_eq!(pair[0].header.marker, begins, "{old:?} then {new:?}");
        if old.is_key && (old.spatial == 0 || old.spatial > highest) {
            highest = old.spatial;
        }
        if begins {
            assert_eq!(new.spatial, 0);
        } else {
            assert_eq!(new.spatial, old.spatial + 1);
            assert_eq!(new.temporal, old.temporal);
        }
        assert!(new.is_key || new.spatial <= highest, "{new:?} above {highest}");
        let ahead = new.number.wrapping_sub(old.number) & 0x7fff;
        assert!(ahead < 100 && (!begins || ahead > 0), "{old:?} then {new:?}");
    }
}

fn shown(packets: &[&RtpPacket], codec: Codec) -> (Option<u8>, Option<u8>) {
    let frames = packets.iter().map(|p| LayerFrame::read(p, codec));
    (frames.clone().map(|f| f.spatial).max(), frames.map(|f| f.temporal).max())
}

#[test]
fn every_wish_for_another_spatial_layer_is_a_clean_switch() {
    for codec in BOTH {
        let (mut world, alice, bob) = two_people();
        let camera = world.publish_scalable(alice, codec);
        let mid = world.watch(bob, camera);
        world.run(3 * SECOND);
        let all = world.people[bob].subscriber.received(&mid);
        assert_eq!(shown(&all[all.len() - 12..], codec), (Some(2), Some(2)), "{codec:?} climbs");

        for wanted in [0, 2, 1, 0, 1, 2] {
            want(&mut world, bob, camera, wanted, 0);
            world.run(SECOND);
            let received = world.people[bob].subscriber.received(&mid);
            assert_eq!(shown(&received[received.len() - 8..], codec).0, Some(wanted), "{codec:?}");
            assert_decodable(&received, codec);
        }
        let mimes: Vec<&str> = world
            .events
            .iter()
            .filter_map(|e| match e {
                Event::TrackLive { track, mime, .. } if *track == camera => Some(*mime),
                _ => None,
            })
            .collect();
        assert_eq!(mimes, [if codec == Codec::Vp9 { "video/VP9" } else { "video/AV1" }]);
        assert!(world.people[alice].publisher.keyframe_requests.len() < 20, "key frames are asked for where needed");
    }
}

#[test]
fn fewer_pictures_a_second_are_fewer_temporal_layers() {
    for codec in BOTH {
        let (mut world, alice, bob) = two_people();
        let camera = world.publish_scalable(alice, codec);
        let mid = world.watch(bob, camera);
        want(&mut world, bob, camera, 2, 0);
        world.run(3 * SECOND);

        for (fps, temporal) in [(7, 0), (13, 1), (30, 2)] {
            want(&mut world, bob, camera, 2, fps);
            world.run(2 * SECOND);
            let received = world.people[bob].subscriber.received(&mid);
            assert_eq!(shown(&received[received.len() - 12..], codec), (Some(2), Some(temporal)), "{codec:?} at {fps}");
            assert_decodable(&received, codec);
        }
    }
}

#[test]
fn two_subscribers_get_the_layers_they_want_of_one_stream() {
    for codec in BOTH {
        let (mut world, alice, bob) = two_people();
        let carol = world.join(world.room);
        let camera = world.publish_scalable(alice, codec);
        let (of_bob, of_carol) = (world.watch(bob, camera), world.watch(carol, camera));
        want(&mut world, bob, camera, 0, 0);
        want(&mut world, carol, camera, 2, 0);
        world.run(4 * SECOND);

        let (small, large) =
            (world.people[bob].subscriber.received(&of_bob), world.people[carol].subscriber.received(&of_carol));
        assert_eq!(shown(&small, codec).0, Some(0));
        assert_eq!(shown(&large[large.len() - 6..], codec).0, Some(2));
        assert_decodable(&small, codec);
        assert_decodable(&large, codec);
    }
}

/// Alice publishes a camera in VP8 and VP9; Bob cannot decode VP8.
fn two_codecs() -> (World, [Who; 3], TrackId) {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.join(room);
    let bob = world.arrive(room);
    let address = world.people[bob].subscriber.address;
    world.people[bob].subscriber = Client::with_codecs(world.now, address, &[Codec::Opus, Codec::Vp9]);
    world.publisher_offers(bob);
    world.negotiate_subscriber(bob);
    let carol = world.join(room);
    let camera = world.publish_camera(alice, &["q", "h", "f"]);
    (world, [alice, bob, carol], camera)
}

fn codecs(world: &World, who: Who) -> Vec<&'static str> {
    let told = world.events.iter().filter_map(|e| match e {
        Event::CodecChosen { peer, mime, .. } if *peer == world.people[who].peer => Some(*mime),
        _ => None,
    });
    told.collect()
}

#[test]
fn who_cannot_decode_the_first_codec_gets_the_backup_in_the_same_section() {
    let (mut world, [alice, bob, carol], camera) = two_codecs();
    let (of_bob, of_carol) = (world.watch(bob, camera), world.watch(carol, camera));
    world.run(2 * SECOND);
    assert_eq!(world.people[bob].subscriber.received(&of_bob).len(), 0);
    assert_eq!((codecs(&world, bob), codecs(&world, carol)), (vec![""], vec![]));

    world.people[alice].publisher.add_scalable(Codec::Vp9);
    let sections = world.publisher_offers(alice);
    let mid = sections.last().unwrap().mid.clone();
    world.command(Command::PublishBackup { track: camera, mid, format: Some(Format::Vp9) });
    world.run(3 * SECOND);

    assert_eq!((codecs(&world, bob), codecs(&world, carol)), (vec!["", "video/VP9"], vec![]));
    let received = world.people[bob].subscriber.received(&of_bob);
    assert_decodable(&received, Codec::Vp9);
    let others = world.people[carol].subscriber.received(&of_carol);
    assert!(others.len() > 50 && others.iter().all(|p| p.payload.len() == 600), "Carol still gets VP8");
    want(&mut world, bob, camera, 0, 0);
    world.run(SECOND);
    let received = world.people[bob].subscriber.received(&of_bob);
    assert_eq!(shown(&received[received.len() - 4..], Codec::Vp9).0, Some(0), "wishes count for the backup, too");
    assert_decodable(&received, Codec::Vp9);
}

#[test]
fn a_backup_that_comes_first_does_not_take_the_place_of_a_codec_that_was_named() {
    let mut world = World::new();
    let room = world.add_room();
    let (alice, bob) = (world.join(room), world.join(room));
    world.people[alice].publisher.add_camera(&[]);
    world.people[alice].publisher.add_scalable(Codec::Vp9);
    let sections = world.publisher_offers(alice);
    let mids: Vec<String> = sections.iter().rev().take(2).map(|s| s.mid.clone()).collect();
    world.people[alice].publisher.cameras[0].layers[0].is_off = true;
    let (peer, track) = (world.people[alice].peer, TrackId::new(world.serial(), 0));
    let (mid, format) = (mids[1].clone(), Some(Format::Vp8));
    world.command(Command::Publish { peer, track, mid, kind: Kind::Video, is_screen: false, format });
    world.command(Command::PublishBackup { track, mid: mids[0].clone(), format: Some(Format::Vp9) });
    let mid = world.watch(bob, track);
    world.run(SECOND);
    let early = world.people[bob].subscriber.received(&mid).iter().filter(|p| !p.payload.is_empty()).count();
    assert_eq!(early, 0);

    world.people[alice].publisher.cameras[0].layers[0].is_off = false;
    world.run(SECOND);

    let received = world.people[bob].subscriber.received(&mid);
    assert!(received.iter().filter(|p| p.payload.len() == 600).count() > 20);
}
