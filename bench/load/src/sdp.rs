//! The session descriptions of the load client: what it must know of the server's, and its own,
//! written by hand.

use std::fmt::Write;
use std::net::SocketAddrV4;

pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
pub const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
pub const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
pub const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Description {
    pub ufrag: String,
    pub password: String,
    /// SHA-256, upper case with colons.
    pub fingerprint: String,
    /// `active`, `passive` or `actpass`.
    pub setup: String,
    pub ice_lite: bool,
    /// First UDP candidate over IPv4.
    pub candidate: Option<SocketAddrV4>,
    pub sections: Vec<Section>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Section {
    /// `audio`, `video` or `application`.
    pub kind: String,
    pub protocol: String,
    pub mid: String,
    pub direction: String,
    pub rejected: bool,
    pub codecs: Vec<Codec>,
    pub extensions: Vec<(u8, String)>,
    /// Stream id and track id.
    pub msid: String,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Codec {
    pub payload_type: u8,
    /// As in `VP8/90000`, lower case.
    pub name: String,
    pub parameters: String,
    pub feedback: Vec<String>,
}

impl Section {
    pub fn extension(&self, uri: &str) -> Option<u8> {
        self.extensions.iter().find(|(_, known)| known == uri).map(|(id, _)| *id)
    }

    pub fn payload_type(&self, name: &str) -> Option<u8> {
        self.codecs.iter().find(|codec| codec.name.starts_with(name)).map(|codec| codec.payload_type)
    }
}

/// Reads a description; lines the client has no use for are passed over.
pub fn parse(text: &str) -> Description {
    let mut description = Description::default();
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let mut words = media.split(' ');
            let kind = words.next().unwrap_or_default().to_owned();
            let rejected = words.next() == Some("0");
            let protocol = words.next().unwrap_or_default().to_owned();
            let codecs =
                words.filter_map(|word| word.parse().ok()).map(|payload_type| Codec { payload_type, ..Codec::default() }).collect();
            description.sections.push(Section { kind, protocol, rejected, codecs, direction: "sendrecv".into(), ..Section::default() });
            continue;
        }
        let Some(attribute) = line.strip_prefix("a=") else { continue };
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "ice-ufrag" if description.ufrag.is_empty() => value.clone_into(&mut description.ufrag),
            "ice-pwd" if description.password.is_empty() => value.clone_into(&mut description.password),
            "setup" if description.setup.is_empty() => value.clone_into(&mut description.setup),
            "ice-lite" => description.ice_lite = true,
            "fingerprint" => {
                if let Some(digest) = value.strip_prefix("sha-256 ") {
                    description.fingerprint = digest.to_ascii_uppercase();
                }
            }
            "candidate" => description.candidate = description.candidate.or_else(|| candidate(attribute)),
            _ => {
                if let Some(section) = description.sections.last_mut() {
                    section_attribute(section, name, value);
                }
            }
        }
    }
    description
}

fn section_attribute(section: &mut Section, name: &str, value: &str) {
    let codec = |section: &mut Section, payload_type: &str, change: &dyn Fn(&mut Codec)| {
        for codec in &mut section.codecs {
            if payload_type == "*" || payload_type.parse() == Ok(codec.payload_type) {
                change(codec);
            }
        }
    };
    match name {
        "mid" => value.clone_into(&mut section.mid),
        "msid" => value.clone_into(&mut section.msid),
        "sendrecv" | "sendonly" | "recvonly" | "inactive" => name.clone_into(&mut section.direction),
        "rtpmap" => {
            if let Some((payload_type, mapped)) = value.split_once(' ') {
                codec(section, payload_type, &|codec| codec.name = mapped.to_ascii_lowercase());
            }
        }
        "fmtp" => {
            if let Some((payload_type, parameters)) = value.split_once(' ') {
                codec(section, payload_type, &|codec| parameters.clone_into(&mut codec.parameters));
            }
        }
        "rtcp-fb" => {
            if let Some((payload_type, feedback)) = value.split_once(' ') {
                codec(section, payload_type, &|codec| codec.feedback.push(feedback.to_owned()));
            }
        }
        "extmap" => {
            if let Some((id, uri)) = value.split_once(' ')
                && let Ok(id) = id.split('/').next().unwrap_or_default().parse()
            {
                let uri = uri.split(' ').next().unwrap_or_default().to_owned();
                section.extensions.push((id, uri));
            }
        }
        _ => {}
    }
}

/// The address of a `candidate:` attribute, when it is UDP over IPv4.
pub fn candidate(attribute: &str) -> Option<SocketAddrV4> {
    let mut words = attribute.split(' ').skip(2);
    if !words.next()?.eq_ignore_ascii_case("udp") {
        return None;
    }
    let address = words.nth(1)?.parse().ok()?;
    let port = words.next()?.parse().ok()?;
    Some(SocketAddrV4::new(address, port))
}

/// Our side of a transport.
pub struct Local<'a> {
    pub ufrag: &'a str,
    pub password: &'a str,
    pub fingerprint: &'a str,
    pub address: SocketAddrV4,
}

/// One track to publish.
pub struct OfferedTrack {
    pub video: bool,
    pub mid: String,
    /// Track id, as told to the server beforehand.
    pub track: String,
    pub ssrc: u32,
    /// Simulcast layers, smallest first; empty without simulcast.
    pub rids: Vec<String>,
}

/// Payload types and extension ids of our own offers.
pub const OFFERED_VP8: u8 = 96;
pub const OFFERED_OPUS: u8 = 111;
const OFFERED_EXTENSIONS: [(u8, &str); 4] = [(1, AUDIO_LEVEL), (3, TRANSPORT_CC), (4, MID), (10, RID)];

/// An offer that publishes `tracks`.
pub fn offer(local: &Local, session: u64, tracks: &[OfferedTrack]) -> String {
    let mids: Vec<_> = tracks.iter().map(|track| track.mid.as_str()).collect();
    let mut text = head(session, &mids);
    for track in tracks {
        let (kind, payload_type) = if track.video { ("video", OFFERED_VP8) } else { ("audio", OFFERED_OPUS) };
        put(&mut text, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}"));
        transport(&mut text, local, "actpass");
        put(&mut text, &format!("a=mid:{}", track.mid));
        put(&mut text, "a=sendonly");
        put(&mut text, "a=rtcp-mux");
        put(&mut text, &format!("a=msid:{} {}", "load", track.track));
        if track.video {
            put(&mut text, &format!("a=rtpmap:{payload_type} VP8/90000"));
            for feedback in ["nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"] {
                put(&mut text, &format!("a=rtcp-fb:{payload_type} {feedback}"));
            }
        } else {
            put(&mut text, &format!("a=rtpmap:{payload_type} opus/48000/2"));
            put(&mut text, &format!("a=fmtp:{payload_type} minptime=10;useinbandfec=1"));
        }
        for (id, uri) in OFFERED_EXTENSIONS {
            if (uri == AUDIO_LEVEL && track.video) || (uri == TRANSPORT_CC && !track.video) || (uri == RID && track.rids.is_empty()) {
                continue;
            }
            put(&mut text, &format!("a=extmap:{id} {uri}"));
        }
        if track.rids.is_empty() {
            put(&mut text, &format!("a=ssrc:{} cname:load", track.ssrc));
            put(&mut text, &format!("a=ssrc:{} msid:load {}", track.ssrc, track.track));
        } else {
            for rid in &track.rids {
                put(&mut text, &format!("a=rid:{rid} send"));
            }
            put(&mut text, &format!("a=simulcast:send {}", track.rids.join(";")));
        }
    }
    text
}

/// An answer that takes what `offer` sends: Opus, VP8 and the retransmissions of VP8.
pub fn answer(local: &Local, session: u64, offer: &Description) -> String {
    let mids: Vec<_> = offer.sections.iter().filter(|section| !section.rejected).map(|section| section.mid.as_str()).collect();
    let mut text = head(session, &mids);
    // The end that is asked to choose becomes the active one, as browsers do.
    let setup = if offer.setup == "active" { "passive" } else { "active" };
    for section in &offer.sections {
        let codecs = accepted(section);
        if section.rejected || (section.kind != "application" && codecs.is_empty()) {
            put(&mut text, &format!("m={} 0 {} 0", section.kind, section.protocol));
            put(&mut text, &format!("a=mid:{}", section.mid));
            put(&mut text, "a=inactive");
            continue;
        }
        if section.kind == "application" {
            put(&mut text, &format!("m=application 9 {} webrtc-datachannel", section.protocol));
            transport(&mut text, local, setup);
            put(&mut text, &format!("a=mid:{}", section.mid));
            put(&mut text, "a=sctp-port:5000");
            put(&mut text, "a=max-message-size:262144");
            continue;
        }
        let payload_types: Vec<_> = codecs.iter().map(|codec| codec.payload_type.to_string()).collect();
        put(&mut text, &format!("m={} 9 {} {}", section.kind, section.protocol, payload_types.join(" ")));
        transport(&mut text, local, setup);
        put(&mut text, &format!("a=mid:{}", section.mid));
        let direction = if section.direction == "inactive" { "inactive" } else { "recvonly" };
        put(&mut text, &format!("a={direction}"));
        put(&mut text, "a=rtcp-mux");
        for codec in codecs {
            put(&mut text, &format!("a=rtpmap:{} {}", codec.payload_type, codec.name));
            if !codec.parameters.is_empty() {
                put(&mut text, &format!("a=fmtp:{} {}", codec.payload_type, codec.parameters));
            }
            for feedback in &codec.feedback {
                put(&mut text, &format!("a=rtcp-fb:{} {feedback}", codec.payload_type));
            }
        }
        for (id, uri) in &section.extensions {
            if [MID, TRANSPORT_CC, AUDIO_LEVEL].contains(&uri.as_str()) {
                put(&mut text, &format!("a=extmap:{id} {uri}"));
            }
        }
    }
    text
}

fn accepted(section: &Section) -> Vec<&Codec> {
    let vp8 = section.payload_type("vp8/");
    let retransmits_vp8 = |codec: &Codec| codec.name.starts_with("rtx/") && vp8.is_some_and(|vp8| codec.parameters == format!("apt={vp8}"));
    section
        .codecs
        .iter()
        .filter(|codec| codec.name.starts_with("opus/") || codec.name.starts_with("vp8/") || retransmits_vp8(codec))
        .collect()
}

fn head(session: u64, mids: &[&str]) -> String {
    let mut text = String::new();
    put(&mut text, "v=0");
    put(&mut text, &format!("o=- {session} 2 IN IP4 127.0.0.1"));
    put(&mut text, "s=-");
    put(&mut text, "t=0 0");
    put(&mut text, &format!("a=group:BUNDLE {}", mids.join(" ")));
    put(&mut text, "a=msid-semantic: WMS *");
    text
}

fn transport(text: &mut String, local: &Local, setup: &str) {
    put(text, "c=IN IP4 0.0.0.0");
    put(text, &format!("a=ice-ufrag:{}", local.ufrag));
    put(text, &format!("a=ice-pwd:{}", local.password));
    put(text, "a=ice-options:trickle");
    put(text, &format!("a=fingerprint:sha-256 {}", local.fingerprint));
    put(text, &format!("a=setup:{setup}"));
    put(text, &format!("a=candidate:1 1 udp 2130706431 {} {} typ host", local.address.ip(), local.address.port()));
    put(text, "a=end-of-candidates");
}

fn put(text: &mut String, line: &str) {
    write!(text, "{line}\r\n").expect("a string takes it");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Local<'static> {
        Local { ufrag: "uuuu", password: "pppp", fingerprint: "AB:CD", address: "127.64.0.1:4000".parse().expect("an address") }
    }

    fn track(video: bool, rids: &[&str]) -> OfferedTrack {
        OfferedTrack {
            video,
            mid: u8::from(video).to_string(),
            track: "t".into(),
            ssrc: 77,
            rids: rids.iter().map(|rid| (*rid).to_owned()).collect(),
        }
    }

    #[test]
    fn reads_its_own_offer() {
        let offer = parse(&offer(&local(), 1, &[track(false, &[]), track(true, &["q", "h"])]));
        assert_eq!(
            (offer.ufrag.as_str(), offer.password.as_str(), offer.fingerprint.as_str(), offer.setup.as_str()),
            ("uuuu", "pppp", "AB:CD", "actpass")
        );
        assert_eq!(offer.candidate, Some(local().address));
        assert_eq!(offer.sections[0].payload_type("opus/"), Some(111));
        assert_eq!(offer.sections[0].extension(AUDIO_LEVEL), Some(1));
        assert_eq!(offer.sections[1].extension(RID), Some(10));
        assert_eq!(offer.sections[1].codecs[0].feedback, ["nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"]);
    }

    #[test]
    fn answers_with_what_it_can_take() {
        let offer = parse(
            "v=0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\na=fingerprint:sha-256 aa:bb\r\na=setup:actpass\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\na=mid:1\r\na=sendonly\r\na=msid:PA_x|TR_y TR_y\r\n\
             a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:102 H264/90000\r\n\
             a=extmap:3/recvonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\n",
        );
        assert_eq!(offer.fingerprint, "AA:BB");
        assert_eq!(offer.sections[1].msid, "PA_x|TR_y TR_y");
        let text = answer(&local(), 1, &offer);
        let answer = parse(&text);
        assert!(text.contains("a=group:BUNDLE 0 1\r\n"));
        assert_eq!(answer.setup, "active");
        assert_eq!(answer.sections[1].codecs.iter().map(|codec| codec.payload_type).collect::<Vec<_>>(), [96, 97]);
        assert_eq!(answer.sections[1].direction, "recvonly");
        assert_eq!(answer.sections[1].extension(TRANSPORT_CC), Some(3));
        assert!(answer.sections[2].rejected);
    }

    #[test]
    fn only_udp_candidates_count() {
        assert_eq!(candidate("candidate:1 1 UDP 2130706431 127.0.0.1 7882 typ host"), Some("127.0.0.1:7882".parse().expect("an address")));
        assert_eq!(candidate("candidate:1 1 tcp 2130706431 127.0.0.1 7881 typ host tcptype passive"), None);
        assert_eq!(candidate("candidate:1 1 udp 2130706431 ::1 7882 typ host"), None);
    }
}
