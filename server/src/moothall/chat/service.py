"""Use cases of chat. Each runs in the transaction of the connection it is given."""

from collections.abc import Sequence
from datetime import datetime

from moothall.api.errors import NotFound
from moothall.api.paging import MAX_SERIAL, Neighbours, PageRequest
from moothall.chat import store
from moothall.chat.model import MOST_KEPT, ChatMessage
from moothall.db import Connection
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

_MAX_SHOWN_ID = 128


def record_message(
    connection: Connection, room_id: str, participant_id: str, text: str, now: datetime
) -> ChatMessage | None:
    """Keep what a participant of the room's running session has written. None when that one is not in a session there."""
    session = sessions.lock_open_session(connection, room_id)
    attendance = None if session is None else sessions.find_open_attendance(connection, session.id, participant_id)
    if session is None or attendance is None:
        return None
    message = ChatMessage(
        session_id=session.id,
        number=store.last_number(connection, session.id) + 1,
        participant_id=participant_id,
        name=attendance.name,
        role=attendance.role,
        text=text,
        sent_at=now,
    )
    store.insert_message(connection, message)
    store.delete_up_to(connection, session.id, message.number - MOST_KEPT)
    return message


def read_on(connection: Connection, session_id: str, *, after: int | None, limit: int) -> Sequence[ChatMessage]:
    """The messages that follow number ``after``, at most ``limit``; None: the newest ones."""
    start = max(0, store.last_number(connection, session_id) - limit) if after is None else after
    return store.messages_from(connection, session_id, start=start + 1, end=MAX_SERIAL, limit=limit)


def page_of_messages(
    connection: Connection, application_id: str, session_id: str, page: PageRequest
) -> tuple[Sequence[ChatMessage], int, Neighbours]:
    """The messages of the page, how many the session has in all, and what lies around the page. Raises NotFound."""
    session = get_session(connection, application_id, session_id)
    start = page.start_id or 0
    found = messages_between(connection, session.id, start=start, end=page.end_id, limit=page.page_size + 1)
    before = store.numbers_before(connection, session.id, found[0].number if found else start, limit=page.page_size)
    around = Neighbours(
        previous_start=before[-1] if before else None,
        next_start=found[-1].number if len(found) > page.page_size else None,
    )
    return found[: page.page_size], store.count_messages(connection, session.id), around


def messages_between(
    connection: Connection, session_id: str, *, start: int, end: int | None, limit: int
) -> Sequence[ChatMessage]:
    """Those with ``start <= number < end``, in their order."""
    return store.messages_from(connection, session_id, start=start, end=MAX_SERIAL if end is None else end, limit=limit)


def get_session(connection: Connection, application_id: str, session_id: str) -> Session:
    """Raises NotFound, also for another application's session."""
    session = sessions.find_session(connection, session_id)
    if session is None or session.application_id != application_id:
        raise NotFound(f"Failed to find session by id: {session_id[:_MAX_SHOWN_ID]}")
    return session
