"""Use cases of rooms. Each runs in the transaction of the connection it is given; timers and callbacks are rows of the same transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from moothall.api.errors import BadRequest, Forbidden, InputInvalid, NotFound
from moothall.api.paging import MAX_SERIAL, Neighbours, PageRequest
from moothall.applications import store as applications
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.kit.clock import render_timestamp
from moothall.kit.ids import new_meeting_code, new_uuid
from moothall.rooms import model, store
from moothall.rooms.model import Room, RoomType
from moothall.themes import store as themes

EXPIRY_JOB = "room_expiry"

_CODE_ATTEMPTS = 5
_MAX_SHOWN_ID = 64


def create_room(
    connection: Connection,
    application_id: str,
    *,
    display_name: str,
    now: datetime,
    room_type: RoomType = RoomType.INSTANT,
    expires_at: datetime | None = None,
    options: Mapping[str, Any] | None = None,
) -> Room:
    """A new room, its timer running. ``options``: the other fields, as ``model.apply_changes`` takes them.

    Raises InputInvalid, BadRequest (unknown theme), Forbidden (too many rooms).
    """
    _check_expiry_for_type(room_type, expires_at, now)
    draft = Room(
        id=new_uuid(),
        application_id=application_id,
        display_name=display_name,
        type=room_type,
        meeting_code=_free_meeting_code(connection),
        owner_participant_id=new_uuid(),
        created_at=now,
        expires_at=expires_at,
    )
    room = _with_theme(connection, model.apply_changes(draft, options or {}), "create")
    applications.take_turn(connection, application_id)
    if store.count_open_rooms(connection, application_id) >= model.MAX_ROOMS:
        raise Forbidden(f"Maximum number of rooms for owner ({model.MAX_ROOMS}) exceeded")
    store.insert_room(connection, room)
    _set_timer(connection, room)
    return room


def get_room(connection: Connection, application_id: str, room_id: str) -> Room:
    """Raises NotFound, also for another application's room."""
    room = store.find_room_of(connection, application_id, room_id.lower())
    if room is None:
        raise NotFound(f"Failed to find room by id: {room_id[:_MAX_SHOWN_ID]}")
    return room


def list_rooms(
    connection: Connection, application_id: str, page: PageRequest, theme_id: str | None = None
) -> tuple[list[Room], int, Neighbours]:
    """The rooms of the page, how many there are in all, and what lies around the page; of one theme if one is given."""
    start = page.start_id or 0
    found = store.list_rooms(
        connection,
        application_id,
        start=start,
        end=MAX_SERIAL if page.end_id is None else page.end_id,
        limit=page.page_size + 1,
        theme_id=theme_id,
    )
    rooms = found[: page.page_size]
    first = rooms[0].serial if rooms else start
    before = store.serials_before(connection, application_id, first, page.page_size, theme_id)
    around = Neighbours(
        previous_start=before[-1] if before else None,
        next_start=found[-1].serial if len(found) > page.page_size else None,
    )
    if theme_id is None:
        return rooms, store.count_rooms(connection, application_id), around
    return rooms, store.count_rooms_of_theme(connection, application_id, theme_id), around


def update_room(
    connection: Connection,
    application_id: str,
    room_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    check: Callable[[Room], None] = lambda _: None,
) -> Room:
    """``check`` sees the room as it is before the change, and may raise to prevent it.

    Raises NotFound (also for a room that has ended), BadRequest (instant room, unknown theme), InputInvalid.
    """
    found = get_room(connection, application_id, room_id)
    # Read again under the lock: it may have changed in between. Rooms are never deleted while their application is there.
    room = store.lock_room(connection, found.id) or found
    if model.has_ended(room, now):
        raise NotFound(f"Failed to find room by id: {room.id}")
    check(room)
    if room.type is RoomType.INSTANT:
        raise BadRequest(f"The room with id: {room.id} could not be updated because of its type: temporary")
    if "expires_at" in changes:
        _check_expiry_for_type(room.type, changes["expires_at"], now)
    changed = _with_theme(connection, model.apply_changes(room, changes), "update")
    store.save_room(connection, changed)
    _set_timer(connection, changed)
    return changed


def room_occupied(connection: Connection, room: Room, now: datetime) -> Room:
    """The first participant is inside. A room that has ended stays as it is. The caller has locked the room."""
    if room.occupied or model.has_ended(room, now):
        return room
    return _save(connection, model.enter(room))


def room_vacated(connection: Connection, room: Room, now: datetime) -> Room:
    """The last participant has left. A room that has ended stays as it is, but for nobody being inside. The caller has locked the room."""
    if not room.occupied:
        return room
    if room.ended_at is not None:
        empty = replace(room, occupied=False)
        store.save_room(connection, empty)
        return empty
    return _save(connection, model.leave(room, now))


def expire_room(connection: Connection, room: Room, now: datetime) -> Room:
    """The room is over: no session can start in it, and ``room:expired`` is sent. Does nothing the second time. The caller has locked the room."""
    if room.ended_at is not None:
        return room
    ended = model.end(room, now)
    store.save_room(connection, ended)
    jobs.cancel(connection, kind=EXPIRY_JOB, key=room.id)
    fields = {
        "room_id": ended.id,
        "room_type": ended.type.value,
        "expires_at": _rendered(model.shown_expiry(ended)),
        "created_at": render_timestamp(ended.created_at),
    }
    tell(connection, ended, Topic.ROOMS, "room:expired", fields, now=now)
    return ended


def tell(
    connection: Connection, room: Room, topic: Topic, name: str, fields: Mapping[str, object], *, now: datetime
) -> None:
    """Something has happened in the room: an event for its own URL of the topic, or where it has none, the application's."""
    urls = {
        Topic.ROOMS: room.callback_urls.rooms_callback_url,
        Topic.SESSIONS: room.callback_urls.sessions_callback_url,
        Topic.RECORDINGS: room.callback_urls.recordings_callback_url,
    }
    outbox.record(
        connection,
        Event(
            application_id=room.application_id,
            room_id=room.id,
            topic=topic,
            name=name,
            payload=fields,
            url=urls[topic],
            metadata=room.metadata,
            at=now,
        ),
    )


def expire_room_if_due(connection: Connection, room_id: str, now: datetime) -> Room | None:
    """What the timer does: end the room if its deadline has passed. Returns the room when it is over, None when it goes on (or is unknown)."""
    room = store.lock_room(connection, room_id)
    if room is None:
        return None
    if model.has_ended(room, now):
        return expire_room(connection, room, now)
    _set_timer(connection, room)
    return None


def _with_theme(connection: Connection, room: Room, intent: str) -> Room:
    """The room as its theme wants its links. Raises BadRequest for a theme the application does not have."""
    theme = themes.find_theme_in_force(connection, room.application_id, room.theme_id)
    if theme is None and room.theme_id is not None:
        raise BadRequest(f"Failed to {intent} room because theme id {room.theme_id} not found")
    return replace(room, short_company_url=None if theme is None else theme.short_company_url)


def _save(connection: Connection, room: Room) -> Room:
    store.save_room(connection, room)
    _set_timer(connection, room)
    return room


def _set_timer(connection: Connection, room: Room) -> None:
    end = model.deadline(room)
    if end is None:
        jobs.cancel(connection, kind=EXPIRY_JOB, key=room.id)
    else:
        jobs.schedule(connection, kind=EXPIRY_JOB, key=room.id, run_at=end)


def _check_expiry_for_type(room_type: RoomType, expires_at: datetime | None, now: datetime) -> None:
    if room_type is RoomType.INSTANT:
        problem = None if expires_at is None else '"expires_at" is not allowed'
    elif expires_at is None:
        problem = '"expires_at" is required'
    else:
        problem = model.check_expiry(expires_at, now)
    if problem is not None:
        raise InputInvalid(problem, errors=[problem])


def _free_meeting_code(connection: Connection) -> str:
    for _ in range(_CODE_ATTEMPTS):
        code = new_meeting_code()
        if not store.is_taken(connection, code):
            return code
    raise RuntimeError("no free meeting code was found")


def _rendered(moment: datetime | None) -> str | None:
    return None if moment is None else render_timestamp(moment)
