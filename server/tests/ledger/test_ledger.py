"""Everything that ends is billed: to the millisecond, once, whatever ends it, and for ever."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from support.clock import START, FakeClock
from support.places import make_application, make_room

from moothall.db import Connection, Database, migrations, open_database
from moothall.db.migrations import running
from moothall.kit.ids import new_session_id, new_uuid
from moothall.ledger import store as ledger
from moothall.ledger.model import Entry, Kind, parts
from moothall.recordings import service as recordings
from moothall.recordings import store as recordings_store
from moothall.recordings.model import Recording
from moothall.removal import remove_application
from moothall.rooms.model import Room
from moothall.sessions import service, store
from moothall.sessions.model import Attendance, Role, Session

MILLISECOND = timedelta(milliseconds=1)
NIGHT = timedelta(hours=40, milliseconds=7)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(START.tzinfo))  # noqa: DTZ001 - the zone comes with it


class Meeting:
    """A room with people and recordings, who come and go in every way there is."""

    def __init__(self, database: Database, room: Room, clock: FakeClock) -> None:
        self.database = database
        self.room = room
        self.clock = clock
        self.sids: dict[str, str] = {}
        self.running: list[str] = []
        self.ended: list[str] = []
        # The lengths in the tables of stays and recordings, also of those deleted since.
        self.gone: dict[tuple[str, str], int] = {}

    async def write(self, transaction: Callable[[Connection], Any]) -> Any:
        return await self.database.write(transaction)

    async def join(self, who: str, sid: str) -> None:
        self.sids[who] = sid
        now = self.clock.now()
        join = partial(service.participant_joined, room_id=self.room.id, participant_id=who, sid=sid, name=who)
        await self.write(lambda connection: join(connection, role=Role.GUEST, at=now, now=now))

    async def leave(self, who: str, *, returning: bool = False, early: int = 0) -> None:
        """``early``: milliseconds by which the engine's clock is behind."""
        now = self.clock.now()
        at = now - early * MILLISECOND
        leave = partial(service.participant_left, room_id=self.room.id, participant_id=who)
        await self.write(
            lambda connection: leave(connection, sid=self.sids.get(who, "never"), returning=returning, at=at, now=now)
        )

    async def record(self) -> None:
        def start(connection: Connection) -> str | None:
            session = store.find_open_session(connection, self.room.id)
            if session is None:
                return None
            made = Recording(new_uuid(), self.room.application_id, self.room.id, session.id, self.clock.now())
            recordings.start_recording(connection, made, self.clock.now())
            return made.id

        if (made := await self.write(start)) is not None:
            self.running.append(made)

    async def stop_recording(self) -> None:
        if self.running:
            recording_id, now = self.running.pop(), self.clock.now()
            await self.write(lambda connection: recordings.end_recording(connection, recording_id, at=now, now=now))
            self.ended.append(recording_id)

    async def delete_recording(self) -> None:
        if self.ended:
            recording_id, now = self.ended.pop(), self.clock.now()
            await self.check()

            def delete(connection: Connection) -> None:
                upload = partial(recordings.upload_recording, file="x.webm", size=1, sha256="0", url="x", now=now)
                upload(connection, recording_id)
                recordings.delete_recording(connection, self.room.application_id, recording_id, now)

            await self.write(delete)

    async def do(self, number: int, move: str, who: str) -> None:
        now = self.clock.now()
        jobs: dict[str, Callable[[Connection], Any]] = {
            "crash": partial(service.recover, now=now),
            "heartbeat": partial(service.heartbeat, now=now),
            "grace ends": partial(service.end_grace, room_id=self.room.id, now=now),
            "dismiss": partial(service.dismiss, room_id=self.room.id, now=now),
            "room emptied": partial(service.room_emptied, room_id=self.room.id, at=now, now=now),
        }
        match move:
            case "join":
                await self.join(who, f"PA_{number}")
            case "leave" | "leave again":
                await self.leave(who)
            case "leave by another clock":
                await self.leave(who, early=3_600_000)
            case "reconnect":
                await self.leave(who, returning=True)
            case "record" | "stop recording" | "delete recording":
                await getattr(self, move.replace(" ", "_"))()
            case _:
                await self.write(jobs[move])

    async def check(self) -> None:
        """Compare the ledger with stays and recordings, each to the millisecond."""

        def look(connection: Connection) -> None:
            for stay, session in _stays(connection):
                if stay.left_at is not None:
                    self.gone[session.id, str(stay.id)] = (stay.left_at - stay.joined_at) // MILLISECOND
            for row in connection.execute(select(recordings_store.recordings)):
                if row.ended_at is not None:
                    self.gone[row.session_id, row.id] = (row.ended_at - row.started_at) // MILLISECOND
            assert _billed(connection) == self.gone
            assert ledger.wrong_days(connection) == []

        await self.database.read(look)


MOVES = [
    *("join", "join", "leave", "leave again", "leave by another clock", "reconnect", "crash", "heartbeat"),
    *("grace ends", "dismiss", "room emptied", "record", "stop recording", "delete recording"),
]


def _stays(connection: Connection) -> list[tuple[Attendance, Session]]:
    found = connection.execute(select(store.sessions.c.id)).scalars().all()
    sessions = [session for one in found if (session := store.find_session(connection, one)) is not None]
    return [
        (stay, session)
        for session in sessions
        for stay in store.list_attendances(connection, session.id, offset=0, limit=1000)
    ]


def _billed(connection: Connection) -> dict[tuple[str, str], int]:
    billed: dict[tuple[str, str], int] = {}
    for row in connection.execute(select(ledger.ledger_entries)):
        key = (row.session_id, row.source)
        billed[key] = billed.get(key, 0) + row.milliseconds
    return billed


async def _meeting(database: Database) -> Meeting:
    clock = FakeClock()
    application = await make_application(database, clock.now())
    expires_at = clock.now() + timedelta(days=300)
    room = await make_room(database, application, clock.now(), options={"type": "long_term", "expires_at": expires_at})
    return Meeting(database, room, clock)


@pytest.fixture
async def meeting(any_database: Database) -> Meeting:
    return await _meeting(any_database)


@given(start=MOMENTS, length=st.timedeltas(timedelta(), timedelta(days=5)))
def test_the_parts_of_a_period_are_the_whole_period(start: datetime, length: timedelta):
    found = list(parts(start, start + length))

    assert (found[0].started_at, found[-1].ended_at) == (start, start + length)
    assert [part.started_at for part in found[1:]] == [part.ended_at for part in found[:-1]]
    for part in found:
        assert part.started_at.date() == part.day
        assert part.ended_at <= datetime.combine(part.day + timedelta(days=1), datetime.min.time(), START.tzinfo)
    assert all(part.ended_at > part.started_at for part in found) or length == timedelta()


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(MOVES),
            st.sampled_from(["ada", "bob", "cleo"]),
            st.sampled_from([0, 1, 777, 61_000, 7_200_001, 130_000_003]),
        ),
        max_size=25,
    ),
    removed_at_the_end=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_ledger_is_the_sum_of_the_stays(
    sqlite_template: Path, tmp_path: Path, moves: list[tuple[str, str, int]], removed_at_the_end: bool
):
    async def play() -> None:
        path = tmp_path / f"{new_uuid()}.db"
        await asyncio.to_thread(shutil.copy, sqlite_template, path)
        database = open_database(f"sqlite:///{path}")
        try:
            await _play(await _meeting(database), moves, removed_at_the_end=removed_at_the_end)
        finally:
            await database.close()

    asyncio.run(play())


async def _play(meeting: Meeting, moves: list[tuple[str, str, int]], *, removed_at_the_end: bool) -> None:
    for number, (move, who, milliseconds) in enumerate(moves):
        meeting.clock.advance(milliseconds=milliseconds)
        await meeting.do(number, move, who)
        await meeting.check()
    if removed_at_the_end:
        now = meeting.clock.now()

        def due(connection: Connection) -> dict[tuple[str, str], int]:
            inside = {
                (session.id, str(stay.id)): ((stay.away_since or now) - stay.joined_at) // MILLISECOND
                for stay, session in _stays(connection)
                if stay.left_at is None
            }
            running = {
                (one.session_id, one.id): (now - one.started_at) // MILLISECOND
                for one in recordings_store.running_of(connection, meeting.room.application_id)
            }
            return inside | running

        expected = await meeting.database.read(due)
        await meeting.write(lambda connection: remove_application(connection, meeting.room.application_id, now))
        meeting.gone |= expected
        await meeting.check()


async def test_the_same_on_both_databases(meeting: Meeting):
    for number, (move, who) in enumerate(
        [
            *(("join", "ada"), ("join", "bob"), ("record", ""), ("heartbeat", ""), ("crash", ""), ("join", "ada")),
            *(("grace ends", ""), ("leave", "ada"), ("leave again", "ada"), ("join", "cleo"), ("stop recording", "")),
            *(("delete recording", ""), ("record", ""), ("room emptied", ""), ("join", "ada"), ("reconnect", "ada")),
            *(("dismiss", ""), ("join", "bob"), ("leave by another clock", "bob")),
        ]
    ):
        meeting.clock.advance(milliseconds=33_000_001)
        await meeting.do(number, move, who)
        await meeting.check()
    assert len(meeting.gone) == 6


async def _entries(database: Database) -> list[Entry]:
    def read(connection: Connection) -> list[Entry]:
        return [
            entry
            for session_id in connection.execute(select(ledger.ledger_entries.c.session_id).distinct()).scalars().all()
            for entry in ledger.entries_of_session(connection, session_id)
        ]

    return await database.read(read)


async def test_a_night_is_an_entry_for_each_day(meeting: Meeting):
    await meeting.join("ada", "PA_1")
    meeting.clock.advance(hours=40, milliseconds=7)
    await meeting.leave("ada")

    found = await _entries(meeting.database)
    assert [(str(one.day), one.milliseconds) for one in found] == [
        ("2026-11-22", 12 * 3_600_000),
        ("2026-11-23", 24 * 3_600_000),
        ("2026-11-24", 4 * 3_600_000 + 7),
    ]
    assert {(one.application_id, one.room_id) for one in found} == {(meeting.room.application_id, meeting.room.id)}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entries SET milliseconds = 0",
        "DELETE FROM ledger_entries",
        "UPDATE attendances SET left_at = joined_at + 60000 WHERE left_at IS NULL",
        "UPDATE attendances SET left_at = left_at + 1 WHERE left_at IS NOT NULL",
        "DELETE FROM attendances WHERE left_at IS NULL",
        "DELETE FROM sessions",
        "UPDATE recordings SET ended_at = started_at + 60000",
        "DELETE FROM recordings",
        (
            "INSERT INTO attendances (session_id, participant_id, name, role, joined_at, left_at) "
            "SELECT session_id, 'eve', 'Eve', 'guest', joined_at, joined_at + 5 FROM attendances WHERE left_at IS NULL"
        ),
        (
            "INSERT INTO recordings (id, application_id, room_id, session_id, started_at, ended_at, status) "
            "SELECT 'x', application_id, room_id, session_id, started_at, started_at + 5, 'stopped' FROM recordings"
        ),
    ],
)
async def test_the_database_refuses_what_would_not_be_billed(meeting: Meeting, change: str):
    await meeting.join("ada", "PA_1")
    await meeting.join("bob", "PA_2")
    await meeting.record()
    meeting.clock.advance(minutes=1)
    await meeting.leave("bob")

    with pytest.raises(DBAPIError, match=r"ledger|after its end"):
        await meeting.write(lambda connection: connection.execute(text(change)))
    await meeting.check()


async def test_what_is_written_twice_counts_once(meeting: Meeting):
    post = partial(
        ledger.post,
        kind=Kind.PARTICIPANT,
        application_id=meeting.room.application_id,
        room_id=meeting.room.id,
        session_id=new_session_id(),
        source="1",
        start=START,
    )
    await meeting.write(lambda connection: post(connection, end=START + NIGHT))
    await meeting.write(lambda connection: post(connection, end=START + NIGHT))
    await meeting.write(lambda connection: post(connection, end=START + 3 * NIGHT))

    assert sum(entry.milliseconds for entry in await _entries(meeting.database)) == NIGHT // MILLISECOND
    assert await meeting.database.read(ledger.wrong_days) == []


async def test_nothing_is_billed_when_the_transaction_fails(meeting: Meeting):
    await meeting.join("ada", "PA_1")
    meeting.clock.advance(minutes=1)
    now = meeting.clock.now()

    def fail(connection: Connection) -> None:
        service.room_emptied(connection, meeting.room.id, at=now, now=now)
        raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError, match="power"):
        await meeting.write(fail)

    assert await _entries(meeting.database) == []
    await meeting.check()


async def test_a_correction_is_an_entry_of_its_own(meeting: Meeting):
    await meeting.join("ada", "PA_1")
    meeting.clock.advance(minutes=10)
    await meeting.leave("ada")
    (entry,) = await _entries(meeting.database)
    meeting.clock.advance(days=3)
    correct = partial(
        ledger.correct, entry=entry, milliseconds=-60_000, key="17", note="An outage", now=meeting.clock.now()
    )

    assert await meeting.write(correct)
    assert not await meeting.write(correct)

    first, second = await _entries(meeting.database)
    assert first == entry
    assert (second.corrects, second.milliseconds, second.note) == (entry.id, -60_000, "An outage")
    assert str(second.day) == "2026-11-25"
    assert second == await meeting.database.read(
        lambda connection: ledger.find_correction(connection, entry.session_id, Kind.PARTICIPANT, "17")
    )
    assert await meeting.database.read(ledger.wrong_days) == []


async def test_the_migration_fills_the_ledger_from_what_there_was(meeting: Meeting):
    for who, hours in (("ada", 1), ("bob", 30), ("cleo", 0)):
        await meeting.join(who, f"PA_{who}")
        await meeting.record()
        meeting.clock.advance(hours=hours, milliseconds=hours)
        await meeting.stop_recording()
        await meeting.leave(who)
    await meeting.join("dora", "PA_4")
    await meeting.record()
    before = await _entries(meeting.database)

    def without(connection: Connection) -> None:
        config = running.configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")

    await meeting.database.write_long(without)
    await meeting.database.write_long(migrations.upgrade)

    def of(entries: list[Entry]) -> set[Entry]:
        return {replace(entry, id=0) for entry in entries}

    assert len(before) > 7
    assert of(await _entries(meeting.database)) == of(before)
    await meeting.check()
    await meeting.leave("dora")
    await meeting.check()
