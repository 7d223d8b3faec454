"""Rooms in the database."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from moothall.db import Timestamp, metadata
from moothall.rooms.model import (
    AvailableFeatures,
    CallbackUrls,
    InitialJoinOptions,
    JoinApprovalLevel,
    Language,
    MicrophoneState,
    RecordingOptions,
    Room,
    RoomType,
    UiSettings,
)

rooms = Table(
    "rooms",
    metadata,
    # SQLite numbers rows by itself only in a column declared INTEGER.
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
# The limit counts the rooms that are not over yet.
Index(
    "ix_rooms_open",
    rooms.c.application_id,
    sqlite_where=rooms.c.ended_at.is_(None),
    postgresql_where=rooms.c.ended_at.is_(None),
)

_BY_ID = select(rooms).where(rooms.c.id == bindparam("room_id"))
_BY_CODE = select(rooms).where(rooms.c.meeting_code == bindparam("meeting_code"))
_OF_APPLICATION = _BY_ID.where(rooms.c.application_id == bindparam("application_id"))
_COUNT = select(func.count()).select_from(rooms).where(rooms.c.application_id == bindparam("application_id"))
_COUNT_OPEN = _COUNT.where(rooms.c.ended_at.is_(None))
_PAGE = (
    select(rooms)
    .where(
        rooms.c.application_id == bindparam("application_id"),
        rooms.c.serial >= bindparam("start_id"),
        rooms.c.serial < bindparam("end_id"),
    )
    .order_by(rooms.c.serial)
    .limit(bindparam("limit"))
)
_BEFORE = (
    select(rooms.c.serial)
    .where(rooms.c.application_id == bindparam("application_id"), rooms.c.serial < bindparam("serial"))
    .order_by(rooms.c.serial.desc())
    .limit(bindparam("limit"))
)
_INSERT = insert(rooms)
_UPDATE = update(rooms).where(rooms.c.serial == bindparam("row_serial"))


def insert_room(connection: Connection, room: Room) -> None:
    connection.execute(_INSERT, _values(room))


def save_room(connection: Connection, room: Room) -> None:
    """Write every column of a room that is stored already."""
    connection.execute(_UPDATE.values(**_values(room)), {"row_serial": room.serial})


def find_room(connection: Connection, room_id: str) -> Room | None:
    """Any application's room."""
    return _one(connection, _BY_ID, {"room_id": room_id})


def find_room_by_code(connection: Connection, meeting_code: str) -> Room | None:
    """Any application's room."""
    return _one(connection, _BY_CODE, {"meeting_code": meeting_code})


def find_room_of(connection: Connection, application_id: str, room_id: str) -> Room | None:
    return _one(connection, _OF_APPLICATION, {"application_id": application_id, "room_id": room_id})


def count_rooms(connection: Connection, application_id: str) -> int:
    return connection.execute(_COUNT, {"application_id": application_id}).scalar_one()


def count_open_rooms(connection: Connection, application_id: str) -> int:
    """Rooms that have not ended."""
    return connection.execute(_COUNT_OPEN, {"application_id": application_id}).scalar_one()


def list_rooms(connection: Connection, application_id: str, *, start: int, end: int, limit: int) -> list[Room]:
    """Rooms with ``start <= serial < end`` in ascending order."""
    parameters = {"application_id": application_id, "start_id": start, "end_id": end, "limit": limit}
    return [_room(row) for row in connection.execute(_PAGE, parameters)]


def serials_before(connection: Connection, application_id: str, serial: int, limit: int) -> list[int]:
    """The nearest serials below this one, in descending order."""
    parameters = {"application_id": application_id, "serial": serial, "limit": limit}
    return list(connection.execute(_BEFORE, parameters).scalars())


def find_newest_room(connection: Connection, application_id: str) -> Room | None:
    statement = select(rooms).where(rooms.c.application_id == application_id).order_by(rooms.c.serial.desc()).limit(1)
    return _one(connection, statement, {})


def _one(connection: Connection, statement: Any, parameters: dict[str, str]) -> Room | None:
    row = connection.execute(statement, parameters).one_or_none()
    return None if row is None else _room(row)


def _values(room: Room) -> dict[str, Any]:
    values = asdict(room)
    del values["serial"]
    return values


def _room(row: Row[Any]) -> Room:
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
        serial=row.serial,
    )
