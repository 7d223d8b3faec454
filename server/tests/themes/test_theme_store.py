"""Themes in SQLite and PostgreSQL."""

from dataclasses import replace
from typing import Any

import pytest
from support.clock import FakeClock

from moothall.applications import store as applications
from moothall.applications.model import Account, Application, Webhooks
from moothall.db import Connection, Database
from moothall.kit.ids import new_uuid
from moothall.themes import service, store
from moothall.themes.model import LogoType, LogoUpload, Theme


@pytest.fixture
async def application_id(any_database: Database, clock: FakeClock) -> str:
    account = Account("abcdef01", "s" * 43, "t" * 43, clock.now())
    application = Application(new_uuid(), account.account_id, "Acme", "a key", Webhooks(), None, clock.now())

    def fill(connection: Connection) -> None:
        applications.insert_account(connection, account)
        applications.insert_application(connection, application)

    await any_database.write(fill)
    return application.application_id


@pytest.fixture
def theme(application_id: str, clock: FakeClock) -> Theme:
    return Theme(new_uuid(), application_id, "Blue", "#00f", "Acme", "acme", clock.now())


async def written(database: Database, theme: Theme) -> Theme:
    await database.write(lambda connection: store.insert_theme(connection, theme))
    return theme


async def test_a_theme_comes_back_as_it_was_stored(any_database: Database, theme: Theme):
    await written(any_database, replace(theme, brand_image_white=new_uuid()))
    changed = replace(theme, theme_name="Red", branded_favicon=new_uuid())

    await any_database.write(lambda connection: store.save_theme(connection, changed))

    found = await any_database.read(
        lambda connection: store.find_theme(connection, theme.application_id, theme.theme_id)
    )
    assert found == changed


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"short_company_url": None}, store.ThemeNameTaken),
        # Words in a value must not be mistaken for the name of a column.
        ({"short_company_url": "theme_name", "theme_name": "Blue"}, store.ThemeNameTaken),
        ({"theme_name": "theme_name"}, store.ShortCompanyUrlTaken),
    ],
)
async def test_what_is_taken_is_told_apart(
    any_database: Database, theme: Theme, changes: dict[str, Any], error: type[Exception]
):
    await written(any_database, theme)
    other = replace(theme, theme_id=new_uuid(), **changes)
    free = await written(any_database, replace(theme, theme_id=new_uuid(), theme_name="free", short_company_url=None))

    with pytest.raises(error):
        await written(any_database, other)
    with pytest.raises(error):
        await any_database.write(
            lambda connection: store.save_theme(connection, replace(other, theme_id=free.theme_id))
        )

    assert len(await any_database.read(lambda connection: store.list_themes(connection, theme.application_id))) == 2


async def test_any_number_of_themes_have_no_short_url(any_database: Database, theme: Theme):
    for name in ("1", "2"):
        await written(any_database, replace(theme, theme_id=new_uuid(), theme_name=name, short_company_url=None))

    assert await any_database.read(lambda connection: store.count_themes(connection, theme.application_id)) == 2


async def test_the_theme_in_force_is_the_rooms_own_or_the_default(any_database: Database, theme: Theme):
    own = await written(any_database, theme)
    default = await written(
        any_database, replace(theme, theme_id=new_uuid(), theme_name="Default", short_company_url=None)
    )

    async def in_force(theme_id: str | None) -> Theme | None:
        return await any_database.read(
            lambda connection: store.find_theme_in_force(connection, theme.application_id, theme_id)
        )

    assert await in_force(None) is None
    await any_database.write(
        lambda connection: service.set_default_theme(connection, theme.application_id, default.theme_id)
    )
    assert await in_force(None) == default
    assert await in_force(own.theme_id) == own
    assert await in_force(new_uuid()) is None


async def test_a_logo_is_used_while_a_theme_shows_it(any_database: Database, theme: Theme):
    logo_id = new_uuid()

    async def is_used() -> bool:
        return await any_database.read(lambda connection: store.is_logo_used(connection, logo_id))

    assert not await is_used()
    for name in ("brand_image_colored", "brand_image_white", "branded_favicon"):
        images = {name: logo_id}
        await written(any_database, replace(theme, **images))
        assert await is_used()
        await any_database.write(lambda connection: store.delete_theme(connection, theme.theme_id))
    assert not await is_used()


async def test_a_second_upload_with_the_same_form_replaces_the_first(
    any_database: Database, application_id: str, clock: FakeClock
):
    upload = LogoUpload(new_uuid(), application_id, LogoType.WHITE, clock.now())

    for _ in range(3):
        assert await any_database.write(lambda connection: service.register_upload(connection, upload))

    assert await any_database.read(lambda connection: store.count_uploads(connection, application_id)) == 1
