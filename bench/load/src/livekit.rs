//! LiveKit's signalling with two peer connections (protocol version 15 and later), as far as a load
//! client needs it: the messages of `livekit_rtc.proto` by hand, with the fields that are used.

use std::collections::HashMap;

use prost::Message;

use crate::plan::RIDS;
use crate::sdp::{self, Description};
use crate::session::{Access, Frame, Part, Scene, track_name};
use crate::token;

#[derive(Clone, PartialEq, Message)]
struct SessionDescription {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    sdp: String,
    #[prost(uint32, tag = "3")]
    id: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Trickle {
    #[prost(string, tag = "1")]
    candidate_init: String,
    #[prost(int32, tag = "2")]
    target: i32,
}

#[derive(Clone, PartialEq, Message)]
struct VideoLayer {
    #[prost(int32, tag = "1")]
    quality: i32,
    #[prost(uint32, tag = "2")]
    width: u32,
    #[prost(uint32, tag = "3")]
    height: u32,
    #[prost(uint32, tag = "4")]
    bitrate: u32,
    #[prost(string, tag = "7")]
    rid: String,
}

#[derive(Clone, PartialEq, Message)]
struct AddTrack {
    #[prost(string, tag = "1")]
    cid: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(uint32, tag = "4")]
    width: u32,
    #[prost(uint32, tag = "5")]
    height: u32,
    #[prost(int32, tag = "8")]
    source: i32,
    #[prost(message, repeated, tag = "9")]
    layers: Vec<VideoLayer>,
    #[prost(bool, tag = "13")]
    disable_red: bool,
}

#[derive(Clone, PartialEq, Message)]
struct TrackSettings {
    #[prost(string, repeated, tag = "1")]
    track_sids: Vec<String>,
    #[prost(int32, tag = "4")]
    quality: i32,
    #[prost(uint32, tag = "5")]
    width: u32,
    #[prost(uint32, tag = "6")]
    height: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Ping {
    #[prost(int64, tag = "1")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, optional, tag = "1")]
    offer: Option<SessionDescription>,
    #[prost(message, optional, tag = "2")]
    answer: Option<SessionDescription>,
    #[prost(message, optional, tag = "4")]
    add_track: Option<AddTrack>,
    #[prost(message, optional, tag = "7")]
    track_setting: Option<TrackSettings>,
    #[prost(message, optional, tag = "8")]
    leave: Option<Empty>,
    #[prost(message, optional, tag = "16")]
    ping: Option<Ping>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackInfo {
    #[prost(string, tag = "1")]
    sid: String,
    #[prost(int32, tag = "2")]
    kind: i32,
}

#[derive(Clone, PartialEq, Message)]
struct ParticipantInfo {
    #[prost(string, tag = "2")]
    identity: String,
    #[prost(message, repeated, tag = "4")]
    tracks: Vec<TrackInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct Join {
    #[prost(message, repeated, tag = "3")]
    others: Vec<ParticipantInfo>,
    #[prost(int32, tag = "11")]
    ping_interval: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Update {
    #[prost(message, repeated, tag = "1")]
    participants: Vec<ParticipantInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackPublished {
    #[prost(string, tag = "1")]
    cid: String,
}

#[derive(Clone, PartialEq, Message)]
struct Leave {
    #[prost(int32, tag = "2")]
    reason: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    join: Option<Join>,
    #[prost(message, optional, tag = "2")]
    answer: Option<SessionDescription>,
    #[prost(message, optional, tag = "3")]
    offer: Option<SessionDescription>,
    #[prost(message, optional, tag = "4")]
    trickle: Option<Trickle>,
    #[prost(message, optional, tag = "5")]
    update: Option<Update>,
    #[prost(message, optional, tag = "6")]
    track_published: Option<TrackPublished>,
    #[prost(message, optional, tag = "8")]
    leave: Option<Leave>,
}

const VIDEO: i32 = 1;
const TARGET_SUBSCRIBER: i32 = 1;
const PING_NS: u64 = 5_000_000_000;

/// One end of a session, without its socket.
pub struct Session {
    part: Part,
    tracks_to_confirm: usize,
    /// Transport and last description, for publishing and for receiving.
    publishing: Option<(usize, Option<Description>)>,
    receiving: Option<(usize, Option<Description>)>,
    /// Candidates that came before their description, by target.
    early: [Option<std::net::SocketAddrV4>; 2],
    /// Publisher of each camera, by track id.
    cameras: HashMap<String, usize>,
    configured: Vec<String>,
    next_ping_ns: u64,
}

/// The request of the WebSocket.
pub fn url(access: &Access, identity: &str, receives: bool, unix_s: u64) -> String {
    let subscribe = u8::from(receives);
    let token = token::mint(&access.key, &access.secret, &access.room, identity, unix_s);
    format!("{}/rtc?access_token={token}&auto_subscribe={subscribe}&sdk=other&version=0&protocol=15&adaptive_stream=0", access.url)
}

/// The identity of a publisher, by which others recognise its tracks.
pub fn publisher_identity(publisher: usize) -> String {
    format!("p{publisher}")
}

/// Says goodbye.
pub fn leave(scene: &mut Scene) {
    send(scene, &Request { leave: Some(Empty {}), ..Request::default() });
}

impl Session {
    pub fn new(part: Part) -> Self {
        Session {
            part,
            tracks_to_confirm: 0,
            publishing: None,
            receiving: None,
            early: [None; 2],
            cameras: HashMap::new(),
            configured: Vec::new(),
            next_ping_ns: u64::MAX,
        }
    }

    pub fn publish_transport(&self) -> Option<usize> {
        self.publishing.as_ref().map(|(transport, _)| *transport)
    }

    pub fn receive_transport(&self) -> Option<usize> {
        self.receiving.as_ref().map(|(transport, _)| *transport)
    }

    pub fn tick(&mut self, scene: &mut Scene) {
        if self.next_ping_ns <= scene.now_ns {
            self.next_ping_ns = scene.now_ns + PING_NS;
            send(scene, &Request { ping: Some(Ping { timestamp: (scene.now_ns / 1_000_000) as i64 }), ..Request::default() });
        }
    }

    /// Takes a frame in; an error ends the client.
    pub fn receive(&mut self, frame: &Frame, scene: &mut Scene) -> Result<(), String> {
        let Frame::Binary(bytes) = frame else { return Ok(()) };
        let response = Response::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
        if let Some(join) = response.join {
            self.next_ping_ns = scene.now_ns + if join.ping_interval > 0 { PING_NS } else { u64::MAX / 2 };
            self.note(&join.others);
            self.add_tracks(scene);
        }
        if let Some(update) = response.update {
            self.note(&update.participants);
        }
        if response.track_published.is_some() && self.tracks_to_confirm > 0 {
            self.tracks_to_confirm -= 1;
            if self.tracks_to_confirm == 0 {
                self.offer(scene);
            }
        }
        if let Some(answer) = response.answer {
            self.accept_answer(&answer.sdp, scene)?;
        }
        if let Some(offer) = response.offer {
            self.answer(&offer, scene);
        }
        if let Some(trickle) = response.trickle {
            self.trickle(&trickle, scene);
        }
        response.leave.map_or(Ok(()), |leave| Err(format!("the server says leave, reason {}", leave.reason)))
    }

    fn note(&mut self, participants: &[ParticipantInfo]) {
        for participant in participants {
            let Some(publisher) = participant.identity.strip_prefix('p').and_then(|number| number.parse().ok()) else { continue };
            for track in participant.tracks.iter().filter(|track| track.kind == VIDEO) {
                self.cameras.insert(track.sid.clone(), publisher);
            }
        }
    }

    fn add_tracks(&mut self, scene: &mut Scene) {
        let Some(publisher) = self.part.publisher else { return };
        let plan = scene.plan.publishers[publisher].clone();
        let tracks = scene.offered_tracks(publisher);
        self.tracks_to_confirm = tracks.len();
        for track in tracks {
            let mut add = AddTrack { cid: track_name(publisher, track.video), name: track.track, disable_red: true, ..AddTrack::default() };
            if track.video {
                add.kind = VIDEO;
                add.source = 1;
                let largest = plan.camera[plan.camera.len() - 1];
                (add.width, add.height) = (u32::from(largest.width), u32::from(largest.height));
                add.layers = plan
                    .camera
                    .iter()
                    .enumerate()
                    .map(|(index, shape)| VideoLayer {
                        quality: quality(index, plan.camera.len()),
                        width: u32::from(shape.width),
                        height: u32::from(shape.height),
                        bitrate: (shape.packets_per_second() * shape.payload_bytes as f64 * 8.0) as u32,
                        rid: if plan.camera.len() > 1 { RIDS[index].into() } else { String::new() },
                    })
                    .collect();
            } else {
                add.source = 2;
            }
            send(scene, &Request { add_track: Some(add), ..Request::default() });
        }
    }

    fn offer(&mut self, scene: &mut Scene) {
        let Some(publisher) = self.part.publisher else { return };
        let transport = scene.add_transport();
        self.publishing = Some((transport, None));
        let tracks = scene.offered_tracks(publisher);
        let sdp = scene.offer(transport, &tracks);
        send(scene, &Request { offer: Some(SessionDescription { kind: "offer".into(), sdp, id: 1 }), ..Request::default() });
    }

    fn accept_answer(&mut self, text: &str, scene: &mut Scene) -> Result<(), String> {
        let (Some((transport, description)), Some(publisher)) = (&mut self.publishing, self.part.publisher) else { return Ok(()) };
        if description.is_some() {
            return Ok(());
        }
        let answer = sdp::parse(text);
        scene.accept_answer(*transport, publisher, &answer)?;
        scene.transports[*transport].describe(scene.settings, &answer, true, self.early[0], scene.now_ns);
        *description = Some(answer);
        Ok(())
    }

    fn answer(&mut self, offer: &SessionDescription, scene: &mut Scene) {
        let description = sdp::parse(&offer.sdp);
        let transport = self.receiving.as_ref().map_or_else(|| scene.add_transport(), |(transport, _)| *transport);
        let sdp = scene.answer(transport, &description);
        scene.transports[transport].describe(scene.settings, &description, false, self.early[1], scene.now_ns);
        send(scene, &Request { answer: Some(SessionDescription { kind: "answer".into(), sdp, id: offer.id }), ..Request::default() });
        self.configure(&description, scene);
        self.receiving = Some((transport, Some(description)));
    }

    /// Asks for the layers of the plan, once for each new camera: one message a layer.
    fn configure(&mut self, offer: &Description, scene: &mut Scene) {
        let mut by_layer: HashMap<usize, Vec<String>> = HashMap::new();
        for section in offer.sections.iter().filter(|section| section.kind == "video" && !section.msid.is_empty()) {
            let track = section.msid.split(' ').next().and_then(|stream| stream.split_once('|')).map_or("", |(_, track)| track);
            let Some(publisher) = self.cameras.get(track) else { continue };
            if scene.plan.publishers[*publisher].camera.len() < 2 || self.configured.iter().any(|known| known == track) {
                continue;
            }
            self.configured.push(track.into());
            by_layer.entry(scene.plan.wanted_layer(*publisher)).or_default().push(track.into());
        }
        for (layer, track_sids) in by_layer {
            let camera = &scene.plan.publishers[0].camera;
            let settings = TrackSettings {
                track_sids,
                quality: quality(layer, camera.len()),
                width: u32::from(camera[layer].width),
                height: u32::from(camera[layer].height),
            };
            send(scene, &Request { track_setting: Some(settings), ..Request::default() });
        }
    }

    fn trickle(&mut self, trickle: &Trickle, scene: &mut Scene) {
        let init: serde_json::Value = serde_json::from_str(&trickle.candidate_init).unwrap_or_default();
        let Some(address) = init["candidate"].as_str().and_then(sdp::candidate) else { return };
        let receiving = trickle.target == TARGET_SUBSCRIBER;
        let known = if receiving { &self.receiving } else { &self.publishing };
        if let Some((transport, Some(description))) = known {
            scene.transports[*transport].describe(scene.settings, description, !receiving, Some(address), scene.now_ns);
        } else {
            self.early[usize::from(receiving)].get_or_insert(address);
        }
    }
}

/// `VideoQuality` of a layer: a track with one layer is HIGH.
fn quality(layer: usize, layers: usize) -> i32 {
    if layers == 1 { 2 } else { layer as i32 }
}

fn send(scene: &mut Scene, request: &Request) {
    scene.frames.push(Frame::Binary(request.encode_to_vec()));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::dtls::Identity;
    use crate::net::Mux;
    use crate::plan::{Layout, Plan};
    use crate::srtp::Profile;
    use crate::transport::{Settings, Transport};

    /// Lets a session take one response in; returns the requests it makes.
    fn exchange(session: &mut Session, response: &Response, plan: &Plan, mux: &Mux, transports: &mut Vec<Transport>) -> Vec<Request> {
        let settings = Settings { identity: Identity::new(&[Profile::Aes128Gcm]), feedback_interval_ns: 1 };
        let mut scene = Scene { plan, settings: &settings, mux, transports, published: 0, now_ns: 0, frames: Vec::new() };
        session.receive(&Frame::Binary(response.encode_to_vec()), &mut scene).expect("taken");
        let decode = |frame| match frame {
            Frame::Binary(bytes) => Request::decode(bytes.as_slice()).expect("a request"),
            Frame::Text(text) => panic!("{text}"),
        };
        scene.frames.into_iter().map(decode).collect()
    }

    #[test]
    fn a_publisher_announces_its_tracks_before_it_offers_them() {
        let plan = Plan::room(2, 2, 2, 3, Layout::Grid);
        let mux = Mux::open(Ipv4Addr::new(127, 68, 0, 0), 1, false, true).expect("sockets");
        let mut transports = Vec::new();
        let mut session = Session::new(Part { publisher: Some(1), receives: true });
        let joined = exchange(&mut session, &Response { join: Some(Join::default()), ..Response::default() }, &plan, &mux, &mut transports);
        let tracks: Vec<_> = joined.iter().filter_map(|request| request.add_track.as_ref()).collect();
        assert_eq!(tracks.iter().map(|track| track.cid.as_str()).collect::<Vec<_>>(), ["microphone1", "camera1"]);
        assert_eq!(
            tracks[1].layers.iter().map(|layer| (layer.quality, layer.rid.as_str())).collect::<Vec<_>>(),
            [(0, "q"), (1, "h"), (2, "f")]
        );
        let published = Response { track_published: Some(TrackPublished::default()), ..Response::default() };
        assert!(exchange(&mut session, &published, &plan, &mux, &mut transports).is_empty());
        let offered = exchange(&mut session, &published, &plan, &mux, &mut transports);
        let offer = sdp::parse(&offered[0].offer.as_ref().expect("an offer").sdp);
        assert_eq!(offer.sections.iter().map(|section| section.kind.as_str()).collect::<Vec<_>>(), ["audio", "video"]);
        assert_eq!(session.publish_transport(), Some(0));
    }

    #[test]
    fn a_subscriber_answers_and_asks_for_the_layer_of_the_plan() {
        let plan = Plan::room(3, 2, 2, 3, Layout::Speaker);
        let mux = Mux::open(Ipv4Addr::new(127, 69, 0, 0), 1, false, true).expect("sockets");
        let mut transports = Vec::new();
        let mut session = Session::new(Part { publisher: None, receives: true });
        let camera = |publisher: usize| ParticipantInfo {
            identity: publisher_identity(publisher),
            tracks: vec![TrackInfo { sid: format!("TR_{publisher}"), kind: VIDEO }],
        };
        let join = Join { others: vec![camera(0), camera(1)], ..Join::default() };
        exchange(&mut session, &Response { join: Some(join), ..Response::default() }, &plan, &mux, &mut transports);
        let section = |publisher: usize| {
            format!(
                "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{publisher}\r\na=sendonly\r\na=msid:PA_x|TR_{publisher} TR_{publisher}\r\na=rtpmap:96 VP8/90000\r\n"
            )
        };
        let text = format!("v=0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\na=setup:actpass\r\n{}{}", section(0), section(1));
        let offer = SessionDescription { kind: "offer".into(), sdp: text, id: 7 };
        let made = exchange(&mut session, &Response { offer: Some(offer), ..Response::default() }, &plan, &mux, &mut transports);
        let answer = made[0].answer.as_ref().expect("an answer first");
        assert_eq!((answer.id, sdp::parse(&answer.sdp).sections.len()), (7, 2));
        let mut settings: Vec<_> = made[1..].iter().filter_map(|request| request.track_setting.clone()).collect();
        settings.sort_by_key(|setting| setting.quality);
        let wanted = settings.iter().map(|setting| (setting.track_sids.join(","), setting.quality, setting.width)).collect::<Vec<_>>();
        assert_eq!(wanted, [("TR_1".into(), 0, 320), ("TR_0".into(), 2, 1280)]);
    }
}
