"""Two servers, one per database, that get the same requests and must give the same answers.

Their random names differ: ids, codes, tokens. What is called one thing here is called one other
thing there, always.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import func, select

from moothall.applications.keys import KeyPair
from moothall.db import Connection
from moothall.jobs.store import jobs
from support.clock import FakeClock
from support.server import RunningServer, Tenant
from support.waiting import eventually

# Values that each server generates: UUIDs, session ids, signed tokens and meeting codes.
_NAME = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|2_MX4[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]+|\b[0-9]{12}\b"
)
_HEADERS = ("content-type", "allow", "idempotent-replayed", "retry-after")
_TAGS = ("etag", "last-modified")

# One thing with both of its names.
Named = tuple[str, str]


@dataclass
class Answer:
    """The answers of both servers. ``body`` is the first one's, ``bodies`` are both."""

    status: int
    bodies: tuple[Any, Any]
    tags: tuple[str, str]

    @property
    def body(self) -> Any:
        return self.bodies[0]

    def named(self, *path: str | int) -> Named:
        """Return the value at this place in both bodies."""
        first, second = self.bodies
        for part in path:
            first, second = first[part], second[part]
        return first, second


@dataclass
class Twins:
    servers: tuple[RunningServer, RunningServer]
    tenants: tuple[Tenant, Tenant]
    clock: FakeClock
    asked: int = 0
    _there: dict[str, str] = field(default_factory=dict)
    _here: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, servers: tuple[RunningServer, RunningServer], keys: KeyPair) -> "Twins":
        """An application on each that has nothing yet."""
        first, second = [await server.tenant(keys) for server in servers]
        twins = cls(servers, (first, second), servers[0].clock)
        twins.same(first.application_id, second.application_id)
        return twins

    async def request(
        self, method: str, path: str | Named, body: Any = None, headers: dict[str, str | Named] | None = None
    ) -> Answer:
        """Ask both.

        Where something has two names, each is asked with its own. A pair stands for a name in the
        body and headers, too.
        """
        # Nothing is made in the same moment as something else: lists are in the order of time.
        self.clock.advance(milliseconds=1)
        self.asked += 2
        responses = []
        for side, tenant in enumerate(self.tenants):
            options = {} if body is None else {"json": _of_side(body, side)}
            mine = {name: _of_side(value, side) for name, value in (headers or {}).items()}
            responses.append(await tenant.request(method, _of_side(path, side), headers=mine, **options))
        return self._compare(f"{method} {_of_side(path, 0)} {body}", *responses)

    async def settle(self, **later: float) -> None:
        """Time passes on both, and what is due is done."""
        self.clock.advance(**later)
        now = self.clock.now()
        due = select(func.count()).select_from(jobs).where(jobs.c.run_at <= now)

        def count(connection: Connection) -> int:
            return connection.execute(due).scalar_one()

        for server in self.servers:

            async def is_idle(server: RunningServer = server) -> bool:
                server.server.jobs.wake()
                server.server.long_jobs.wake()
                return await server.server.context.database.read(count) == 0

            await eventually(is_idle, every=0.01)

    async def compare_events(self) -> None:
        """Group events by room: only events of one room are ordered."""
        by_room: list[dict[str, list[Any]]] = []
        for tenant in self.tenants:
            events: list[Any] = []
            more = True
            while more:
                page = (await tenant.get(f"/events?limit=500&after={len(events)}")).json()
                events += page["_embedded"]
                more = page["has_more"]
            assert [event["position"] for event in events] == list(range(1, len(events) + 1))
            rooms: dict[str, list[Any]] = {}
            for event in events:
                rooms.setdefault(event["room_id"], []).append({**event, "position": None})
            by_room.append(rooms)
        first, second = by_room
        assert {self._there[room] for room in first} == set(second)
        for room, happened in first.items():
            self.same(json.dumps(happened, sort_keys=True), json.dumps(second[self._there[room]], sort_keys=True))

    def same(self, here: str, there: str) -> None:
        """Raise AssertionError when the two texts differ in more than names.

        A name must also stand for the same thing throughout.
        """
        # The accounts are the servers' own, and too short to be told from other text.
        here, there = (
            text.replace(tenant.account_id, "account") for text, tenant in zip((here, there), self.tenants, strict=True)
        )
        assert _NAME.split(here) == _NAME.split(there), (here, there)
        for one, other in zip(_NAME.findall(here), _NAME.findall(there), strict=True):
            assert self._there.setdefault(one, other) == other, (one, other)
            assert self._here.setdefault(other, one) == one, (one, other)

    def _compare(self, asked: str, first: httpx2.Response, second: httpx2.Response) -> Answer:
        assert first.status_code == second.status_code, (asked, first.text, second.text)
        assert first.status_code < 500, (asked, first.text)
        for name in _HEADERS:
            assert first.headers.get(name) == second.headers.get(name), (asked, name)
        assert [tag in first.headers for tag in _TAGS] == [tag in second.headers for tag in _TAGS], asked
        here, there = (json.loads(response.content or b"null") for response in (first, second))
        self.same(json.dumps(here, sort_keys=True), json.dumps(there, sort_keys=True))
        tags = (first.headers.get("etag", ""), second.headers.get("etag", ""))
        return Answer(first.status_code, (here, there), tags)


def _of_side(value: Any, side: int) -> Any:
    if isinstance(value, tuple):
        return value[side]
    if isinstance(value, dict):
        return {name: _of_side(part, side) for name, part in value.items()}
    return value


def at(template: str, *names: Named) -> Named:
    """The path with these names, for each side: ``at("/rooms/{}", room)``."""
    first, second = (template.format(*(name[side] for name in names)) for side in (0, 1))
    return first, second
