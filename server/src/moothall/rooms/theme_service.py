"""What concerns a theme and the rooms that have it. Each use case runs in the transaction of the connection it is given."""

from datetime import datetime

from moothall.api.errors import BadRequest, NotFound
from moothall.api.paging import Neighbours, PageRequest
from moothall.db import Connection
from moothall.rooms import service, store
from moothall.rooms.model import Room
from moothall.themes import service as themes
from moothall.themes import store as themes_store

_MAX_SHOWN_ID = 64


def list_rooms_of_theme(
    connection: Connection, application_id: str, theme_id: str, page: PageRequest
) -> tuple[list[Room], int, Neighbours]:
    """As ``service.list_rooms``. Raises NotFound."""
    theme = themes_store.find_theme(connection, application_id, theme_id.lower())
    if theme is None:
        raise NotFound(f"Failed to get rooms because theme id {theme_id[:_MAX_SHOWN_ID]} not found")
    return service.list_rooms(connection, application_id, page, theme.theme_id)


def delete_theme(connection: Connection, application_id: str, theme_id: str, *, force: bool, now: datetime) -> None:
    """Rooms that have not ended keep their theme from being deleted, unless by ``force``. Raises NotFound, BadRequest."""
    theme = themes.lock_theme(connection, application_id, theme_id)
    users = store.count_open_rooms_of_theme(connection, application_id, theme.theme_id)
    if users and not force:
        text = f"Theme {theme.theme_id} is used by {users} room{'' if users == 1 else 's'}"
        raise BadRequest("could not delete theme", errors=[text])
    store.unlink_theme(connection, application_id, theme.theme_id)
    themes.remove_theme(connection, theme, now)
