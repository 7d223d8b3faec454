"""Results for a person on the meeting page who looks up a meeting, joins it or waits."""

from dataclasses import dataclass, field
from datetime import datetime

from moothall.meeting.rules import WaitReason
from moothall.rooms.model import Room
from moothall.sessions.model import Role
from moothall.themes.model import Theme, ThemeBackground


@dataclass(frozen=True, slots=True)
class Lookup:
    """The facts that the page shows before joining, as of ``at``; see ``POST /page/lookup``."""

    role: Role
    room: Room
    theme: Theme | None
    backgrounds: tuple[ThemeBackground, ...]
    participants: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Embedders:
    """The domains whose pages may show a room in a frame, as ``frame-ancestors`` names them."""

    role: Role
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinTicket:
    """Permission to connect once; see ``POST /page/join``."""

    participant_id: str
    role: Role
    name: str
    # None: the origin of the page.
    url: str | None
    token: str = field(repr=False)
    control_token: str = field(repr=False)
    rejoin_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: ask again with the lobby token; see ``POST /page/waiting``. Only guests wait."""

    reason: WaitReason
    lobby_token: str = field(repr=False)
    role: Role = Role.GUEST


@dataclass(frozen=True, slots=True)
class Denied:
    """The owner or the application has said no.

    ``retry_after``: whole seconds after which they may ask again; None: not in this session.
    """

    retry_after: int | None


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody ended the session for everybody, the people in the lobby included."""
