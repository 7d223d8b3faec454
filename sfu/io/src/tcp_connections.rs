//! The TCP connections of one shard.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use moothall_sfu_core::framing::Deframer;
use moothall_sfu_core::{Carrier, Path, Shard};
use socket2::SockRef;

use crate::outbox::Outbox;
use crate::tcp_ring::Newcomer;

/// Tokens from here on are those of connections.
pub const FIRST_TOKEN: usize = 1 << 16;
/// Bytes read from one connection before the others get their turn.
const BYTES_PER_TURN: usize = 64 * 1024;
/// Bytes that the kernel may hold for a receiver. Its own choice can be seconds of media.
const SEND_BUFFER: usize = 128 * 1024;
/// A connection ICE did not find to be a client's by then is closed.
const PROOF_DEADLINE: Duration = Duration::from_secs(5);
/// Clients check the paths they use or may use much more often.
const IDLE: Duration = Duration::from_secs(30);
/// A receiver that takes nothing for so long is gone.
const STALLED: Duration = Duration::from_secs(10);
const LOOK_AROUND: Duration = Duration::from_secs(1);

struct Connection {
    stream: TcpStream,
    path: Path,
    deframer: Deframer,
    outbox: Outbox,
    since: Instant,
    heard: Instant,
    /// The time when the receiver last took something, or had nothing to take.
    taken: Instant,
    proven: bool,
    /// Edge-triggered: not read to the end.
    unread: bool,
    /// Something was put into an empty outbox in this turn.
    due: bool,
}

/// See the module. Their frames go to the shard as datagrams.
pub struct TcpConnections {
    slots: Vec<Option<Connection>>,
    by_remote: HashMap<SocketAddr, usize>,
    registry: Registry,
    /// Shared with all shards and the lobby.
    open: Arc<AtomicUsize>,
    unread: Vec<usize>,
    due: Vec<usize>,
    look_around_at: Instant,
    chunk: Vec<u8>,
}

impl TcpConnections {
    pub fn new(registry: Registry, open: Arc<AtomicUsize>, now: Instant) -> Self {
        Self {
            slots: Vec::new(),
            by_remote: HashMap::new(),
            registry,
            open,
            unread: Vec::new(),
            due: Vec::new(),
            look_around_at: now,
            chunk: vec![0; 16 * 1024],
        }
    }

    pub fn count(&self) -> usize {
        self.by_remote.len()
    }

    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Take a connection in; it is closed when the kernel will not have it watched.
    pub fn admit(&mut self, now: Instant, newcomer: Newcomer) {
        let Newcomer { mut stream, candidate, remote, .. } = newcomer;
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        // The same address again: the older connection is gone and we have not heard of it.
        if let Some(slot) = self.by_remote.get(&remote).copied() {
            self.close(slot);
        }
        let slot = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.registry.register(&mut stream, Token(FIRST_TOKEN + slot), interest).is_err() {
            return;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.by_remote.insert(remote, slot);
        self.slots[slot] = Some(Connection {
            stream,
            path: Path::tcp(candidate, remote),
            deframer: Deframer::default(),
            outbox: Outbox::default(),
            since: now,
            heard: now,
            taken: now,
            proven: false,
            unread: true,
            due: false,
        });
        // Its first frame is here already.
        self.unread.push(slot);
    }

    fn close(&mut self, slot: usize) {
        if let Some(mut connection) = self.slots[slot].take() {
            let _ = self.registry.deregister(&mut connection.stream);
            self.by_remote.remove(&connection.path.remote);
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The poller has news of a connection.
    pub fn ready(&mut self, now: Instant, token: Token, readable: bool, writable: bool) {
        let slot = token.0 - FIRST_TOKEN;
        let Some(connection) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        if readable && !connection.unread {
            connection.unread = true;
            self.unread.push(slot);
        }
        if writable {
            self.write(now, slot);
        }
    }

    /// Give the shard what came in.
    pub fn receive(&mut self, now: Instant, shard: &mut Shard) {
        for slot in std::mem::take(&mut self.unread) {
            let Some(connection) = self.slots[slot].as_mut().filter(|c| c.unread) else {
                continue;
            };
            if connection.read(now, &mut self.chunk, shard).is_err() {
                self.close(slot);
            } else if connection.unread {
                self.unread.push(slot);
            }
        }
    }

    /// False when the datagram is lost: the connection is gone or its receiver too slow.
    pub fn send(&mut self, remote: SocketAddr, datagram: &[u8]) -> bool {
        let Some(slot) = self.by_remote.get(&remote).copied() else {
            return false;
        };
        let Some(connection) = self.slots[slot].as_mut() else {
            return false;
        };
        if connection.outbox.is_empty() && !connection.due {
            connection.due = true;
            self.due.push(slot);
        }
        connection.outbox.push(datagram)
    }

    /// Write the datagrams of this turn. Bytes that the kernel has no room for wait until it has.
    pub fn flush(&mut self, now: Instant) {
        for slot in std::mem::take(&mut self.due) {
            if let Some(connection) = self.slots[slot].as_mut() {
                connection.due = false;
                // It was empty until this turn.
                connection.taken = now;
                self.write(now, slot);
            }
        }
    }

    fn write(&mut self, now: Instant, slot: usize) {
        let Some(connection) = self.slots[slot].as_mut() else {
            return;
        };
        match connection.outbox.write_to(&mut connection.stream) {
            Ok(count) => {
                if count > 0 || connection.outbox.is_empty() {
                    connection.taken = now;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a TCP connection was closed: it could not be written to");
                self.close(slot);
            }
        }
    }

    /// Close connections whose client is gone.
    pub fn look_around(&mut self, now: Instant, shard: &Shard) {
        if now < self.look_around_at {
            return;
        }
        self.look_around_at = now + LOOK_AROUND;
        for slot in 0..self.slots.len() {
            let Some(connection) = self.slots[slot].as_mut() else {
                continue;
            };
            if connection.is_over(now, shard) {
                self.close(slot);
            }
        }
    }
}

impl Connection {
    fn read(&mut self, now: Instant, chunk: &mut [u8], shard: &mut Shard) -> io::Result<()> {
        let mut budget = BYTES_PER_TURN;
        while budget > 0 {
            match self.stream.read(chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.heard = now;
                    budget = budget.saturating_sub(count);
                    let path = self.path;
                    self.deframer
                        .read(&chunk[..count], |datagram| shard.handle_datagram(now, path, datagram))
                        .map_err(|_| io::ErrorKind::InvalidData)?;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.unread = false;
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn is_over(&mut self, now: Instant, shard: &Shard) -> bool {
        let was_proven = self.proven;
        self.proven = shard.is_proven(Carrier::Tcp, self.path.remote);
        let since = |t: Instant| now.saturating_duration_since(t);
        let is_nobodys = !self.proven && (was_proven || since(self.since) >= PROOF_DEADLINE);
        let is_stalled = !self.outbox.is_empty() && since(self.taken) >= STALLED;
        is_nobodys || is_stalled || since(self.heard) >= IDLE
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc;

    use mio::Poll;
    use moothall_sfu_core::{Identity, RoomLimits, ShardConfig, TransportConfig};

    use super::*;

    /// One connection among others, and the client's end of it.
    struct World {
        now: Instant,
        poll: Poll,
        connections: TcpConnections,
        shard: Shard,
        client: std::net::TcpStream,
        remote: SocketAddr,
    }

    fn world() -> World {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let candidate = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(candidate).unwrap();
        let (accepted, remote) = listener.accept().unwrap();
        accepted.set_nonblocking(true).unwrap();
        let (poll, now) = (Poll::new().unwrap(), Instant::now());
        let mut connections =
            TcpConnections::new(poll.registry().try_clone().unwrap(), Arc::new(AtomicUsize::new(0)), now);
        let stream = TcpStream::from_std(accepted);
        connections.admit(now, Newcomer { stream, candidate, remote, ufrag: String::new(), asked: 0 });
        let config = ShardConfig {
            transport: TransportConfig {
                identity: Identity::generate(),
                candidates: Vec::new(),
                tcp_candidates: Vec::new(),
            },
            room_limits: RoomLimits::default(),
        };
        World { now, poll, connections, shard: Shard::new(config), client, remote }
    }

    impl World {
        fn look_around_after(&mut self, seconds: u64) -> usize {
            self.connections.look_around(self.now + Duration::from_secs(seconds), &self.shard);
            self.connections.count()
        }

        /// Wait for news from the kernel.
        fn poll(&mut self) {
            let mut events = mio::Events::with_capacity(8);
            self.poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            for event in &events {
                self.connections.ready(self.now, event.token(), event.is_readable(), event.is_writable());
            }
        }
    }

    #[test]
    fn who_is_not_proven_in_time_is_closed() {
        let mut world = world();

        assert_eq!(world.look_around_after(4), 1);
        assert_eq!(world.look_around_after(6), 0);

        assert_eq!(world.client.read(&mut [0; 1]).unwrap(), 0);
        assert_eq!(world.connections.open.load(Ordering::Relaxed), 0);
        assert!(!world.connections.send(world.remote, b"late"));
    }

    #[test]
    fn a_stream_that_is_no_frames_is_closed() {
        let mut world = world();
        std::io::Write::write_all(&mut world.client, &[0xFF; 100]).unwrap();

        while world.connections.count() > 0 {
            world.poll();
            world.connections.receive(world.now, &mut world.shard);
        }
    }

    #[test]
    fn who_does_not_read_loses_its_own_and_is_closed_and_nobody_waits() {
        let mut world = world();
        let mut lost = 0;
        // Far more than the kernel and we hold for it.
        for _ in 0..10_000 {
            lost += u64::from(!world.connections.send(world.remote, &[7; 1200]));
            world.connections.flush(world.now);
        }
        assert!(lost > 5_000, "{lost}");

        let stalled = world.now + STALLED;
        let connection = world.connections.slots[0].as_mut().unwrap();
        connection.heard = stalled;
        connection.since = stalled;
        assert!(connection.is_over(stalled, &world.shard));
    }

    #[test]
    fn what_waits_is_written_when_the_receiver_reads() {
        let mut world = world();
        let mut sent = 0;
        while world.connections.send(world.remote, &[7; 1200]) {
            sent += 1;
            world.connections.flush(world.now);
        }
        let (done, is_read) = mpsc::channel();
        let mut client = world.client.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let (mut deframer, mut count, mut chunk) = (Deframer::default(), 0, [0; 4096]);
            while count < sent {
                let read = client.read(&mut chunk).unwrap();
                deframer.read(&chunk[..read], |_| count += 1).unwrap();
            }
            done.send(()).unwrap();
        });

        while is_read.try_recv().is_err() {
            let mut events = mio::Events::with_capacity(8);
            world.poll.poll(&mut events, Some(Duration::from_millis(50))).unwrap();
            for event in &events {
                world.connections.ready(world.now, event.token(), event.is_readable(), event.is_writable());
            }
        }

        reader.join().unwrap();
        assert!(world.connections.send(world.remote, &[7; 1200]));
    }
}
