"""Deleting an application in SQLite and PostgreSQL.

The tests in tests/applications cover the whole request.
"""

from sqlalchemy import func, select
from support.clock import FakeClock

from moothall.applications import service as applications
from moothall.applications.keys import KeyPair
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.chat import service as chat
from moothall.db import Connection, Database, metadata
from moothall.feeds import store as feeds
from moothall.feeds.model import STATE, Change, Limits
from moothall.jobs import store as jobs
from moothall.kit.ids import new_session_id, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording
from moothall.removal import remove_application
from moothall.rooms import service as rooms
from moothall.sessions import store as sessions
from moothall.sessions.model import Role, Session
from moothall.themes import service as themes


async def test_everything_of_the_application_goes_and_nothing_else(
    any_database: Database, keys: KeyPair, clock: FakeClock
):
    def fill(connection: Connection) -> tuple[str, str]:
        account = applications.ensure_default_account(connection, clock.now())
        one, two = (
            applications.create_application(connection, account, name=name, public_key=keys.public, now=clock.now())
            for name in ("one", "two")
        )
        _have_everything(connection, two.application_id, clock)
        return one.application_id, two.application_id

    doomed, _ = await any_database.write(fill)
    before = await any_database.read(_count)

    await any_database.write(lambda connection: _have_everything(connection, doomed, clock))
    await any_database.write(lambda connection: remove_application(connection, doomed, clock.now()))

    after = await any_database.read(_count)
    # One is for the people in the room.
    assert after.pop("jobs") == before.pop("jobs") + 1
    assert after.pop("applications") == before.pop("applications") - 1
    # Billed entries stay: of a stay and of a recording.
    assert after.pop("ledger_entries") == before.pop("ledger_entries") + 2
    assert after.pop("ledger_days") == before.pop("ledger_days") + 2
    assert after == before


def _have_everything(connection: Connection, application_id: str, clock: FakeClock) -> None:
    now = clock.now()
    theme = themes.create_theme(connection, application_id, {"main_color": "#fff", "brand_text": "x"}, now)
    room = rooms.create_room(
        connection, application_id, display_name="x", now=now, options={"theme_id": theme.theme_id}
    )
    session = Session(new_session_id(), room.id, application_id, now, None)
    sessions.insert_session(connection, session)
    attendance = sessions.insert_attendance(
        connection, session_id=session.id, participant_id=new_uuid(), name="Ada", role=Role.GUEST, joined_at=now
    )
    sessions.insert_connection(
        connection,
        attendance_id=attendance.id,
        participant_id=attendance.participant_id,
        sid=new_uuid(),
        connected_at=now,
    )
    chat.record_message(connection, attendance, "Good morning", now)
    feeds.write(connection, session.id, STATE, [Change("lock", {})], Limits(keys=1, value_size=9, size=9))
    recordings.insert_recording(connection, Recording(new_uuid(), application_id, room.id, session.id, now))
    jobs.schedule(connection, kind="session_grace", key=room.id, run_at=now)
    event = Event(application_id, room.id, Topic.ROOMS, "room:expired", {}, "https://192.0.2.1/", None, now)
    outbox.record(connection, event)


def _count(connection: Connection) -> dict[str, int]:
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in metadata.tables.items()
    }
