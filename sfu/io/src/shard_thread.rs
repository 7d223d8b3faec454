//! The thread of one shard: wait, take in what there is, let the core work, send what it wants
//! sent.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use moothall_sfu_core::containment::contain;
use moothall_sfu_core::{Command, Counters, Path, Shard};

use crate::event_queue::EventQueue;
use crate::pace::Pace;
use crate::socket::{ReceiveBuffers, Socket, send_all};
use crate::tcp_connections::{FIRST_TOKEN, TcpConnections};
use crate::tcp_ring::{Newcomer, Ring};

pub const WAKER: Token = Token(0);
/// Batches read from one socket before commands and timers get their turn.
const BATCHES_PER_TURN: usize = 16;
const COMMANDS_PER_TURN: usize = 256;
/// Drops are logged this often.
const DROP_REPORT_INTERVAL: Duration = Duration::from_mins(1);
/// Longest sleep; nothing depends on it.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// The state that the thread and its owner share.
pub struct Shared {
    pub events: Arc<EventQueue>,
    pub counters: Mutex<Counters>,
    pub stop: AtomicBool,
}

/// A shard's part in TCP: the connections it is handed, the shard it hands them on to, and those it
/// keeps.
pub struct TcpPart {
    pub newcomers: Receiver<Newcomer>,
    pub ring: Ring,
    pub connections: TcpConnections,
}

/// Run until told to stop. The sockets are registered here.
pub struct ShardThread {
    poll: Poll,
    sockets: Vec<Socket>,
    tcp: TcpPart,
    commands: Receiver<Command>,
    shard: Shard,
    shared: Arc<Shared>,
    /// Edge-triggered: a socket not read to the end stays in here.
    unread: Vec<bool>,
    commands_left: bool,
    unsent: u64,
    pace: Pace,
    turned: Instant,
    drops_due: Instant,
    /// The counters when drops were reported last.
    reported: Counters,
}

impl ShardThread {
    pub fn new(
        poll: Poll,
        mut sockets: Vec<Socket>,
        tcp: TcpPart,
        commands: Receiver<Command>,
        shard: Shard,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        for (index, socket) in sockets.iter_mut().enumerate() {
            poll.registry().register(&mut socket.io, Token(index + 1), Interest::READABLE)?;
        }
        let unread = vec![false; sockets.len()];
        let now = Instant::now();
        Ok(Self {
            poll,
            sockets,
            tcp,
            commands,
            shard,
            shared,
            unread,
            commands_left: false,
            unsent: 0,
            pace: Pace::new(now),
            turned: now,
            drops_due: now + DROP_REPORT_INTERVAL,
            reported: Counters::default(),
        })
    }

    pub fn run(mut self) {
        let mut ready = Events::with_capacity(256);
        let mut buffers = ReceiveBuffers::new();
        while !self.shared.stop.load(Ordering::Acquire) {
            self.let_packets_collect();
            let sleep = if self.has_work_left() { Duration::ZERO } else { self.sleep() };
            match self.poll.poll(&mut ready, Some(sleep)) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                // The poller itself is broken: nothing can be received any more.
                Err(error) => {
                    tracing::error!(%error, "a shard stops: its poller failed");
                    break;
                }
            }
            let now = Instant::now();
            for event in &ready {
                match event.token() {
                    WAKER => {}
                    token if token.0 >= FIRST_TOKEN => {
                        let is_readable = event.is_readable() || event.is_read_closed() || event.is_error();
                        self.tcp.connections.ready(now, token, is_readable, event.is_writable());
                    }
                    token => self.unread[token.0 - 1] = true,
                }
            }
            self.turned = now;
            // The core contains panics of a peer's transport; this is for everything around it.
            if let Err(text) = contain(|| self.turn(now, &mut buffers)) {
                tracing::error!(text, "a shard panicked: its rooms start empty");
                self.shard.start_over(now, &text);
            }
        }
        self.say_goodbye();
    }

    fn let_packets_collect(&self) {
        let rest = self.pace.interval().saturating_sub(self.turned.elapsed());
        if !rest.is_zero() && !self.has_work_left() {
            std::thread::sleep(rest);
        }
    }

    fn has_work_left(&self) -> bool {
        self.commands_left || self.unread.contains(&true) || self.tcp.connections.has_unread()
    }

    fn turn(&mut self, now: Instant, buffers: &mut ReceiveBuffers) {
        self.commands_left = self.take_commands(now);
        for index in 0..self.unread.len() {
            if self.unread[index] {
                self.unread[index] = self.receive(now, index, buffers);
            }
        }
        self.welcome(now);
        self.tcp.connections.receive(now, &mut self.shard);
        self.shard.handle_timeout(now);
        self.deliver(now);
        self.tcp.connections.look_around(now, &self.shard);
    }

    /// Take in the TCP connections that are for clients of this shard.
    fn welcome(&mut self, now: Instant) {
        while let Ok(mut newcomer) = self.tcp.newcomers.try_recv() {
            if self.shard.has_ufrag(&newcomer.ufrag) {
                self.tcp.connections.admit(now, newcomer);
            } else {
                newcomer.asked += 1;
                self.tcp.ring.hand_over(newcomer);
            }
        }
    }

    fn sleep(&self) -> Duration {
        let until = self.shard.next_timeout().map(|at| at.saturating_duration_since(Instant::now()));
        until.map_or(MAX_SLEEP, |d| d.min(MAX_SLEEP))
    }

    /// True when commands are left for the next turn.
    fn take_commands(&mut self, now: Instant) -> bool {
        for _ in 0..COMMANDS_PER_TURN {
            match self.commands.try_recv() {
                Ok(command) => self.shard.handle_command(now, command),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// True when the socket has more to read.
    fn receive(&mut self, now: Instant, index: usize, buffers: &mut ReceiveBuffers) -> bool {
        let (socket, shard) = (&self.sockets[index], &mut self.shard);
        for _ in 0..BATCHES_PER_TURN {
            let read = socket.receive(buffers, |source, candidate, datagram| {
                shard.handle_datagram(now, Path::udp(candidate, source), datagram);
            });
            match read {
                Ok(true) => {}
                // Errors of single destinations come back here; the socket itself goes on.
                Ok(false) => return false,
                Err(error) => {
                    tracing::debug!(%error, "a socket reported an error");
                    return false;
                }
            }
        }
        true
    }

    fn deliver(&mut self, now: Instant) {
        self.shard.flush(now);
        self.pace.sent(now, self.shard.datagrams().len() as u64);
        self.unsent += send_all(&self.sockets, &mut self.tcp.connections, self.shard.datagrams());
        self.tcp.connections.flush(now);
        self.shared.events.push_all(self.shard.take_events());
        let mut counters = *self.shard.counters();
        counters.dropped_unsent = self.unsent;
        counters.tcp_connections = self.tcp.connections.count() as u64;
        self.report_drops(now, &counters);
        *self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    /// Says once in a while how much was dropped: single datagrams are too many for a log.
    fn report_drops(&mut self, now: Instant, counters: &Counters) {
        if now < self.drops_due {
            return;
        }
        self.drops_due = now + DROP_REPORT_INTERVAL;
        let dropped = |c: &Counters| c.named().filter(|(name, _)| name.starts_with("dropped_")).collect::<Vec<_>>();
        for ((name, total), (_, before)) in dropped(counters).into_iter().zip(dropped(&self.reported)) {
            let count = total - before;
            if count > 0 {
                tracing::info!(reason = name, count, "datagrams or messages were dropped");
            }
        }
        self.reported = *counters;
    }

    fn say_goodbye(&mut self) {
        let now = Instant::now();
        self.shard.close(now);
        self.deliver(now);
    }
}
