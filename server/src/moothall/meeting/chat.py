"""Chat of a running meeting: kept first, then sent to everybody inside.

What a person writes comes to the server, which knows who that is; what others get comes from the server. So it works alike with every media
engine, nobody speaks in another's name, and what was shown is what was kept.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from moothall.chat import service as chat
from moothall.chat.model import ChatMessage
from moothall.db import Connection, Database
from moothall.engine import MediaEngine
from moothall.kit.allowances import Allowances
from moothall.kit.clock import Clock
from moothall.meeting import rules
from moothall.meeting.control import ControlClaims
from moothall.meeting.errors import ChatOff, ChatTooFast, NotPermitted, TextInvalid
from moothall.rooms import store as rooms_store
from moothall.rooms.model import Room
from moothall.sessions import store as sessions

# Where the LiveKit components look for chat that comes as data packets; "id", "timestamp" and "message" are their fields.
CHAT_TOPIC = "lk-chat-topic"
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class History:
    """What was written in the session that goes on. ``has_more``: later messages than these have been written."""

    session_id: str
    messages: Sequence[ChatMessage]
    has_more: bool


class MeetingChat:
    def __init__(
        self,
        database: Database,
        engine: MediaEngine,
        clock: Clock,
        identify: Callable[[str], Awaitable[ControlClaims]],
    ) -> None:
        """``identify``: who is inside with this control token; raises NotPermitted."""
        self._database = database
        self._engine = engine
        self._clock = clock
        self._identify = identify
        self._of_person = Allowances(burst=10, per_second=1)
        self._of_room = Allowances(burst=60, per_second=10)

    async def say(self, control_token: str, text: str) -> ChatMessage:
        """Keep it and send it to everybody. Raises NotPermitted, ChatOff, TextInvalid, ChatTooFast."""
        claims = await self._identify(control_token)
        cleaned = rules.clean_message(text)
        if cleaned is None:
            raise TextInvalid
        self._count(claims)
        now = self._clock.now()

        def transaction(connection: Connection) -> ChatMessage | None:
            _check(rooms_store.find_room(connection, claims.room_id))
            return chat.record_message(connection, claims.room_id, claims.participant_id, cleaned, now)

        message = await self._database.write(transaction)
        if message is None:
            raise NotPermitted
        packet = json.dumps(render_packet(message), ensure_ascii=False, separators=(",", ":"))
        await self._engine.send_data(claims.room_id, packet.encode(), topic=CHAT_TOPIC)
        return message

    async def history(self, control_token: str, after: int | None) -> History:
        """What follows message number ``after``, at most two hundred; None: the newest. Raises NotPermitted, ChatOff."""
        claims = await self._identify(control_token)

        def transaction(connection: Connection) -> History:
            _check(rooms_store.find_room(connection, claims.room_id))
            session = sessions.find_open_session(connection, claims.room_id)
            if session is None:
                raise NotPermitted
            found = chat.read_on(connection, session.id, after=after, limit=MOST_AT_ONCE + 1)
            if after is None:
                return History(session.id, found[-MOST_AT_ONCE:], has_more=False)
            return History(session.id, found[:MOST_AT_ONCE], has_more=len(found) > MOST_AT_ONCE)

        return await self._database.read(transaction)

    def _count(self, claims: ControlClaims) -> None:
        """Raises ChatTooFast."""
        now = self._clock.monotonic()
        seconds = max(self._of_person.wait(claims.participant_id, now), self._of_room.wait(claims.room_id, now))
        if seconds:
            raise ChatTooFast(seconds)
        self._of_person.spend(claims.participant_id, now)
        self._of_room.spend(claims.room_id, now)


def render_packet(message: ChatMessage) -> dict[str, Any]:
    """A message as the page gets it, in answers and in data packets."""
    return {
        "id": f"{message.session_id}:{message.number}",
        "timestamp": round(message.sent_at.timestamp() * 1000),
        "message": message.text,
        "session_id": message.session_id,
        "number": message.number,
        "participant_id": message.participant_id,
        "name": message.name,
        "role": message.role.value,
    }


def _check(room: Room | None) -> None:
    """Raises ChatOff."""
    if room is None or not rules.may_chat(room):
        raise ChatOff
