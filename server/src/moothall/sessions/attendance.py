"""Sessions as applications read them. Each function runs in the transaction of its connection."""

from moothall.api.errors import NotFound, shown
from moothall.api.paging import Page, PageRequest, read_page
from moothall.db import Connection
from moothall.rooms import service as rooms
from moothall.sessions import store
from moothall.sessions.model import Attendance, Session


def page_of_sessions(connection: Connection, application_id: str, room_id: str, request: PageRequest) -> Page[Session]:
    """Return one page of the sessions of a room, in the order of their start. Raises NotFound."""
    room = rooms.get_room(connection, application_id, room_id)
    return read_page(
        request,
        find=lambda start, end, limit: store.sessions_from(connection, room.id, start=start, end=end, limit=limit),
        serial=lambda session: session.serial,
        before=lambda serial, limit: store.session_serials_before(connection, room.id, serial, limit=limit),
        total=store.count_sessions(connection, room.id),
    )


def page_of_participants(
    connection: Connection, application_id: str, room_id: str, session_id: str, request: PageRequest
) -> Page[Attendance]:
    """Return one page of the stays in a session, in the order of joining. Raises NotFound."""
    room = rooms.get_room(connection, application_id, room_id)
    session = store.find_session(connection, session_id)
    if session is None or session.room_id != room.id:
        raise NotFound(f"Failed to find session by id: {shown(session_id)}")
    return read_page(
        request,
        find=lambda start, end, limit: store.attendances_from(
            connection, session.id, start=start, end=end, limit=limit
        ),
        serial=lambda stay: stay.id,
        before=lambda serial, limit: store.attendance_ids_before(connection, session.id, serial, limit=limit),
        total=store.count_attendances(connection, session.id),
    )
