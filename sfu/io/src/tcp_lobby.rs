//! Accepts TCP connections (RFC 6544, passive), which wait here until they say whose they are.
//!
//! A client's first frame is a connectivity check, which names the transport it is for. The lobby
//! looks at that frame without taking it off the stream and hands the connection to the shards. A
//! connection that says nothing, or something else, is closed; one of too many is closed, the
//! oldest first, because an honest client speaks within a round trip.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use moothall_sfu_core::framing::PREFIX;
use moothall_sfu_core::stun;
use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use crate::addresses::candidate_for;
use crate::shard_thread::WAKER;
use crate::tcp_ring::{Newcomer, Ring};

/// Connections that have not said whose they are.
const MAX_WAITING: usize = 256;
/// They have this much time for that.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest first frame: checks of browsers have about a hundred bytes.
const MAX_FIRST_FRAME: usize = 600;
/// Expired connections are looked for this often.
const ROUND: Duration = Duration::from_secs(1);

/// A bound listener and the candidates that lead to it.
pub struct Entrance {
    pub listener: TcpListener,
    pub candidates: Vec<SocketAddr>,
}

/// Connections the kernel may accept before the lobby looks at them.
const BACKLOG: i32 = 256;

/// Listen here; port 0 picks a free one.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of the process before this one may still be winding down.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

struct Waiting {
    stream: TcpStream,
    candidate: SocketAddr,
    remote: SocketAddr,
    since: Instant,
}

/// The thread that runs it.
pub struct Lobby {
    poll: Poll,
    entrances: Vec<Entrance>,
    ring: Ring,
    /// Connections of all shards, this one's guests not included.
    open: Arc<AtomicUsize>,
    limit: usize,
    stop: Arc<AtomicBool>,
    waiting: HashMap<usize, Waiting>,
    /// Oldest first; may name some that left.
    order: VecDeque<usize>,
    serial: usize,
}

impl Lobby {
    /// `limit`: connections open at a time on all shards. `poll` has its waker registered.
    pub fn new(
        poll: Poll,
        mut entrances: Vec<Entrance>,
        ring: Ring,
        open: Arc<AtomicUsize>,
        limit: usize,
        stop: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        for (index, entrance) in entrances.iter_mut().enumerate() {
            poll.registry().register(&mut entrance.listener, Token(index + 1), Interest::READABLE)?;
        }
        // Tokens of guests follow those of the waker and the listeners.
        let serial = entrances.len() + 1;
        let (waiting, order) = (HashMap::new(), VecDeque::new());
        Ok(Self { poll, entrances, ring, open, limit, stop, waiting, order, serial })
    }

    pub fn run(mut self) {
        let mut ready = Events::with_capacity(64);
        while !self.stop.load(Ordering::Acquire) {
            match self.poll.poll(&mut ready, Some(ROUND)) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                // The poller itself is broken: nobody can come in any more.
                Err(error) => {
                    tracing::error!(%error, "TCP connections are no longer accepted: the poller failed");
                    return;
                }
            }
            let guests: Vec<usize> = ready.iter().map(Event::token).filter(|t| *t != WAKER).map(|t| t.0).collect();
            // Connections that are left in the queue of a listener after an error are accepted in
            // the next round.
            self.accept(Instant::now());
            for guest in guests {
                self.listen_to(guest);
            }
            self.send_away_the_silent(Instant::now());
        }
    }

    fn accept(&mut self, now: Instant) {
        for index in 0..self.entrances.len() {
            loop {
                let (stream, remote) = match self.entrances[index].listener.accept() {
                    Ok(accepted) => accepted,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted || is_of_one_connection(&e) => continue,
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => {
                        tracing::warn!(%error, "a TCP connection could not be accepted");
                        break;
                    }
                };
                let local = stream.local_addr().map(|a| a.ip().to_canonical()).ok();
                let Some(candidate) = candidate_for(&self.entrances[index].candidates, local) else {
                    continue;
                };
                // More than that are closed by being dropped here.
                if self.open.load(Ordering::Relaxed) < self.limit {
                    self.admit(Waiting { stream, candidate, remote, since: now });
                } else {
                    tracing::warn!(limit = self.limit as u64, "a TCP connection was closed: too many are open");
                }
            }
        }
    }

    fn admit(&mut self, mut guest: Waiting) {
        while self.waiting.len() >= MAX_WAITING {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.waiting.remove(&oldest);
        }
        let token = self.serial;
        self.serial += 1;
        if self.poll.registry().register(&mut guest.stream, Token(token), Interest::READABLE).is_ok() {
            self.waiting.insert(token, guest);
            self.order.push_back(token);
        }
    }

    fn listen_to(&mut self, token: usize) {
        let Some(guest) = self.waiting.get(&token) else {
            return;
        };
        let mut start = [0; PREFIX + MAX_FIRST_FRAME];
        let said = match guest.stream.peek(&mut start) {
            Ok(count) => introduction(&start[..count], count == 0),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Introduction::Unfinished
            }
            Err(_) => Introduction::Wrong,
        };
        let ufrag = match said {
            Introduction::Unfinished => return,
            Introduction::Wrong => {
                tracing::debug!(remote = %guest.remote, "a TCP connection was closed: it names no client");
                None
            }
            Introduction::Of(ufrag) => Some(ufrag.to_owned()),
        };
        let Some(mut guest) = self.waiting.remove(&token) else {
            return;
        };
        let is_free = self.poll.registry().deregister(&mut guest.stream).is_ok();
        if let Some(ufrag) = ufrag.filter(|_| is_free) {
            let Waiting { stream, candidate, remote, .. } = guest;
            self.ring.hand_over(Newcomer { stream, candidate, remote, ufrag, asked: 0 });
        }
    }

    fn send_away_the_silent(&mut self, now: Instant) {
        while let Some(token) = self.order.front() {
            match self.waiting.get(token) {
                Some(guest) if now.saturating_duration_since(guest.since) < PATIENCE => return,
                _ => {
                    self.waiting.remove(token);
                    self.order.pop_front();
                }
            }
        }
    }
}

/// Errors of `accept` that are those of the connection that would have been accepted (accept(2)):
/// the next may be fine.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::HostUnreachable
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Introduction<'a> {
    Unfinished,
    Wrong,
    /// A check for the transport with this user fragment.
    Of(&'a str),
}

/// Reads the first bytes of a stream; `ended`: there will be no more.
fn introduction(start: &[u8], ended: bool) -> Introduction<'_> {
    if ended {
        return Introduction::Wrong;
    }
    let [high, low, rest @ ..] = start else {
        return Introduction::Unfinished;
    };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    // A binding request begins with two bits of zero (RFC 8489 section 5).
    if len > MAX_FIRST_FRAME || rest.first().is_some_and(|first| *first > 3) {
        return Introduction::Wrong;
    }
    match rest.get(..len).map(stun::addressed_ufrag) {
        None => Introduction::Unfinished,
        Some(None) => Introduction::Wrong,
        Some(Some(ufrag)) => Introduction::Of(ufrag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A binding request for "ours".
    fn check() -> Vec<u8> {
        let name = b"ours:theirs\0";
        let mut message = vec![0, 1, 0, 16, 0x21, 0x12, 0xA4, 0x42];
        message.extend([5; 12]);
        message.extend([0, 6, 0, 11]);
        message.extend(name);
        [&(message.len() as u16).to_be_bytes()[..], &message].concat()
    }

    #[test]
    fn a_check_says_whose_the_connection_is_once_it_is_whole() {
        let check = check();
        for cut in 0..check.len() {
            assert_eq!(introduction(&check[..cut], false), Introduction::Unfinished, "{cut}");
        }
        assert_eq!(introduction(&check, false), Introduction::Of("ours"));
        assert_eq!(introduction(&[&check[..], b"more"].concat(), false), Introduction::Of("ours"));
    }

    #[test]
    fn anything_else_is_wrong_as_soon_as_it_can_be_told() {
        assert_eq!(introduction(b"GET / HTTP/1.1", false), Introduction::Wrong);
        assert_eq!(introduction(&[0, 100, 22, 3, 1], false), Introduction::Wrong);
        assert_eq!(introduction(&[3, 0], false), Introduction::Wrong);
        assert_eq!(introduction(&[0, 0], false), Introduction::Wrong);
        assert_eq!(introduction(&[], true), Introduction::Wrong);
        let mut nameless = check();
        nameless[23] = 9;
        assert_eq!(introduction(&nameless, false), Introduction::Wrong);
    }
}
