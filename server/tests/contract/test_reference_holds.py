"""The server does what its OpenAPI document says.

Schemathesis asks whatever the document allows, and what it does not.

``CONTRACT_REQUESTS`` (``make test-contract``): at least so many requests, on SQLite and PostgreSQL
in turn; otherwise a short form on SQLite.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.postgres import PostgresServer
from support.process import ServerProcess, run_json, server_process

from moothall.api.authentication import mint_token
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.db import Connection, open_database
from moothall.kit.clock import to_milliseconds
from moothall.kit.ids import new_session_id, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording
from moothall.rooms import service as rooms
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

FOLDER = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
WANTED = int(os.environ.get("CONTRACT_REQUESTS", "0"))
# Seconds of the short form, which sends all precomputed requests and then as many others as time
# allows.
SHORT = ("--phases", "examples,coverage,stateful", "--max-examples", "10", "--max-time", "45")
# It failed once, and what it had asked was not kept: the long form has it on, to tell.
SHORT += ("--exclude-checks", "ensure_resource_availability")
LONG = ("--max-examples", "60")


@dataclass
class Outcome:
    requests: int
    crashes: list[str]
    report: dict[str, object]
    said: str


@pytest.mark.timeout(7200 if WANTED else 300)
def test_the_server_does_what_its_document_says(tmp_path: Path, postgres: PostgresServer):
    counted: Counter[str] = Counter()
    for round_ in itertools.count():
        folder = tmp_path / str(round_)
        folder.mkdir()
        url = postgres.copy_of_template() if round_ % 2 else f"sqlite:///{folder}/moothall.db"
        # The short form asks the same questions each time, so that a failure comes from a change.
        seed = int.from_bytes(os.urandom(6)) if WANTED else round_ + 1
        outcome = ask(folder, url, *(LONG if WANTED else SHORT), "--seed", str(seed))
        kind = url.partition(":")[0]
        counted[kind] += outcome.requests
        print(f"{kind}: {outcome.requests} requests, {counted.total()} in all")  # noqa: T201 - a figure to write down

        assert outcome.crashes == [], outcome.said
        assert outcome.report["failures"] == [], outcome.said
        assert outcome.report["errors"] == [], outcome.said
        assert outcome.requests > 1000, outcome.said
        if not WANTED or (len(counted) == 2 and counted.total() >= WANTED):
            break


def ask(folder: Path, url: str, *options: str) -> Outcome:
    """Run schemathesis once against a new server with this database."""
    stored = ("--data-dir", str(folder), "--database-url", url)
    made = run_json("app", "create", "--name", "Contract", *stored)
    account = run_json("account", "show", *stored)
    asyncio.run(leave_something(url, made["application_id"]))
    token = mint_token(
        Path(made["private_key_file"]).read_text(),
        made["application_id"],
        jti=new_uuid(),
        now=datetime.now(UTC),
        lifetime=timedelta(hours=20),
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(FOLDER),
        "APPLICATION_TOKEN": token,
        "OWN_APPLICATION": made["application_id"],
        "ACCOUNT_ID": account["account_id"],
        "ACCOUNT_SECRET": account["api_secret"],
    }
    unlimited = ("--api-rate", "0", "--api-costly-rate", "0", "--trusted-proxies", "127.0.0.1")
    with server_process(*stored, *unlimited) as server:
        report = folder / "report.json"
        done = subprocess.run(  # noqa: S603 - a tool of ours
            [
                *(str(SCHEMATHESIS), "--config-file", str(FOLDER / "schemathesis.toml"), "run"),
                *(f"{server.origin}/openapi.json", "--no-color", "--report", "json", "--report-json-path", str(report)),
                *options,
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert report.exists(), done.stdout + done.stderr
        return Outcome(*heard(server), json.loads(report.read_text()), done.stdout + done.stderr)


def heard(server: ServerProcess) -> tuple[int, list[str]]:
    """Return the number of requests in the server's log, and the crashes."""
    lines = [line for line in list(server.output) if line.startswith("{")]
    events = Counter(json.loads(line)["event"] for line in lines)
    return events["request"], [line for line in lines if '"event":"request_crashed"' in line]


async def leave_something(url: str, application_id: str) -> None:
    """A room with a session, a recording and a delivery, for the links to lead to."""
    now = to_milliseconds(datetime.now(UTC))

    def transaction(connection: Connection) -> None:
        room = rooms.create_room(connection, application_id, display_name="Past", now=now)
        session = Session(new_session_id(), room.id, application_id, now, now)
        sessions.insert_session(connection, session)
        recordings.insert_recording(connection, Recording(new_uuid(), application_id, room.id, session.id, now, now))
        happened = Event(application_id, room.id, Topic.ROOMS, "room:expired", {}, "http://127.0.0.1:9/", None, now)
        outbox.record(connection, happened)

    database = open_database(url)
    await database.write(transaction)
    await database.close()
