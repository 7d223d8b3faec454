"""Chat messages."""

from dataclasses import dataclass
from datetime import datetime

from moothall.sessions.model import Role

# Counted in code points.
LONGEST_TEXT = 2000
# Messages kept per session. When more are written, the oldest are deleted.
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Removal:
    """A host has removed a message: its text is gone, its place stays.

    ``participant_id`` and ``name``: the host; both None for the application.
    """

    participant_id: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message; ``number`` counts those of its session from 1.

    Name and role are those of the author at the time of writing. ``revision``: the number of the
    change to the session's chat that made it as it is.
    """

    session_id: str
    number: int
    participant_id: str
    name: str
    role: Role
    text: str
    sent_at: datetime
    revision: int
    removal: Removal | None = None
