import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from support.clock import START, FakeClock
from support.places import make_application, make_room

from moothall.callbacks import outbox
from moothall.db import Connection, Database, open_database
from moothall.jobs import store as jobs
from moothall.kit.clock import render_timestamp
from moothall.rooms import service as rooms
from moothall.rooms import store as rooms_store
from moothall.rooms.model import Room, RoomType, deadline
from moothall.sessions import service
from moothall.sessions.model import Attendance, Role, Session


class Standup:
    """A room, and what the media engine reports about it."""

    def __init__(self, database: Database, clock: FakeClock, room: Room) -> None:
        self.database = database
        self.clock = clock
        self.id = room.id
        self.application_id = room.application_id

    async def join(self, who: str, sid: str = "", role: Role = Role.GUEST, name: str = "") -> bool:
        now = self.clock.now()
        return await self.database.write(
            lambda connection: service.participant_joined(
                connection,
                self.id,
                participant_id=who,
                sid=sid or f"PA_{who}",
                name=name or who.title(),
                role=role,
                at=now,
                now=now,
            )
        )

    async def leave(self, who: str, sid: str = "", *, returning: bool = False, at: datetime | None = None) -> None:
        now = self.clock.now()
        await self.database.write(
            lambda connection: service.participant_left(
                connection,
                self.id,
                participant_id=who,
                sid=sid or f"PA_{who}",
                returning=returning,
                at=at or now,
                now=now,
            )
        )

    async def heartbeat(self) -> None:
        await self.database.write(partial(service.heartbeat, now=self.clock.now()))

    async def restart(self) -> int:
        """The server starts again after a crash."""
        return await self.database.write(partial(service.recover, now=self.clock.now()))

    async def end_grace(self) -> None:
        await self.database.write(partial(service.end_grace, room_id=self.id, now=self.clock.now()))

    async def events(self) -> list[dict[str, Any]]:
        statement = select(outbox.events.c.body).where(outbox.events.c.room_id == self.id)
        ordered = statement.order_by(outbox.events.c.sequence)
        bodies = await self.database.read(lambda connection: connection.execute(ordered).scalars().all())
        return [json.loads(body) for body in bodies]

    async def story(self) -> list[str]:
        """The events in short: ``joined ada``."""
        return [
            " ".join(
                [event["event"].rsplit(":")[-1], *([event["participant_id"]] if "participant_id" in event else [])]
            )
            for event in await self.events()
        ]

    async def sessions(self) -> list[Session]:
        return await self.database.read(partial(service.list_sessions, room_id=self.id))

    async def attendances(self) -> list[Attendance]:
        newest = (await self.sessions())[0]
        return await self.database.read(partial(service.list_participants, session_id=newest.id))

    async def room(self) -> Room:
        found = await self.database.read(lambda connection: rooms_store.find_room(connection, self.id))
        assert found is not None
        return found

    async def grace_ends_at(self) -> datetime | None:
        job = await self.database.read(partial(jobs.find, kind=service.GRACE_JOB, key=self.id))
        return None if job is None else job.run_at


async def _open(database: Database, clock: FakeClock, **options: Any) -> Standup:
    application = await make_application(database, clock.now())
    return Standup(database, clock, await make_room(database, application, clock.now(), **options))


@pytest.fixture
async def standup(any_database: Database, clock: FakeClock) -> Standup:
    return await _open(any_database, clock)


async def test_a_session_starts_with_the_first_join_and_ends_with_the_last_leave(
    standup: Standup, clock: FakeClock
) -> None:
    await standup.join("ada", role=Role.OWNER)
    clock.advance(minutes=1)
    await standup.join("bob")
    clock.advance(minutes=1)
    await standup.leave("ada")
    clock.advance(minutes=1)
    await standup.leave("bob")

    (session,) = await standup.sessions()
    assert (session.started_at, session.ended_at) == (START, START + timedelta(minutes=3))
    assert await standup.story() == ["started", "joined ada", "joined bob", "left ada", "left bob", "ended"]
    assert [(a.participant_id, a.joined_at, a.left_at) for a in await standup.attendances()] == [
        ("ada", START, START + timedelta(minutes=2)),
        ("bob", START + timedelta(minutes=1), START + timedelta(minutes=3)),
    ]


async def test_the_events_are_those_of_the_contract(standup: Standup, clock: FakeClock) -> None:
    await standup.join("ada", role=Role.OWNER)
    clock.advance(milliseconds=1500)
    await standup.leave("ada")

    (session,) = await standup.sessions()
    ids = {"session_id": session.id, "room_id": standup.id}
    ada = {**ids, "participant_id": "ada", "name": "Ada", "type": "Owner", "is_host": True}
    assert await standup.events() == [
        {"event": "session:started", **ids, "started_at": "2026-11-22T12:00:00.000Z", "sequence": 1},
        {"event": "session:participant:joined", **ada, "sequence": 2},
        {"event": "session:participant:left", **ada, "sequence": 3},
        {
            "event": "session:ended",
            **ids,
            "started_at": "2026-11-22T12:00:00.000Z",
            "ended_at": "2026-11-22T12:00:01.500Z",
            "sequence": 4,
        },
    ]
    assert session.id.startswith("2_MX4")
    assert len(session.id) < 128


async def test_a_guest_is_no_host(standup: Standup) -> None:
    await standup.join("bob", role=Role.GUEST)

    joined = (await standup.events())[1]
    assert (joined["type"], joined["is_host"]) == ("Guest", False)


async def test_a_report_that_comes_twice_counts_once(standup: Standup, clock: FakeClock) -> None:
    for _ in range(2):
        await standup.join("ada")
        await standup.join("bob")
    clock.advance(minutes=1)
    for _ in range(2):
        await standup.leave("ada")
        await standup.join("ada")
        await standup.leave("bob")

    assert await standup.story() == ["started", "joined ada", "joined bob", "left ada", "left bob", "ended"]


async def test_a_leave_nobody_joined_for_changes_nothing(standup: Standup) -> None:
    await standup.leave("eve")
    await standup.join("ada")
    await standup.leave("eve")
    await standup.leave("ada", "PA_other")

    assert await standup.story() == ["started", "joined ada"]


async def test_who_leaves_and_comes_back_has_two_attendances(standup: Standup) -> None:
    await standup.join("ada")
    await standup.join("bob")
    await standup.leave("ada")
    await standup.join("ada", "PA_again")

    assert [a.participant_id for a in await standup.attendances()] == ["ada", "bob", "ada"]
    assert (await standup.story())[-2:] == ["left ada", "joined ada"]


async def test_after_the_end_a_join_starts_another_session(standup: Standup) -> None:
    await standup.join("ada")
    await standup.leave("ada")
    await standup.join("ada", "PA_again")

    newest, oldest = await standup.sessions()
    assert newest.id != oldest.id
    assert (newest.ended_at, oldest.ended_at) == (None, START)


@pytest.mark.parametrize("old_connection_ends_first", [True, False])
async def test_a_participant_who_connects_anew_has_not_left(
    standup: Standup, clock: FakeClock, old_connection_ends_first: bool
) -> None:
    await standup.join("ada", "PA_1")
    clock.advance(seconds=5)
    if old_connection_ends_first:
        await standup.leave("ada", "PA_1", returning=True)
        await standup.join("ada", "PA_2")
    else:
        await standup.join("ada", "PA_2")
        await standup.leave("ada", "PA_1", returning=True)

    assert await standup.story() == ["started", "joined ada"]
    assert await standup.grace_ends_at() is None
    await standup.leave("ada", "PA_2")
    assert await standup.story() == ["started", "joined ada", "left ada", "ended"]


async def test_a_new_connection_that_never_came_up_counts_as_leaving_when_the_old_one_ended(
    standup: Standup, clock: FakeClock
) -> None:
    await standup.join("ada", "PA_1")
    clock.advance(seconds=5)
    await standup.leave("ada", "PA_1", returning=True)
    assert await standup.grace_ends_at() == START + timedelta(seconds=65)

    clock.advance(seconds=60)
    await standup.end_grace()

    (attendance,) = await standup.attendances()
    assert attendance.left_at == START + timedelta(seconds=5)
    (session,) = await standup.sessions()
    assert session.ended_at == START + timedelta(seconds=5)


async def test_a_room_knows_whether_somebody_is_inside(standup: Standup, clock: FakeClock) -> None:
    await standup.join("ada")
    assert (await standup.room()).occupied
    assert deadline(await standup.room()) is None

    clock.advance(hours=1)
    await standup.leave("ada")

    assert deadline(await standup.room()) == clock.now() + timedelta(minutes=10)


async def test_nobody_joins_a_room_that_is_over(standup: Standup, clock: FakeClock) -> None:
    clock.advance(minutes=10)

    assert not await standup.join("ada")

    assert await standup.sessions() == []
    assert await standup.story() == []


async def test_nobody_joins_a_room_that_does_not_exist(
    any_database: Database, clock: FakeClock, standup: Standup
) -> None:
    standup.id = "no such room"

    assert not await standup.join("ada")


async def test_a_session_in_a_room_that_ends_ends_with_its_last_leave(any_database: Database, clock: FakeClock) -> None:
    weekly = await _open(
        any_database, clock, room_type=RoomType.LONG_TERM, expires_at=clock.now() + timedelta(minutes=20)
    )
    await weekly.join("ada")
    clock.advance(minutes=20)
    await any_database.write(lambda connection: rooms.expire_room_if_due(connection, weekly.id, clock.now()))
    assert not await weekly.join("bob")
    await weekly.leave("ada")

    assert await weekly.story() == ["started", "joined ada", "expired", "left ada", "ended"]
    assert not (await weekly.room()).occupied


async def test_a_transaction_that_fails_leaves_neither_session_nor_event(standup: Standup) -> None:
    def join_and_fail(connection: Connection) -> None:
        service.participant_joined(
            connection, standup.id, participant_id="ada", sid="PA", name="Ada", role=Role.GUEST, at=START, now=START
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await standup.database.write(join_and_fail)

    assert await standup.sessions() == []
    assert await standup.story() == []
    assert not (await standup.room()).occupied


class TestAfterACrash:
    async def test_who_comes_back_in_time_has_never_left(self, standup: Standup, clock: FakeClock) -> None:
        await standup.join("ada")
        await standup.join("bob")
        clock.advance(minutes=5)

        assert await standup.restart() == 2
        clock.advance(seconds=59)
        await standup.join("ada", "PA_ada_2")
        await standup.join("bob", "PA_bob_2")
        clock.advance(seconds=10)
        await standup.end_grace()

        assert await standup.story() == ["started", "joined ada", "joined bob"]
        assert [a.left_at for a in await standup.attendances()] == [None, None]
        assert await standup.grace_ends_at() is None

    async def test_who_does_not_come_back_left_when_the_server_was_last_alive(
        self, standup: Standup, clock: FakeClock
    ) -> None:
        await standup.join("ada")
        await standup.join("bob")
        clock.advance(minutes=5)
        await standup.heartbeat()
        last_alive = clock.now()
        clock.advance(minutes=3)
        await standup.restart()
        await standup.join("ada", "PA_ada_2")

        clock.advance(seconds=60)
        await standup.end_grace()

        assert await standup.story() == ["started", "joined ada", "joined bob", "left bob"]
        left = {a.participant_id: a.left_at for a in await standup.attendances()}
        assert left == {"ada": None, "bob": last_alive}

    async def test_a_session_nobody_comes_back_to_ended_with_the_crash(
        self, standup: Standup, clock: FakeClock
    ) -> None:
        await standup.join("ada")
        clock.advance(minutes=5)
        await standup.heartbeat()
        last_alive = clock.now()
        clock.advance(hours=2)
        await standup.restart()
        assert await standup.grace_ends_at() == clock.now() + timedelta(seconds=60)

        clock.advance(seconds=60)
        await standup.end_grace()

        (session,) = await standup.sessions()
        assert session.ended_at == last_alive
        ended = (await standup.events())[-1]
        assert (ended["event"], ended["ended_at"]) == ("session:ended", render_timestamp(last_alive))
        # Two hours of downtime do not count: people have ten minutes from when they could have come
        # back.
        assert deadline(await standup.room()) == clock.now() + timedelta(minutes=10)

    async def test_nobody_left_before_joining(self, standup: Standup, clock: FakeClock) -> None:
        await standup.heartbeat()
        clock.advance(seconds=9)
        await standup.join("ada")
        await standup.restart()

        clock.advance(seconds=60)
        await standup.end_grace()

        (attendance,) = await standup.attendances()
        assert attendance.left_at == attendance.joined_at == START + timedelta(seconds=9)

    async def test_a_second_crash_gives_time_anew_and_keeps_the_moment_of_the_first(
        self, standup: Standup, clock: FakeClock
    ) -> None:
        await standup.join("ada")
        await standup.heartbeat()
        await standup.restart()
        clock.advance(seconds=50)
        await standup.heartbeat()
        await standup.restart()

        clock.advance(seconds=59)
        await standup.end_grace()
        assert (await standup.attendances())[0].left_at is None
        clock.advance(seconds=1)
        await standup.end_grace()

        assert (await standup.attendances())[0].left_at == START

    async def test_a_server_that_stopped_in_order_knows_when_they_left(
        self, standup: Standup, clock: FakeClock
    ) -> None:
        await standup.join("ada")
        clock.advance(seconds=7)
        await standup.leave("ada", returning=True)
        clock.advance(seconds=3)
        await standup.heartbeat()
        clock.advance(minutes=1)
        await standup.restart()
        clock.advance(minutes=1)
        await standup.end_grace()

        assert (await standup.attendances())[0].left_at == START + timedelta(seconds=7)

    async def test_late_news_of_the_old_connection_changes_nothing(self, standup: Standup, clock: FakeClock) -> None:
        await standup.join("ada")
        await standup.restart()
        await standup.join("ada", "PA_2")
        await standup.leave("ada")

        assert await standup.story() == ["started", "joined ada"]

    async def test_without_open_sessions_there_is_nothing_to_do(self, standup: Standup) -> None:
        await standup.join("ada")
        await standup.leave("ada")

        assert await standup.restart() == 0
        assert await standup.grace_ends_at() is None


async def test_a_room_the_engine_closed_has_nobody_inside(standup: Standup, clock: FakeClock) -> None:
    """The report of a leave was lost; the report that the room is empty was not."""
    await standup.join("ada")
    clock.advance(seconds=5)
    at = clock.now()
    await standup.database.write(partial(service.room_emptied, room_id=standup.id, at=at, now=at))

    assert await standup.story() == ["started", "joined ada", "left ada", "ended"]


async def test_an_old_report_of_an_empty_room_does_not_touch_newcomers(standup: Standup, clock: FakeClock) -> None:
    emptied_at = clock.now()
    clock.advance(seconds=5)
    await standup.join("ada")

    await standup.database.write(partial(service.room_emptied, room_id=standup.id, at=emptied_at, now=clock.now()))

    assert await standup.story() == ["started", "joined ada"]


_moves = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "replaced", "crash", "grace", "wait"]),
        st.sampled_from(["ada", "bob", "eve"]),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=_moves)
def test_every_story_is_well_formed(
    moves: list[tuple[str, str]], open_standup: Callable[[], tuple[Standup, asyncio.Runner]]
) -> None:
    """The engine may report anything in any order.

    Sessions do not overlap, everybody who joined leaves once, times do not run backwards.
    """
    standup, runner = open_standup()
    runner.run(_play(standup, moves))

    story = runner.run(standup.story())
    inside: set[str] = set()
    going_on = False
    for event in story:
        match event.split(" "):
            case ["started"]:
                assert not going_on
                going_on = True
            case ["joined", who]:
                assert going_on
                assert who not in inside
                inside.add(who)
            case ["left", who]:
                inside.remove(who)
            case ["ended"]:
                assert going_on
                assert not inside
                going_on = False
    assert not inside
    assert not going_on
    for session in runner.run(standup.sessions()):
        assert session.ended_at is not None
        assert session.started_at <= session.ended_at
    assert not runner.run(standup.room()).occupied


async def _play(standup: Standup, moves: list[tuple[str, str]]) -> None:
    connections: dict[str, str] = {}
    for number, (move, who) in enumerate(moves):
        match move:
            case "join":
                connections[who] = f"PA_{number}"
                assert await standup.join(who, connections[who])
            case "leave":
                await standup.leave(who, connections.get(who, "PA_never"))
            case "replaced":
                await standup.leave(who, connections.get(who, "PA_never"), returning=True)
            case "crash":
                await standup.restart()
                connections.clear()
            case "grace":
                standup.clock.advance(seconds=60)
                await standup.end_grace()
            case _:
                standup.clock.advance(seconds=7)
                await standup.heartbeat()
    for who, sid in connections.items():
        await standup.leave(who, sid)
    standup.clock.advance(seconds=60)
    await standup.end_grace()


@pytest.fixture
def open_standup(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], tuple[Standup, asyncio.Runner]]]:
    """Opens a room in a new database for each example, on an event loop of its own."""
    with asyncio.Runner() as runner:
        opened: list[Database] = []

        def open_one() -> tuple[Standup, asyncio.Runner]:
            for database in opened:
                runner.run(database.close())
            opened.clear()
            folder = tmp_path_factory.mktemp("example")
            shutil.copy(sqlite_template, folder / "moothall.db")
            database = open_database(f"sqlite:///{folder}/moothall.db")
            opened.append(database)
            clock = FakeClock()
            far = clock.now() + timedelta(days=300)
            return runner.run(_open(database, clock, room_type=RoomType.LONG_TERM, expires_at=far)), runner

        yield open_one
        for database in opened:
            runner.run(database.close())
