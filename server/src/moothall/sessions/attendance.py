"""What an application may read of the sessions of its rooms. Each runs in the transaction of the connection it is given."""

from moothall.api.errors import NotFound
from moothall.api.paging import MAX_SERIAL, Neighbours, PageRequest
from moothall.db import Connection
from moothall.rooms import service as rooms
from moothall.sessions import store
from moothall.sessions.model import Attendance, Session

_MAX_SHOWN_ID = 128


def page_of_sessions(
    connection: Connection, application_id: str, room_id: str, page: PageRequest
) -> tuple[list[Session], int, Neighbours]:
    """The sessions of the page, how many the room had in all, and what lies around the page. Raises NotFound."""
    room = rooms.get_room(connection, application_id, room_id)
    start, end = _bounds(page)
    found = store.sessions_from(connection, room.id, start=start, end=end, limit=page.page_size + 1)
    before = store.session_serials_before(
        connection, room.id, found[0].serial if found else start, limit=page.page_size
    )
    around = Neighbours(
        previous_start=before[-1] if before else None,
        next_start=found[-1].serial if len(found) > page.page_size else None,
    )
    return found[: page.page_size], store.count_sessions(connection, room.id), around


def page_of_participants(
    connection: Connection, application_id: str, room_id: str, session_id: str, page: PageRequest
) -> tuple[list[Attendance], int, Neighbours]:
    """The stays of the page, how many the session has in all, and what lies around the page. Raises NotFound."""
    room = rooms.get_room(connection, application_id, room_id)
    session = store.find_session(connection, session_id)
    if session is None or session.room_id != room.id:
        raise NotFound(f"Failed to find session by id: {session_id[:_MAX_SHOWN_ID]}")
    start, end = _bounds(page)
    found = store.attendances_from(connection, session.id, start=start, end=end, limit=page.page_size + 1)
    before = store.attendance_ids_before(connection, session.id, found[0].id if found else start, limit=page.page_size)
    around = Neighbours(
        previous_start=before[-1] if before else None,
        next_start=found[-1].id if len(found) > page.page_size else None,
    )
    return found[: page.page_size], store.count_attendances(connection, session.id), around


def _bounds(page: PageRequest) -> tuple[int, int]:
    return page.start_id or 0, MAX_SERIAL if page.end_id is None else page.end_id
