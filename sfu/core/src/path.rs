//! The ways datagrams go between us and a client, and which of them the client chose.

use std::net::SocketAddr;

use crate::limits;
use crate::stun::{BindingRequest, TransactionId};

/// The protocol that carries a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carrier {
    Udp,
    /// Framed as in RFC 4571, over a connection the client made (RFC 6544).
    Tcp,
}

/// From one of our addresses to one of a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    pub carrier: Carrier,
    /// Our address: one of the shard's candidates.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Path {
    pub fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { carrier: Carrier::Udp, local, remote }
    }

    pub fn tcp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { carrier: Carrier::Tcp, local, remote }
    }
}

/// A connectivity check that was not answered yet.
#[derive(Debug)]
struct Check {
    id: TransactionId,
    path: Path,
    nominates: bool,
}

/// Follows the connectivity checks of one client (RFC 8445 section 7.3, as the lite and controlled
/// side).
///
/// A check counts once the ICE agent answered it, because the agent answers only checks that prove
/// to know our password. The answer may have to wait until the client's description is there. The
/// path that a client nominated last is the one it uses: a client whose address changed says so by
/// nominating the new one, while the old one looks alive for many seconds more.
#[derive(Debug, Default)]
pub struct Checks {
    waiting: Vec<Check>,
    selected: Option<Path>,
}

impl Checks {
    /// A check went to the agent.
    pub fn asked(&mut self, path: Path, request: &BindingRequest) {
        if self.waiting.iter().any(|c| c.id == request.id && c.path == path) {
            return;
        }
        if self.waiting.len() >= limits::MAX_UNANSWERED_CHECKS {
            self.waiting.remove(0);
        }
        self.waiting.push(Check { id: request.id, path, nominates: request.nominates });
    }

    /// The agent answers a check: the path it proved to be the client's.
    pub fn answered(&mut self, carrier: Carrier, remote: SocketAddr, id: TransactionId) -> Option<Path> {
        let found =
            self.waiting.iter().position(|c| c.id == id && c.path.carrier == carrier && c.path.remote == remote)?;
        let check = self.waiting.remove(found);
        if check.nominates {
            self.selected = Some(check.path);
        }
        Some(check.path)
    }

    /// Checks wait for an answer.
    pub fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The path on which the client wants to receive.
    pub fn selected(&self) -> Option<Path> {
        self.selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(port: u16) -> Path {
        Path::udp(SocketAddr::from(([10, 0, 0, 1], 7000)), SocketAddr::from(([10, 0, 0, 2], port)))
    }

    fn request(id: u8, nominates: bool) -> BindingRequest {
        BindingRequest { id: TransactionId([id; 12]), nominates }
    }

    fn answered(checks: &mut Checks, port: u16, id: u8) -> Option<Path> {
        checks.answered(Carrier::Udp, path(port).remote, TransactionId([id; 12]))
    }

    #[test]
    fn what_was_nominated_last_and_answered_is_selected() {
        let mut checks = Checks::default();
        checks.asked(path(1), &request(1, true));
        checks.asked(path(2), &request(2, true));
        checks.asked(path(3), &request(3, false));
        assert_eq!(checks.selected(), None);

        assert_eq!(answered(&mut checks, 1, 1), Some(path(1)));
        assert_eq!(answered(&mut checks, 3, 3), Some(path(3)));
        assert_eq!(checks.selected(), Some(path(1)));

        answered(&mut checks, 2, 2);
        assert_eq!(checks.selected(), Some(path(2)));
        assert!(!checks.are_waiting());
    }

    #[test]
    fn an_answer_belongs_to_one_transaction_of_one_path() {
        let mut checks = Checks::default();
        checks.asked(path(1), &request(1, true));

        assert_eq!(answered(&mut checks, 2, 1), None);
        assert_eq!(answered(&mut checks, 1, 2), None);
        assert_eq!(checks.answered(Carrier::Tcp, path(1).remote, TransactionId([1; 12])), None);
        assert_eq!(answered(&mut checks, 1, 1), Some(path(1)));
        assert_eq!(answered(&mut checks, 1, 1), None);
    }

    #[test]
    fn unanswered_checks_are_few_and_retransmissions_count_once() {
        let mut checks = Checks::default();
        for _ in 0..3 {
            checks.asked(path(1), &request(0, false));
        }
        assert_eq!(checks.waiting.len(), 1);

        for id in 1..=limits::MAX_UNANSWERED_CHECKS as u8 {
            checks.asked(path(1), &request(id, false));
        }
        assert_eq!(checks.waiting.len(), limits::MAX_UNANSWERED_CHECKS);
        assert_eq!(answered(&mut checks, 1, 0), None);
    }
}
