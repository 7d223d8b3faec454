"""Events, and where and how far their delivery is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Topic(StrEnum):
    """The three kinds of callback URL, named as the application's webhooks are."""

    ROOMS = "room_changed"
    SESSIONS = "session_changed"
    RECORDINGS = "recording_changed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a room.

    ``payload`` holds the fields of the contract beside ``event`` and ``sequence``, ready for JSON. ``url`` is the room's own callback URL for
    the topic; None means the application's webhook, and no delivery when it has none. ``metadata`` is the room's, sent as a header.
    """

    application_id: str
    room_id: str
    topic: Topic
    name: str
    payload: Mapping[str, Any]
    url: str | None
    metadata: str | None
    at: datetime


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    # Every try of the schedule failed.
    FAILED = "failed"
    # The receiver answered 410 Gone.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed delivery: an event on its way to one URL. ``attempts`` counts this try."""

    id: int
    event_id: str
    application_id: str
    room_id: str
    sequence: int
    url: str
    receiver: str
    body: bytes
    metadata: str | None
    attempts: int
    failing_since: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``duration_ms`` until the answer was complete; ``excerpt`` is how the answer's body begins, at most 1 kB of it."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A delivery as its application may see it. ``attempts`` counts since it was written or last asked for again."""

    id: int
    event_id: str
    event: str
    room_id: str
    sequence: int
    url: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as its application may read it again. ``position`` counts the application's events; ``body`` is what callbacks carry."""

    id: str
    position: int
    room_id: str
    created_at: datetime
    body: Mapping[str, Any]
