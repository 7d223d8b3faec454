"""Rooms in the database.

A room is read together with the link prefix of the theme in effect (its own, else the application's
default).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from moothall.applications.store import applications
from moothall.db import Prepared, Timestamp, metadata
from moothall.rooms.model import (
    AvailableFeatures,
    CallbackUrls,
    InitialJoinOptions,
    JoinApprovalLevel,
    Language,
    MicrophoneState,
    RecordingOptions,
    Room,
    RoomChoice,
    RoomState,
    RoomType,
    UiSettings,
)
from moothall.themes.store import themes

rooms = Table(
    "rooms",
    metadata,
    # SQLite assigns row numbers only in a column declared INTEGER.
    Column("serial", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("application_id", String(36), ForeignKey("applications.application_id"), nullable=False),
    Column("display_name", String(200), nullable=False),
    Column("metadata", String(500)),
    Column("type", String(16), nullable=False),
    Column("meeting_code", String(16), nullable=False, unique=True),
    Column("owner_participant_id", String(36), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp),
    Column("expire_after_use", Boolean, nullable=False),
    Column("join_approval_level", String(32), nullable=False),
    Column("theme_id", String(36)),
    Column("recording_options", JSON, nullable=False),
    Column("initial_join_options", JSON, nullable=False),
    Column("callback_urls", JSON, nullable=False),
    Column("available_features", JSON, nullable=False),
    Column("ui_settings", JSON, nullable=False),
    Column("occupied", Boolean, nullable=False),
    Column("vacated_at", Timestamp),
    Column("ended_at", Timestamp),
    sqlite_autoincrement=True,
)
Index("ix_rooms_application_id_serial", rooms.c.application_id, rooms.c.serial)
Index(
    "ix_rooms_theme_id_serial",
    rooms.c.theme_id,
    rooms.c.serial,
    sqlite_where=rooms.c.theme_id.is_not(None),
    postgresql_where=rooms.c.theme_id.is_not(None),
)
# The limit counts the rooms that have not ended.
Index(
    "ix_rooms_open",
    rooms.c.application_id,
    sqlite_where=rooms.c.ended_at.is_(None),
    postgresql_where=rooms.c.ended_at.is_(None),
)

_WITH_THEME = select(rooms, themes.c.short_company_url).select_from(
    rooms.join(applications, applications.c.application_id == rooms.c.application_id).outerjoin(
        themes, themes.c.theme_id == func.coalesce(rooms.c.theme_id, applications.c.default_theme_id)
    )
)
_SELECT_BY_ID = _WITH_THEME.where(rooms.c.id == bindparam("room_id"))
_BY_ID = Prepared(_SELECT_BY_ID)
_BY_ID_LOCKED = Prepared(_SELECT_BY_ID.with_for_update(of=rooms))
_BY_CODE = Prepared(_WITH_THEME.where(rooms.c.meeting_code == bindparam("meeting_code")))
_OF_APPLICATION = Prepared(_SELECT_BY_ID.where(rooms.c.application_id == bindparam("application_id")))
_HAS_THEME = rooms.c.theme_id == bindparam("theme_id")


class _OfAll:
    """A statement for all rooms of an application, and one for those of a theme."""

    def __init__(self, statement: Any) -> None:
        self._of_all = Prepared(statement)
        self._of_theme = Prepared(statement.where(_HAS_THEME))

    def rows(
        self, connection: Connection, application_id: str, theme_id: str | None, **parameters: int
    ) -> Sequence[Any]:
        if theme_id is None:
            return self._of_all.rows(connection, {"application_id": application_id, **parameters})
        return self._of_theme.rows(connection, {"application_id": application_id, "theme_id": theme_id, **parameters})

    def count(self, connection: Connection, application_id: str, theme_id: str | None) -> int:
        number: int = self.rows(connection, application_id, theme_id)[0].rooms
        return number


_SELECT_COUNT = (
    select(func.count().label("rooms")).select_from(rooms).where(rooms.c.application_id == bindparam("application_id"))
)
_COUNT = _OfAll(_SELECT_COUNT)
_COUNT_OPEN = _OfAll(_SELECT_COUNT.where(rooms.c.ended_at.is_(None)))
_PAGE = _OfAll(
    _WITH_THEME.where(
        rooms.c.application_id == bindparam("application_id"),
        rooms.c.serial >= bindparam("start_id"),
        rooms.c.serial < bindparam("end_id"),
    )
    .order_by(rooms.c.serial)
    .limit(bindparam("limit"))
)
_BEFORE = _OfAll(
    select(rooms.c.serial)
    .where(rooms.c.application_id == bindparam("application_id"), rooms.c.serial < bindparam("serial"))
    .order_by(rooms.c.serial.desc())
    .limit(bindparam("limit"))
)
_TAKEN = Prepared(select(rooms.c.serial).where(rooms.c.meeting_code == bindparam("meeting_code")))
_WRITTEN = [column.name for column in rooms.c if column.name != "serial"]
_INSERT = Prepared(insert(rooms), _WRITTEN)
_UPDATE = Prepared(update(rooms).where(rooms.c.serial == bindparam("row_serial")), _WRITTEN)


def insert_room(connection: Connection, room: Room) -> None:
    _INSERT.run(connection, _values(room))


def save_room(connection: Connection, room: Room) -> None:
    """Write every column of a stored room."""
    _UPDATE.run(connection, {**_values(room), "row_serial": room.serial})


def find_room(connection: Connection, room_id: str) -> Room | None:
    """Return a room of any application."""
    return _one(connection, _BY_ID, {"room_id": room_id})


def lock_room(connection: Connection, room_id: str) -> Room | None:
    """Return a room of any application, locked until the transaction ends.

    The lock keeps decisions about the room valid until they are written.
    """
    return _one(connection, _BY_ID_LOCKED, {"room_id": room_id})


def find_room_by_code(connection: Connection, meeting_code: str) -> Room | None:
    """Return a room of any application."""
    return _one(connection, _BY_CODE, {"meeting_code": meeting_code})


def find_room_of(connection: Connection, application_id: str, room_id: str) -> Room | None:
    return _one(connection, _OF_APPLICATION, {"application_id": application_id, "room_id": room_id})


def count_rooms(connection: Connection, application_id: str) -> int:
    return _COUNT.count(connection, application_id, None)


def count_rooms_of_theme(connection: Connection, application_id: str, theme_id: str) -> int:
    return _COUNT.count(connection, application_id, theme_id)


def count_open_rooms_of_theme(connection: Connection, application_id: str, theme_id: str) -> int:
    """Return the number of rooms with this theme that have not ended."""
    return _COUNT_OPEN.count(connection, application_id, theme_id)


def count_open_rooms(connection: Connection, application_id: str) -> int:
    """Return the number of rooms that have not ended."""
    return _COUNT_OPEN.count(connection, application_id, None)


def is_taken(connection: Connection, meeting_code: str) -> bool:
    """Return whether any room ever had this code."""
    return _TAKEN.row(connection, {"meeting_code": meeting_code}) is not None


def list_rooms(
    connection: Connection, application_id: str, *, start: int, end: int, limit: int, theme_id: str | None = None
) -> list[Room]:
    """Return rooms with ``start <= serial < end`` in ascending order, optionally of one theme."""
    found = _PAGE.rows(connection, application_id, theme_id, start_id=start, end_id=end, limit=limit)
    return [_room(row) for row in found]


def list_chosen_rooms(
    connection: Connection,
    application_id: str,
    choice: RoomChoice,
    *,
    start: int = 0,
    end: int,
    limit: int,
    descending: bool = False,
) -> list[Room]:
    """Return rooms of the choice with ``start <= serial < end`` in order of their serials."""
    statement = _WITH_THEME.where(
        *_conditions(application_id, choice), rooms.c.serial >= start, rooms.c.serial < end
    ).limit(limit)
    ordered = statement.order_by(rooms.c.serial.desc() if descending else rooms.c.serial)
    return [_room(row) for row in connection.execute(ordered)]


def count_chosen_rooms(connection: Connection, application_id: str, choice: RoomChoice) -> int:
    statement = select(func.count()).select_from(rooms).where(*_conditions(application_id, choice))
    return connection.execute(statement).scalar_one()


def _conditions(application_id: str, choice: RoomChoice) -> list[ColumnElement[bool]]:
    found = [rooms.c.application_id == application_id]
    if choice.name is not None:
        found.append(rooms.c.display_name.icontains(choice.name, autoescape=True))
    if choice.type is not None:
        found.append(rooms.c.type == choice.type.value)
    if choice.state is not None:
        ended = rooms.c.ended_at
        found.append(ended.is_(None) if choice.state is RoomState.OPEN else ended.is_not(None))
    return found


def serials_before(
    connection: Connection, application_id: str, serial: int, limit: int, theme_id: str | None = None
) -> list[int]:
    """Return the nearest serials below this one in descending order, optionally of one theme."""
    return [row.serial for row in _BEFORE.rows(connection, application_id, theme_id, serial=serial, limit=limit)]


def unlink_theme(connection: Connection, application_id: str, theme_id: str) -> None:
    """Remove this theme from all its rooms, including ended ones."""
    connection.execute(
        update(rooms)
        .where(rooms.c.application_id == application_id, rooms.c.theme_id == theme_id)
        .values(theme_id=None)
    )


def delete_rooms_of(connection: Connection, application_id: str) -> None:
    """Delete all rooms of an application."""
    connection.execute(delete(rooms).where(rooms.c.application_id == application_id))


def open_room_ids(connection: Connection, application_id: str) -> list[str]:
    """Return the ids of rooms that have not ended."""
    statement = select(rooms.c.id).where(rooms.c.application_id == application_id, rooms.c.ended_at.is_(None))
    return list(connection.execute(statement).scalars())


def find_newest_room(connection: Connection, application_id: str) -> Room | None:
    statement = _WITH_THEME.where(rooms.c.application_id == application_id).order_by(rooms.c.serial.desc()).limit(1)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _room(row)


def _one(connection: Connection, statement: Prepared, parameters: dict[str, str]) -> Room | None:
    row = statement.row(connection, parameters)
    return None if row is None else _room(row)


def _values(room: Room) -> dict[str, Any]:
    """Return every column except the serial.

    Written out, because dataclasses.asdict copies deeply and takes longer than the insert.
    """
    recording, callbacks, features = room.recording_options, room.callback_urls, room.available_features
    return {
        "id": room.id,
        "application_id": room.application_id,
        "display_name": room.display_name,
        "metadata": room.metadata,
        "type": room.type,
        "meeting_code": room.meeting_code,
        "owner_participant_id": room.owner_participant_id,
        "created_at": room.created_at,
        "expires_at": room.expires_at,
        "expire_after_use": room.expire_after_use,
        "join_approval_level": room.join_approval_level,
        "theme_id": room.theme_id,
        "recording_options": {
            "auto_record": recording.auto_record,
            "record_only_owner": recording.record_only_owner,
        },
        "initial_join_options": {"microphone_state": room.initial_join_options.microphone_state},
        "callback_urls": {
            "rooms_callback_url": callbacks.rooms_callback_url,
            "sessions_callback_url": callbacks.sessions_callback_url,
            "recordings_callback_url": callbacks.recordings_callback_url,
        },
        "available_features": {
            "is_recording_available": features.is_recording_available,
            "is_chat_available": features.is_chat_available,
            "is_whiteboard_available": features.is_whiteboard_available,
            "is_locale_switcher_available": features.is_locale_switcher_available,
            "is_captions_available": features.is_captions_available,
        },
        "ui_settings": {"language": room.ui_settings.language},
        "occupied": room.occupied,
        "vacated_at": room.vacated_at,
        "ended_at": room.ended_at,
    }


def _room(row: Any) -> Room:
    return Room(
        id=row.id,
        application_id=row.application_id,
        display_name=row.display_name,
        type=RoomType(row.type),
        meeting_code=row.meeting_code,
        owner_participant_id=row.owner_participant_id,
        created_at=row.created_at,
        metadata=row.metadata,
        expires_at=row.expires_at,
        expire_after_use=row.expire_after_use,
        join_approval_level=JoinApprovalLevel(row.join_approval_level),
        theme_id=row.theme_id,
        recording_options=RecordingOptions(**row.recording_options),
        initial_join_options=InitialJoinOptions(MicrophoneState(row.initial_join_options["microphone_state"])),
        callback_urls=CallbackUrls(**row.callback_urls),
        available_features=AvailableFeatures(**row.available_features),
        ui_settings=UiSettings(Language(row.ui_settings["language"])),
        occupied=row.occupied,
        vacated_at=row.vacated_at,
        ended_at=row.ended_at,
        short_company_url=row.short_company_url,
        serial=row.serial,
    )
