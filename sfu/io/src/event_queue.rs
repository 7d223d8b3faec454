//! Events on their way to the one reader, which a file descriptor wakes.
//!
//! When the reader is slow, levels of a room and statistics of a peer replace those that wait, data
//! messages beyond [`MAX_DATA_BYTES`] or [`MAX_EVENTS`], or beyond what one peer may have of it,
//! are dropped and counted, and everything else (replies, transports, crashes) is kept, because its
//! number is bounded by what the reader itself asked for and by the peers there are.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use moothall_sfu_core::{Event, PeerId, PeerStats, RoomId, TrackId};
use rustix::event::{EventfdFlags, eventfd};

const MAX_EVENTS: usize = 65_536;
const MAX_DATA_BYTES: usize = 64 * 1024 * 1024;
/// Data messages of one peer, so that one that floods leaves room for the others.
const MAX_MESSAGES_OF_ONE: usize = MAX_EVENTS / 16;
const MAX_DATA_BYTES_OF_ONE: usize = MAX_DATA_BYTES / 16;

enum Slot {
    Event(Event),
    /// The newest is in `levels`.
    Levels(RoomId),
    /// The newest is in `stats`.
    Stats(PeerId),
}

#[derive(Default)]
struct Waiting {
    slots: VecDeque<Slot>,
    levels: HashMap<RoomId, Vec<(TrackId, f32)>>,
    stats: HashMap<PeerId, PeerStats>,
    data_bytes: usize,
    /// The peers that have data messages waiting.
    senders: HashMap<PeerId, Share>,
    dropped: u64,
}

/// The share of one peer in the queue.
#[derive(Default)]
struct Share {
    messages: usize,
    bytes: usize,
}

/// See the module.
pub struct EventQueue {
    waiting: Mutex<Waiting>,
    wake: OwnedFd,
}

impl EventQueue {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            waiting: Mutex::new(Waiting::default()),
            wake: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
        })
    }

    /// Readable while events wait.
    pub fn fd(&self) -> RawFd {
        self.wake.as_fd().as_raw_fd()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics between two consistent states of the queue.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push_all(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        let was_empty = waiting.slots.is_empty();
        for event in events {
            waiting.push(event);
        }
        if was_empty && !waiting.slots.is_empty() {
            // Fails only when the counter is full, and then the reader is awake anyway.
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }

    /// At most `limit` events, oldest first.
    pub fn poll(&self, limit: usize) -> Vec<Event> {
        let mut waiting = self.lock();
        let mut events = Vec::with_capacity(limit.min(waiting.slots.len()));
        while events.len() < limit {
            match waiting.pop() {
                Some(event) => events.push(event),
                None => break,
            }
        }
        if waiting.slots.is_empty() {
            // Would block when nothing was signalled: it is quiet already.
            let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
        }
        events
    }

    /// Events that were dropped because the reader is slow.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }
}

impl Waiting {
    fn push(&mut self, event: Event) {
        match event {
            Event::LevelsMeasured { room, levels } => {
                if self.levels.insert(room, levels).is_none() {
                    self.slots.push_back(Slot::Levels(room));
                }
            }
            Event::StatsMeasured { peer, stats } => {
                if self.stats.insert(peer, stats).is_none() {
                    self.slots.push_back(Slot::Stats(peer));
                }
            }
            Event::DataReceived { peer, ref payload, .. } => {
                if !self.has_room_for(peer, payload.len()) {
                    self.dropped += 1;
                    tracing::warn!(
                        peer = peer.0,
                        bytes = payload.len() as u64,
                        "a data message was dropped: too many wait"
                    );
                    return;
                }
                let share = self.senders.entry(peer).or_default();
                share.messages += 1;
                share.bytes += payload.len();
                self.data_bytes += payload.len();
                self.slots.push_back(Slot::Event(event));
            }
            // A client opens and closes channels as often as it likes.
            Event::ChannelOpened { .. } if self.slots.len() >= MAX_EVENTS => self.dropped += 1,
            other => self.slots.push_back(Slot::Event(other)),
        }
    }

    fn has_room_for(&self, peer: PeerId, bytes: usize) -> bool {
        let is_within =
            |share: &Share| share.messages < MAX_MESSAGES_OF_ONE && share.bytes + bytes <= MAX_DATA_BYTES_OF_ONE;
        self.slots.len() < MAX_EVENTS
            && self.data_bytes + bytes <= MAX_DATA_BYTES
            && self.senders.get(&peer).is_none_or(is_within)
    }

    fn pop(&mut self) -> Option<Event> {
        let event = match self.slots.pop_front()? {
            Slot::Event(event) => event,
            Slot::Levels(room) => Event::LevelsMeasured { room, levels: self.levels.remove(&room).unwrap_or_default() },
            Slot::Stats(peer) => Event::StatsMeasured { peer, stats: self.stats.remove(&peer).unwrap_or_default() },
        };
        if let Event::DataReceived { peer, payload, .. } = &event {
            self.data_bytes -= payload.len();
            if let Some(share) = self.senders.get_mut(peer) {
                share.messages -= 1;
                share.bytes -= payload.len();
                if share.messages == 0 {
                    self.senders.remove(peer);
                }
            }
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moothall_sfu_core::{Reply, RequestId};

    fn data_of(peer: u64, bytes: usize) -> Event {
        Event::DataReceived { peer: PeerId(peer), reliable: true, payload: vec![0; bytes] }
    }

    fn reply(n: u64) -> Event {
        Event::Replied { request: RequestId(n), result: Ok(Reply::AnswerAccepted) }
    }

    fn levels(room: u64, level: f32) -> Event {
        Event::LevelsMeasured { room: RoomId(room), levels: vec![(TrackId(1), level)] }
    }

    fn is_readable(queue: &EventQueue) -> bool {
        let mut fds = [rustix::event::PollFd::new(&queue.wake, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, Some(&rustix::event::Timespec::default())).unwrap() == 1
    }

    #[test]
    fn the_descriptor_is_readable_exactly_while_events_wait() {
        let queue = EventQueue::new().unwrap();
        assert!(!is_readable(&queue));

        queue.push_all(vec![reply(1), reply(2)]);
        assert!(is_readable(&queue));
        assert_eq!(queue.poll(1), [reply(1)]);
        assert!(is_readable(&queue));
        assert_eq!(queue.poll(10), [reply(2)]);
        assert!(!is_readable(&queue));
        assert_eq!(queue.poll(10), []);
    }

    #[test]
    fn levels_are_replaced_and_keep_their_place() {
        let queue = EventQueue::new().unwrap();

        queue.push_all(vec![levels(1, 0.1), reply(1), levels(2, 0.2), levels(1, 0.3)]);

        assert_eq!(queue.poll(10), [levels(1, 0.3), reply(1), levels(2, 0.2)]);
    }

    #[test]
    fn data_is_dropped_beyond_the_bound_and_replies_never() {
        let queue = EventQueue::new().unwrap();
        queue.push_all((0..16).map(|peer| data_of(peer, MAX_DATA_BYTES_OF_ONE)).collect());
        queue.push_all(vec![data_of(16, 1)]);
        assert_eq!(queue.dropped(), 1);
        assert_eq!(queue.poll(20).len(), 16);

        queue.push_all((0..MAX_EVENTS as u64 + 10).map(reply).collect());
        queue.push_all(vec![data_of(1, 1), reply(0)]);

        assert_eq!(queue.dropped(), 2);
        assert_eq!(queue.poll(usize::MAX).len(), MAX_EVENTS + 11);
    }

    #[test]
    fn who_floods_loses_only_its_own() {
        let queue = EventQueue::new().unwrap();
        for _ in 0..2 {
            queue.push_all((0..2 * MAX_EVENTS).map(|_| data_of(1, 4)).collect());
            queue.push_all(vec![data_of(2, 200_000)]);
            queue.push_all((0..100).map(|_| data_of(3, 200_000)).collect());

            let events = queue.poll(usize::MAX);

            let of = |peer| {
                events.iter().filter(|e| matches!(e, Event::DataReceived { peer: p, .. } if *p == PeerId(peer))).count()
            };
            assert_eq!((of(1), of(2), of(3)), (MAX_MESSAGES_OF_ONE, 1, MAX_DATA_BYTES_OF_ONE / 200_000));
            assert!(queue.lock().senders.is_empty());
        }
    }
}
