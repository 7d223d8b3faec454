//! The engine as its owner sees it: handles, commands, events.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use mio::{Poll, Waker};
use moothall_sfu_core::ids::MAX_SHARDS;
use moothall_sfu_core::{
    Carrier, Command, Counters, Event, Identity, NegotiationError, PeerId, RequestId, RoomId, RoomLimits, Shard,
    ShardConfig, TrackId, TransportConfig,
};
use rustix::process::{Resource, getrlimit};

use crate::addresses::{Told, candidate_ips};
use crate::event_queue::EventQueue;
use crate::shard_thread::{ShardThread, Shared, TcpPart, WAKER};
use crate::socket::Socket;
use crate::tcp_connections::TcpConnections;
use crate::tcp_lobby::{Entrance, Lobby, listen};
use crate::tcp_ring::{RING_QUEUE, Ring};

/// Commands that may wait for one shard; a shard that far behind makes its callers wait.
const COMMAND_QUEUE: usize = 16_384;
/// TCP connections of all shards. A client has up to one for each of its two transports and each of
/// our addresses.
const MAX_TCP_CONNECTIONS: usize = 4096;
/// TCP connections may take this fraction (1 divided by it) of the files that the process may open;
/// the rest of the server needs some, too.
const TCP_SHARE_OF_FILES: u64 = 2;

/// The addresses and ports to bind, and the addresses that clients are told.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    pub bind_ips: Vec<IpAddr>,
    /// One shard per port; 0 picks a free one.
    pub udp_ports: Vec<u16>,
    /// For all shards; 0 picks a free one, `None` means UDP only.
    pub tcp_port: Option<u16>,
    /// Told to clients instead of the bound addresses of their family.
    pub advertised_ips: Vec<IpAddr>,
    /// Told to clients in addition to those of their family.
    pub public_ips: Vec<IpAddr>,
    pub room_limits: RoomLimits,
}

struct ShardHandle {
    commands: SyncSender<Command>,
    waker: Arc<Waker>,
    shared: Arc<Shared>,
    port: u16,
    candidates: Vec<SocketAddr>,
    rooms: AtomicU64,
}

/// Shard threads and the way to them. Dropping it stops them.
pub struct Engine {
    shards: Vec<ShardHandle>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    events: Arc<EventQueue>,
    serial: AtomicU64,
    lobby: Option<LobbyHandle>,
}

struct LobbyHandle {
    stop: Arc<AtomicBool>,
    waker: Waker,
    port: u16,
    candidates: Vec<SocketAddr>,
}

impl Engine {
    /// Bind everything, then start the threads.
    pub fn new(config: &EngineConfig) -> io::Result<Self> {
        if config.bind_ips.is_empty() || config.udp_ports.is_empty() || config.udp_ports.len() > MAX_SHARDS {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("need at least one address and between 1 and {MAX_SHARDS} ports"),
            ));
        }
        let events = Arc::new(EventQueue::new()?);
        let identity = Identity::generate();
        let told = Told { instead: config.advertised_ips.clone(), also: config.public_ips.clone() };
        let addresses: Addresses =
            config.bind_ips.iter().copied().zip(candidate_ips(&config.bind_ips, &told)?).collect();
        let entrances = config.tcp_port.map(|port| bind_tcp(&addresses, port)).transpose()?.unwrap_or_default();
        let tcp_candidates: Vec<SocketAddr> = entrances.iter().flat_map(|e| e.candidates.iter().copied()).collect();
        let open = Arc::new(AtomicUsize::new(0));
        let mut prepared = Vec::new();
        for port in &config.udp_ports {
            prepared.push(PreparedShard::new(&addresses, *port, &events)?);
        }
        let mut lines = Vec::new();
        let mut inboxes = Vec::new();
        for shard in &prepared {
            let (line, inbox) = sync_channel(RING_QUEUE);
            lines.push((line, shard.handle.waker.clone()));
            inboxes.push(inbox);
        }
        let ring = Ring::new(lines);
        let (mut shards, mut ready) = (Vec::new(), Vec::new());
        for (prepared, newcomers) in prepared.into_iter().zip(inboxes) {
            let connections = TcpConnections::new(prepared.poll.registry().try_clone()?, open.clone(), Instant::now());
            let tcp = TcpPart { newcomers, ring: ring.clone(), connections };
            let shard = ShardConfig {
                transport: TransportConfig {
                    identity: identity.clone(),
                    candidates: prepared.handle.candidates.clone(),
                    tcp_candidates: tcp_candidates.clone(),
                },
                room_limits: config.room_limits,
            };
            let (handle, thread) = prepared.into_thread(shard, tcp)?;
            shards.push(handle);
            ready.push(thread);
        }
        let mut threads = Vec::new();
        let lobby = prepare_lobby(entrances, ring, open)?.map(|(lobby, handle)| {
            threads.push(std::thread::Builder::new().name("sfu-tcp".to_owned()).spawn(move || lobby.run()));
            handle
        });
        for (index, thread) in ready.into_iter().enumerate() {
            let name = format!("sfu-shard-{index}");
            threads.push(std::thread::Builder::new().name(name).spawn(move || thread.run()));
        }
        let threads = threads.into_iter().collect::<io::Result<Vec<_>>>()?;
        Ok(Self { shards, threads: Mutex::new(threads), events, serial: AtomicU64::new(1), lobby })
    }

    fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// A handle for a room on the shard with the fewest.
    pub fn new_room(&self) -> RoomId {
        let rooms = |i: &usize| self.shards[*i].rooms.load(Ordering::Relaxed);
        // There is at least one shard, see `new`.
        let shard = (0..self.shards.len()).min_by_key(rooms).unwrap_or(0);
        self.shards[shard].rooms.fetch_add(1, Ordering::Relaxed);
        RoomId::new(self.next_serial(), shard)
    }

    /// A room handle is no longer used.
    pub fn release_room(&self, room: RoomId) {
        if let Some(shard) = self.shards.get(room.shard()) {
            // Never below zero, whatever handle the caller makes up.
            let _ = shard.rooms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        }
    }

    pub fn new_peer(&self, room: RoomId) -> PeerId {
        PeerId::new(self.next_serial(), room.shard())
    }

    pub fn new_track(&self, peer: PeerId) -> TrackId {
        TrackId::new(self.next_serial(), peer.shard())
    }

    pub fn new_request(&self) -> RequestId {
        RequestId(self.next_serial())
    }

    /// Hand a command to a shard. Waits when thousands are queued already. A command that asks for
    /// a reply gets one even when the shard is not there or no longer runs.
    pub fn send(&self, shard: usize, command: Command) {
        let Some(shard) = self.shards.get(shard) else {
            return self.refuse(&command, NegotiationError::UnknownPeer);
        };
        let command = match shard.commands.try_send(command) {
            Ok(()) => None,
            Err(TrySendError::Full(command)) => shard.commands.send(command).err().map(|e| e.0),
            Err(TrySendError::Disconnected(command)) => Some(command),
        };
        match command {
            Some(command) => self.refuse(&command, NegotiationError::EngineClosed),
            // Fails only when the poller is gone with its thread.
            None => drop(shard.waker.wake()),
        }
    }

    fn refuse(&self, command: &Command, reason: NegotiationError) {
        if let Some(request) = command.request() {
            self.events.push_all(vec![Event::Replied { request, result: Err(reason) }]);
        }
    }

    pub fn event_fd(&self) -> RawFd {
        self.events.fd()
    }

    pub fn poll_events(&self, limit: usize) -> Vec<Event> {
        self.events.poll(limit)
    }

    pub fn shard_count(&self) -> usize {
        self.shards.len()
    }

    pub fn udp_ports(&self) -> Vec<u16> {
        self.shards.iter().map(|s| s.port).collect()
    }

    /// The port that takes TCP connections.
    pub fn tcp_port(&self) -> Option<u16> {
        self.lobby.as_ref().map(|l| l.port)
    }

    /// All addresses that clients are told.
    pub fn candidates(&self) -> Vec<(Carrier, SocketAddr)> {
        let udp = self.shards.iter().flat_map(|s| s.candidates.iter().map(|c| (Carrier::Udp, *c)));
        let tcp = self.lobby.iter().flat_map(|l| l.candidates.iter().map(|c| (Carrier::Tcp, *c)));
        udp.chain(tcp).collect()
    }

    /// Totals of all shards, and how many events were dropped on the way out.
    pub fn counters(&self) -> (Counters, u64) {
        let mut total = Counters::default();
        for shard in &self.shards {
            total.add(&shard.shared.counters.lock().unwrap_or_else(PoisonError::into_inner));
        }
        (total, self.events.dropped())
    }

    /// Stop the threads and wait for them. Does nothing the second time.
    pub fn close(&self) {
        if let Some(lobby) = &self.lobby {
            lobby.stop.store(true, Ordering::Release);
            let _ = lobby.waker.wake();
        }
        for shard in &self.shards {
            shard.shared.stop.store(true, Ordering::Release);
            let _ = shard.waker.wake();
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has nothing more to do either.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

/// The addresses to bind, each with the addresses that clients are told for it.
type Addresses = Vec<(IpAddr, Vec<IpAddr>)>;

/// A shard with its sockets bound and its poller made.
struct PreparedShard {
    handle: ShardHandle,
    poll: Poll,
    sockets: Vec<Socket>,
    inbox: Receiver<Command>,
}

impl PreparedShard {
    fn new(addresses: &Addresses, port: u16, events: &Arc<EventQueue>) -> io::Result<Self> {
        let mut port = port;
        let mut sockets = Vec::new();
        let mut candidates = Vec::new();
        for (ip, told) in addresses {
            let raw = Socket::bind(*ip, port)
                .map_err(|e| io::Error::new(e.kind(), format!("UDP {}: {e}", SocketAddr::new(*ip, port))))?;
            // The first socket picks the port, the others take the same.
            port = raw.local_addr()?.as_socket().map_or(port, |a| a.port());
            let own = candidates_of(told, port);
            candidates.extend(own.iter().copied());
            sockets.push(Socket::new(raw, own)?);
        }
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (commands, inbox) = sync_channel(COMMAND_QUEUE);
        let shared = Arc::new(Shared {
            events: events.clone(),
            counters: Mutex::new(Counters::default()),
            stop: AtomicBool::new(false),
        });
        let handle = ShardHandle { commands, waker, shared, port, candidates, rooms: AtomicU64::new(0) };
        Ok(Self { handle, poll, sockets, inbox })
    }

    fn into_thread(self, config: ShardConfig, tcp: TcpPart) -> io::Result<(ShardHandle, ShardThread)> {
        let shard = Shard::new(config);
        let shared = self.handle.shared.clone();
        let thread = ShardThread::new(self.poll, self.sockets, tcp, self.inbox, shard, shared)?;
        Ok((self.handle, thread))
    }
}

fn candidates_of(told: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    told.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
}

fn bind_tcp(addresses: &Addresses, port: u16) -> io::Result<Vec<Entrance>> {
    let mut port = port;
    let mut entrances = Vec::new();
    for (ip, told) in addresses {
        let listener = listen(SocketAddr::new(*ip, port))
            .map_err(|e| io::Error::new(e.kind(), format!("TCP {}: {e}", SocketAddr::new(*ip, port))))?;
        // The first listener picks the port, the others take the same.
        port = listener.local_addr()?.port();
        entrances.push(Entrance { listener, candidates: candidates_of(told, port) });
    }
    Ok(entrances)
}

fn prepare_lobby(
    entrances: Vec<Entrance>,
    ring: Ring,
    open: Arc<AtomicUsize>,
) -> io::Result<Option<(Lobby, LobbyHandle)>> {
    let Some(first) = entrances.first() else {
        return Ok(None);
    };
    let port = first.listener.local_addr()?.port();
    let candidates = entrances.iter().flat_map(|e| e.candidates.iter().copied()).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let limit = MAX_TCP_CONNECTIONS.min(usize::try_from(files / TCP_SHARE_OF_FILES).unwrap_or(usize::MAX));
    let lobby = Lobby::new(poll, entrances, ring, open, limit, stop.clone())?;
    Ok(Some((lobby, LobbyHandle { stop, waker, port, candidates })))
}
