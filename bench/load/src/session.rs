//! The base of both signalling protocols: a client's part in the plan and what it may touch.

use crate::net::Mux;
use crate::outbound::{Extensions, Outbound};
use crate::plan::{Plan, RIDS};
use crate::rtp::Source;
use crate::sdp::{self, AUDIO_LEVEL, Description, MID, OfferedTrack, RID, TRANSPORT_CC};
use crate::transport::{Settings, Transport};

/// A frame of the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// Where to join and as whom.
#[derive(Debug, Clone)]
pub struct Access {
    /// `ws://host:port`
    pub url: String,
    pub room: String,
    pub key: String,
    pub secret: String,
}

/// A client's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its place among the publishers.
    pub publisher: Option<usize>,
    pub receives: bool,
}

/// The parts of a run that a session works on while it takes a message in.
pub struct Scene<'a> {
    pub plan: &'a Plan,
    pub settings: &'a Settings,
    pub mux: &'a Mux,
    pub transports: &'a mut Vec<Transport>,
    /// Publishers whose media flows.
    pub published: usize,
    pub now_ns: u64,
    pub frames: Vec<Frame>,
}

impl Scene<'_> {
    pub fn add_transport(&mut self) -> usize {
        let id = self.transports.len();
        self.transports.push(Transport::new(id, self.mux));
        id
    }

    /// The tracks of a publisher as its offer names them: audio first.
    pub fn offered_tracks(&self, publisher: usize) -> Vec<OfferedTrack> {
        let plan = &self.plan.publishers[publisher];
        let mut tracks = Vec::new();
        if plan.microphone.is_some() {
            tracks.push(OfferedTrack {
                video: false,
                mid: tracks.len().to_string(),
                track: track_name(publisher, false),
                ssrc: ssrc(publisher, false, 0),
                rids: Vec::new(),
            });
        }
        if !plan.camera.is_empty() {
            let rids = if plan.camera.len() > 1 { RIDS[..plan.camera.len()].iter().map(ToString::to_string).collect() } else { Vec::new() };
            tracks.push(OfferedTrack {
                video: true,
                mid: tracks.len().to_string(),
                track: track_name(publisher, true),
                ssrc: ssrc(publisher, true, 0),
                rids,
            });
        }
        tracks
    }

    pub fn offer(&self, transport: usize, tracks: &[OfferedTrack]) -> String {
        sdp::offer(&self.transports[transport].local(self.settings), transport as u64 + 1, tracks)
    }

    pub fn answer(&mut self, transport: usize, offer: &Description) -> String {
        self.transports[transport].describe(self.settings, offer, false, None, self.now_ns);
        sdp::answer(&self.transports[transport].local(self.settings), transport as u64 + 1, offer)
    }

    /// Takes the answer to our offer and begins to publish what it accepts.
    pub fn accept_answer(&mut self, transport: usize, publisher: usize, answer: &Description) -> Result<(), String> {
        self.transports[transport].describe(self.settings, answer, true, None, self.now_ns);
        let plan = &self.plan.publishers[publisher];
        for track in self.offered_tracks(publisher) {
            let section = answer.sections.iter().find(|section| section.mid == track.mid).filter(|section| !section.rejected);
            let section = section.ok_or("the server takes not every track")?;
            let mid = section.extension(MID).map(|id| (id, track.mid.clone()));
            if !track.video {
                let microphone = plan.microphone.ok_or("a track without a microphone")?;
                let level = if microphone.speaks { 20 } else { 127 };
                let extensions =
                    Extensions { mid, audio_level: section.extension(AUDIO_LEVEL).map(|id| (id, level)), ..Extensions::default() };
                self.publish(transport, source(publisher, false, 0), microphone.shape, sdp::OFFERED_OPUS, &extensions);
                continue;
            }
            for (layer, shape) in plan.camera.iter().enumerate() {
                let rid = track.rids.get(layer).and_then(|rid| Some((section.extension(RID)?, rid.clone())));
                if !track.rids.is_empty() && rid.is_none() {
                    return Err("the server takes no simulcast".into());
                }
                let extensions = Extensions { mid: mid.clone(), rid, transport_cc: section.extension(TRANSPORT_CC), audio_level: None };
                self.publish(transport, source(publisher, true, layer), *shape, sdp::OFFERED_VP8, &extensions);
            }
        }
        Ok(())
    }

    fn publish(&mut self, transport: usize, source: Source, shape: crate::outbound::Shape, payload_type: u8, extensions: &Extensions) {
        let ssrc = ssrc(usize::from(source.publisher), source.video, usize::from(source.layer));
        // Publishers' frames fall all over the frame interval, as those of cameras do.
        let spread = 1e9 / shape.frames_per_second * (f64::from(source.publisher) * 0.618_034).fract();
        let stream = Outbound::new(source, shape, ssrc, payload_type, extensions, self.now_ns + spread as u64);
        self.transports[transport].outbound.push(stream);
    }
}

fn source(publisher: usize, video: bool, layer: usize) -> Source {
    Source { publisher: publisher as u16, video, layer: layer as u8 }
}

fn ssrc(publisher: usize, video: bool, layer: usize) -> u32 {
    0x1000_0000 + ((publisher as u32) << 8) + (u32::from(video) << 4) + layer as u32
}

pub fn track_name(publisher: usize, video: bool) -> String {
    format!("{}{publisher}", if video { "camera" } else { "microphone" })
}
