"""What the LiveKit server API does to a meeting is what the meeting's own moderation does."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from livekit import api, rtc
from support.python_client import python_clients
from support.waiting import eventually

from moothall.app import Server, running
from moothall.demo import ensure_demo_room
from moothall.rooms.model import Room
from moothall.sessions import service as sessions
from moothall.sessions.model import Session
from moothall.settings import Settings


@dataclass
class Whole:
    """Everything of the server, with one room of the Meetings API."""

    server: Server
    url: str
    room: Room

    async def token(self, name: str) -> str:
        """What the page gets for somebody who joins."""
        ticket = await self.server.meeting.join(self.room.meeting_code, None, name)
        return str(getattr(ticket, "token"))  # noqa: B009 - a Ticket: nobody waits in this room

    async def sessions(self) -> list[Session]:
        room_id = self.room.id
        return await self.server.context.database.read(lambda connection: sessions.list_sessions(connection, room_id))


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = Settings(data_dir=tmp_path, port=port, udp_ports=(0,), tcp_port=0, advertise_ip=("127.0.0.1",))
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(listener)
        server = await stack.enter_async_context(running(settings))
        context = server.context
        room = await ensure_demo_room(context.database, tmp_path, context.clock.now())
        config = uvicorn.Config(server.app, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False)
        http = uvicorn.Server(config)
        http.config.load()
        async with asyncio.TaskGroup() as tasks:
            # Without the signal handlers that uvicorn's own entry point would install.
            serve = tasks.create_task(http._serve(sockets=[listener]))
            await eventually(lambda: http.started)
            yield Whole(server, f"ws://127.0.0.1:{port}", room)
            await server.drain()
            http.should_exit = True
            await serve


@pytest.fixture
async def livekit(whole: Whole) -> AsyncIterator[api.LiveKitAPI]:
    secrets = whole.server.context.secrets
    async with api.LiveKitAPI(whole.url, secrets.livekit_api_key, secrets.livekit_api_secret) as client:
        yield client


async def test_who_is_removed_cannot_come_back_with_the_same_token(whole: Whole, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (ada, again):
        token = await whole.token("Ada")
        await ada.join(whole.url, token)
        identity = ada.room.local_participant.identity

        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=whole.room.id, identity=identity))

        await eventually(lambda: ada.saw("disconnected"))
        assert ada.saw("disconnected") == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
        with pytest.raises(rtc.ConnectError, match="removed"):
            await again.join(whole.url, token)


async def test_deleting_the_room_ends_the_session_and_the_room_stays_open(
    whole: Whole, livekit: api.LiveKitAPI
) -> None:
    async with python_clients(2) as (ada, bob):
        await ada.join(whole.url, await whole.token("Ada"))
        await eventually(whole.sessions)

        await livekit.room.delete_room(api.DeleteRoomRequest(room=whole.room.id))

        async def ended() -> bool:
            return [session.ended_at is not None for session in await whole.sessions()] == [True]

        await eventually(lambda: ada.saw("disconnected"))
        await eventually(ended)
        await bob.join(whole.url, await whole.token("Bob"))
        await eventually(lambda: whole.server.meeting.lookup(whole.room.meeting_code, None))


async def test_a_created_room_lets_nobody_in_whom_the_meeting_does_not(whole: Whole, livekit: api.LiveKitAPI) -> None:
    secrets = whole.server.context.secrets
    await livekit.room.create_room(api.CreateRoomRequest(name="a room of my own"))
    grants = api.VideoGrants(room_join=True, room="a room of my own")
    token = api.AccessToken(secrets.livekit_api_key, secrets.livekit_api_secret)
    async with python_clients(1) as (eve,):
        with pytest.raises(rtc.ConnectError, match="unknown_meeting"):
            await eve.join(whole.url, token.with_identity("eve").with_grants(grants).to_jwt())
