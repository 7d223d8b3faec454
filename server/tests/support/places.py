"""An application and its rooms, put into the database without the API."""

from datetime import datetime
from typing import Any

from moothall.applications import service as applications
from moothall.applications import store as applications_store
from moothall.applications.model import Application, Webhooks
from moothall.db import Connection, Database
from moothall.kit.ids import new_uuid
from moothall.rooms import service as rooms
from moothall.rooms.model import Room


async def make_application(database: Database, now: datetime, webhooks: Webhooks | None = None) -> Application:
    """An application whose key nobody has."""

    def transaction(connection: Connection) -> Application:
        account = applications.ensure_default_account(connection, now)
        application = Application(
            application_id=new_uuid(),
            account_id=account.account_id,
            name="Tests",
            public_key="none",
            webhooks=webhooks or Webhooks(),
            default_theme_id=None,
            created_at=now,
        )
        applications_store.insert_application(connection, application)
        return application

    return await database.write(transaction)


async def make_room(database: Database, application: Application, now: datetime, **options: Any) -> Room:
    """A room as the API would create it; ``options`` as rooms.service.create_room takes them."""
    return await database.write(
        lambda connection: rooms.create_room(
            connection, application.application_id, **{"display_name": "Weekly", "now": now, **options}
        )
    )
