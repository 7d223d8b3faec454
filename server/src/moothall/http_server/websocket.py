"""One WebSocket connection: uvicorn's protocol on websockets, with limits on frames.

The readers of messages limit messages. Here every frame counts, including fragments, pings and
pongs, because each costs CPU time. A client over the limit is closed with 1008, one that sends
invalid UTF-8 with 1007. While a client does not read, nothing is read from it.
"""

import time
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from moothall.http_server import limits
from moothall.http_server.clients import Clients
from moothall.kit.rate_limit import RateLimit

_REFUSED = 400


class _Frames(ServerProtocol):
    """The library's frame parser, with a rate limit."""

    is_secure = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rate_limit = RateLimit(per_second=limits.MAX_FRAMES_PER_SECOND, burst=limits.MAX_FRAME_BURST)
        self._fragments = 0
        self._has_too_many = False

    def accept(self, request: Request) -> Response:
        response = super().accept(request)
        if response.status_code >= _REFUSED and self.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._fragments = 0 if frame.fin else self._fragments + 1
        if self._fragments >= limits.MAX_FRAGMENTS or not self._rate_limit.take(time.monotonic()):
            self._has_too_many = True
            raise ProtocolError("too many frames")
        super().recv_frame(frame)

    def fail(self, code: int, reason: str = "") -> None:
        super().fail(CloseCode.POLICY_VIOLATION if self._has_too_many else code, reason)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """See the top of this file."""

    conn: _Frames

    def __init__(self, *, clients: Clients, **options: Any) -> None:
        super().__init__(**options)
        self._clients = clients
        self._closing_since: float | None = None
        self._lingers = False
        self.conn = _Frames(extensions=self.conn.available_extensions, max_size=self.config.ws_max_size)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.conn.is_secure = self.scheme == "wss"
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._lingers:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Send the reason, and close after a delay, because the client may still be sending."""
        close = self.conn.close_sent
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": close.code if close else CloseCode.ABNORMAL_CLOSURE}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._lingers = True
        self.read_paused = False
        self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(limits.LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_on()

    async def receive(self) -> Any:
        message = await self.queue.get()
        self._read_on()
        return message

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "text is not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def give_way(self) -> None:
        """Close the connection to make room for others."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Abort the connection of a client that does not read the rest after the end."""
        if not self.transport.is_closing():
            self._closing_since = None
        elif self._closing_since is None:
            self._closing_since = now
        elif now > self._closing_since + limits.CLOSE_SECONDS:
            self.transport.abort()

    def _read_on(self) -> None:
        if self.read_paused and self.queue.empty() and self.writable.is_set() and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()
