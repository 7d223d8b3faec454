"""The queue of messages for a client, and the order in which they are written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.protocol import rtc as pb
from support.waiting import eventually

from moothall.engines.embedded.connection import Connection, States
from moothall.livekit import limits
from moothall.livekit.model import ConnectionQuality, ParticipantInfo, ParticipantState, Permission
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    ParticipantUpdate,
    Pong,
    QualityReport,
    Speaker,
    SpeakersChanged,
    TrackSubscribed,
)


class Socket:
    """Takes what is written as long as nobody holds it back."""

    def __init__(self) -> None:
        self.frames: list[pb.SignalResponse] = []
        self.closed: int | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def send_bytes(self, frame: bytes) -> None:
        await self.open.wait()
        self.frames.append(pb.SignalResponse.FromString(frame))

    async def close(self, code: int) -> None:
        self.closed = code

    def kinds(self) -> list[str]:
        return [frame.WhichOneof("message") or "" for frame in self.frames]


@asynccontextmanager
async def writing(connection: Connection) -> AsyncIterator[Socket]:
    socket: Any = Socket()
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(connection.write_to(socket))
        yield socket
        writer.cancel()


def participant(sid: str, version: int = 1) -> ParticipantInfo:
    return ParticipantInfo(
        sid=sid,
        identity=sid.lower(),
        name=sid,
        state=ParticipantState.ACTIVE,
        metadata="",
        attributes={},
        tracks=(),
        joined_at_ms=0,
        version=version,
        permission=Permission(),
        client_protocol=0,
    )


def news(sid: str, version: int = 1) -> States:
    return States.of(ParticipantUpdate((participant(sid, version),)))


async def test_states_that_wait_are_merged_and_the_latest_counts() -> None:
    connection = Connection()
    for version in (1, 2, 3):
        connection.merge(news("PA_a", version))
    connection.merge(news("PA_b"))
    connection.merge(States.of(SpeakersChanged((Speaker("PA_a", 0.5, active=True),))))
    connection.merge(States.of(ConnectionQualityUpdate((QualityReport("PA_a", ConnectionQuality.GOOD, 3.0),))))
    connection.merge(States.of(SpeakersChanged((Speaker("PA_a", 0.0, active=False),))))
    connection.flush()

    async with writing(connection) as socket:
        await eventually(lambda: len(socket.frames) == 3)

    update, speakers, quality = socket.frames
    assert [(one.sid, one.version) for one in update.update.participants] == [("PA_a", 3), ("PA_b", 1)]
    assert [(one.sid, one.active) for one in speakers.speakers_changed.speakers] == [("PA_a", False)]
    assert [one.participant_sid for one in quality.connection_quality.updates] == ["PA_a"]


async def test_states_wait_for_the_flush() -> None:
    connection = Connection()
    async with writing(connection) as socket:
        connection.merge(news("PA_a"))
        for _ in range(10):
            await asyncio.sleep(0)
        assert socket.frames == []

        connection.flush()
        await eventually(lambda: socket.kinds() == ["update"])


async def test_a_frame_is_written_at_once_and_after_the_states_before_it() -> None:
    connection = Connection()
    connection.merge(news("PA_a", 1))
    connection.send(TrackSubscribed("TR_a"))
    connection.merge(news("PA_a", 2))

    async with writing(connection) as socket:
        await eventually(lambda: socket.kinds() == ["update", "track_subscribed"])
        assert socket.frames[0].update.participants[0].version == 1
        connection.flush()
        await eventually(lambda: len(socket.frames) == 3)

    assert socket.frames[2].update.participants[0].version == 2


async def test_what_comes_while_a_slow_client_takes_its_time_is_merged() -> None:
    connection = Connection()
    async with writing(connection) as socket:
        socket.open.clear()
        connection.send(Pong(1, 2, legacy=True))
        for version in range(1_000):
            connection.merge(news("PA_a", version))
            connection.flush()
            await asyncio.sleep(0)
        socket.open.set()
        await eventually(lambda: len(socket.frames) == 2)

    assert not connection.too_slow
    assert socket.kinds() == ["pong", "update"]
    assert socket.frames[1].update.participants[0].version == 999


async def test_close_comes_after_everything_that_waits() -> None:
    connection = Connection()
    connection.merge(news("PA_a"))
    connection.close(1000)

    async with writing(connection) as socket:
        await connection.finished.wait()

    assert socket.kinds() == ["update"]
    assert socket.closed == 1000


async def test_who_waits_for_a_farewell_does_not_wait_for_a_client_that_went() -> None:
    connection = Connection()
    async with writing(connection) as socket:
        socket.open.clear()
        connection.send(Pong(1, 2, legacy=False))
        connection.close(1000)
        await asyncio.sleep(0)

    assert connection.finished.is_set()


async def test_client_that_lets_too_much_wait_is_given_up() -> None:
    by_frames, by_states = Connection(), Connection()
    for _ in range(limits.MAX_PENDING_MESSAGES + 1):
        assert not by_frames.too_slow
        by_frames.send(Pong(1, 2, legacy=True))
    for number in range(limits.MAX_PENDING_STATES + 1):
        assert not by_states.too_slow
        by_states.merge(news(f"PA_{number}"))

    for connection in (by_frames, by_states):
        assert connection.too_slow
        assert connection.finished.is_set()


async def test_a_connection_that_the_http_server_has_closed_ends_without_an_error() -> None:
    class Closed(Socket):
        async def send_bytes(self, frame: bytes) -> None:
            raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

        async def close(self, code: int) -> None:
            raise RuntimeError("Unexpected ASGI message 'websocket.close', after sending 'websocket.close'.")

    for end in (lambda one: one.send(Pong(1, 2, legacy=True)), lambda one: one.close(1000)):
        connection = Connection()
        socket: Any = Closed()
        end(connection)
        await connection.write_to(socket)
        assert connection.finished.is_set()
