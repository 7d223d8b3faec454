"""One participant in its own process, with the stock Python SDK.

Start it with `python attendant.py`; each JSON line on stdin is answered by one on stdout.

Ending the process drops a dead connection, whatever the client is doing with it.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# A client whose server is killed while it connects retries for 15 seconds.
_CONNECTS_WITHIN_S = 6.0
_LEAVES_WITHIN_S = 2.0


class AttendantGone(Exception):
    """The process has ended, or does not answer."""


class Attendant:
    """The test's side of the pipe."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def connect(self, url: str, token: str) -> None:
        """Connect. Raises AttendantGone when that fails or takes more than some seconds."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        await self._ask({"url": url, "token": token}, _CONNECTS_WITHIN_S)

    async def disconnect(self) -> None:
        """Leave the meeting. Raises AttendantGone."""
        await self._ask({}, _LEAVES_WITHIN_S)

    async def let_go(self) -> None:
        """Drop a dead connection, and the process when it is busy with the connection."""
        with suppress(AttendantGone):
            await self.disconnect()

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, question: dict[str, Any], within_s: float) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise AttendantGone("there is none")
        try:
            async with asyncio.timeout(within_s):
                process.stdin.write(json.dumps(question).encode() + b"\n")
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except (OSError, TimeoutError) as error:
            await self.kill()
            raise AttendantGone(repr(error)) from None
        if not answer:
            await self.kill()
        if answer != b'"done"\n':
            raise AttendantGone(answer.decode())


async def _attend(read: Callable[[], bytes]) -> None:
    from livekit import rtc  # noqa: PLC0415 - only here: it starts threads

    room = rtc.Room()
    while line := await asyncio.to_thread(read):
        question = json.loads(line)
        try:
            if question:
                room = rtc.Room()
                await room.connect(question["url"], question["token"])
            else:
                await room.disconnect()
            print('"done"', flush=True)
        except rtc.ConnectError as error:
            print(json.dumps(str(error)), flush=True)


if __name__ == "__main__":
    asyncio.run(_attend(sys.stdin.buffer.readline))
