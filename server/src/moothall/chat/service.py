"""Use cases of chat. Each runs in the transaction of the connection it is given."""

from collections.abc import Sequence
from datetime import datetime

from moothall.api.errors import NotFound, shown
from moothall.api.paging import MAX_SERIAL, Page, PageRequest, read_page
from moothall.chat import store
from moothall.chat.model import MOST_KEPT, ChatMessage, Removal
from moothall.db import Connection
from moothall.feeds import store as feeds
from moothall.feeds.model import CHAT, Head
from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance, Session


def record_message(connection: Connection, author: Attendance, text: str, now: datetime) -> tuple[Head, ChatMessage]:
    """Store a message in the session of its author, which is locked."""
    head = feeds.take_number(connection, author.session_id, CHAT)
    message = ChatMessage(
        session_id=author.session_id,
        number=store.last_number(connection, author.session_id) + 1,
        participant_id=author.participant_id,
        name=author.name,
        role=author.role,
        text=text,
        sent_at=now,
        revision=head.number,
    )
    store.insert_message(connection, message)
    store.delete_up_to(connection, author.session_id, message.number - MOST_KEPT)
    return head, message


def remove_message(
    connection: Connection, session_id: str, number: int, removal: Removal, now: datetime
) -> tuple[Head, ChatMessage] | None:
    """Remove a message of a session, which is locked.

    None when there is no such message, or it is removed already.
    """
    if find_message(connection, session_id, number) is None:
        return None
    head = feeds.take_number(connection, session_id, CHAT)
    return head, store.remove_message(connection, session_id, number, removal, revision=head.number, now=now)


def find_message(connection: Connection, session_id: str, number: int) -> ChatMessage | None:
    """Return a message that was not removed."""
    message = store.find_message(connection, session_id, number)
    return None if message is None or message.removal is not None else message


def read_on(connection: Connection, session_id: str, *, after: int | None, limit: int) -> Sequence[ChatMessage]:
    """Return up to ``limit`` messages changed after this number; without it, the newest ones."""
    if after is not None:
        return store.messages_changed_after(connection, session_id, after, limit=limit)
    start = max(0, store.last_number(connection, session_id) - limit)
    return store.messages_from(connection, session_id, start=start + 1, end=MAX_SERIAL, limit=limit)


def page_of_messages(
    connection: Connection, application_id: str, session_id: str, request: PageRequest
) -> Page[ChatMessage]:
    """Return one page of the messages of a session. Raises NotFound."""
    session = get_session(connection, application_id, session_id)
    return read_page(
        request,
        find=lambda start, end, limit: messages_between(connection, session.id, start=start, end=end, limit=limit),
        serial=lambda message: message.number,
        before=lambda number, limit: store.numbers_before(connection, session.id, number, limit=limit),
        total=store.count_messages(connection, session.id),
    )


def messages_between(
    connection: Connection, session_id: str, *, start: int, end: int | None, limit: int
) -> Sequence[ChatMessage]:
    """Return the messages with ``start <= number < end``, in order."""
    return store.messages_from(connection, session_id, start=start, end=MAX_SERIAL if end is None else end, limit=limit)


def get_session(connection: Connection, application_id: str, session_id: str) -> Session:
    """Raises NotFound, also for another application's session."""
    session = sessions.find_session(connection, session_id)
    if session is None or session.application_id != application_id:
        raise NotFound(f"Failed to find session by id: {shown(session_id)}")
    return session
