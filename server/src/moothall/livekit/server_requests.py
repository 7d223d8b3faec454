"""Requests of the server API and of the server's own rules to a running room.

``None`` leaves a value as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from moothall.livekit.model import DataMessage, Permission, TrackSource
from moothall.livekit.requests import UpdateSubscription


@dataclass(frozen=True, slots=True)
class MuteRequested:
    identity: str
    track_sid: str


@dataclass(frozen=True, slots=True)
class UpdateRequested:
    """``None`` leaves as it is; an attribute set to the empty string is removed."""

    identity: str
    name: str | None = None
    attributes: Mapping[str, str] | None = None
    permission: Permission | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class PublishingLimited:
    """Limit the participant to these sources within its grant. None: no limit."""

    identity: str
    sources: tuple[TrackSource, ...] | None


@dataclass(frozen=True, slots=True)
class SharesReplaced:
    """End the screen shares of everybody else; the place is kept for this participant a while."""

    identity: str


@dataclass(frozen=True, slots=True)
class SubscriptionRequested:
    """Set what a participant receives, as if it had asked for it itself."""

    identity: str
    request: UpdateSubscription


@dataclass(frozen=True, slots=True)
class SettingsRequested:
    """``None`` leaves as it is. Timeouts are seconds."""

    metadata: str | None = None
    max_participants: int | None = None
    empty_timeout: int | None = None
    departure_timeout: int | None = None
    # Screens shared at once; 0: as many as a room may have.
    max_screen_shares: int | None = None


@dataclass(frozen=True, slots=True)
class BroadcastRequested:
    """The server itself says something on the data channels."""

    reliable: bool
    message: DataMessage


ServerRequest = (
    MuteRequested
    | UpdateRequested
    | PublishingLimited
    | SharesReplaced
    | SubscriptionRequested
    | SettingsRequested
    | BroadcastRequested
)
