"""Two who change the same theme or application at once lose nothing of each other."""

import asyncio
from dataclasses import replace

from support.clock import FakeClock

from moothall.applications import service as applications
from moothall.applications import store as applications_store
from moothall.applications.keys import KeyPair
from moothall.applications.model import Webhooks
from moothall.db import Connection, Database
from moothall.kit.ids import new_uuid
from moothall.themes import service, store


async def test_changes_of_one_theme_add_up(any_database: Database, keys: KeyPair, clock: FakeClock):
    def fill(connection: Connection) -> tuple[str, str, str]:
        account = applications.ensure_default_account(connection, clock.now())
        application = applications.create_application(
            connection, account, name="Acme", public_key=keys.public, now=clock.now()
        )
        details = {"main_color": "#fff", "brand_text": "x"}
        theme = service.create_theme(connection, application.application_id, details, clock.now())
        return account.account_id, application.application_id, theme.theme_id

    account_id, application_id, theme_id = await any_database.write(fill)

    for _ in range(10):
        logo_id, text, name = new_uuid(), new_uuid(), new_uuid()

        def rename(connection: Connection, name: str = name) -> None:
            account = applications_store.find_account(connection, account_id)
            assert account is not None
            applications.update_application(
                connection,
                account,
                application_id,
                given_id=None,
                name=name,
                public_key=None,
                webhooks=Webhooks(),
                allowed_origins=None,
            )

        await asyncio.gather(
            any_database.write(
                lambda connection, text=text: service.update_theme(
                    connection, application_id, theme_id, {"brand_text": text}
                )
            ),
            any_database.write(
                lambda connection, logo_id=logo_id: service.attach_logos(
                    connection,
                    application_id,
                    theme_id,
                    logos={"brand_image_white": logo_id},
                    uploads=[],
                    now=clock.now(),
                )
            ),
            any_database.write(rename),
            any_database.write(lambda connection: service.set_default_theme(connection, application_id, theme_id)),
        )

        theme = await any_database.read(lambda connection: store.find_theme(connection, application_id, theme_id))
        application = await any_database.read(
            lambda connection: applications_store.find_application(connection, application_id)
        )
        assert theme is not None
        assert application is not None
        assert (theme.brand_text, theme.brand_image_white) == (text, logo_id)
        assert (application.name, application.default_theme_id) == (name, theme_id)
        cleared = replace(application, default_theme_id=None)
        await any_database.write(
            lambda connection, cleared=cleared: applications_store.save_application(connection, cleared)
        )
