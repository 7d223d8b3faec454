//! Why a description or a request was refused. The library's own error is kept as the source.

use std::sync::Arc;

use str0m::RtcError;
use str0m::error::SdpError;

/// The reasons for refusing a description before the library sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    #[error("description too large")]
    TooLarge,
    #[error("description is not plain text")]
    NotText,
    #[error("description does not start with v=0")]
    NoVersion,
    #[error("too many or too long lines")]
    TooManyLines,
    #[error("too many media sections")]
    TooManySections,
    #[error("too many candidates or sources")]
    TooManyCandidates,
    #[error("media section without its own mid")]
    NoMid,
    #[error("no media section")]
    NoSection,
    #[error("unknown media type")]
    UnknownMedia,
    #[error("malformed media line")]
    MalformedMedia,
    #[error("too many payload types")]
    TooManyPayloadTypes,
    #[error("payload type out of range")]
    PayloadTypeOutOfRange,
    #[error("malformed mid")]
    MalformedMid,
    #[error("malformed rid")]
    MalformedRid,
    #[error("too many simulcast layers")]
    TooManyLayers,
    #[error("header extension id out of range")]
    ExtensionOutOfRange,
}

/// Why a command that asks for a reply was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NegotiationError {
    #[error("unknown peer")]
    UnknownPeer,
    #[error("the engine is closed")]
    EngineClosed,
    #[error("an offer is already open")]
    OfferIsOpen,
    #[error("no offer is open")]
    NoOpenOffer,
    #[error("the peer has no transport to negotiate")]
    NoTransport,
    #[error("this peer offers itself")]
    ClientOffers,
    #[error("this peer is offered what it receives")]
    ServerOffers,
    /// It panicked, and the peer is removed.
    #[error("the transport failed")]
    TransportFailed,
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error("the description cannot be read")]
    Unreadable(#[source] Arc<SdpError>),
    #[error("the description cannot be applied")]
    Inapplicable(#[source] Arc<RtcError>),
}

impl NegotiationError {
    /// The error with its causes, outermost first, for people: `the description cannot be read: …`.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl From<SdpError> for NegotiationError {
    fn from(error: SdpError) -> Self {
        Self::Unreadable(Arc::new(error))
    }
}

impl From<RtcError> for NegotiationError {
    fn from(error: RtcError) -> Self {
        Self::Inapplicable(Arc::new(error))
    }
}

/// Errors of the library have no equality of their own: those that read the same are the same.
impl PartialEq for NegotiationError {
    fn eq(&self, other: &Self) -> bool {
        self.with_causes() == other.with_causes()
    }
}
