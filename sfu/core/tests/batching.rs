//! Writing a tick's packets together and draining once sends the same packets in the same order as draining after each.
//! str0m asks for a drain after every mutation; [`moothall_sfu_core`] departs from that for writes, and this is why it may.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::time::{Duration, Instant};

use moothall_sfu_core::TrackId;
use str0m::rtp::RtpWrite;
use support::{Who, World};

/// Sections of one client, as a negotiated session has them: (ssrc, payload type).
fn session(sections: usize) -> (World, Who, Vec<TrackId>) {
    let mut world = World::new();
    let room = world.add_room();
    let alice = world.join(room);
    let tracks = (0..sections).map(|_| world.publish_camera(alice, &[])).collect();
    world.run(Duration::from_millis(200));
    (world, alice, tracks)
}

/// Send `writes` (section, sequence number) through one client, draining after every `batch` of them; what leaves, as
/// (SSRC, sequence number) from the clear text of the header.
fn send(batch: usize, writes: &[(usize, u16)]) -> Vec<(usize, u16)> {
    let (mut world, alice, _) = session(4);
    let client = &mut world.people[alice].publisher;
    client.take_sent();
    let mids: Vec<_> = client.cameras.iter().map(|c| c.mid).collect();
    let pt = client.rtc.codec_config().params().iter().find(|p| p.spec().codec.is_video()).unwrap().pt();
    let now: Instant = world.now + Duration::from_millis(5);
    let ssrcs: Vec<u32> =
        mids.iter().map(|mid| *client.rtc.direct_api().stream_tx_by_mid(*mid, None).unwrap().ssrc()).collect();
    // Made-up numbers that no camera uses, so that only these are counted.
    for chunk in writes.chunks(batch) {
        for (section, seq) in chunk {
            let mut api = client.rtc.direct_api();
            let stream = api.stream_tx_by_mid(mids[*section], None).unwrap();
            let seq_no = 131_072 + u64::from(*seq);
            stream.write_rtp(RtpWrite::new(pt, seq_no.into(), 1, now, vec![1; 50]));
        }
        client.rtc.handle_input(str0m::Input::Timeout(now)).unwrap();
        client.drain();
    }
    let mut sent = Vec::new();
    for datagram in client.take_sent() {
        if datagram.len() < 60 || datagram[0] & 0xC0 != 0x80 || (192..=223).contains(&datagram[1]) {
            continue;
        }
        let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        let seq = u16::from_be_bytes([datagram[2], datagram[3]]);
        if let Some(section) = ssrcs.iter().position(|s| *s == ssrc) {
            sent.push((section, seq));
        }
    }
    sent
}

fn of_section(sent: &[(usize, u16)], section: usize) -> Vec<u16> {
    sent.iter().filter(|(s, _)| *s == section).map(|(_, seq)| *seq).collect()
}

#[test]
fn one_drain_for_many_writes_sends_them_all_in_the_order_of_each_stream() {
    let writes: Vec<(usize, u16)> = (0..200u16).map(|i| (usize::from(i * 7 % 4), i)).collect();

    let one_by_one = send(1, &writes);

    for batch in [2, 7, 50, 200] {
        let together = send(batch, &writes);
        assert_eq!(together.len(), writes.len());
        for section in 0..4 {
            let expected: Vec<u16> = of_section(&writes, section);
            assert_eq!(of_section(&together, section), expected);
            assert_eq!(of_section(&one_by_one, section), expected);
        }
    }
}
