"""Events sent to applications: their payloads, and the rule for the URL of each.

An event is sent to the room's own URL for its topic, else to the application's webhook for the
topic, else to nobody. In every case it can be read from the event log.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from moothall.callbacks.model import Topic
from moothall.kit.clock import render_timestamp


@dataclass(frozen=True, slots=True)
class Addresses:
    """The callback URLs of a room or an application, one per topic; None means not set."""

    rooms: str | None
    sessions: str | None
    recordings: str | None

    def of(self, topic: Topic) -> str | None:
        match topic:
            case Topic.ROOMS:
                return self.rooms
            case Topic.SESSIONS:
                return self.sessions
            case Topic.RECORDINGS:
                return self.recordings


@dataclass(frozen=True, slots=True)
class Payload:
    """The fields of an event except ``event``, a constant of the class, and ``sequence``."""

    event: ClassVar[str]
    topic: ClassVar[Topic]

    def render(self) -> dict[str, Any]:
        """Return the fields ready for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: render_timestamp(value) if isinstance(value, datetime) else value for name, value in values.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTest:
    """An event that only tests a webhook: nothing happened. An addition to the original."""

    event: ClassVar[str] = "callback:test"

    webhook: Topic
    sent_at: datetime

    def render(self) -> dict[str, Any]:
        return {"test": True, "webhook": self.webhook.value, "sent_at": render_timestamp(self.sent_at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomExpired(Payload):
    event = "room:expired"
    topic = Topic.ROOMS

    room_id: str
    room_type: str
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Payload):
    event = "session:started"
    topic = Topic.SESSIONS

    session_id: str
    room_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Payload):
    event = "session:ended"
    topic = Topic.SESSIONS

    session_id: str
    room_id: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined(Payload):
    """``type``: ``Owner`` or ``Guest``."""

    event = "session:participant:joined"
    topic = Topic.SESSIONS

    participant_id: str
    session_id: str
    room_id: str
    name: str
    type: str
    is_host: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantLeft(ParticipantJoined):
    event = "session:participant:left"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Payload):
    event = "recording:started"
    topic = Topic.RECORDINGS

    recording_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded(Payload):
    """``duration``: whole seconds."""

    event = "recording:ended"
    topic = Topic.RECORDINGS

    recording_id: str
    session_id: str
    started_at: datetime
    ended_at: datetime
    duration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingUploaded(Payload):
    """``duration``: whole seconds; ``url``: a link to the file that expires."""

    event = "recording:uploaded"
    topic = Topic.RECORDINGS

    recording_id: str
    session_id: str
    room_id: str
    started_at: datetime
    ended_at: datetime
    duration: int
    url: str
