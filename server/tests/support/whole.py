"""A whole server with its real engine, on a port of its own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from moothall.app import Server, running
from moothall.demo import ensure_demo_room
from moothall.rooms.model import Room
from moothall.sessions import service as sessions
from moothall.sessions.model import Session
from moothall.settings import Settings
from support.waiting import eventually


@dataclass
class Whole:
    """Everything of the server, with one room of the Meetings API."""

    server: Server
    url: str
    room: Room

    async def token(self, name: str) -> str:
        """Return the page's answer for a person who joins."""
        ticket = await self.server.meeting.entry.join(self.room.meeting_code, None, name)
        return str(getattr(ticket, "token"))  # noqa: B009 - a Ticket: nobody waits in this room

    async def sessions(self) -> list[Session]:
        room_id = self.room.id
        return await self.server.context.database.read(lambda connection: sessions.list_sessions(connection, room_id))


@asynccontextmanager
async def whole_server(folder: Path) -> AsyncIterator[Whole]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = Settings(data_dir=folder, port=port, udp_ports=(0,), tcp_port=0, advertise_ip=("127.0.0.1",))
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(listener)
        server = await stack.enter_async_context(running(settings))
        context = server.context
        room = await ensure_demo_room(context.database, folder, context.clock.now())
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
