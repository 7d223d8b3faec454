//! The engine class. Every method converts, calls, converts; its contract is in `__init__.pyi`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::sync::Arc;

use moothall_sfu_core::bitrate::Bitrate;
use moothall_sfu_core::format::Format;
use moothall_sfu_core::limits::MAX_MESSAGE;
use moothall_sfu_core::track_parts::Layer;
use moothall_sfu_core::{
    Command, ConnectionMode, Kind, PeerId, RoomId, RoomLimits, SignalTarget, SubscriptionSettings, TrackId,
};
use moothall_sfu_io::EngineConfig;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::to_python;
use crate::messages::Messages;

#[pyclass(frozen, module = "moothall_sfu")]
pub struct Engine {
    inner: moothall_sfu_io::Engine,
}

impl Engine {
    fn send(&self, py: Python<'_>, shard: usize, command: Command) {
        py.detach(|| self.inner.send(shard, command));
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (
        *, bind_ips, udp_ports, tcp_port = None, advertised_ips = Vec::new(), public_ips = Vec::new(), voices = 3,
        voices_from = 16, cameras = 25
    ))]
    fn new(
        bind_ips: Vec<String>,
        udp_ports: Vec<u16>,
        tcp_port: Option<u16>,
        advertised_ips: Vec<String>,
        public_ips: Vec<String>,
        voices: usize,
        voices_from: usize,
        cameras: usize,
    ) -> PyResult<Self> {
        let config = EngineConfig {
            bind_ips: parse_ips(&bind_ips)?,
            udp_ports,
            tcp_port,
            advertised_ips: parse_ips(&advertised_ips)?,
            public_ips: parse_ips(&public_ips)?,
            room_limits: RoomLimits { voices, voices_from, cameras },
        };
        let inner = moothall_sfu_io::Engine::new(&config).map_err(to_python)?;
        Ok(Self { inner })
    }

    #[getter]
    fn event_fd(&self) -> RawFd {
        self.inner.event_fd()
    }

    #[getter]
    fn udp_ports(&self) -> Vec<u16> {
        self.inner.udp_ports()
    }

    #[getter]
    fn tcp_port(&self) -> Option<u16> {
        self.inner.tcp_port()
    }

    #[getter]
    fn candidates<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let messages = Messages::get(py)?;
        self.inner.candidates().into_iter().map(|(carrier, a)| messages.candidate(py, carrier, a)).collect()
    }

    #[pyo3(signature = (limit = 512))]
    fn poll_events<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let messages = Messages::get(py)?;
        self.inner.poll_events(limit).into_iter().map(|event| messages.event(py, event)).collect()
    }

    #[staticmethod]
    fn take_logs(py: Python<'_>) -> PyResult<(Vec<Bound<'_, PyAny>>, u64)> {
        let messages = Messages::get(py)?;
        let (records, dropped) = moothall_sfu_io::take_logs();
        let records = records.into_iter().map(|r| messages.log_record(py, r)).collect::<PyResult<Vec<_>>>()?;
        Ok((records, dropped))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.inner.close());
    }

    fn add_room(&self, py: Python<'_>) -> u64 {
        let room = self.inner.new_room();
        self.send(py, room.shard(), Command::AddRoom { room });
        room.0
    }

    fn remove_room(&self, py: Python<'_>, room: u64) {
        let room = RoomId(room);
        self.inner.release_room(room);
        self.send(py, room.shard(), Command::RemoveRoom { room });
    }

    #[pyo3(signature = (room, *, is_single = false, tcp_only = false))]
    fn add_peer(&self, py: Python<'_>, room: u64, is_single: bool, tcp_only: bool) -> u64 {
        let room = RoomId(room);
        let peer = self.inner.new_peer(room);
        let mode = if is_single { ConnectionMode::Single } else { ConnectionMode::Dual };
        self.send(py, room.shard(), Command::AddPeer { room, peer, mode, tcp_only });
        peer.0
    }

    fn remove_peer(&self, py: Python<'_>, peer: u64) {
        let peer = PeerId(peer);
        self.send(py, peer.shard(), Command::RemovePeer { peer });
    }

    fn accept_offer(&self, py: Python<'_>, peer: u64, sdp: String) -> u64 {
        let (peer, request) = (PeerId(peer), self.inner.new_request());
        self.send(py, peer.shard(), Command::AcceptOffer { request, peer, sdp });
        request.0
    }

    #[pyo3(signature = (peer, restart_ice = false))]
    fn create_offer(&self, py: Python<'_>, peer: u64, restart_ice: bool) -> u64 {
        let (peer, request) = (PeerId(peer), self.inner.new_request());
        self.send(py, peer.shard(), Command::CreateOffer { request, peer, restart_ice });
        request.0
    }

    fn accept_answer(&self, py: Python<'_>, peer: u64, sdp: String) -> u64 {
        let (peer, request) = (PeerId(peer), self.inner.new_request());
        self.send(py, peer.shard(), Command::AcceptAnswer { request, peer, sdp });
        request.0
    }

    fn require_sections(&self, py: Python<'_>, peer: u64) -> u64 {
        let (peer, request) = (PeerId(peer), self.inner.new_request());
        self.send(py, peer.shard(), Command::RequireSections { request, peer });
        request.0
    }

    fn add_candidate(&self, py: Python<'_>, peer: u64, target: &str, candidate: String) -> PyResult<()> {
        let (peer, target) = (PeerId(peer), parse_target(target)?);
        self.send(py, peer.shard(), Command::AddCandidate { peer, target, candidate });
        Ok(())
    }

    #[pyo3(signature = (peer, mid, kind, *, is_screen = false, codec = ""))]
    fn publish(
        &self,
        py: Python<'_>,
        peer: u64,
        mid: String,
        kind: &str,
        is_screen: bool,
        codec: &str,
    ) -> PyResult<u64> {
        let (peer, kind) = (PeerId(peer), parse_kind(kind)?);
        let track = self.inner.new_track(peer);
        let format = Format::named(codec);
        self.send(py, peer.shard(), Command::Publish { peer, track, mid, kind, is_screen, format });
        Ok(track.0)
    }

    #[pyo3(signature = (track, mid, codec = ""))]
    fn publish_backup(&self, py: Python<'_>, track: u64, mid: String, codec: &str) {
        let track = TrackId(track);
        self.send(py, track.shard(), Command::PublishBackup { track, mid, format: Format::named(codec) });
    }

    fn unpublish(&self, py: Python<'_>, track: u64) {
        let track = TrackId(track);
        self.send(py, track.shard(), Command::Unpublish { track });
    }

    fn set_muted(&self, py: Python<'_>, track: u64, muted: bool) {
        let track = TrackId(track);
        self.send(py, track.shard(), Command::SetMuted { track, muted });
    }

    fn subscribe(&self, py: Python<'_>, peer: u64, track: u64, stream_id: String, track_id: String) {
        let (peer, track) = (PeerId(peer), TrackId(track));
        self.send(py, peer.shard(), Command::Subscribe { peer, track, stream_id, track_id });
    }

    fn unsubscribe(&self, py: Python<'_>, peer: u64, track: u64) {
        let (peer, track) = (PeerId(peer), TrackId(track));
        self.send(py, peer.shard(), Command::Unsubscribe { peer, track });
    }

    fn set_subscription(&self, py: Python<'_>, peer: u64, track: u64, settings: Wishes) {
        let (peer, track) = (PeerId(peer), TrackId(track));
        self.send(py, peer.shard(), Command::SetSubscription { peer, track, settings: settings.into() });
    }

    fn limit_video(&self, py: Python<'_>, peer: u64, bits_per_second: u64) {
        let peer = PeerId(peer);
        let limit = (bits_per_second > 0).then(|| Bitrate::from_bps(bits_per_second as f64));
        self.send(py, peer.shard(), Command::LimitVideo { peer, limit });
    }

    fn send_data(&self, py: Python<'_>, peers: Vec<u64>, reliable: bool, payload: &[u8]) -> PyResult<()> {
        if payload.len() > MAX_MESSAGE {
            return Err(PyValueError::new_err(format!("a message has at most {MAX_MESSAGE} bytes")));
        }
        let payload: Arc<[u8]> = payload.into();
        for shard in 0..self.inner.shard_count() {
            let peers: Vec<PeerId> = peers.iter().map(|p| PeerId(*p)).filter(|p| p.shard() == shard).collect();
            if !peers.is_empty() {
                let payload = payload.clone();
                self.send(py, shard, Command::SendData { peers, reliable, payload });
            }
        }
        Ok(())
    }

    fn counters(&self) -> BTreeMap<&'static str, u64> {
        let (counters, dropped_events) = self.inner.counters();
        counters.named().chain([("dropped_events", dropped_events)]).collect()
    }

    fn _panic_peer(&self, py: Python<'_>, peer: u64) {
        let peer = PeerId(peer);
        self.send(py, peer.shard(), Command::PanicPeer { peer });
    }
}

/// `SubscriptionSettings` of `moothall_sfu/commands.py`, read by the names of its fields.
#[derive(FromPyObject)]
struct Wishes {
    enabled: bool,
    max_layer: u8,
    max_fps: u32,
    priority: u32,
}

impl From<Wishes> for SubscriptionSettings {
    fn from(wishes: Wishes) -> Self {
        let Wishes { enabled, max_layer, max_fps, priority } = wishes;
        Self { enabled, max_layer: Layer::new(max_layer), max_fps, priority }
    }
}

fn parse_ips(texts: &[String]) -> PyResult<Vec<IpAddr>> {
    let parse = |t: &String| t.parse().map_err(|_| PyValueError::new_err(format!("{t:?} is not an IP address")));
    texts.iter().map(parse).collect()
}

fn parse_target(text: &str) -> PyResult<SignalTarget> {
    match text {
        "publisher" => Ok(SignalTarget::Publisher),
        "subscriber" => Ok(SignalTarget::Subscriber),
        _ => Err(PyValueError::new_err(format!("{text:?} is not a target"))),
    }
}

fn parse_kind(text: &str) -> PyResult<Kind> {
    match text {
        "audio" => Ok(Kind::Audio),
        "video" => Ok(Kind::Video),
        _ => Err(PyValueError::new_err(format!("{text:?} is not a kind of track"))),
    }
}
