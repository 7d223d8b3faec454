"""Use cases of rooms. Each runs in the transaction of its connection.

Timers and callbacks are rows written in the same transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from moothall.api.errors import BadRequest, Forbidden, InputInvalid, NotFound, shown
from moothall.api.paging import Page, PageRequest, read_page
from moothall.applications import store as applications
from moothall.callbacks import outbox
from moothall.callbacks.events import Addresses, Payload, RoomExpired
from moothall.callbacks.model import Event
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.kit.ids import new_meeting_code, new_uuid
from moothall.rooms import model, store
from moothall.rooms.model import Room, RoomChoice, RoomOrder, RoomType
from moothall.themes import store as themes

EXPIRY_JOB = "room_expiry"

_CODE_ATTEMPTS = 5
# The highest serial of a list with the newest first: JSON readers can hold it in a double.
_COUNTED_FROM = 2**53 - 1


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
    """Create a room and start its timer.

    ``options``: the other fields, as for ``model.apply_changes``.

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
    """Return a room. Raises NotFound, also for another application's room."""
    room = store.find_room_of(connection, application_id, room_id.lower())
    if room is None:
        raise NotFound(f"Failed to find room by id: {shown(room_id)}")
    return room


def list_rooms(
    connection: Connection, application_id: str, request: PageRequest, theme_id: str | None = None
) -> Page[Room]:
    """Return one page of the application's rooms, or of those with a given theme."""
    if theme_id is None:
        total = store.count_rooms(connection, application_id)
    else:
        total = store.count_rooms_of_theme(connection, application_id, theme_id)
    return read_page(
        request,
        find=lambda start, end, limit: store.list_rooms(
            connection, application_id, start=start, end=end, limit=limit, theme_id=theme_id
        ),
        serial=lambda room: room.serial,
        before=lambda serial, limit: store.serials_before(connection, application_id, serial, limit, theme_id),
        total=total,
    )


def list_chosen_rooms(
    connection: Connection, application_id: str, request: PageRequest, choice: RoomChoice
) -> Page[Room]:
    """Return one page of those of the application's rooms that are in the choice, in its order.

    With the newest first, the page's serials count down from the highest.
    """
    find = partial(store.list_chosen_rooms, connection, application_id, choice)
    total = store.count_chosen_rooms(connection, application_id, choice)
    if choice.order is RoomOrder.OLDEST:
        return read_page(
            request,
            find=lambda start, end, limit: find(start=start, end=end, limit=limit),
            serial=lambda room: room.serial,
            before=lambda serial, limit: [room.serial for room in find(end=serial, limit=limit, descending=True)],
            total=total,
        )
    return read_page(
        request,
        find=lambda start, end, limit: find(
            start=_COUNTED_FROM - end + 1, end=_COUNTED_FROM - start + 1, limit=limit, descending=True
        ),
        serial=lambda room: _COUNTED_FROM - room.serial,
        before=lambda serial, limit: [
            _COUNTED_FROM - room.serial
            for room in find(start=_COUNTED_FROM - serial + 1, end=_COUNTED_FROM + 1, limit=limit)
        ],
        total=total,
    )


def update_room(
    connection: Connection,
    application_id: str,
    room_id: str,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    check: Callable[[Room], None] = lambda _: None,
) -> Room:
    """Update a room. ``check`` gets the room before the change and may raise to prevent it.

    Raises NotFound (also for a room that has ended), BadRequest (instant room, unknown theme),
    InputInvalid.
    """
    found = get_room(connection, application_id, room_id)
    # Read again under the lock, because it may have changed meanwhile. Rooms are deleted only with
    # their application.
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
    """Record that the first participant entered. Does nothing to an ended room.

    The caller has locked the room.
    """
    if room.occupied or model.has_ended(room, now):
        return room
    return _save(connection, model.enter(room))


def room_vacated(connection: Connection, room: Room, now: datetime) -> Room:
    """Record that the last participant left. An ended room only becomes unoccupied.

    The caller has locked the room.
    """
    if not room.occupied:
        return room
    if room.ended_at is not None:
        empty = replace(room, occupied=False)
        store.save_room(connection, empty)
        return empty
    return _save(connection, model.leave(room, now))


def expire_room(connection: Connection, room: Room, now: datetime) -> Room:
    """End the room: no session can start in it, and ``room:expired`` is sent.

    Does nothing the second time. The caller has locked the room.
    """
    if room.ended_at is not None:
        return room
    ended = model.end(room, now)
    store.save_room(connection, ended)
    jobs.cancel(connection, kind=EXPIRY_JOB, key=room.id)
    expired = RoomExpired(
        room_id=ended.id,
        room_type=ended.type.value,
        expires_at=model.shown_expiry(ended) or now,
        created_at=ended.created_at,
    )
    tell(connection, ended, expired, now=now)
    return ended


def tell(connection: Connection, room: Room, payload: Payload, *, now: datetime) -> None:
    """Write an event of the room for its application."""
    urls = room.callback_urls
    own = Addresses(urls.rooms_callback_url, urls.sessions_callback_url, urls.recordings_callback_url)
    outbox.record(
        connection,
        Event(
            application_id=room.application_id,
            room_id=room.id,
            topic=payload.topic,
            name=payload.event,
            payload=payload.render(),
            url=own.of(payload.topic),
            metadata=room.metadata,
            at=now,
        ),
    )


def expire_room_if_due(connection: Connection, room_id: str, now: datetime) -> Room | None:
    """End the room if its deadline has passed; called by the timer.

    Returns the ended room, or None if it goes on or is unknown.
    """
    room = store.lock_room(connection, room_id)
    if room is None:
        return None
    if model.has_ended(room, now):
        return expire_room(connection, room, now)
    _set_timer(connection, room)
    return None


def _with_theme(connection: Connection, room: Room, intent: str) -> Room:
    """Return the room with the link prefix of its theme.

    Raises BadRequest for a theme that the application does not have.
    """
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
    raise RuntimeError("found no unused meeting code")
