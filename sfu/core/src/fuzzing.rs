//! Entries for `sfu/fuzz` into all code that reads bytes of strangers. Each panics when an
//! invariant is broken. A parser that is added gets an entry here and a line in [`TARGETS`].

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer};

use crate::egress;
use crate::format::Format;
use crate::forward::{Extensions, Incoming, Layering};
use crate::framing::{Deframer, PREFIX, write_frame};
use crate::limits::{MAX_DATAGRAM, MAX_SUBSCRIBED_SECTIONS};
use crate::munge::{Admission, Av1Munger, DependencyDescriptor, LayerWish, RtpPosition, Vp8Descriptor, Vp9Descriptor};
use crate::peer::watched_section::WatchedSection;
use crate::redundancy::Repair;
use crate::sdp::{self, Announcement, Msid, ReceivingSection};
use crate::stun;
use crate::track_parts::StreamIndex;

/// The payload type of the fuzzed sound.
const OPUS: u8 = 111;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every entry with its name, which is also the folder of its corpus.
pub const TARGETS: [(&str, Target); 9] = [
    ("stun", stun),
    ("sdp", sdp),
    ("framing", framing),
    ("rtp", rtp),
    ("descriptor", descriptor),
    ("forward", forward),
    ("sound", sound),
    ("rtcp", rtcp),
    ("srtcp", srtcp),
];

/// A datagram before anything is known of it.
pub fn stun(data: &[u8]) {
    let protocol = stun::classify(data);
    let ufrag = stun::addressed_ufrag(data);
    let request = stun::binding_request(data);
    let answered = stun::answered_request(data);
    assert!(request.is_none() || answered.is_none(), "a request is no answer");
    assert!(ufrag.is_none() || request.is_some(), "only requests are addressed");
    if request.is_some() || answered.is_some() {
        assert_eq!(protocol, Some(stun::Protocol::Stun));
    }
}

/// A session description, up to where the library has read it.
pub fn sdp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(sections) = sdp::inspect_offer(text, MAX_SUBSCRIBED_SECTIONS) {
        // A description that we rewrote still has the form we accept.
        let msids: Vec<Msid> = sections
            .iter()
            .map(|s| Msid { mid: s.mid.clone(), stream_id: "PA_x|TR_y".into(), track_id: "TR_y".into() })
            .collect();
        let _ = sdp::rewrite_msids(text, &msids);
        let announced: Vec<ReceivingSection> = msids
            .iter()
            .enumerate()
            .map(|(i, msid)| {
                let announcement = Announcement { ssrc: i as u32, rtx: (i % 2 == 0).then_some(7), cname: "c".into() };
                ReceivingSection {
                    mid: msid.mid.clone(),
                    msid: (i % 3 > 0).then(|| msid.clone()),
                    announcement: (i % 5 > 0).then_some(announcement),
                }
            })
            .collect();
        let said = sdp::announce_tracks(text, &announced);
        let again = sdp::inspect_offer(&said, MAX_SUBSCRIBED_SECTIONS).map(|sections| sections.len());
        // Lines were added, of which there may be too many now; nothing else may have become wrong.
        assert!(
            again.as_ref().is_ok_and(|n| *n == sections.len()) || again.is_err_and(|e| e.to_string().contains("too"))
        );
        let _ = sdp::ice_ufrag(text);
        let _ = sdp::allow_discontinuous_audio(text);
        let _ = SdpOffer::from_sdp_string(text);
    }
    if sdp::inspect_answer(text).is_ok() {
        let _ = SdpAnswer::from_sdp_string(text);
    }
}

/// A byte stream, cut in two places that its first bytes choose.
pub fn framing(data: &[u8]) {
    let [first, second, stream @ ..] = data else {
        return;
    };
    let mut whole = Vec::new();
    let at_once = Deframer::default().read(stream, |d| whole.push(d.to_vec()));
    let (a, rest) = stream.split_at(usize::from(*first).min(stream.len()));
    let (b, c) = rest.split_at(usize::from(*second).min(rest.len()));
    let (mut deframer, mut pieces) = (Deframer::default(), Vec::new());
    let in_pieces = [a, b, c].into_iter().try_for_each(|piece| deframer.read(piece, |d| pieces.push(d.to_vec())));
    assert_eq!(at_once, in_pieces, "where a stream is cut changes nothing");
    assert_eq!(whole, pieces);
    let mut again: VecDeque<u8> = VecDeque::new();
    for datagram in &whole {
        assert!(!datagram.is_empty() && datagram.len() <= MAX_DATAGRAM);
        write_frame(datagram, &mut again);
    }
    assert_eq!(again.len(), whole.iter().map(|d| PREFIX + d.len()).sum::<usize>());
}

/// The payload of an RTP packet of video.
pub fn rtp(data: &[u8]) {
    if let Some(descriptor) = Vp9Descriptor::parse(data) {
        let patch = descriptor.patch(0x1234, 0x56);
        let mut copy = data.to_vec();
        patch.apply(&mut copy);
        let patched = Vp9Descriptor::parse(&copy).expect("a patch keeps the form");
        assert_eq!(patched.starts_keyframe(), descriptor.starts_keyframe());
        assert_eq!((patched.spatial(), patched.temporal()), (descriptor.spatial(), descriptor.temporal()));
    }
    if let Some(descriptor) = Vp8Descriptor::parse(data) {
        let _ = descriptor.starts_keyframe();
        let patch = descriptor.patch(0x1234, 0x56, 0x7);
        let mut copy = data.to_vec();
        patch.apply(&mut copy);
        assert_eq!(copy.len(), data.len());
        let patched = Vp8Descriptor::parse(&copy).expect("a patch keeps the form");
        assert_eq!(patched.starts_keyframe(), descriptor.starts_keyframe());
    }
}

/// Dependency descriptors of one stream, each behind its length: read, admitted under wishes that
/// change, and written with another number.
pub fn descriptor(mut data: &[u8]) {
    let (mut structure, mut munger) = (None, Av1Munger::default());
    while let [length, rest @ ..] = data {
        let (bytes, after) = rest.split_at(usize::from(*length).min(rest.len()));
        data = after;
        let known = structure.clone();
        let Some(read) = DependencyDescriptor::read(bytes, &mut structure) else {
            continue;
        };
        let frame = read.frame;
        assert!(frame.references.distances().iter().all(|distance| *distance > 0), "a frame of itself");
        let wish = LayerWish { spatial: length & 3, temporal: length >> 2 & 3 };
        if let Admission::Kept { ends_picture } = munger.admit(&frame, u32::from(frame.number) * 3000, wish) {
            assert!(!ends_picture || frame.ends_frame);
            let mut copy = Vec::new();
            read.write(munger.map(&frame), &mut copy);
            assert_eq!(copy.len(), read.size());
            let again = DependencyDescriptor::read(&copy, &mut known.clone()).expect("a copy is read as the first was");
            assert_eq!(again.frame.references, frame.references);
        }
    }
}

/// Packets of video in three layers, on their way to a subscriber whose wishes change. Each begins
/// with a byte for layer and wish, how far it is from the newest of its layer, and its length.
pub fn forward(mut data: &[u8]) {
    let mut section = WatchedSection::new(began());
    let mut arrived = 0;
    while let [choice, step, length, rest @ ..] = data {
        let (payload, after) = rest.split_at(usize::from(*length).min(rest.len()));
        let wish = choice >> 2 & 0x1f;
        section.want(wish);
        // Packets that are made up to announce a stream count, too.
        arrived += usize::from(wish == 7);
        section.arrive((choice & 3).min(2), i64::from(step.cast_signed()), |_| payload.to_vec());
        arrived += 1;
        data = after;
    }
    assert!(section.sent() <= arrived);
}

/// Packets of sound with the sound before them, or without. Each begins with a byte for that, how
/// far it is from the newest, how much later it is than its number says (in 2.5 ms), and its
/// length.
pub fn sound(mut data: &[u8]) {
    let (mut repair, mut arrived, mut sent) = (Repair::default(), HashSet::new(), HashSet::new());
    let (mut newest, captured) = (1_000_i64, began());
    while let [choice, step, ticks, length, rest @ ..] = data {
        let (payload, after) = rest.split_at(usize::from(*length).min(rest.len()));
        data = after;
        let seq = newest + i64::from(step.cast_signed());
        newest = newest.max(seq);
        if !arrived.insert(seq) {
            continue;
        }
        let timestamp = (seq as u32).wrapping_mul(960).wrapping_add(u32::from(*ticks) * 120);
        let packet = Incoming {
            stream: StreamIndex::new(0),
            format: Format::Opus,
            position: RtpPosition { seq: seq as u64, timestamp, captured },
            marker: false,
            keyframe: false,
            heard: true,
            layering: Layering::None,
            extensions: Extensions::default(),
            payload: payload.into(),
            redundant: None,
        };
        for packet in repair.forwardable(packet, (choice & 1 == 1).then_some(OPUS)).into_iter().flatten() {
            assert!(sent.insert(packet.position.seq), "number {} was sent twice", packet.position.seq);
            assert!(packet.payload.len() <= payload.len(), "sound out of nothing");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a base to count virtual time from")]
fn began() -> Instant {
    Instant::now()
}

/// RTCP of a receiver once it was opened.
pub fn rtcp(data: &[u8]) {
    egress::fuzzing::read_feedback(data);
}

/// SRTCP of a receiver.
pub fn srtcp(data: &[u8]) {
    egress::fuzzing::open_sealed(data);
}
