"""Use cases of a theme and its rooms. Each runs in the transaction of its connection."""

from datetime import datetime

from moothall.api.errors import BadRequest, NotFound, shown
from moothall.api.paging import Page, PageRequest
from moothall.applications import store as applications
from moothall.db import Connection
from moothall.rooms import service, store
from moothall.rooms.model import Room
from moothall.themes import service as themes
from moothall.themes import store as themes_store


def list_rooms_of_theme(connection: Connection, application_id: str, theme_id: str, request: PageRequest) -> Page[Room]:
    """Return one page of the rooms that have a theme. Raises NotFound."""
    theme = themes_store.find_theme(connection, application_id, theme_id.lower())
    if theme is None:
        raise NotFound(f"Failed to get rooms because theme id {shown(theme_id)} not found")
    return service.list_rooms(connection, application_id, request, theme.theme_id)


def delete_theme(connection: Connection, application_id: str, theme_id: str, *, force: bool, now: datetime) -> None:
    """Delete a theme. With ``force``, a theme in use is removed from its users first.

    Rooms that have not ended use their theme, and an application its default theme.
    Raises NotFound, BadRequest (in use).
    """
    theme = themes.lock_theme(connection, application_id, theme_id)
    if not force and (users := _users(connection, application_id, theme.theme_id)):
        texts = [f"Theme {theme.theme_id} is used by {user}" for user in users]
        raise BadRequest("could not delete theme", errors=texts)
    store.unlink_theme(connection, application_id, theme.theme_id)
    themes.remove_theme(connection, theme, now)


def _users(connection: Connection, application_id: str, theme_id: str) -> list[str]:
    rooms = store.count_open_rooms_of_theme(connection, application_id, theme_id)
    application = applications.lock_application(connection, application_id)
    users = []
    if rooms:
        users.append(f"{rooms} room{'' if rooms == 1 else 's'}")
    if application is not None and application.default_theme_id == theme_id:
        users.append("the application as its default theme")
    return users
