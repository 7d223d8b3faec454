"""Sessions and attendance."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    OWNER = "owner"
    GUEST = "guest"


# Names of the roles in the API.
TYPES = {Role.OWNER: "Owner", Role.GUEST: "Guest"}


@dataclass(frozen=True, slots=True)
class Session:
    """A meeting in a room, from the first join to the last leave.

    ``ended_at`` is None during the session.

    ``serial`` orders sessions by their start; the database gives it. ``dismissed_at``: somebody
    ended it for everybody then; people are leaving, and nobody comes back to it.
    """

    id: str
    room_id: str
    application_id: str
    started_at: datetime
    ended_at: datetime | None
    serial: int = 0
    dismissed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that goes on. ``participants``: the number of people who are connected."""

    session: Session
    display_name: str
    participants: int


DeviceAccess = Literal["granted", "denied", "prompt", "none"]


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a connection check, as somebody's page tells it. Nothing verifies it.

    ``camera``, ``microphone``: what the browser allows, or ``none`` without a device. ``udp``,
    ``tcp``: whether media gets through; None: not tried. ``relayed``: by a TURN server. The numbers
    are None where nothing was measured.
    """

    verdict: Literal["good", "fair", "poor", "blocked"]
    camera: DeviceAccess
    microphone: DeviceAccess
    udp: bool | None
    tcp: bool | None
    relayed: bool
    round_trip_ms: int | None
    jitter_ms: int | None
    upload_kbps: int | None
    download_kbps: int | None
    upload_loss_percent: float | None
    download_loss_percent: float | None


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    measured_at: datetime
    findings: Findings


@dataclass(frozen=True, slots=True)
class Attendance:
    """One stay of a participant in a session; leaving and coming back later makes two.

    ``away_since`` is set while the participant has no connection but is expected back: after a
    crash of the server, during a restart, and while a newer connection of the same participant
    takes over. If the participant is not back by ``away_until``, ``away_since`` becomes
    ``left_at``.
    """

    id: int
    session_id: str
    participant_id: str
    name: str
    role: Role
    joined_at: datetime
    left_at: datetime | None
    away_since: datetime | None
    away_until: datetime | None
    connection_check: ConnectionCheck | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """One participant and the other people in the current session of a room.

    All numbers are 0 without a session. ``stays`` counts this participant's attendances,
    ``open_stays`` those that have not ended (inside, or expected back), ``connected_stays`` those
    with a connection. ``others``: the other people inside or expected back; ``owners``: those
    connected.
    """

    dismissed_at: datetime | None = None
    stays: int = 0
    open_stays: int = 0
    connected_stays: int = 0
    others: int = 0
    owners: int = 0
