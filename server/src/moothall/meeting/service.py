"""What people do in a meeting, and what the media engine reports about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from moothall.db import Database
from moothall.engine import Admission, EngineEvent, MediaEngine, Refusal
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock

if TYPE_CHECKING:
    from moothall.rooms.model import Room

Role = Literal["owner", "guest"]


@dataclass(frozen=True, slots=True)
class MeetingSecrets:
    """``host_link`` signs the host links (see rooms.links), ``control`` what a person in the meeting may ask for."""

    host_link: str
    control: str


@dataclass(frozen=True, slots=True)
class Lookup:
    role: Role
    room: "Room"
    participants: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a person needs to connect; see ``POST /page/join``."""

    participant_id: str
    role: Role
    name: str
    url: str
    token: str
    control_token: str


class MeetingService:
    def __init__(
        self,
        *,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        secrets: MeetingSecrets,
        wake: Callable[[], None],
    ) -> None:
        """``wake`` is called on the event loop after a transaction that may have left callbacks or jobs due."""

    async def recover(self) -> None:
        """What a crash left behind: give the people of open sessions time to come back. Await it before anybody can connect."""
        raise NotImplementedError

    async def run(self) -> None:
        """Keep the heartbeat that ``recover`` reads. Never returns unless cancelled."""
        raise NotImplementedError

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """The handlers for the jobs of rooms and sessions, by kind, for jobs.runner.JobRunner."""
        raise NotImplementedError

    async def gate(self, room_id: str, identity: str) -> Admission | Refusal:
        """The engine's AdmissionGate."""
        raise NotImplementedError

    async def on_engine_event(self, event: EngineEvent) -> None:
        """The engine's EngineListener."""
        raise NotImplementedError

    async def expire(self, job: Job) -> None:
        """Job handler for ``room_expiry``; ``job.key`` is the room id."""
        raise NotImplementedError
