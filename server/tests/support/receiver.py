"""A callback receiver on loopback whose every answer is up to the test.

Speaks raw HTTP/1.1, so that it can also misbehave.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

_GOODBYE = "Content-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def status(code: int, *fields: str) -> Answer:
    """Answer with this status and these header lines."""

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        lines = "".join(f"{line}\r\n" for line in fields)
        writer.write(f"HTTP/1.1 {code} Whatever\r\n{lines}{_GOODBYE}".encode())
        await writer.drain()

    return answer


def raw(data: bytes) -> Answer:
    """Answer with exactly these bytes."""

    async def answer(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


async def hang(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Never answer; ends when the caller hangs up."""
    await writer.wait_closed()


@dataclass
class Receiver:
    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    answer: Answer = field(default_factory=lambda: status(200))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def wait_for(self, count: int) -> None:
        """Until this many requests have come."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.received) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Received(head[0].split(" ")[1], headers, body)
            async with self._changed:
                self.received.append(request)
                self._changed.notify_all()
            await self.answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            del self._open[task]

    async def hang_up(self) -> None:
        """Break every connection and wait until nothing serves them any more."""
        tasks = list(self._open)
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    listening = Receiver()
    server = await asyncio.start_server(listening.serve, "127.0.0.1", 0)
    listening.port = server.sockets[0].getsockname()[1]
    try:
        yield listening
    finally:
        server.close()
        await listening.hang_up()
        await server.wait_closed()
