//! Brings a TCP connection to the shard it is for: it is handed from shard to shard until one knows
//! its user fragment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use mio::Waker;
use mio::net::TcpStream;

/// Connections that may wait for one shard to look at them.
pub const RING_QUEUE: usize = 64;

/// A connection whose first frame, still unread, is a check for `ufrag`.
pub struct Newcomer {
    pub stream: TcpStream,
    /// Our candidate it came in by.
    pub candidate: SocketAddr,
    pub remote: SocketAddr,
    pub ufrag: String,
    /// Shards that did not know it.
    pub asked: usize,
}

/// All shards in a circle.
#[derive(Clone)]
pub struct Ring {
    shards: Arc<Vec<(SyncSender<Newcomer>, Arc<Waker>)>>,
}

impl Ring {
    pub fn new(shards: Vec<(SyncSender<Newcomer>, Arc<Waker>)>) -> Self {
        Self { shards: Arc::new(shards) }
    }

    /// Hands it to the next shard that was not asked. When all were, or the next one is too busy,
    /// the connection is closed, and the client tries again.
    pub fn hand_over(&self, newcomer: Newcomer) {
        if let Some((shard, waker)) = self.shards.get(newcomer.asked)
            && shard.try_send(newcomer).is_ok()
        {
            // Fails only when the poller is gone with its thread.
            let _ = waker.wake();
        }
    }
}
