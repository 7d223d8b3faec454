//! Events as tuples whose first item is the name.

use moothall_sfu_core::events::Section;
use moothall_sfu_core::{Event, Kind, PeerStats, Reply, Target, TrackId, TransportState};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

pub fn target_name(target: Target) -> &'static str {
    match target {
        Target::Publisher => "publisher",
        Target::Subscriber => "subscriber",
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

pub fn to_tuple(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    match event {
        Event::Replied { request, result } => match result {
            Ok(reply) => ("reply", request.0, reply_value(py, reply)?, py.None()).into_pyobject(py),
            Err(error) => ("reply", request.0, py.None(), error).into_pyobject(py),
        },
        Event::TransportChanged { peer, target, state } => {
            ("transport", peer.0, target_name(target), state_name(state)).into_pyobject(py)
        }
        Event::NegotiationNeeded { peer } => ("negotiation_needed", peer.0).into_pyobject(py),
        Event::TrackLive { track, rid, mime } => ("track_live", track.0, rid, mime).into_pyobject(py),
        Event::ChannelOpened { peer, target, label } => {
            ("channel_open", peer.0, target_name(target), label).into_pyobject(py)
        }
        Event::DataReceived { peer, reliable, payload } => {
            ("data", peer.0, reliable, PyBytes::new(py, &payload)).into_pyobject(py)
        }
        Event::LevelsMeasured { room, levels } => {
            let levels: Vec<(u64, f32)> = levels.into_iter().map(|(track, level)| (track.0, level)).collect();
            ("levels", room.0, levels).into_pyobject(py)
        }
        Event::StatsMeasured { peer, stats } => ("stats", peer.0, stats_dict(py, &stats)?).into_pyobject(py),
        Event::StreamStateChanged { peer, track, active } => {
            ("stream_state", peer.0, track.0, if active { "active" } else { "paused" }).into_pyobject(py)
        }
        Event::PeerCrashed { peer, text } => ("crashed", peer.0, text).into_pyobject(py),
    }
}

fn reply_value(py: Python<'_>, reply: Reply) -> PyResult<Py<PyAny>> {
    match reply {
        Reply::Answer { sdp, sections, tracks, needs_offer } => {
            let sections: Vec<_> = sections.into_iter().map(section_tuple).collect();
            Ok((sdp, sections, by_mid(py, tracks)?, needs_offer).into_pyobject(py)?.into_any().unbind())
        }
        Reply::Offer { sdp, tracks } => Ok((sdp, by_mid(py, tracks)?).into_pyobject(py)?.into_any().unbind()),
        Reply::SectionsRequired { audio, video } => Ok((audio, video).into_pyobject(py)?.into_any().unbind()),
        Reply::NothingToOffer | Reply::AnswerAccepted => Ok(py.None()),
    }
}

fn by_mid(py: Python<'_>, tracks: Vec<(String, TrackId)>) -> PyResult<Bound<'_, PyDict>> {
    let by_mid = PyDict::new(py);
    for (mid, track) in tracks {
        by_mid.set_item(mid, track.0)?;
    }
    Ok(by_mid)
}

fn section_tuple(section: Section) -> (String, &'static str, &'static str, Vec<String>, String) {
    (section.mid, kind_name(section.kind), section.direction, section.rids, section.cid)
}

fn stats_dict<'py>(py: Python<'py>, stats: &PeerStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("loss", stats.loss)?;
    dict.set_item("rtt_ms", stats.rtt_ms)?;
    dict.set_item("jitter_ms", stats.jitter_ms)?;
    dict.set_item("tx_bytes", stats.tx_bytes)?;
    dict.set_item("rx_bytes", stats.rx_bytes)?;
    Ok(dict)
}
