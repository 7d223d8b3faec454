"""Chat messages in the database. They go with their session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from moothall.chat.model import ChatMessage, Removal
from moothall.db import Timestamp, metadata
from moothall.sessions.model import Role

chat_messages = Table(
    "chat_messages",
    metadata,
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("participant_id", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", Timestamp, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("removed_at", Timestamp),
    # The host; NULL for the application.
    Column("removed_by_id", String(64)),
    Column("removed_by_name", String(256)),
    Index("ix_chat_messages_session_id_revision", "session_id", "revision", unique=True),
)


def insert_message(connection: Connection, message: ChatMessage) -> None:
    connection.execute(
        insert(chat_messages).values(
            session_id=message.session_id,
            number=message.number,
            participant_id=message.participant_id,
            name=message.name,
            role=message.role.value,
            text=message.text,
            sent_at=message.sent_at,
            revision=message.revision,
        )
    )


def remove_message(
    connection: Connection, session_id: str, number: int, removal: Removal, *, revision: int, now: datetime
) -> ChatMessage:
    """Forget the text. The message is there."""
    statement = (
        update(chat_messages)
        .where(chat_messages.c.session_id == session_id, chat_messages.c.number == number)
        .values(
            text="",
            revision=revision,
            removed_at=now,
            removed_by_id=removal.participant_id,
            removed_by_name=removal.name,
        )
        .returning(*chat_messages.c)
    )
    return _message(connection.execute(statement).one())


def find_message(connection: Connection, session_id: str, number: int) -> ChatMessage | None:
    found = messages_from(connection, session_id, start=number, end=number + 1, limit=1)
    return found[0] if found else None


def delete_up_to(connection: Connection, session_id: str, number: int) -> None:
    connection.execute(
        delete(chat_messages).where(chat_messages.c.session_id == session_id, chat_messages.c.number <= number)
    )


def last_number(connection: Connection, session_id: str) -> int:
    """Return the number of the newest message, or 0 without messages."""
    statement = select(func.max(chat_messages.c.number)).where(chat_messages.c.session_id == session_id)
    return connection.execute(statement).scalar_one() or 0


def messages_from(
    connection: Connection, session_id: str, *, start: int, end: int, limit: int
) -> Sequence[ChatMessage]:
    """Return the messages with ``start <= number < end``, in order."""
    statement = select(chat_messages).where(
        chat_messages.c.session_id == session_id, chat_messages.c.number >= start, chat_messages.c.number < end
    )
    return [_message(row) for row in connection.execute(statement.order_by(chat_messages.c.number).limit(limit))]


def messages_changed_after(
    connection: Connection, session_id: str, revision: int, *, limit: int
) -> Sequence[ChatMessage]:
    """Return the messages with a later revision, in the order of those."""
    statement = select(chat_messages).where(
        chat_messages.c.session_id == session_id, chat_messages.c.revision > revision
    )
    return [_message(row) for row in connection.execute(statement.order_by(chat_messages.c.revision).limit(limit))]


def numbers_before(connection: Connection, session_id: str, number: int, *, limit: int) -> list[int]:
    """Return the nearest numbers below this one, in descending order."""
    statement = select(chat_messages.c.number).where(
        chat_messages.c.session_id == session_id, chat_messages.c.number < number
    )
    return list(connection.execute(statement.order_by(chat_messages.c.number.desc()).limit(limit)).scalars())


def count_messages(connection: Connection, session_id: str) -> int:
    statement = select(func.count()).select_from(chat_messages).where(chat_messages.c.session_id == session_id)
    return connection.execute(statement).scalar_one()


def _message(row: Row[Any]) -> ChatMessage:
    return ChatMessage(
        session_id=row.session_id,
        number=row.number,
        participant_id=row.participant_id,
        name=row.name,
        role=Role(row.role),
        text=row.text,
        sent_at=row.sent_at,
        revision=row.revision,
        removal=None if row.removed_at is None else Removal(row.removed_by_id, row.removed_by_name),
    )
