"""One process serves a data directory or a database; see moothall.serving.lock."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text
from support.postgres import PostgresServer
from support.process import run_command, run_json, server_process, starting_process
from support.waiting import eventually

from moothall.db import Database, open_database, session_lock
from moothall.db.session_lock import SessionLock
from moothall.serving import lock
from moothall.serving.lock import AlreadyServed, note_of_running_server, sole_use
from moothall.settings import Settings


@pytest.fixture(autouse=True)
def _refuse_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_GRACE_S", 0.0)
    monkeypatch.setattr(lock, "_STANDBY_TRIES_EVERY_S", 0.01)


async def test_second_server_is_told_which_one_is_there(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    same = Settings(data_dir=tmp_path / "link")

    async with sole_use(settings):
        with pytest.raises(AlreadyServed) as refused:
            async with sole_use(same):
                raise AssertionError

    said = str(refused.value)
    assert f"process {os.getpid()} on host {socket.gethostname()}, running since 20" in said
    assert f"the data directory {tmp_path} is in use" in said
    assert "--data-dir" in said
    assert "--standby" in said
    async with sole_use(same):
        pass


async def test_database_elsewhere_is_locked_too(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/shared.db"

    async with sole_use(Settings(data_dir=tmp_path / "one", database_url=url)):
        with pytest.raises(AlreadyServed, match=r"the database .*shared\.db is in use .*--database-url"):
            async with sole_use(Settings(data_dir=tmp_path / "two", database_url=url)):
                raise AssertionError


async def test_standby_takes_over_when_the_other_stops(tmp_path: Path):
    taken = asyncio.Event()

    async def stand_by() -> None:
        async with sole_use(Settings(data_dir=tmp_path, standby=True)):
            taken.set()

    async with asyncio.TaskGroup() as tasks:
        async with sole_use(Settings(data_dir=tmp_path)):
            tasks.create_task(stand_by())
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert not taken.is_set()
        await taken.wait()


async def test_doctor_finds_the_note_while_the_lock_is_held(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    assert note_of_running_server(settings) is None

    async with sole_use(settings) as use:
        for number in range(20):
            use.add_untrusted_proxy(f"10.0.0.{number % 10}")
        note = note_of_running_server(settings)
    assert note is not None
    assert note.pid == os.getpid()
    assert note.untrusted_proxies == tuple(f"10.0.0.{number}" for number in range(8))
    assert note_of_running_server(settings) is None


async def test_lock_of_a_postgresql_database(postgres: PostgresServer, tmp_path: Path):
    url = postgres.copy_of_template()
    one, two = (Settings(data_dir=tmp_path / name, database_url=url) for name in ("one", "two"))

    async with sole_use(one):
        with pytest.raises(AlreadyServed) as refused:
            async with sole_use(two):
                raise AssertionError
        other_database = Settings(data_dir=tmp_path / "three", database_url=postgres.copy_of_template())
        async with sole_use(other_database):
            pass
    assert f"moothall process {os.getpid()} on host {socket.gethostname()}" in str(refused.value)
    assert "--database-url" in str(refused.value)
    async with sole_use(two):
        pass


@pytest.fixture
async def admin(postgres: PostgresServer) -> AsyncIterator[tuple[str, Database]]:
    """The URL of a database, and a way to it."""
    url = postgres.copy_of_template()
    opened = open_database(url)
    yield url, opened
    await opened.close()


_HOLDERS = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


async def _count(admin: Database, what: str) -> int:
    count: int = await admin.write(
        lambda connection: connection.execute(text(f"SELECT {what} {_HOLDERS}")).scalar_one()
    )
    return count


async def test_lock_is_taken_again_after_a_broken_connection(
    admin: tuple[str, Database], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session_lock, "_LOOK_EVERY_S", 0.01)
    url, database = admin
    one, two = SessionLock(url, "one"), SessionLock(url, "two")
    assert await one.try_to_take()

    assert await _count(database, "count(pg_terminate_backend(pid))") == 1
    watching = asyncio.get_running_loop().create_task(one.until_lost())
    while await _count(database, "count(*)") == 0 or await two.try_to_take():
        await two.close()
    assert not watching.done()
    assert (await two.holder()).startswith("one,")

    watching.cancel()
    await one.close()
    await two.close()


async def test_server_learns_that_another_one_took_its_database(
    admin: tuple[str, Database], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session_lock, "_LOOK_EVERY_S", 0.01)
    url, database = admin
    one, two = SessionLock(url, "one"), SessionLock(url, "two")
    assert await one.try_to_take()

    assert await _count(database, "count(pg_terminate_backend(pid))") == 1
    await eventually(two.try_to_take)

    assert (await one.until_lost()).startswith("two,")
    await one.close()
    await two.close()


# Six processes, one after the other.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_real_processes(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    options = ["--data-dir", str(tmp_path)]
    if kind == "postgresql":
        options += ["--database-url", request.getfixturevalue("postgres").copy_of_template()]

    with server_process(*options) as first:
        refused = run_command("serve", "--port", "0", "--udp-ports", "0", "--tcp-port", "0", *options, check=False)
        made = run_json("app", "create", "--name", "Acme", *options)
        doctor = run_command("doctor", *options, "--port", first.origin.rpartition(":")[2], check=False)
        with starting_process(*options, "--standby") as second:
            second.wait_for_line("standby")
            assert first.stop(signal.SIGKILL) == -signal.SIGKILL
            origin = second.wait_until_ready()
            assert httpx2.get(f"{origin}/readyz").json()["status"] == "ready"

    assert refused.returncode == 1
    assert re.search(rf"is in use by another Moothall server \(process {first.process.pid} on host ", refused.stderr)
    assert refused.stderr.count("\n") == 1
    assert made["application_id"]
    assert f"process {first.process.pid}" in doctor.stdout
