"""Minutes day by day, from meetings as they were held."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from support.clock import START, FakeClock
from support.places import make_application
from support.server import RunningServer, Tenant

from moothall.applications.model import Application
from moothall.db import Connection, Database
from moothall.kit.ids import new_session_id, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording
from moothall.sessions import store as sessions
from moothall.sessions.model import Role, Session
from moothall.usage.service import list_usage

MIDNIGHT = START.replace(hour=0) + timedelta(days=1)


@pytest.fixture
async def application(any_database: Database) -> Application:
    return await make_application(any_database, START)


def _held(
    application_id: str, start: datetime, end: datetime | None, people: int, *, recorded: bool = False
) -> Callable[[Connection], None]:
    """A session with so many people from its start to its end, in a room that does not matter."""
    session = Session(new_session_id(), new_uuid(), application_id, start, end)

    def transaction(connection: Connection) -> None:
        sessions.insert_session(connection, session)
        for _ in range(people):
            stay = sessions.insert_attendance(
                connection,
                session_id=session.id,
                participant_id=new_uuid(),
                name="Ada",
                role=Role.GUEST,
                joined_at=start,
            )
            if end is not None:
                sessions.end_attendance(connection, session, stay, end)
        if recorded:
            recording = Recording(new_uuid(), application_id, session.room_id, session.id, start)
            recordings.insert_recording(connection, replace(recording, ended_at=end))

    return transaction


async def test_the_worked_example(any_database: Database, application: Application):
    hour = START + timedelta(hours=1)
    await any_database.write(_held(application.application_id, START, hour, 4, recorded=True))

    (day,) = await any_database.read(
        partial(list_usage, application_id=application.application_id, start=START, end=hour, now=hour)
    )

    assert (float(day.participant_minutes), float(day.recording_minutes), float(day.cost)) == (240, 60, 2.64)


async def test_a_night_counts_for_both_days(any_database: Database, application: Application):
    start, end = MIDNIGHT - timedelta(minutes=10), MIDNIGHT + timedelta(minutes=25)
    await any_database.write(_held(application.application_id, start, end, 2))

    days = await any_database.read(
        partial(list_usage, application_id=application.application_id, start=START, end=end, now=end)
    )

    assert [float(day.participant_minutes) for day in days] == [20, 50]


async def test_who_is_inside_counts_until_now(any_database: Database, application: Application):
    now = START + timedelta(minutes=3)
    await any_database.write(_held(application.application_id, START, None, 1, recorded=True))

    (day,) = await any_database.read(
        partial(list_usage, application_id=application.application_id, start=START, end=MIDNIGHT, now=now)
    )

    assert (float(day.participant_minutes), float(day.recording_minutes)) == (3, 3)


async def test_what_the_month_has_used_before_lowers_the_price(any_database: Database, application: Application):
    early = START.replace(day=2)
    await any_database.write(_held(application.application_id, early, early + timedelta(minutes=2_000), 50))
    await any_database.write(_held(application.application_id, START, START + timedelta(minutes=100), 1))
    end = START + timedelta(hours=2)

    (day,) = await any_database.read(
        partial(list_usage, application_id=application.application_id, start=START, end=end, now=end)
    )

    assert float(day.cost) == pytest.approx(0.428)


async def test_a_new_month_begins_with_the_first_price(any_database: Database, application: Application):
    december = START.replace(month=12, day=1, hour=0)
    before = december - timedelta(minutes=2_000)
    await any_database.write(_held(application.application_id, before, december, 60))
    await any_database.write(_held(application.application_id, december, december + timedelta(minutes=100), 1))
    end = december + timedelta(hours=3)

    days = await any_database.read(
        partial(list_usage, application_id=application.application_id, start=START, end=end, now=end)
    )

    assert float(days[-1].cost) == pytest.approx(0.475)


async def test_the_api_answers_for_the_callers_rooms_only(
    server: RunningServer, acme: Tenant, globex: Tenant, clock: FakeClock
):
    held = _held(acme.application_id, clock.now(), clock.now() + timedelta(hours=1), 4, recorded=True)
    await server.server.context.database.write(held)
    clock.advance(hours=1)

    usage = (await acme.get("/usage")).json()

    assert usage["from"] == "2026-11-01T00:00:00.000Z"
    assert (usage["participant_minutes"], usage["recording_minutes"]) == (240, 60)
    assert (usage["cost"], usage["currency"]) == (2.64, "USD")
    assert usage["days"][-1] == {
        "date": "2026-11-22",
        "participant_minutes": 240.0,
        "recording_minutes": 60.0,
        "cost": 2.64,
    }
    assert (await globex.get("/usage")).json()["participant_minutes"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-22&to=yesterday",
        "from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2026-11-22T00:00:00Z",
    ],
)
async def test_the_time_is_checked(acme: Tenant, query: str):
    response = await acme.get(f"/usage?{query}")

    assert (response.status_code, response.json()["name"]) == (400, "InputValidationError")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
async def test_the_ends_of_time_are_no_problem(acme: Tenant, moment: str):
    assert (await acme.get("/usage", params={"from": moment})).status_code in {200, 400}
    assert (await acme.get("/usage", params={"to": moment})).status_code in {200, 400}
