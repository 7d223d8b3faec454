"""What a chat message is."""

from dataclasses import dataclass
from datetime import datetime

from moothall.sessions.model import Role

# Counted in code points.
LONGEST_TEXT = 2000
# Of one session. When more are written, the oldest go.
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """``number`` counts the messages of its session from 1. Name and role are those of the author when it was written."""

    session_id: str
    number: int
    participant_id: str
    name: str
    role: Role
    text: str
    sent_at: datetime
