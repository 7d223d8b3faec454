"""One HTTP connection: uvicorn's protocol on httptools, with limits on size and slowness.

llhttp and uvicorn's protocol buffer a request head without bound and without a deadline. This class
counts bytes and seconds; when a limit of ``limits`` is exceeded, it answers 400, 408, 414 or 431
and closes the connection. ``Clients.check`` checks deadlines once a second, which is cheaper than a
timer per request.
"""

import json
from functools import partial
from typing import Any

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from moothall.http_server import limits
from moothall.http_server.clients import Clients
from moothall.http_server.websocket import WebSocketProtocol

_NAMES = {
    400: "BadRequestError",
    408: "RequestTimeoutError",
    414: "UriTooLongError",
    431: "RequestHeaderFieldsTooLargeError",
}
_REFUSAL_HEADERS = (
    b"content-type: application/json\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
    b"content-security-policy: default-src 'none'; frame-ancestors 'none'\r\nreferrer-policy: no-referrer\r\n"
)
_STRICT_TRANSPORT = b"strict-transport-security: max-age=31536000\r\n"


class _Refused(Exception):
    """The client has exceeded a limit; raised inside the parser's callbacks."""


class HttpProtocol(HttpToolsProtocol):
    """See the top of this file."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], clients: Clients) -> None:
        super().__init__(config, server_state, app_state)
        self.ws_protocol_class = partial(WebSocketProtocol, clients=clients)  # type: ignore[assignment]
        self._clients = clients
        self._network = ""
        self._deadline = 0.0
        # True while the next byte belongs to a head, and the number of bytes of that head so far.
        self._in_head = True
        self._head_bytes = 0
        self._fields_bytes = 0
        self._trailer_bytes = 0
        # Bytes of the body with its framing, and without it.
        self._sent_bytes = 0
        self._body_bytes = 0
        # The refusal to send after the answers to all earlier requests.
        self._refusal: tuple[int, str] | None = None
        self._lingers = False
        self._unwritten = 0

    # ---- The transport ------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._clients.add(self)
        self._network = self._clients.network(self.client[0] if self.client else "")
        self._deadline = self._clients.now + limits.HEAD_SECONDS
        self._clients.waits(self, self._network)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingers or self._refusal is not None:
            return
        in_head = self._in_head
        if in_head:
            if not self._head_bytes and not self._is_answering:
                self._deadline = self._clients.now + limits.HEAD_SECONDS
            self._head_bytes += len(data)
        else:
            self._sent_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserError:
            self._refuse(*(self._refusal or (400, "This is not a valid HTTP request")))
            return
        if in_head and self._in_head:
            if self._head_bytes > limits.MAX_HEAD_BYTES:
                self._refuse(431, f"The request line and headers are larger than {limits.MAX_HEAD_BYTES} bytes")
        elif not in_head and not self._in_head:
            self._check_body()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unwritten = self.transport.get_write_buffer_size()
        self._deadline = self._clients.now + limits.WRITE_STALL_SECONDS
        self._clients.waits(self, self._network)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_answering and not self._in_body:
            self._clients.stops_waiting(self)

    # ---- The parser ------------------------------

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= limits.MAX_PIPELINED:
            self._stop(400, f"More than {limits.MAX_PIPELINED} requests wait for their answers")
        super().on_message_begin()
        self._fields_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_fields(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            # Trailers are dropped: the headers must not change after they have been checked.
            self._trailer_bytes += len(name) + len(value)
            if self._trailer_bytes > limits.MAX_TRAILER_BYTES:
                self._stop(431, f"The trailers are larger than {limits.MAX_TRAILER_BYTES} bytes")
            return
        self._count_fields(len(name) + len(value) + 4)
        if len(self.headers) >= limits.MAX_HEADERS:
            self._stop(431, f"The request has more than {limits.MAX_HEADERS} headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.url.partition(b"?")[0]) > limits.MAX_PATH_BYTES:
            self._stop(414, f"The path is longer than {limits.MAX_PATH_BYTES} bytes")
        self._in_head = False
        self._sent_bytes = self._body_bytes = self._trailer_bytes = 0
        self._deadline = self._clients.now + limits.BODY_SECONDS
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._clients.stops_waiting(self)
        super().on_message_complete()
        if self.cycle is not None and self.cycle.response_complete:
            self._is_idle()

    # ---- Answers ------------------------------

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._refusal is not None:
            self._answer_refusal()
        elif self._in_body:
            # The answer did not need the rest of the body.
            self._sent_bytes = 0
            self._deadline = self._clients.now + limits.DISCARD_SECONDS
        else:
            self._is_idle()

    def give_way(self) -> None:
        """Close the connection to make room for others."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Close if the client is too slow."""
        if now <= self._deadline:
            return
        if self.transport.is_closing() or self._lingers:
            if self._deadline and now > self._deadline + limits.CLOSE_SECONDS:
                self.transport.abort()
            elif self._lingers:
                self.transport.close()
        elif self.flow.write_paused:
            self._check_writing(now)
        elif self._in_body:
            self._check_body_time(now)
        elif not self._is_answering:
            if self._head_bytes:
                self._refuse(408, f"The request did not arrive within {limits.HEAD_SECONDS:.0f} seconds")
            else:
                self.transport.close()

    # ---- Inside ------------------------------

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _in_body(self) -> bool:
        return not self._in_head

    def _is_idle(self) -> None:
        seconds = limits.HEAD_SECONDS if self._head_bytes else limits.KEEP_ALIVE_SECONDS
        self._deadline = self._clients.now + seconds
        self._clients.waits(self, self._network)

    def _count_fields(self, size: int) -> None:
        self._fields_bytes += size
        if self._fields_bytes > limits.MAX_HEAD_BYTES:
            self._stop(431, f"The request line and headers are larger than {limits.MAX_HEAD_BYTES} bytes")

    def _check_body(self) -> None:
        framing = self._sent_bytes - self._body_bytes
        if not self._is_answering:
            if self._sent_bytes > limits.MAX_DISCARDED_BYTES:
                self._linger()
        elif framing > limits.MAX_FRAMING_BYTES + limits.MAX_FRAMING_PER_BODY_BYTE * self._body_bytes:
            self._refuse(400, "The chunk headers and trailers of the request body are too large")

    def _check_body_time(self, now: float) -> None:
        if not self._is_answering:
            self._linger()
        elif self.flow.read_paused:
            # The server must act, not the client.
            self._deadline = now + limits.BODY_SECONDS
        elif now > self._deadline + self._body_bytes / limits.MIN_BODY_BYTES_PER_SECOND:
            self._refuse(408, "The request body arrived too slowly")

    def _check_writing(self, now: float) -> None:
        unwritten = self.transport.get_write_buffer_size()
        if unwritten >= self._unwritten:
            self.transport.abort()
        self._unwritten = unwritten
        self._deadline = now + limits.WRITE_STALL_SECONDS

    def _stop(self, status: int, message: str) -> None:
        """Stop the parser."""
        self._refusal = (status, message)
        raise _Refused

    def _refuse(self, status: int, message: str) -> None:
        """Send this refusal after pending answers, read nothing more, and close."""
        self._refusal = (status, message)
        if self._in_body and self._is_answering and not self.pipeline and not self.cycle.response_started:
            # The request being served has failed: its endpoint waits for a body that never arrives.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._answer_refusal()
        elif not self._is_answering:
            self._answer_refusal()
        elif self._in_body and not self.pipeline:
            self.transport.abort()
        else:
            self.flow.pause_reading()

    def _answer_refusal(self) -> None:
        assert self._refusal is not None  # noqa: S101 - callers have set it
        status, message = self._refusal
        body = json.dumps({"message": message, "name": _NAMES[status], "status": status}).encode()
        parts = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            parts += [name, b": ", value, b"\r\n"]
        parts.append(_REFUSAL_HEADERS)
        if self.scheme == "https":
            parts.append(_STRICT_TRANSPORT)
        parts.append(b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
        self.transport.write(b"".join(parts))
        self._linger()

    def _linger(self) -> None:
        """Close after a delay (RFC 9112 section 9.6).

        A client that is still sending would lose the answer if we closed at once.
        """
        self._lingers = True
        self._deadline = self._clients.now + limits.LINGER_SECONDS
        self._clients.waits(self, self._network)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _upgrade(self) -> None:
        if not self._should_upgrade():
            # The request is answered as if it did not ask for that (RFC 9110 section 7.8).
            return
        if self._is_answering:
            self._in_head = True
            self._refuse(400, "A WebSocket cannot start before all earlier requests are answered")
            return
        self._clients.remove(self)
        self.handle_websocket_upgrade()
