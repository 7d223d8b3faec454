"""The sending half of one WebSocket: a bounded queue between a room, which never waits, and a client, which may be slow."""

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from moothall.signalling import limits
from moothall.signalling.codec import encode_response
from moothall.signalling.messages import Response


@dataclass(frozen=True, slots=True)
class _Close:
    code: int


class Connection:
    """Belongs to the task of its WebSocket; ``send`` and ``close`` may be called by anybody on the same loop."""

    def __init__(self) -> None:
        self.as_json = False
        # Written by the reading half: the browser closed because its page is being left.
        self.going_away = False
        self.too_slow = False
        # Set when nothing more will be written: closed in good order, or given up.
        self.finished = asyncio.Event()
        self._closing = False
        self._queue: asyncio.Queue[bytes | str | _Close] = asyncio.Queue(limits.MAX_PENDING_MESSAGES + 1)

    def send(self, response: Response) -> None:
        self.send_frame(encode_response(response, as_json=self.as_json))

    def send_frame(self, frame: bytes | str) -> None:
        """Queue one message. A client that lets more than MAX_PENDING_MESSAGES wait is cut off: it resumes with the whole state."""
        if self._closing:
            return
        if self._queue.qsize() >= limits.MAX_PENDING_MESSAGES:
            self.too_slow = True
            self._closing = True
            self.finished.set()
            return
        self._queue.put_nowait(frame)

    def close(self, code: int) -> None:
        """Close once everything queued is written."""
        if not self._closing:
            self._closing = True
            self._queue.put_nowait(_Close(code))

    async def write_to(self, socket: WebSocket) -> None:
        """Write what is queued, until closed or the client is gone."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                frame = await self._queue.get()
                if isinstance(frame, _Close):
                    await socket.close(frame.code)
                    break
                if isinstance(frame, bytes):
                    await socket.send_bytes(frame)
                else:
                    await socket.send_text(frame)
        self._closing = True
        self.finished.set()
