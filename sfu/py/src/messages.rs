//! Events, replies and log records as the classes of `moothall_sfu/messages.py`, made by position.

use std::net::SocketAddr;

use moothall_sfu_core::events::Section;
use moothall_sfu_core::{Carrier, Event, Kind, PeerStats, Reply, SignalTarget, TrackId, TransportState};
use moothall_sfu_io::{FieldValue, LogRecord};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyType};

/// The classes, looked up once.
pub struct Messages {
    candidate: Py<PyType>,
    section: Py<PyType>,
    answer: Py<PyType>,
    offer: Py<PyType>,
    sections_required: Py<PyType>,
    replied: Py<PyType>,
    transport_changed: Py<PyType>,
    negotiation_needed: Py<PyType>,
    track_live: Py<PyType>,
    channel_opened: Py<PyType>,
    data_received: Py<PyType>,
    levels_measured: Py<PyType>,
    stats_measured: Py<PyType>,
    stream_state_changed: Py<PyType>,
    stream_codec_changed: Py<PyType>,
    peer_crashed: Py<PyType>,
    log_record: Py<PyType>,
}

static MESSAGES: PyOnceLock<Messages> = PyOnceLock::new();

fn target_name(target: SignalTarget) -> &'static str {
    match target {
        SignalTarget::Publisher => "publisher",
        SignalTarget::Subscriber => "subscriber",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}

fn state_name(state: TransportState) -> &'static str {
    match state {
        TransportState::Connected => "connected",
        TransportState::Disconnected => "disconnected",
        TransportState::Failed => "failed",
        TransportState::Closed => "closed",
    }
}

impl Messages {
    pub fn get(py: Python<'_>) -> PyResult<&Self> {
        MESSAGES.get_or_try_init(py, || {
            let module = py.import("moothall_sfu.messages")?;
            let class =
                |name: &str| -> PyResult<Py<PyType>> { Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind()) };
            Ok(Self {
                candidate: class("Candidate")?,
                section: class("Section")?,
                answer: class("Answer")?,
                offer: class("Offer")?,
                sections_required: class("SectionsRequired")?,
                replied: class("Replied")?,
                transport_changed: class("TransportChanged")?,
                negotiation_needed: class("NegotiationNeeded")?,
                track_live: class("TrackLive")?,
                channel_opened: class("ChannelOpened")?,
                data_received: class("DataReceived")?,
                levels_measured: class("LevelsMeasured")?,
                stats_measured: class("StatsMeasured")?,
                stream_state_changed: class("StreamStateChanged")?,
                stream_codec_changed: class("StreamCodecChanged")?,
                peer_crashed: class("PeerCrashed")?,
                log_record: class("LogRecord")?,
            })
        })
    }

    pub fn candidate<'py>(
        &self,
        py: Python<'py>,
        carrier: Carrier,
        address: SocketAddr,
    ) -> PyResult<Bound<'py, PyAny>> {
        let protocol = match carrier {
            Carrier::Udp => "udp",
            Carrier::Tcp => "tcp",
        };
        self.candidate.bind(py).call1((address.ip().to_string(), address.port(), protocol))
    }

    pub fn event<'py>(&self, py: Python<'py>, event: Event) -> PyResult<Bound<'py, PyAny>> {
        match event {
            Event::Replied { request, result } => {
                let (value, error) = match result {
                    Ok(reply) => (self.reply(py, reply)?, None),
                    Err(error) => (py.None().into_bound(py), Some(error.with_causes())),
                };
                self.replied.bind(py).call1((request.0, value, error))
            }
            Event::TransportChanged { peer, target, state } => {
                self.transport_changed.bind(py).call1((peer.0, target_name(target), state_name(state)))
            }
            Event::NegotiationNeeded { peer } => self.negotiation_needed.bind(py).call1((peer.0,)),
            Event::TrackLive { track, rid, mime } => self.track_live.bind(py).call1((track.0, rid, mime)),
            Event::ChannelOpened { peer, target, label } => {
                self.channel_opened.bind(py).call1((peer.0, target_name(target), label))
            }
            Event::DataReceived { peer, reliable, payload } => {
                self.data_received.bind(py).call1((peer.0, reliable, PyBytes::new(py, &payload)))
            }
            Event::LevelsMeasured { room, levels } => {
                let levels: Vec<(u64, f32)> = levels.into_iter().map(|(track, level)| (track.0, level)).collect();
                self.levels_measured.bind(py).call1((room.0, levels))
            }
            Event::StatsMeasured { peer, stats } => {
                let PeerStats { loss, rtt_ms, jitter_ms, tx_bytes, rx_bytes } = stats;
                self.stats_measured.bind(py).call1((peer.0, loss, rtt_ms, jitter_ms, tx_bytes, rx_bytes))
            }
            Event::StreamStateChanged { peer, track, active } => {
                self.stream_state_changed.bind(py).call1((peer.0, track.0, active))
            }
            Event::CodecChosen { peer, track, mime } => {
                self.stream_codec_changed.bind(py).call1((peer.0, track.0, mime))
            }
            Event::PeerCrashed { peer, text } => self.peer_crashed.bind(py).call1((peer.0, text)),
        }
    }

    fn reply<'py>(&self, py: Python<'py>, reply: Reply) -> PyResult<Bound<'py, PyAny>> {
        match reply {
            Reply::Answer { sdp, sections, tracks, needs_offer } => {
                let sections = sections.into_iter().map(|s| self.section(py, s)).collect::<PyResult<Vec<_>>>()?;
                self.answer.bind(py).call1((sdp, PyList::new(py, sections)?, by_mid(py, tracks)?, needs_offer))
            }
            Reply::Offer { sdp, tracks } => self.offer.bind(py).call1((sdp, by_mid(py, tracks)?)),
            Reply::SectionsRequired { audio, video } => self.sections_required.bind(py).call1((audio, video)),
            Reply::NothingToOffer | Reply::AnswerAccepted => Ok(py.None().into_bound(py)),
        }
    }

    fn section<'py>(&self, py: Python<'py>, section: Section) -> PyResult<Bound<'py, PyAny>> {
        let Section { mid, kind, direction, rids, cid } = section;
        self.section.bind(py).call1((mid, kind_name(kind), direction, rids, cid))
    }

    pub fn log_record<'py>(&self, py: Python<'py>, record: LogRecord) -> PyResult<Bound<'py, PyAny>> {
        let fields = PyDict::new(py);
        for (name, value) in record.fields {
            match value {
                FieldValue::Number(number) => fields.set_item(name, number)?,
                FieldValue::Text(text) => fields.set_item(name, text)?,
            }
        }
        self.log_record.bind(py).call1((record.level, record.message, fields, record.left_out))
    }
}

fn by_mid(py: Python<'_>, tracks: Vec<(String, TrackId)>) -> PyResult<Bound<'_, PyDict>> {
    let by_mid = PyDict::new(py);
    for (mid, track) in tracks {
        by_mid.set_item(mid, track.0)?;
    }
    Ok(by_mid)
}
