"""Fixtures for all tests: a fixed clock, and an up-to-date database of each kind."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.clock import FakeClock
from support.postgres import PostgresServer
from support.server import RunningServer, Tenant, running_server

from moothall.applications.keys import KeyPair, generate_key_pair
from moothall.db import Database, migrations, open_database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "moothall.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    try:
        _migrate(server.url())
        yield server
    finally:
        server.stop()


@pytest.fixture
async def database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite."""
    shutil.copy(sqlite_template, tmp_path / "moothall.db")
    opened = open_database(f"sqlite:///{tmp_path}/moothall.db")
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def any_database(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> AsyncIterator[Database]:
    """SQLite, and once more PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "moothall.db")
        url = f"sqlite:///{tmp_path}/moothall.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.copy_of_template()
    opened = open_database(url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    """Making a key takes longer than a test should; the applications of the tests share two."""
    return generate_key_pair()


@pytest.fixture(scope="session")
def other_keys() -> KeyPair:
    return generate_key_pair()


@pytest.fixture
async def server(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> AsyncIterator[RunningServer]:
    """The whole server with a fake engine and a clock that stands still."""
    async with running_server(tmp_path, sqlite_template, clock) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
async def any_server(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path, clock: FakeClock
) -> AsyncIterator[RunningServer]:
    """The same on SQLite, and once more on PostgreSQL."""
    options = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        options["database_url"] = server.copy_of_template()
    async with running_server(tmp_path, sqlite_template, clock, **options) as running:
        yield running


@pytest.fixture
async def acme(server: RunningServer, keys: KeyPair) -> Tenant:
    """An application that talks to the server."""
    return await server.tenant(keys, "Acme")


@pytest.fixture
async def globex(server: RunningServer, other_keys: KeyPair) -> Tenant:
    """Another application, which must not see anything of Acme's."""
    return await server.tenant(other_keys, "Globex")


def _migrate(url: str) -> None:
    """On a thread, because a fixture may be asked for from within a running event loop."""

    async def migrate() -> None:
        database = open_database(url)
        await database.write(migrations.upgrade)
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()
