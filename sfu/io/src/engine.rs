//! The engine as its owner sees it: handles, commands, events.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use mio::{Poll, Waker};
use moothall_sfu_core::ids::MAX_SHARDS;
use moothall_sfu_core::{
    Command, Counters, Event, Identity, PeerId, RequestId, RoomId, RoomLimits, Shard, ShardConfig, TrackId,
};

use crate::addresses::candidate_ips;
use crate::event_queue::EventQueue;
use crate::shard_thread::{ShardThread, Shared, WAKER};
use crate::socket::Socket;

/// Commands that may wait for one shard; a shard that far behind makes its callers wait.
const COMMAND_QUEUE: usize = 16_384;

/// What to bind and what to tell clients.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    pub bind_ips: Vec<IpAddr>,
    /// One shard per port; 0 picks a free one.
    pub udp_ports: Vec<u16>,
    /// Told to clients instead of the bound addresses.
    pub advertised_ips: Vec<IpAddr>,
    pub room_limits: RoomLimits,
}

struct ShardHandle {
    commands: SyncSender<Command>,
    waker: Waker,
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
        let mut shards = Vec::new();
        let mut ready = Vec::new();
        for port in &config.udp_ports {
            let (handle, thread) = prepare_shard(config, *port, &identity, &events)?;
            shards.push(handle);
            ready.push(thread);
        }
        let mut threads = Vec::new();
        for (index, thread) in ready.into_iter().enumerate() {
            let name = format!("sfu-shard-{index}");
            threads.push(std::thread::Builder::new().name(name).spawn(move || thread.run())?);
        }
        Ok(Self { shards, threads: Mutex::new(threads), events, serial: AtomicU64::new(1) })
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

    /// Hand a command to a shard. Waits when thousands are queued already. What asks for a reply gets one even when the
    /// shard is not there or no longer runs.
    pub fn send(&self, shard: usize, command: Command) {
        let Some(shard) = self.shards.get(shard) else {
            return self.refuse(&command, "unknown peer");
        };
        let command = match shard.commands.try_send(command) {
            Ok(()) => None,
            Err(TrySendError::Full(command)) => shard.commands.send(command).err().map(|e| e.0),
            Err(TrySendError::Disconnected(command)) => Some(command),
        };
        match command {
            Some(command) => self.refuse(&command, "the engine is closed"),
            // Fails only when the poller is gone with its thread.
            None => drop(shard.waker.wake()),
        }
    }

    fn refuse(&self, command: &Command, reason: &str) {
        if let Some(request) = command.request() {
            self.events.push_all(vec![Event::Replied { request, result: Err(reason.to_owned()) }]);
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

    pub fn candidates(&self) -> Vec<SocketAddr> {
        self.shards.iter().flat_map(|s| s.candidates.iter().copied()).collect()
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

fn prepare_shard(
    config: &EngineConfig,
    port: u16,
    identity: &Identity,
    events: &Arc<EventQueue>,
) -> io::Result<(ShardHandle, ShardThread)> {
    let mut port = port;
    let mut sockets = Vec::new();
    let mut candidates = Vec::new();
    for ip in &config.bind_ips {
        let raw = Socket::bind(*ip, port)
            .map_err(|e| io::Error::new(e.kind(), format!("UDP {}: {e}", SocketAddr::new(*ip, port))))?;
        // The first socket picks the port, the others take the same.
        port = raw.local_addr()?.as_socket().map_or(port, |a| a.port());
        let told = candidate_ips(*ip, &config.advertised_ips)?;
        let own: Vec<SocketAddr> = told.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        candidates.extend(own.iter().copied());
        sockets.push(Socket::new(raw, own)?);
    }
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    let (commands, inbox) = sync_channel(COMMAND_QUEUE);
    let shared = Arc::new(Shared {
        events: events.clone(),
        counters: Mutex::new(Counters::default()),
        stop: AtomicBool::new(false),
    });
    let shard = Shard::new(ShardConfig {
        identity: identity.clone(),
        candidates: candidates.clone(),
        room_limits: config.room_limits,
    });
    let thread = ShardThread::new(poll, sockets, inbox, shard, shared.clone())?;
    let handle = ShardHandle { commands, waker, shared, port, candidates, rooms: AtomicU64::new(0) };
    Ok((handle, thread))
}
