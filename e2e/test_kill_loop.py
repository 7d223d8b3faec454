"""Kills lose nothing that was acknowledged, and every callback arrives in order.

The short form is for every run; `make test-kill` kills 200 times and prints how long the server
took to be ready again. Results are in docs/durability.md.
"""

import asyncio
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from api_client import ApiClient
from moothall_process import Application, MoothallProcess
from ordered import OrderedAnswers
from people import wait_for
from receiver import Receiver
from stays import Stay, Visitor
from writers import Writer

KILLS = int(os.environ.get("KILLS", "4"))
IS_LONG = KILLS >= 100
WRITERS, VISITORS = 4, 4
# The minimum number of acknowledgements before a kill.
OPERATIONS_BETWEEN_KILLS = 50
_MOST_MORE, _MOST_OF_VISITORS = 50, 4
_PATIENCE_S = 30
# A callback that two kills have interrupted and that is then refused waits five minutes.
_SETTLES_WITHIN_S = 500.0 if IS_LONG else 90.0


class Storm:
    """Writers and visitors against one server that is killed under them."""

    def __init__(self, server: MoothallProcess, token: str, receiver: Receiver) -> None:
        self.server = server
        self.token = token
        self.writers = [Writer(server, seed) for seed in range(WRITERS)]
        self.visitors = [Visitor(server, token, receiver.url, seed) for seed in range(VISITORS)]
        self.ready_after: list[float] = []
        self.cpu_until_ready: list[float] = []
        self.expired: set[str] = set()
        self._chance = random.Random(20261123)  # noqa: S311 - when the kill comes
        self._visits = threading.Semaphore(0)

    @property
    def acknowledged(self) -> int:
        return sum(one.acknowledged for one in (*self.writers, *self.visitors))

    def kill_in_the_middle(self) -> None:
        count = threading.Semaphore(0)
        with ThreadPoolExecutor(WRITERS) as threads:
            running = [threads.submit(writer.write, self.token, count) for writer in self.writers]
            try:
                for _ in range(OPERATIONS_BETWEEN_KILLS + self._chance.randrange(_MOST_MORE)):
                    assert count.acquire(timeout=_PATIENCE_S), [str(one.exception()) for one in running if one.done()]
                for _ in range(self._chance.randint(0, _MOST_OF_VISITORS)):
                    assert self._visits.acquire(timeout=_PATIENCE_S), "nobody could come or go"
            finally:
                # Writers write until the server is gone.
                self.server.kill()
        for one in running:
            one.result()

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Within the block the visitors come and go; at its end each finishes what it has begun."""
        stop = threading.Event()

        async def visit() -> None:
            await asyncio.gather(*(visitor.visit(self._visits, stop) for visitor in self.visitors))

        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(asyncio.run, visit())
            try:
                yield
            finally:
                stop.set()
                # A visitor that failed is the reason why nobody came or went.
                running.result()

    def start_again(self) -> None:
        started = time.monotonic()
        self.server.start()
        self.ready_after.append(time.monotonic() - started)
        self.cpu_until_ready.append(self.server.cpu_seconds())

    def pass_a_deadline(self) -> None:
        """Let a room expire while the server is down.

        Its timer must fire, ``room:expired`` is due.
        """
        for stay in self._stays():
            if stay.ended_at is not None and stay.room_id not in self.expired:
                _let_time_pass(self.server.data_dir / "moothall.db", stay.room_id, timedelta(minutes=11))
                self.expired.add(stay.room_id)
                return

    def check(self, *, thoroughly: bool = False) -> None:
        """Rooms and themes all; stays since the last check, or all."""
        visited = {stay.room_id for stay in self._stays()}
        with closing(ApiClient(self.server.port, self.token)) as client:
            rooms = {room["id"]: room for room in client.everything("/rooms")}
            themes = {theme["theme_id"]: theme for theme in client.api("GET", "/themes")}
            for writer in self.writers:
                writer.check(rooms, themes)
            for visitor in self.visitors:
                visitor.check(client, visitor.stays if thoroughly else visitor.stays[-5:])
        assert visited <= set(rooms)

    def due_callbacks(self) -> set[tuple[str, str]]:
        """Check everything that was acknowledged."""
        promised = {("room:expired", room_id) for room_id in self.expired}
        for stay in self._stays():
            promised |= stay.due()
        return promised

    def ended_sessions(self) -> set[str | None]:
        """Return the sessions of which the API has shown the end."""
        return {stay.session_id for stay in self._stays() if stay.ended_at is not None}

    def readiness(self) -> str:
        return f"ready again after {_quantiles(self.ready_after)}, for {_quantiles(self.cpu_until_ready)} of CPU"

    def _stays(self) -> list[Stay]:
        return [stay for visitor in self.visitors for stay in visitor.stays]


@pytest.mark.timeout(7200)
def test_what_was_acknowledged_is_there_after_every_kill(
    server: MoothallProcess, application: Application, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOOTHALL_API_RATE", "0")
    monkeypatch.setenv("MOOTHALL_API_COSTLY_RATE", "0")
    server.kill()
    server.start()
    answers = OrderedAnswers(seed=4)
    receiver.answer = answers.answer
    storm = Storm(server, application.token(minutes=24 * 60), receiver)
    with storm.visited():
        for kill in range(1, KILLS + 1):
            storm.kill_in_the_middle()
            storm.pass_a_deadline()
            storm.start_again()
            storm.check()
            assert _billed_otherwise(server.data_dir / "moothall.db") == []
            assert answers.out_of_order == []
            if IS_LONG and kill % 10 == 0:
                print(f"{kill} kills: {storm.acknowledged} acknowledged, {storm.readiness()}", flush=True)
    answers.is_calm = True
    with closing(ApiClient(server.port, storm.token)) as client:
        if IS_LONG:
            # Participants who did not come back have left one minute after the last start.
            wait_for(lambda: not _open_sessions(server.data_dir / "moothall.db"), "all sessions end", 180)
        happened = client.all_after("/events")
        wait_for(
            lambda: not client.api("GET", "/callbacks/deliveries?status=pending&limit=1")["_embedded"],
            "everything is delivered",
            _SETTLES_WITHIN_S,
        )
    storm.check(thoroughly=True)
    assert _billed_otherwise(server.data_dir / "moothall.db") == []
    with closing(ApiClient(server.port, storm.token)) as client:
        entries = client.all_after("/usage/entries")
    billed = {entry["session_id"] for entry in entries}
    assert storm.ended_sessions() <= billed, storm.ended_sessions() - billed

    taken = list(zip(receiver.headers, receiver.events, strict=True))
    received = {(event["event"], _subject(event)) for _, event in taken}
    assert storm.due_callbacks() <= received, storm.due_callbacks() - received
    arrived = {(headers["webhook-id"], *_place(event)) for headers, event in taken}
    assert {(event["id"], *_place(event["body"])) for event in happened} <= arrived
    # Rooms go on running out of time, so what has arrived is compared with what has happened since,
    # too.
    with closing(ApiClient(server.port, storm.token)) as client:
        happened = client.all_after("/events")
    assert arrived <= {(event["id"], *_place(event["body"])) for event in happened}
    assert _gaps(_place(event["body"]) for event in happened) == {}
    assert answers.out_of_order == []
    assert storm.acknowledged >= KILLS * OPERATIONS_BETWEEN_KILLS
    stays = [stay for visitor in storm.visitors for stay in visitor.stays]
    print(
        f"\n{storm.acknowledged} operations acknowledged, {KILLS} kills, none lost; "
        f"{len(stays)} stays, {sum(visitor.came_back for visitor in storm.visitors)} taken up again; "
        f"{len(happened)} callbacks, all delivered, in order ({answers.refused} refused with 500, {answers.late} answered late, "
        f"{answers.repeated} came again); {storm.readiness()}"
    )


def _quantiles(seconds: list[float]) -> str:
    ready = sorted(seconds)
    middle, most_of_them = ready[len(ready) // 2], ready[int(len(ready) * 0.95)]
    return f"{middle:.2f} s (median), {most_of_them:.2f} s (p95), {ready[-1]:.2f} s (most)"


def _subject(event: dict[str, Any]) -> str:
    """Return the id that distinguishes an event from others of its name."""
    name = event["event"]
    if name == "room:expired":
        return str(event["room_id"])
    return str(event["participant_id"] if name.startswith("session:participant:") else event["session_id"])


def _place(event: dict[str, Any]) -> tuple[str, int]:
    return event["room_id"], event["sequence"]


def _gaps(places: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """The sequence numbers of the rooms that do not count from 1 without a gap."""
    numbers = defaultdict[str, list[int]](list)
    for room_id, sequence in places:
        numbers[room_id].append(sequence)
    return {room: found for room, found in numbers.items() if found != list(range(1, len(found) + 1))}


def _let_time_pass(database: Path, room_id: str, by: timedelta) -> None:
    """Move an empty room and its timer into the past, as if the machine had been off meanwhile."""
    milliseconds = by // timedelta(milliseconds=1)
    connection = pysqlite3.connect(database)
    connection.execute("UPDATE rooms SET vacated_at = vacated_at - ? WHERE id = ?", (milliseconds, room_id))
    connection.execute("UPDATE jobs SET run_at = run_at - ? WHERE key = ?", (milliseconds, room_id))
    connection.commit()
    connection.close()


def _billed_otherwise(database: Path) -> list[tuple[object, ...]]:
    """Compare the ledger with the stays: the differences, stay by stay, in milliseconds."""
    connection = pysqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        connection.execute("BEGIN")
        stays = """
            SELECT session_id, CAST(id AS TEXT), CAST(left_at - joined_at AS INTEGER)
            FROM attendances WHERE left_at IS NOT NULL"""
        entries = "SELECT session_id, source, SUM(milliseconds) FROM ledger_entries GROUP BY session_id, source"
        days = "SELECT application_id, day, SUM(milliseconds) FROM ledger_days GROUP BY application_id, day"
        summed = "SELECT application_id, day, SUM(milliseconds) FROM ledger_entries GROUP BY application_id, day"
        return [
            row
            for one, other in ((stays, entries), (entries, stays), (days, summed), (summed, days))
            for row in connection.execute(f"{one} EXCEPT {other}")
        ]
    finally:
        connection.close()


def _open_sessions(database: Path) -> int:
    connection = pysqlite3.connect(f"file:{database}?mode=ro", uri=True)
    (count,) = connection.execute("SELECT count(*) FROM sessions WHERE ended_at IS NULL").fetchone()
    connection.close()
    return int(count)
