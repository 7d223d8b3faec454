"""Callbacks about recordings."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from support.clock import START, FakeClock
from support.places import make_application, make_room

from moothall.applications.model import Webhooks
from moothall.callbacks import outbox
from moothall.db import Database
from moothall.kit.ids import new_uuid
from moothall.recordings import service, store
from moothall.recordings.model import Recording, RecordingStatus
from moothall.rooms.model import Room
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

ROOMS_OWN = "https://rooms.example/recordings"
WEBHOOK = "https://webhooks.example/recordings"
FILE = {"file": "a.mp4", "size": 5, "sha256": "0" * 64, "url": "https://meet.example/files/a"}


class Recorder:
    """A recorder, as far as the database is concerned."""

    def __init__(self, database: Database, room: Room) -> None:
        self.database = database
        session = Session(f"2_{new_uuid()}", room.id, room.application_id, START, None)
        self.recording = Recording(new_uuid(), room.application_id, room.id, session.id, START)
        self._session = session

    async def start(self) -> None:
        await self.database.write(partial(sessions.insert_session, session=self._session))
        await self.database.write(partial(service.start_recording, recording=self.recording, now=START))

    async def end(self, seconds: float) -> bool:
        at = START + timedelta(seconds=seconds)
        return await self.database.write(
            partial(service.end_recording, recording_id=self.recording.id, at=at, now=at + timedelta(seconds=1))
        )

    async def upload(self) -> bool:
        now = START + timedelta(hours=1)
        return await self.database.write(
            lambda connection: service.upload_recording(connection, self.recording.id, now=now, **FILE)
        )

    async def events(self) -> list[dict[str, Any]]:
        query = select(outbox.events.c.body).order_by(outbox.events.c.sequence)
        bodies = await self.database.read(lambda connection: connection.execute(query).scalars().all())
        return [json.loads(body) for body in bodies]

    async def receivers(self) -> set[str]:
        query = select(outbox.deliveries.c.url)
        return set(await self.database.read(lambda connection: connection.execute(query).scalars().all()))


@pytest.fixture
async def recorder(any_database: Database, clock: FakeClock) -> Recorder:
    application = await make_application(any_database, clock.now(), Webhooks(recordings_url=WEBHOOK))
    return Recorder(any_database, await make_room(any_database, application, clock.now()))


async def test_the_events_are_those_of_the_contract(recorder: Recorder) -> None:
    await recorder.start()
    assert await recorder.end(61.9)
    assert await recorder.upload()

    ids = {"recording_id": recorder.recording.id, "session_id": recorder.recording.session_id}
    times = {"started_at": "2026-11-22T12:00:00.000Z", "ended_at": "2026-11-22T12:01:01.900Z", "duration": 61}
    assert await recorder.events() == [
        {"event": "recording:started", **ids, "sequence": 1},
        {"event": "recording:ended", **ids, **times, "sequence": 2},
        {
            "event": "recording:uploaded",
            **ids,
            "room_id": recorder.recording.room_id,
            **times,
            "url": FILE["url"],
            "sequence": 3,
        },
    ]
    assert await recorder.receivers() == {WEBHOOK}


async def test_the_room_s_own_url_comes_before_the_application_s(any_database: Database, clock: FakeClock) -> None:
    application = await make_application(any_database, clock.now(), Webhooks(recordings_url=WEBHOOK))
    options = {"callback_urls": {"recordings_callback_url": ROOMS_OWN}}
    recorder = Recorder(any_database, await make_room(any_database, application, clock.now(), options=options))

    await recorder.start()

    assert await recorder.receivers() == {ROOMS_OWN}


async def test_each_step_is_told_once_and_in_its_order(recorder: Recorder) -> None:
    await recorder.start()
    assert not await recorder.upload()
    assert await recorder.end(10)
    assert not await recorder.end(20)
    assert await recorder.upload()
    assert not await recorder.upload()

    assert len(await recorder.events()) == 3
    stored = await recorder.database.read(partial(store.find_recording, recording_id=recorder.recording.id))
    assert stored is not None
    assert (stored.status, stored.ended_at) == (RecordingStatus.UPLOADED, START + timedelta(seconds=10))
