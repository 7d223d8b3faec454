"""What a session is, and who attended it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    GUEST = "guest"


# How the API names them.
TYPES = {Role.OWNER: "Owner", Role.GUEST: "Guest"}


@dataclass(frozen=True, slots=True)
class Session:
    """What took place in a room from the first join to the last leave. ``ended_at`` is None while it goes on.

    ``serial`` orders sessions by their start; the database gives it.
    """

    id: str
    room_id: str
    application_id: str
    started_at: datetime
    ended_at: datetime | None
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Attendance:
    """One stay of a participant in a session; who leaves and comes back later has two.

    ``away_since`` is set while the participant has no connection but is expected back: after a crash of the server, while it restarts, and
    while a newer connection of the same participant takes over. If nobody has come by ``away_until``, ``away_since`` becomes ``left_at``.
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
