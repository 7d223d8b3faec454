//! The transports of one client: two, one for each direction, or a single one for both.

use super::dual::Dual;
use super::single::Single;
use crate::commands::SignalTarget;
use crate::transport::{Role, Transport};

/// The transports of a client. It chooses their number when it joins, and keeps to it.
#[expect(clippy::large_enum_variant, reason = "one for each peer, and a box would be one more step for each packet")]
pub enum Connection {
    Dual(Dual),
    Single(Single),
}

impl Connection {
    pub fn dual() -> Self {
        Self::Dual(Dual::default())
    }

    pub fn single() -> Self {
        Self::Single(Single::default())
    }

    /// The transports that the connection is made of, whether they exist already or not.
    pub fn roles(&self) -> &'static [Role] {
        match self {
            Self::Dual(_) => &[Role::Receives, Role::Sends],
            Self::Single(_) => &[Role::Both],
        }
    }

    /// The transport that a client means by this name: a single one goes by either.
    pub fn role_of(&self, target: SignalTarget) -> Role {
        match (self, target) {
            (Self::Single(_), _) => Role::Both,
            (Self::Dual(_), SignalTarget::Publisher) => Role::Receives,
            (Self::Dual(_), SignalTarget::Subscriber) => Role::Sends,
        }
    }

    /// Which of the transports we send media and data on.
    pub fn sending_role(&self) -> Role {
        self.role_of(SignalTarget::Subscriber)
    }

    /// Which of the transports the client sends media on.
    pub fn receiving_role(&self) -> Role {
        self.role_of(SignalTarget::Publisher)
    }

    /// The place of the transport of this role; `None` when the connection has no such transport.
    pub fn place(&mut self, role: Role) -> Option<&mut Option<Transport>> {
        match (self, role) {
            (Self::Dual(dual), Role::Receives) => Some(&mut dual.publisher),
            (Self::Dual(dual), Role::Sends) => Some(&mut dual.subscriber),
            (Self::Single(single), Role::Both) => Some(&mut single.transport),
            _ => None,
        }
    }

    pub fn transport(&mut self, role: Role) -> Option<&mut Transport> {
        self.place(role)?.as_mut()
    }

    /// The transports that exist.
    pub fn transports(&mut self) -> impl Iterator<Item = &mut Transport> {
        let (first, second) = match self {
            Self::Dual(dual) => (dual.publisher.as_mut(), dual.subscriber.as_mut()),
            Self::Single(single) => (single.transport.as_mut(), None),
        };
        first.into_iter().chain(second)
    }

    /// The transport we send media and data on.
    pub fn sending(&self) -> Option<&Transport> {
        match self {
            Self::Dual(dual) => dual.subscriber.as_ref(),
            Self::Single(single) => single.transport.as_ref(),
        }
    }

    /// The same, to send on.
    pub fn sending_mut(&mut self) -> Option<&mut Transport> {
        match self {
            Self::Dual(dual) => dual.subscriber.as_mut(),
            Self::Single(single) => single.transport.as_mut(),
        }
    }

    /// The transport the client sends media on.
    pub fn receiving_mut(&mut self) -> Option<&mut Transport> {
        match self {
            Self::Dual(dual) => dual.publisher.as_mut(),
            Self::Single(single) => single.transport.as_mut(),
        }
    }

    /// An exchange of descriptions that we began is not over.
    pub fn is_negotiating(&self) -> bool {
        match self {
            Self::Dual(dual) => dual.is_negotiating(),
            Self::Single(single) => single.is_negotiating(),
        }
    }
}
