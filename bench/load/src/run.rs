//! A run: clients join, media flows, a window of it is measured.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::clock;
use crate::dtls::Identity;
use crate::histogram::Samples;
use crate::inbound::Totals;
use crate::net::Mux;
use crate::plan::Plan;
use crate::rtp::Source;
use crate::server::{self, Usage};
use crate::session::{Access, Frame, Part, Scene};
use crate::socket::{Incoming, Readiness, Socket};
use crate::srtp::Profile;
use crate::transport::{Outbox, Settings, Transport};
use crate::{janus, livekit};

const MILLISECOND: u64 = 1_000_000;
/// Timers of a transport or client are looked after once in so many milliseconds.
const TIMER_TURNS: usize = 5;
const SETTLE_NS: u64 = 30_000 * MILLISECOND;
/// After publishers stop, what is under way may still arrive for so long.
const DRAIN_NS: u64 = 300 * MILLISECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    LiveKit,
    Janus,
}

/// The settings of a run besides its plan.
pub struct Environment {
    pub access: Access,
    pub protocol: Protocol,
    pub profiles: Vec<Profile>,
    /// Address of the first transport.
    pub base: Ipv4Addr,
    pub sockets: usize,
    /// Latencies end when the kernel received a packet, not when this process looked.
    pub timestamps: bool,
    /// Datagrams that were sent together may arrive together (`UDP_GRO`).
    pub joined: bool,
    pub feedback_interval_ns: u64,
    /// Root of the server's process tree.
    pub server: Option<u32>,
}

enum Session {
    LiveKit(Box<livekit::Session>),
    Janus(janus::Session),
}

impl Session {
    fn publish_transport(&self) -> Option<usize> {
        match self {
            Session::LiveKit(session) => session.publish_transport(),
            Session::Janus(session) => session.publish_transport(),
        }
    }

    fn receive_transport(&self) -> Option<usize> {
        match self {
            Session::LiveKit(session) => session.receive_transport(),
            Session::Janus(session) => session.receive_transport(),
        }
    }
}

struct Client {
    part: Part,
    socket: Socket,
    session: Session,
    started_ns: u64,
    failure: Option<String>,
}

/// The measurements of one window.
pub struct Window {
    pub seconds: f64,
    pub subscribers: usize,
    pub expected: u64,
    pub delivered: u64,
    /// RTP packets counted at the subscribers, wanted or not.
    pub received: u64,
    pub received_bytes: u64,
    pub lost: u64,
    pub duplicates: u64,
    pub reordered: u64,
    pub sampled: u64,
    pub forged: u64,
    pub foreign: u64,
    pub padding: u64,
    pub retransmitted: u64,
    /// Streams on another layer than asked for.
    pub wrong_layer: usize,
    pub latency_ns: Samples,
    pub generator_cpu_s: f64,
    pub server: Option<(Usage, Usage)>,
    pub sent: u64,
    pub receive_buffer_errors: u64,
}

impl Window {
    pub fn delivered_percent(&self) -> f64 {
        if self.expected == 0 { 0.0 } else { self.delivered as f64 * 100.0 / self.expected as f64 }
    }

    pub fn generator_load_percent(&self) -> f64 {
        self.generator_cpu_s * 100.0 / self.seconds
    }

    pub fn server_cpu_s(&self) -> Option<f64> {
        self.server.map(|(before, after)| after.cpu_s - before.cpu_s)
    }
}

#[derive(Default, Clone, Copy)]
struct StreamCount {
    delivered: u64,
    missing: u64,
    duplicates: u64,
    reordered: u64,
}

struct Snapshot {
    at_ns: u64,
    sent: HashMap<Source, u64>,
    /// By transport and SSRC.
    streams: HashMap<(usize, u32), StreamCount>,
    counters: [u64; 7],
    cpu_ns: u64,
    server: Option<Usage>,
    buffer_errors: u64,
}

pub struct Run {
    plan: Plan,
    environment: Environment,
    settings: Settings,
    mux: Mux,
    readiness: Readiness,
    transports: Vec<Transport>,
    clients: Vec<Client>,
    totals: Totals,
    published: usize,
    publishing: bool,
    turn: usize,
    next_ns: u64,
}

impl Run {
    pub fn new(plan: Plan, environment: Environment) -> Result<Self, String> {
        let settings = Settings { identity: Identity::new(&environment.profiles), feedback_interval_ns: environment.feedback_interval_ns };
        let mux = Mux::open(environment.base, environment.sockets, environment.timestamps, environment.joined)
            .map_err(|error| error.to_string())?;
        let readiness = Readiness::new().map_err(|error| error.to_string())?;
        Ok(Run {
            plan,
            environment,
            settings,
            mux,
            readiness,
            transports: Vec::new(),
            clients: Vec::new(),
            totals: Totals::default(),
            published: 0,
            publishing: true,
            turn: 0,
            next_ns: clock::monotonic_ns(),
        })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Lets all publishers in and waits until their media flows.
    pub fn join_publishers(&mut self) -> Result<(), String> {
        let count = self.plan.publishers.len();
        self.join((0..count).map(Some).collect(), 50.0)?;
        let deadline = clock::monotonic_ns() + SETTLE_NS;
        while self.published < count {
            self.step()?;
            self.check_publishers(deadline)?;
        }
        Ok(())
    }

    /// Lets `count` more subscribers in at `per_second`; does not wait for their media.
    pub fn join_subscribers(&mut self, count: usize, per_second: f64) -> Result<(), String> {
        self.join(vec![None; count], per_second)
    }

    /// Waits until everybody receives everything the plan says; returns how many still miss
    /// something at the deadline.
    pub fn settle(&mut self) -> Result<usize, String> {
        let deadline = clock::monotonic_ns() + SETTLE_NS;
        loop {
            for _ in 0..100 {
                self.step()?;
            }
            let waiting = self.waiting();
            if waiting == 0 || clock::monotonic_ns() > deadline {
                return Ok(waiting);
            }
        }
    }

    pub fn pass(&mut self, seconds: f64) -> Result<(), String> {
        let end = clock::monotonic_ns() + (seconds * 1e9) as u64;
        while clock::monotonic_ns() < end {
            self.step()?;
        }
        Ok(())
    }

    /// Measures `seconds`. `last` stops the publishers at the end and waits for what is still under
    /// way, so that every packet sent in the window is either counted or lost.
    pub fn measure(&mut self, seconds: f64, last: bool) -> Result<Window, String> {
        let before = self.snapshot();
        self.totals.latency_ns.clear();
        self.pass(seconds)?;
        let measured = (clock::monotonic_ns() - before.at_ns) as f64 / 1e9;
        if last {
            self.publishing = false;
            self.pass(DRAIN_NS as f64 / 1e9)?;
        }
        let after = self.snapshot();
        Ok(self.window(&before, &after, measured))
    }

    /// Milliseconds from the first byte sent to the server until the first media packet, of those
    /// who only receive.
    pub fn join_times_ns(&self) -> Samples {
        let mut samples = Samples::default();
        for client in self.clients.iter().filter(|client| client.part.publisher.is_none()) {
            if let Some(at) = client.session.receive_transport().and_then(|transport| self.transports[transport].inbound.first_media_ns) {
                samples.add(at - client.started_ns);
            }
        }
        samples
    }

    pub fn server_usage(&self) -> Option<Usage> {
        self.environment.server.and_then(server::usage)
    }

    /// The failures of clients and transports, a line each.
    pub fn failures(&self) -> Vec<String> {
        let clients = self.clients.iter().filter_map(|client| client.failure.clone());
        clients.chain(self.transports.iter().filter_map(|transport| transport.failure.clone())).collect()
    }

    /// The profiles in use, each once.
    pub fn profiles(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.transports.iter().filter_map(Transport::profile).map(Profile::name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub fn nacked(&self) -> u64 {
        self.transports.iter().map(|transport| transport.nacked).sum()
    }

    /// Says goodbye to the server.
    pub fn leave(&mut self) {
        for index in 0..self.clients.len() {
            // The run is over: who cannot say goodbye is gone all the same.
            let _gone = self.with_session(index, |session, scene| match session {
                Session::LiveKit(_) => livekit::leave(scene),
                Session::Janus(session) => session.leave(scene),
            });
        }
        let _last_datagrams = self.pass(0.1);
        self.clients.iter_mut().for_each(|client| client.socket.close());
    }

    fn join(&mut self, publishers: Vec<Option<usize>>, per_second: f64) -> Result<(), String> {
        let begin = clock::monotonic_ns();
        for (index, publisher) in publishers.into_iter().enumerate() {
            let due = begin + (index as f64 / per_second * 1e9) as u64;
            while clock::monotonic_ns() < due {
                self.step()?;
            }
            self.start_client(publisher)?;
        }
        Ok(())
    }

    fn start_client(&mut self, publisher: Option<usize>) -> Result<(), String> {
        let index = self.clients.len();
        let receives = publisher.is_none_or(|publisher| self.plan.publishers[publisher].receives);
        let part = Part { publisher, receives };
        let access = &self.environment.access;
        let started_ns = clock::monotonic_ns();
        let (socket, session) = match self.environment.protocol {
            Protocol::LiveKit => {
                let identity = publisher.map_or_else(|| format!("s{index}"), livekit::publisher_identity);
                let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                (
                    Socket::connect(&livekit::url(access, &identity, receives, now), None)?,
                    Session::LiveKit(Box::new(livekit::Session::new(part))),
                )
            }
            Protocol::Janus => {
                (Socket::connect(&janus::url(access), Some("janus-protocol"))?, Session::Janus(janus::Session::new(part, index == 0)))
            }
        };
        self.readiness.watch(&socket, index).map_err(|error| error.to_string())?;
        self.clients.push(Client { part, socket, session, started_ns, failure: None });
        Ok(())
    }

    /// One millisecond: receive, look after timers, send, sleep.
    fn step(&mut self) -> Result<(), String> {
        let now = clock::monotonic_ns();
        let mut outbox = Outbox::default();
        let (transports, totals) = (&mut self.transports, &mut self.totals);
        let offset = if self.environment.timestamps { clock::realtime_offset_ns() } else { 0 };
        self.mux
            .receive(|transport, datagram, arrival| {
                if let Some(transport) = transports.get_mut(transport) {
                    transport.receive(datagram, arrival.map_or(now, |arrival| arrival - offset), totals, &mut outbox);
                }
            })
            .map_err(|error| error.to_string())?;
        outbox.drain_into(&mut self.mux);
        for client in self.readiness.ready() {
            self.read_socket(client);
        }
        self.turn = (self.turn + 1) % TIMER_TURNS;
        for transport in self.transports.iter_mut().skip(self.turn).step_by(TIMER_TURNS) {
            transport.tick(now, &self.settings, &mut self.mux);
        }
        self.published = 0;
        for index in 0..self.clients.len() {
            if let Some(transport) = self.clients[index].session.publish_transport() {
                self.published += usize::from(self.transports[transport].connected());
                if self.publishing {
                    self.transports[transport].publish(clock::monotonic_ns(), &mut self.mux);
                }
            }
        }
        for index in (self.turn..self.clients.len()).step_by(TIMER_TURNS) {
            if self.clients[index].failure.is_none() {
                let result = self.with_session(index, |session, scene| match session {
                    Session::LiveKit(session) => session.tick(scene),
                    Session::Janus(session) => session.tick(scene),
                });
                self.note_failure(index, result);
            }
        }
        self.mux.flush();
        // Turns that came late are not made up for.
        self.next_ns = (self.next_ns + MILLISECOND).max(clock::monotonic_ns());
        clock::sleep_until(self.next_ns);
        Ok(())
    }

    fn read_socket(&mut self, index: usize) {
        loop {
            let result = match self.clients[index].socket.read() {
                Ok(None) => return,
                Ok(Some(Incoming::Opened)) => self.with_session(index, |session, scene| {
                    if matches!(session, Session::Janus(_)) {
                        janus::open(scene);
                    }
                }),
                Ok(Some(Incoming::Frame(frame))) => self.take_frame(index, &frame),
                Err(error) => Err(error),
            };
            let failed = result.is_err();
            self.note_failure(index, result);
            if failed {
                self.clients[index].socket.close();
                return;
            }
        }
    }

    fn take_frame(&mut self, index: usize, frame: &Frame) -> Result<(), String> {
        let mut result = Ok(());
        self.with_session(index, |session, scene| {
            result = match session {
                Session::LiveKit(session) => session.receive(frame, scene),
                Session::Janus(session) => session.receive(frame, scene),
            };
        })?;
        result
    }

    /// Lets a session work, and sends the frames it makes.
    fn with_session(&mut self, index: usize, work: impl FnOnce(&mut Session, &mut Scene)) -> Result<(), String> {
        let client = &mut self.clients[index];
        let mut scene = Scene {
            plan: &self.plan,
            settings: &self.settings,
            mux: &self.mux,
            transports: &mut self.transports,
            published: self.published,
            now_ns: clock::monotonic_ns(),
            frames: Vec::new(),
        };
        work(&mut client.session, &mut scene);
        scene.frames.into_iter().try_for_each(|frame| client.socket.send(frame))
    }

    fn note_failure(&mut self, index: usize, result: Result<(), String>) {
        if let Err(failure) = result {
            self.clients[index].failure.get_or_insert(failure);
        }
    }

    fn check_publishers(&self, deadline: u64) -> Result<(), String> {
        if let Some(failure) = self.failures().first() {
            return Err(format!("a publisher cannot join: {failure}"));
        }
        if clock::monotonic_ns() <= deadline {
            return Ok(());
        }
        let progress =
            |client: &Client| client.session.publish_transport().map_or("signals", |transport| self.transports[transport].progress());
        let first = self.clients.iter().map(progress).find(|progress| *progress != "is connected").unwrap_or("is connected");
        Err(format!("{} of {} publishers connected in time, one {first}", self.published, self.clients.len()))
    }

    /// The sources a client is to receive: publisher, whether video, and the layer.
    fn wanted(&self, part: Part) -> Vec<Source> {
        let mut wanted = Vec::new();
        if !part.receives {
            return wanted;
        }
        for (publisher, plan) in self.plan.publishers.iter().enumerate() {
            if part.publisher == Some(publisher) {
                continue;
            }
            if !plan.camera.is_empty() {
                wanted.push(Source { publisher: publisher as u16, video: true, layer: self.plan.wanted_layer(publisher) as u8 });
            }
            if plan.microphone.is_some_and(|microphone| microphone.speaks) {
                wanted.push(Source { publisher: publisher as u16, video: false, layer: 0 });
            }
        }
        wanted
    }

    fn waiting(&self) -> usize {
        let complete = |client: &Client| {
            let Some(transport) = client.session.receive_transport() else { return self.wanted(client.part).is_empty() };
            let streams = &self.transports[transport].inbound.streams;
            self.wanted(client.part).iter().all(|wanted| streams.iter().any(|stream| stream.source == Some(*wanted)))
        };
        self.clients.iter().filter(|client| !complete(client)).count()
    }

    fn snapshot(&self) -> Snapshot {
        let mut sent = HashMap::new();
        let mut streams = HashMap::new();
        for (id, transport) in self.transports.iter().enumerate() {
            for stream in &transport.outbound {
                sent.insert(stream.source, stream.sent);
            }
            for stream in &transport.inbound.streams {
                let count = StreamCount {
                    delivered: stream.unique - stream.padding,
                    missing: stream.missing(),
                    duplicates: stream.duplicates,
                    reordered: stream.reordered,
                };
                streams.insert((id, stream.ssrc), count);
            }
        }
        let totals = &self.totals;
        Snapshot {
            at_ns: clock::monotonic_ns(),
            sent,
            streams,
            counters: [
                totals.packets,
                totals.payload_bytes,
                totals.sampled,
                totals.forged,
                totals.foreign,
                totals.padding,
                totals.retransmitted,
            ],
            cpu_ns: clock::process_cpu_ns(),
            server: self.server_usage(),
            buffer_errors: server::receive_buffer_errors(),
        }
    }

    fn window(&mut self, before: &Snapshot, after: &Snapshot, seconds: f64) -> Window {
        let [received, received_bytes, sampled, forged, foreign, padding, retransmitted] =
            std::array::from_fn(|index| after.counters[index] - before.counters[index]);
        let sent = |source: &Source| after.sent.get(source).unwrap_or(&0) - before.sent.get(source).unwrap_or(&0);
        let mut window = Window {
            seconds,
            subscribers: self.clients.iter().filter(|client| client.part.receives).count(),
            expected: 0,
            delivered: 0,
            received,
            received_bytes,
            lost: 0,
            duplicates: 0,
            reordered: 0,
            sampled,
            forged,
            foreign,
            padding,
            retransmitted,
            wrong_layer: 0,
            latency_ns: std::mem::take(&mut self.totals.latency_ns),
            generator_cpu_s: (after.cpu_ns - before.cpu_ns) as f64 / 1e9,
            server: before.server.zip(after.server),
            sent: after.sent.keys().map(sent).sum(),
            receive_buffer_errors: after.buffer_errors - before.buffer_errors,
        };
        for client in &self.clients {
            let wanted = self.wanted(client.part);
            window.expected += wanted.iter().map(sent).sum::<u64>();
            let Some(id) = client.session.receive_transport() else { continue };
            let mut delivered: HashMap<(u16, bool), u64> = HashMap::new();
            for stream in &self.transports[id].inbound.streams {
                let now = after.streams.get(&(id, stream.ssrc)).copied().unwrap_or_default();
                let then = before.streams.get(&(id, stream.ssrc)).copied().unwrap_or_default();
                window.lost += now.missing.saturating_sub(then.missing);
                window.duplicates += now.duplicates - then.duplicates;
                window.reordered += now.reordered - then.reordered;
                let Some(source) = stream.source else { continue };
                let count = now.delivered - then.delivered;
                *delivered.entry((source.publisher, source.video)).or_default() += count;
                let same_track = wanted.iter().find(|wanted| (wanted.publisher, wanted.video) == (source.publisher, source.video));
                window.wrong_layer += usize::from(count > 0 && same_track.is_some_and(|wanted| wanted.layer != source.layer));
            }
            // A track that brings more than was sent must not hide one that brings less.
            window.delivered += wanted
                .iter()
                .map(|wanted| delivered.get(&(wanted.publisher, wanted.video)).copied().unwrap_or(0).min(sent(wanted)))
                .sum::<u64>();
        }
        window
    }
}
