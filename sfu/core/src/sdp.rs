//! Session descriptions as text: checked before the library sees them, summarised for signalling,
//! touched up after.
//!
//! str0m negotiates. This module refuses what no honest client sends (the library may panic on it,
//! or do unbounded work), and writes the few lines the library cannot be told to write (RFC 8829 in
//! general, RFC 8830 for `a=msid`).

use std::collections::HashSet;

use crate::commands::Kind;
use crate::error::DescriptionError;
use crate::events::Section;
use crate::limits::{
    MAX_LAYERS, MAX_PAYLOAD_TYPES, MAX_REMOTE_CANDIDATES, MAX_SDP, MAX_SDP_LINES, MAX_SUBSCRIBED_SECTIONS,
};

/// Bytes of one line.
const MAX_LINE: usize = 4096;
/// Bytes of the identifiers that str0m stores in arrays.
const MAX_MID: usize = 16;
const MAX_RID: usize = 8;
/// `a=ssrc` lines of one description.
const MAX_SSRC_LINES: usize = 4096;
/// Low to high, the names every client of the protocol uses.
const RID_ORDER: [&str; MAX_LAYERS] = ["q", "h", "f"];

/// Check an offer and say what is in it.
pub fn inspect_offer(sdp: &str, max_sections: usize) -> Result<Vec<Section>, DescriptionError> {
    let sections = inspect(sdp, max_sections)?;
    Ok(sections.into_iter().filter_map(Draft::summary).collect())
}

/// Check an answer.
pub fn inspect_answer(sdp: &str) -> Result<(), DescriptionError> {
    inspect(sdp, MAX_SUBSCRIBED_SECTIONS).map(|_| ())
}

#[derive(Debug, Default)]
struct Draft {
    kind: Option<Kind>,
    mid: String,
    direction: Option<&'static str>,
    rids: Vec<String>,
    cid: String,
}

impl Draft {
    fn summary(mut self) -> Option<Section> {
        let kind = self.kind?;
        sort_rids(&mut self.rids);
        Some(Section {
            mid: self.mid,
            kind,
            direction: self.direction.unwrap_or("sendrecv"),
            rids: self.rids,
            cid: self.cid,
        })
    }
}

/// Names everyone knows go low to high; others keep the order of the offer, which is the sender's
/// preference.
fn sort_rids(rids: &mut [String]) {
    let rank = |rid: &String| RID_ORDER.iter().position(|known| known == rid);
    if rids.iter().all(|r| rank(r).is_some()) {
        rids.sort_by_key(rank);
    }
}

fn inspect(sdp: &str, max_sections: usize) -> Result<Vec<Draft>, DescriptionError> {
    if sdp.len() > MAX_SDP {
        return Err(DescriptionError::TooLarge);
    }
    if !sdp.bytes().all(|b| b == b'\r' || b == b'\n' || b == b'\t' || (0x20..0x7f).contains(&b)) {
        return Err(DescriptionError::NotText);
    }
    if !sdp.starts_with("v=0") {
        return Err(DescriptionError::NoVersion);
    }
    let mut sections: Vec<Draft> = Vec::new();
    let mut candidates = 0;
    let mut ssrc_lines = 0;
    for (number, line) in sdp.lines().enumerate() {
        if number >= MAX_SDP_LINES || line.len() > MAX_LINE {
            return Err(DescriptionError::TooManyLines);
        }
        if let Some(media) = line.strip_prefix("m=") {
            if sections.len() >= max_sections {
                return Err(DescriptionError::TooManySections);
            }
            sections.push(Draft { kind: inspect_media_line(media)?, ..Draft::default() });
            continue;
        }
        let Some(attribute) = line.strip_prefix("a=") else {
            continue;
        };
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "candidate" => candidates += 1,
            "ssrc" | "ssrc-group" => ssrc_lines += 1,
            _ => {}
        }
        if candidates > MAX_REMOTE_CANDIDATES || ssrc_lines > MAX_SSRC_LINES {
            return Err(DescriptionError::TooManyCandidates);
        }
        if let Some(section) = sections.last_mut() {
            inspect_attribute(section, name, value)?;
        }
    }
    let mut mids = HashSet::new();
    for section in &sections {
        if section.mid.is_empty() || !mids.insert(section.mid.as_str()) {
            return Err(DescriptionError::NoMid);
        }
    }
    if sections.is_empty() {
        return Err(DescriptionError::NoSection);
    }
    Ok(sections)
}

/// `audio 9 UDP/TLS/RTP/SAVPF 111 63`: the kind, `None` for the data channel section.
fn inspect_media_line(media: &str) -> Result<Option<Kind>, DescriptionError> {
    let mut words = media.split_ascii_whitespace();
    let kind = match words.next() {
        Some("audio") => Some(Kind::Audio),
        Some("video") => Some(Kind::Video),
        Some("application") => None,
        _ => return Err(DescriptionError::UnknownMedia),
    };
    if words.next().and_then(|port| port.parse::<u16>().ok()).is_none() || words.next().is_none() {
        return Err(DescriptionError::MalformedMedia);
    }
    if kind.is_some() {
        let mut count = 0;
        for word in words {
            parse_payload_type(word)?;
            count += 1;
        }
        if count > MAX_PAYLOAD_TYPES {
            return Err(DescriptionError::TooManyPayloadTypes);
        }
    }
    Ok(kind)
}

fn parse_payload_type(word: &str) -> Result<u8, DescriptionError> {
    match word.parse::<u8>() {
        Ok(pt) if pt <= 127 => Ok(pt),
        _ => Err(DescriptionError::PayloadTypeOutOfRange),
    }
}

fn inspect_attribute(section: &mut Draft, name: &str, value: &str) -> Result<(), DescriptionError> {
    let first_word = || value.split([' ', ';']).next().unwrap_or("");
    match name {
        "mid" => {
            if value.is_empty() || value.len() > MAX_MID || !value.bytes().all(is_token) {
                return Err(DescriptionError::MalformedMid);
            }
            value.clone_into(&mut section.mid);
        }
        "sendrecv" => section.direction = Some("sendrecv"),
        "sendonly" => section.direction = Some("sendonly"),
        "recvonly" => section.direction = Some("recvonly"),
        "inactive" => section.direction = Some("inactive"),
        "msid" => value.split(' ').nth(1).unwrap_or("").clone_into(&mut section.cid),
        "rid" => {
            let rid = first_word();
            if rid.is_empty() || rid.len() > MAX_RID || !rid.bytes().all(is_token) {
                return Err(DescriptionError::MalformedRid);
            }
            if value.split(' ').nth(1) == Some("send") {
                if section.rids.len() >= MAX_LAYERS {
                    return Err(DescriptionError::TooManyLayers);
                }
                section.rids.push(rid.to_owned());
            }
        }
        "rtpmap" | "fmtp" => {
            parse_payload_type(first_word())?;
        }
        "rtcp-fb" if first_word() != "*" => {
            parse_payload_type(first_word())?;
        }
        "extmap" => {
            let id = first_word().split('/').next().unwrap_or("").parse::<u16>();
            if !id.is_ok_and(|id| (1..=255).contains(&id)) {
                return Err(DescriptionError::ExtensionOutOfRange);
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b)
}

/// Let Opus senders fall silent between words: `usedtx=1` in the format of every Opus payload type.
pub fn allow_discontinuous_audio(answer: &str) -> String {
    let opus: Vec<&str> =
        answer.lines().filter_map(|l| l.strip_prefix("a=rtpmap:")?.split_once(" opus/").map(|(pt, _)| pt)).collect();
    map_lines(answer, |line| {
        let pt = line.strip_prefix("a=fmtp:")?.split(' ').next()?;
        (opus.contains(&pt) && !line.contains("usedtx")).then(|| format!("{line};usedtx=1"))
    })
}

/// The stream and track id a section shall announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Msid {
    pub mid: String,
    pub stream_id: String,
    pub track_id: String,
}

/// Announce other ids than the library wrote: a section that is used again carries another track.
pub fn rewrite_msids(offer: &str, msids: &[Msid]) -> String {
    let mids = section_mids(offer);
    let mut section = 0usize;
    map_lines(offer, |line| {
        if line.starts_with("m=") {
            section += 1;
            return None;
        }
        let mid = mids.get(section.checked_sub(1)?)?;
        let msid = msids.iter().find(|m| m.mid == *mid)?;
        if line.starts_with("a=msid:") {
            return Some(format!("a=msid:{} {}", msid.stream_id, msid.track_id));
        }
        let (ssrc, rest) = line.strip_prefix("a=ssrc:")?.split_once(' ')?;
        rest.starts_with("msid:").then(|| format!("a=ssrc:{ssrc} msid:{} {}", msid.stream_id, msid.track_id))
    })
}

/// The SSRCs that we send under in a section, as its `a=ssrc` lines name them (RFC 5576).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    pub ssrc: u32,
    /// The SSRC of retransmissions.
    pub rtx: Option<u32>,
    pub cname: String,
}

impl Announcement {
    fn write(&self, msid: Option<&Msid>, out: &mut String) {
        let mut line = |text: String| {
            out.push_str(&text);
            out.push_str("\r\n");
        };
        if let Some(rtx) = self.rtx {
            line(format!("a=ssrc-group:FID {} {rtx}", self.ssrc));
        }
        for ssrc in [Some(self.ssrc), self.rtx].into_iter().flatten() {
            line(format!("a=ssrc:{ssrc} cname:{}", self.cname));
            if let Some(msid) = msid {
                line(format!("a=ssrc:{ssrc} msid:{} {}", msid.stream_id, msid.track_id));
            }
        }
    }
}

/// A section that the client made to receive in, and what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivingSection {
    pub mid: String,
    /// The track that it carries, if any.
    pub msid: Option<Msid>,
    /// Its stream, once it was announced. A section that carries nothing for a while goes on naming
    /// it: libwebrtc decodes a stream that comes back under an SSRC that was gone from a
    /// description, but hands out no frames of it.
    pub announcement: Option<Announcement>,
}

/// Say in an answer what is sent in these sections and what is not: the library would send in all
/// of them, under ids of its own, and a client takes each for a track.
pub fn announce_tracks(answer: &str, sections: &[ReceivingSection]) -> String {
    let mids = section_mids(answer);
    let mut out = String::with_capacity(answer.len() + 256);
    let mut current: Option<&ReceivingSection> = None;
    let mut number = 0usize;
    let finish = |current: Option<&ReceivingSection>, out: &mut String| {
        if let Some((section, announcement)) = current.and_then(|s| Some((s, s.announcement.as_ref()?))) {
            announcement.write(section.msid.as_ref(), out);
        }
    };
    for line in answer.lines() {
        if line.starts_with("m=") {
            finish(current, &mut out);
            current = mids.get(number).and_then(|mid| sections.iter().find(|s| s.mid == *mid));
            number += 1;
        }
        let said = match current {
            Some(section) => announced_line(line, section),
            // Nothing is sent in it, and libwebrtc takes an id without an SSRC for whatever it
            // knows no section of.
            None => (!line.starts_with("a=msid:")).then(|| line.to_owned()),
        };
        if let Some(line) = said {
            out.push_str(&line);
            out.push_str("\r\n");
        }
    }
    finish(current, &mut out);
    out
}

/// One line of such a section; `None` when it goes.
fn announced_line(line: &str, section: &ReceivingSection) -> Option<String> {
    match (line, &section.msid) {
        ("a=sendonly", None) => Some("a=inactive".to_owned()),
        ("a=sendrecv", None) => Some("a=recvonly".to_owned()),
        _ if line.starts_with("a=msid:") => {
            section.msid.as_ref().map(|msid| format!("a=msid:{} {}", msid.stream_id, msid.track_id))
        }
        _ if line.starts_with("a=ssrc:") || line.starts_with("a=ssrc-group:") => None,
        _ => Some(line.to_owned()),
    }
}

/// The credentials that connectivity checks to the describing side name; others than before restart
/// ICE.
pub fn ice_ufrag(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:"))
}

/// The mid of every media section, in order.
fn section_mids(sdp: &str) -> Vec<&str> {
    let mut mids = Vec::new();
    for line in sdp.lines() {
        if line.starts_with("m=") {
            mids.push("");
        } else if let (Some(mid), Some(last)) = (line.strip_prefix("a=mid:"), mids.last_mut()) {
            *last = mid;
        }
    }
    mids
}

fn map_lines(sdp: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(sdp.len() + 256);
    for line in sdp.lines() {
        match replace(line) {
            Some(line) => out.push_str(&line),
            None => out.push_str(line),
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_OFFERED_SECTIONS;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na=sendonly\r\na=msid:- mic\r\na=rtpmap:111 opus/48000/2\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=sendonly\r\na=msid:s cam\r\na=extmap:4 urn:x\r\n\
        a=rid:f send\r\na=rid:q send\r\na=rid:h send\r\na=simulcast:send f;q;h\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n";

    #[test]
    fn says_what_is_offered() {
        let sections = inspect_offer(OFFER, MAX_OFFERED_SECTIONS).unwrap();

        assert_eq!(sections.len(), 2);
        assert_eq!((sections[0].kind, sections[0].cid.as_str()), (Kind::Audio, "mic"));
        assert_eq!(sections[1].rids, ["q", "h", "f"]);
        assert_eq!(sections[1].direction, "sendonly");
    }

    #[test]
    fn refuses_what_no_honest_client_sends() {
        let many = format!("{OFFER}{}", "m=audio 9 RTP/SAVPF 0\r\na=mid:x\r\n".repeat(40));
        let long = format!("{OFFER}a=x:{}\r\n", "y".repeat(MAX_LINE));
        let candidates = format!("{OFFER}{}", "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n".repeat(65));
        for (bad, expected) in [
            (String::new(), "v=0"),
            ("v=0\r\ns=-\r\n".into(), "no media section"),
            (OFFER.replace("audio 9", "audio 99999"), "malformed media line"),
            (OFFER.replace("SAVPF 111", "SAVPF 128"), "payload type"),
            (OFFER.replace("a=rtpmap:111", "a=rtpmap:300"), "payload type"),
            (OFFER.replace("a=mid:1", "a=mid:0"), "own mid"),
            (OFFER.replace("a=mid:1\r\n", ""), "own mid"),
            (OFFER.replace("a=mid:1", "a=mid:aaaaaaaaaaaaaaaaa"), "malformed mid"),
            (OFFER.replace("a=rid:f send", "a=rid:f send\r\na=rid:x send"), "simulcast"),
            (OFFER.replace("a=rid:f", "a=rid:toolongrid"), "malformed rid"),
            (OFFER.replace("extmap:4", "extmap:0"), "extension"),
            (OFFER.replace("mic", "m\u{fc}c"), "plain text"),
            (OFFER.replace("m=video", "m=hologram"), "media type"),
            (many, "too many media sections"),
            (long, "lines"),
            (candidates, "candidates"),
            ("v=0".repeat(MAX_SDP), "too large"),
        ] {
            let refused = inspect_offer(&bad, MAX_OFFERED_SECTIONS).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused:?} for {expected:?}");
        }
    }

    #[test]
    fn opus_may_fall_silent() {
        let answer = allow_discontinuous_audio(OFFER);

        assert!(answer.contains("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"));
        assert_eq!(allow_discontinuous_audio(&answer), answer);
    }

    #[test]
    fn only_the_named_sections_get_new_ids() {
        let offer = "v=0\r\nm=audio 9 X 1\r\na=mid:a\r\na=msid:S1 T1\r\na=ssrc:5 cname:c\r\na=ssrc:5 msid:S1 T1\r\n\
            m=audio 9 X 1\r\na=msid:S2 T2\r\na=mid:b\r\n";

        let out =
            rewrite_msids(offer, &[Msid { mid: "a".into(), stream_id: "PA_1|TR_1".into(), track_id: "TR_1".into() }]);

        assert_eq!(out, offer.replace("S1 T1", "PA_1|TR_1 TR_1"));
    }

    const ANSWER: &str = "v=0\r\na=ice-ufrag:u\r\nm=audio 9 X 111\r\na=mid:0\r\na=sendonly\r\na=msid:x y\r\na=ssrc:1 cname:y\r\n\
        a=ssrc:1 msid:x y\r\nm=video 9 X 96\r\na=mid:1\r\na=sendrecv\r\na=msid:x y\r\na=ssrc:2 cname:y\r\n\
        a=ssrc-group:FID 2 3\r\nm=video 9 X 96\r\na=mid:2\r\na=sendonly\r\na=msid:x y\r\na=ssrc:4 cname:y\r\n\
        m=audio 9 X 111\r\na=mid:3\r\na=recvonly\r\na=msid:x y\r\n";

    fn carrying(mid: &str, rtx: Option<u32>) -> ReceivingSection {
        let msid = Msid { mid: mid.into(), stream_id: "PA_1|TR_1".into(), track_id: "TR_1".into() };
        let announcement = Some(Announcement { ssrc: 70, rtx, cname: "c".into() });
        ReceivingSection { mid: mid.into(), msid: Some(msid), announcement }
    }

    #[test]
    fn an_answer_names_what_is_carried_and_nothing_else() {
        let empty = |mid: &str| ReceivingSection { mid: mid.into(), msid: None, announcement: None };

        let said = announce_tracks(ANSWER, &[empty("0"), empty("1"), carrying("2", Some(71))]);

        assert_eq!(
            said,
            "v=0\r\na=ice-ufrag:u\r\nm=audio 9 X 111\r\na=mid:0\r\na=inactive\r\n\
             m=video 9 X 96\r\na=mid:1\r\na=recvonly\r\n\
             m=video 9 X 96\r\na=mid:2\r\na=sendonly\r\na=msid:PA_1|TR_1 TR_1\r\na=ssrc-group:FID 70 71\r\n\
             a=ssrc:70 cname:c\r\na=ssrc:70 msid:PA_1|TR_1 TR_1\r\na=ssrc:71 cname:c\r\na=ssrc:71 msid:PA_1|TR_1 TR_1\r\n\
             m=audio 9 X 111\r\na=mid:3\r\na=recvonly\r\n"
        );
        let both_ways = announce_tracks(ANSWER, &[carrying("1", None)]);
        assert!(both_ways.contains("a=mid:1\r\na=sendrecv\r\na=msid:PA_1|TR_1 TR_1\r\na=ssrc:70 cname:c\r\n"));
        assert!(!both_ways.contains("FID"));
        let emptied = announce_tracks(ANSWER, &[ReceivingSection { msid: None, ..carrying("0", None) }]);
        assert!(emptied.contains("a=mid:0\r\na=inactive\r\na=ssrc:70 cname:c\r\nm=video"), "{emptied}");
        assert_eq!(announce_tracks(ANSWER, &[]), ANSWER.replace("a=msid:x y\r\n", ""));
        assert_eq!(ice_ufrag(ANSWER), Some("u"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(v=0\r\n)?([am]=[ -~]{0,40}\r\n){0,20}") {
            let _ = inspect_offer(&text, MAX_OFFERED_SECTIONS);
            let _ = inspect_answer(&text);
            let _ = allow_discontinuous_audio(&text);
            let _ = announce_tracks(&text, &[carrying("0", Some(1))]);
            let _ = ice_ufrag(&text);
        }

        #[test]
        fn one_changed_byte_never_panics(at in 0usize..800, value in 0u8..128) {
            let mut bytes = OFFER.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = inspect_offer(std::str::from_utf8(&bytes).unwrap(), MAX_OFFERED_SECTIONS);
        }
    }
}
