"""A whole server in the test's own event loop: real database, real API, an engine without media."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

from moothall.api.authentication import mint_token
from moothall.app import Server, running
from moothall.applications import service as applications
from moothall.applications.keys import KeyPair
from moothall.db import Connection
from moothall.engine import Meetings
from moothall.jobs.store import jobs
from moothall.kit.clock import Clock
from moothall.kit.ids import new_uuid
from moothall.media import Media
from moothall.settings import ServerSecrets, Settings
from support.clock import FakeClock
from support.engine import FakeEngine
from support.waiting import eventually

ORIGIN = "https://meet.example"


@dataclass
class Tenant:
    """An application with its key, and its client: every request carries a fresh token."""

    application_id: str
    account_id: str
    keys: KeyPair
    clock: FakeClock
    http: httpx2.AsyncClient

    def token(self) -> str:
        return mint_token(
            self.keys.private,
            self.application_id,
            jti=new_uuid(),
            now=self.clock.now(),
            lifetime=timedelta(minutes=15),
        )

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """``path`` below /v1/meetings, or absolute where it has a scheme."""
        url = path if "://" in path else f"/v1/meetings{path}"
        headers = {"authorization": f"Bearer {self.token()}", **options.pop("headers", {})}
        return await self.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("PATCH", path, **options)

    async def create_room(self, **fields: Any) -> dict[str, Any]:
        response = await self.post("/rooms", json={"display_name": "Weekly", **fields})
        assert response.status_code == 201, response.text
        room: dict[str, Any] = response.json()
        return room


@dataclass
class RunningServer:
    server: Server
    engine: FakeEngine
    clock: FakeClock
    http: httpx2.AsyncClient

    async def tenant(self, keys: KeyPair, name: str = "Test") -> Tenant:
        def create(connection: Connection) -> tuple[str, str]:
            account = applications.ensure_default_account(connection, self.clock.now())
            application = applications.create_application(
                connection, account, name=name, public_key=keys.public, now=self.clock.now()
            )
            return application.application_id, account.account_id

        application_id, account_id = await self.server.context.database.write(create)
        return Tenant(application_id, account_id, keys, self.clock, self.http)

    async def run_due_jobs(self) -> None:
        """Run all due jobs, or wait for those that the server's own runner has started."""
        due = select(jobs.c.id).where(jobs.c.run_at <= self.clock.now()).limit(1)

        async def nothing_is_left() -> bool:
            await self.server.jobs.run_due()
            await self.server.long_jobs.run_due()
            left = await self.server.context.database.read(lambda connection: connection.execute(due).first())
            return left is None

        await eventually(nothing_is_left)


@asynccontextmanager
async def running_server(
    folder: Path, template: Path, clock: FakeClock, **settings: Any
) -> AsyncIterator[RunningServer]:
    """``template``: a migrated SQLite file to start from."""
    if not (folder / "moothall.db").exists():
        shutil.copy(template, folder / "moothall.db")
    engine = FakeEngine(clock)

    @asynccontextmanager
    async def fake_media(
        _settings: Settings, _secrets: ServerSecrets, _clock: Clock, meetings: Meetings
    ) -> AsyncIterator[Media]:
        engine.listener, engine.gate = meetings.listener, meetings.gate

        async def probe() -> dict[str, Any]:
            return {"engine": engine.name}

        async def stop() -> None:
            engine.crash()

        yield Media(engine, (), probe, stop)

    options = {"data_dir": folder, "public_url": ORIGIN, **settings}
    async with running(Settings(**options), clock=clock, open_media=fake_media) as server:
        transport = httpx2.ASGITransport(app=server.app)
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            yield RunningServer(server, engine, clock, http)
