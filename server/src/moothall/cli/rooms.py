"""``moothall room``: rooms."""

import json
from typing import Annotated

import typer

from moothall.applications import service as applications
from moothall.cli.options import AsJson, with_settings
from moothall.cli.outcome import clock, print_values, run_on_database
from moothall.db import Connection
from moothall.rooms import service as rooms
from moothall.rooms.model import Room
from moothall.rooms.rendering import RoomRenderer
from moothall.settings import Settings, load_secrets

commands = typer.Typer(help="Rooms.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@commands.callback()
def group() -> None:
    """Rooms."""


@commands.command("create")
@with_settings("data_dir", "database_url", "public_url")
def create_room(
    *,
    settings: Settings,
    application_id: Annotated[str, typer.Option(help="Id of the application that owns the room.")],
    name: Annotated[str, typer.Option(help="Display name of the room.")],
    as_json: AsJson = False,
) -> None:
    """Create an instant room and print its links.

    With --json it is printed as the API would answer. Works while the server runs.
    """
    now = clock.now()

    def transaction(connection: Connection) -> Room:
        application = applications.get_application(connection, application_id)
        return rooms.create_room(connection, application.application_id, display_name=name, now=now)

    room = run_on_database(settings, lambda database: database.write(transaction))
    shown = RoomRenderer(settings.origin, load_secrets(settings).host_token, now)(room)
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    print_values(
        {
            "id": shown["id"],
            "meeting_code": shown["meeting_code"],
            "expires_at": shown["expires_at"],
            "host link": shown["_links"]["host_url"]["href"],
            "guest link": shown["_links"]["guest_url"]["href"],
        },
        as_json=False,
    )
