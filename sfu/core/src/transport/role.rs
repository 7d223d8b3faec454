//! Which way media goes over a transport.

use crate::commands::SignalTarget;

/// Which way media goes over a transport. Names one of the transports of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// From the client: the one it publishes on, where it has two.
    Receives,
    /// To the client: the other of the two.
    Sends,
    /// Both ways: the only one.
    Both,
}

impl Role {
    pub(super) fn receives(self) -> bool {
        self != Self::Sends
    }

    pub(super) fn sends(self) -> bool {
        self != Self::Receives
    }

    /// The name the client knows the transport by: a single one goes by the publisher's.
    pub fn target(self) -> SignalTarget {
        match self {
            Self::Receives | Self::Both => SignalTarget::Publisher,
            Self::Sends => SignalTarget::Subscriber,
        }
    }
}
