"""Events and the state of their delivery."""

from collections.abc import Mapping, Sequence
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

    ``payload`` holds the contract's fields except ``event`` and ``sequence``, ready for JSON.
    ``url`` is the room's own callback URL for the topic; None means the application's webhook, and
    no delivery without one. ``metadata`` is the room's, sent as a header.
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
    # All attempts of the schedule failed.
    FAILED = "failed"
    # The receiver answered 410 Gone.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed delivery of an event to one URL. ``attempts`` includes the current one."""

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
    """One attempt.

    ``duration_ms`` is the time until the answer was complete; ``excerpt`` is the start of the
    answer's body, at most 1 kB.
    """

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A delivery as shown to its application.

    ``attempts`` counts from its creation or from the last redelivery.
    """

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
class DeliveryDetails:
    """A delivery with the body that is posted and the newest attempts, in order."""

    delivery: LoggedDelivery
    body: Mapping[str, Any]
    attempts: Sequence["Attempt"]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event in the application's log.

    ``position`` counts the application's events; ``body`` is the body of its callbacks.
    """

    id: str
    position: int
    room_id: str
    created_at: datetime
    body: Mapping[str, Any]
