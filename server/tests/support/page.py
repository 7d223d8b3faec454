"""The page of a running server, as a browser sees it."""

from dataclasses import dataclass, replace
from typing import Any

import httpx2
from fastapi import FastAPI

from moothall.db import Connection, Database
from moothall.jobs.runner import JobRunner
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import Meeting
from moothall.rooms import store as rooms
from moothall.rooms.links import owner_token
from moothall.rooms.model import Room
from support.clock import FakeClock
from support.engine import FakeEngine

HOST_SECRET = "host-secret-host-secret-host-secret-host"
SECRETS = MeetingSecrets(host_link=HOST_SECRET, control="control-secret-control-secret-control-secret")


@dataclass(frozen=True)
class Inside:
    """Somebody inside, and the headers of their calls."""

    id: str
    headers: dict[str, str]
    ticket: dict[str, Any]


@dataclass
class Page:
    """The page of a running server, its room, and a browser."""

    app: FastAPI
    room: Room
    engine: FakeEngine
    clock: FakeClock
    http: httpx2.AsyncClient
    meeting: Meeting
    database: Database

    @property
    def host_token(self) -> str:
        return owner_token(self.room, HOST_SECRET)

    async def post(self, call: str, body: Any, **options: Any) -> httpx2.Response:
        return await self.http.post(f"/page/{call}", json=body, **options)

    async def lookup(self, code: str | None = None, token: str | None = None) -> httpx2.Response:
        return await self.post("lookup", {"meeting_code": code or self.room.meeting_code, "participant_token": token})

    async def enter(self, name: str, token: str | None = None) -> Inside:
        """Somebody joins and is inside; ``token``: that of a host link."""
        body = {"meeting_code": self.room.meeting_code, "participant_token": token, "name": name}
        ticket = (await self.post("join", body)).json()
        await self.engine.join(self.room.id, ticket["participant_id"], name=name, role=ticket["role"])
        return Inside(ticket["participant_id"], {"authorization": f"Bearer {ticket['control_token']}"}, ticket)

    async def run_jobs(self) -> None:
        """Run what is due by now."""
        jobs = JobRunner(self.database, self.clock, self.meeting.endings.job_handlers())
        while await jobs.run_due():
            pass

    async def switch_off_chat(self) -> None:
        def transaction(connection: Connection) -> None:
            room = rooms.lock_room(connection, self.room.id)
            assert room is not None
            rooms.save_room(
                connection, replace(room, available_features=replace(room.available_features, is_chat_available=False))
            )

        await self.database.write(transaction)

    def from_address(self, address: str) -> httpx2.AsyncClient:
        """Another browser, at another address. Close it."""
        transport = httpx2.ASGITransport(app=self.app, client=(address, 40000))
        return httpx2.AsyncClient(transport=transport, base_url="https://meet.example")
