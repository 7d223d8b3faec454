"""Limits of connections, on real sockets and a clock that only the test moves."""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from support.waiting import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from moothall.http_server import limits
from moothall.http_server.clients import Clients
from moothall.http_server.server import HttpServer, max_waiting_connections

LARGE = b"x" * 4_000_000


@dataclass
class Http:
    """A server in this loop.

    ``gate``: what the endpoint waits for. ``bodies``: what endpoints have read.
    """

    server: HttpServer
    port: int
    gate: asyncio.Event
    bodies: list[bytes | None]
    headers: list[list[tuple[str, str]]]
    heard: list[str | bytes]
    connected: list["Client"]

    async def client(self) -> "Client":
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=10_000_000))
        self.connected.append(client)
        return client

    def later(self, seconds: float) -> None:
        """Let the time for clients pass."""
        self.clients.check(asyncio.get_running_loop().time() + seconds)

    @property
    def clients(self) -> Clients:
        return self.server._clients

    @property
    def waiting(self) -> int:
        return len(self.clients._waiting)


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """The next answer, which has a Content-Length."""
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    async def ends(self) -> bool:
        """Return whether the server closes without another byte."""
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                return await self.reader.read(1) == b""
        return True


@pytest.fixture
async def http() -> AsyncIterator[Http]:  # noqa: C901 - small endpoints
    gate, bodies, headers, heard = asyncio.Event(), [], [], []
    gate.set()

    async def read(request: Request) -> Response:
        try:
            bodies.append(await request.body())
        except ClientDisconnect:
            bodies.append(None)
            raise
        headers.append(request.headers.items())
        await gate.wait()
        return PlainTextResponse("ok")

    async def unread(_request: Request) -> Response:
        await gate.wait()
        return PlainTextResponse("ok")

    async def large(_request: Request) -> Response:
        return Response(LARGE * 8)

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                heard.append(message.get("text") or message.get("bytes") or b"")
                if heard[-1] == "talk":
                    await socket.send_bytes(LARGE)

    app = Starlette(
        routes=[
            Route("/read", read, methods=["GET", "POST"]),
            Route("/unread", unread, methods=["GET", "POST"]),
            Route("/large", large),
            WebSocketRoute("/listen", listen),
        ]
    )
    config = uvicorn.Config(
        app, http="httptools", ws="websockets-sansio", ws_max_size=1_000_000, ws_per_message_deflate=False,
        lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    ready = asyncio.Event()

    async def drain() -> None:
        gate.set()

    running = HttpServer(config, on_ready=ready.set, drain=drain, trusted_proxies=["10.0.0.0/8"])
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.serve(sockets=[listener]))
        await ready.wait()
        made = Http(running, listener.getsockname()[1], gate, bodies, headers, heard, [])
        yield made
        for client in made.connected:
            client.writer.close()
            with suppress(ConnectionError):
                await client.writer.wait_closed()
        running.should_exit = True


GET = b"GET /read HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /read HTTP/1.1\r\nHost: x\r\n"


async def test_who_says_nothing_is_closed_without_an_answer(http: Http) -> None:
    client = await http.client()
    await eventually(lambda: http.waiting == 1)

    http.later(limits.HEAD_SECONDS - 1)
    assert http.waiting == 1
    http.later(limits.HEAD_SECONDS + 2)

    assert await client.ends()


@pytest.mark.parametrize("beginning", [b"G", GET, GET + b"x: y", GET + b"Content-Length: 5\r\n"])
async def test_half_a_head_is_answered_408(http: Http, beginning: bytes) -> None:
    client = await http.client()
    await client.send(beginning)
    await eventually(lambda: any(connection._head_bytes for connection in http.clients._waiting))

    http.later(limits.HEAD_SECONDS + 2)

    status, body = await client.answer()
    assert status == 408
    assert json.loads(body)["name"] == "RequestTimeoutError"
    assert await client.ends()


async def test_a_head_in_pieces_is_as_good_as_one_in_one_piece(http: Http) -> None:
    client = await http.client()
    for byte in GET + b"\r\n" + POST + b"Content-Length: 3\r\n\r\nabc":
        client.writer.write(bytes([byte]))
        await client.writer.drain()

    assert await client.answer() == (200, b"ok")
    assert await client.answer() == (200, b"ok")
    assert http.bodies == [b"", b"abc"]


@pytest.mark.parametrize("headers", [b"Content-Length: 100000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n64\r\n"])
async def test_half_a_body_is_answered_408_and_its_endpoint_is_told(http: Http, headers: bytes) -> None:
    client = await http.client()
    await client.send(POST + headers + b"x")
    await eventually(lambda: any(connection._body_bytes for connection in http.clients._waiting))

    http.later(limits.BODY_SECONDS - 1)
    assert http.bodies == []
    http.later(limits.BODY_SECONDS + 2)

    assert (await client.answer())[0] == 408
    await eventually(lambda: http.bodies == [None])
    assert await client.ends()


async def test_a_large_body_over_a_slow_line_has_the_time_it_needs(http: Http) -> None:
    client = await http.client()
    sent = 100 * limits.MIN_BODY_BYTES_PER_SECOND
    await client.send(POST + b"Content-Length: %d\r\n\r\n" % (sent + 1) + b"x" * sent)
    await eventually(lambda: any(connection._body_bytes == sent for connection in http.clients._waiting))

    http.later(limits.BODY_SECONDS + 95)
    await client.send(b"y")

    assert await client.answer() == (200, b"ok")


async def test_an_endpoint_may_take_as_long_as_it_needs(http: Http) -> None:
    http.gate.clear()
    client = await http.client()
    await client.send(GET + b"\r\n")
    await eventually(lambda: len(http.bodies) == 1)

    http.later(3_600)
    assert http.waiting == 0
    http.gate.set()

    assert await client.answer() == (200, b"ok")


async def test_a_connection_that_is_kept_alive_ends_when_nothing_comes(http: Http) -> None:
    client = await http.client()
    await client.send(GET + b"\r\n")
    assert await client.answer() == (200, b"ok")

    http.later(limits.KEEP_ALIVE_SECONDS + 2)

    assert await client.ends()


async def test_who_takes_nothing_of_an_answer_is_cut_off(http: Http) -> None:
    client = await http.client()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await client.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await eventually(lambda: any(one.flow.write_paused for one in http.clients._waiting))

    http.later(limits.WRITE_STALL_SECONDS + 2)
    http.later(2 * limits.WRITE_STALL_SECONDS + 4)

    await eventually(lambda: not http.clients._all)


async def test_sixteen_requests_may_wait_and_the_rest_is_refused_after_their_answers(http: Http) -> None:
    http.gate.clear()
    client = await http.client()
    await client.send((GET + b"\r\n") * 500)
    await eventually(lambda: len(http.bodies) == 1)
    http.gate.set()

    statuses = [(await client.answer())[0] for _ in range(limits.MAX_PIPELINED + 2)]

    assert statuses == [200] * (limits.MAX_PIPELINED + 1) + [400]
    assert len(http.bodies) == limits.MAX_PIPELINED + 1
    assert await client.ends()


async def test_requests_within_the_limit_are_answered_in_order(http: Http) -> None:
    client = await http.client()
    await client.send((POST + b"Content-Length: 1\r\n\r\na" + GET + b"\r\n") * 8)

    assert [await client.answer() for _ in range(16)] == [(200, b"ok")] * 16
    assert http.bodies == [b"a", b""] * 8


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (GET + b"".join(b"x-%d: y\r\n" % number for number in range(99)), 200),
        (GET + b"".join(b"x-%d: y\r\n" % number for number in range(100)), 431),
        (GET + b"x: " + b"y" * 95_000 + b"\r\n", 200),
        (GET + b"x: " + b"y" * 98_400 + b"\r\n", 431),
        (b"GET /read?" + b"q" * 65_000 + b" HTTP/1.1\r\nHost: x\r\n", 200),
        (b"GET /" + b"p" * limits.MAX_PATH_BYTES + b" HTTP/1.1\r\nHost: x\r\n", 414),
        (b"GET / HTTP/9.9\r\nHost: x\r\n", 400),
        (GET + b"x: a\0b\r\n", 400),
    ],
)
async def test_limits_of_a_head(http: Http, head: bytes, status: int) -> None:
    client = await http.client()
    await client.send(head + b"\r\n")

    assert (await client.answer())[0] == status


async def test_trailers_are_read_and_are_no_headers(http: Http) -> None:
    client = await http.client()
    await client.send(
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nAuthorization: x\r\n\r\n" + GET + b"\r\n"
    )

    assert [await client.answer() for _ in range(2)] == [(200, b"ok")] * 2
    assert "authorization" not in dict(http.headers[0])


async def test_trailers_over_the_limit_are_refused(http: Http) -> None:
    client = await http.client()
    trailers = b"".join(b"x-%03d: %s\r\n" % (number, b"y" * 90) for number in range(100))
    await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + trailers)

    assert (await client.answer())[0] == 431
    assert await client.ends()


async def test_a_body_nobody_needs_is_not_read_for_ever(http: Http) -> None:
    client = await http.client()
    await client.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 10)
    assert await client.answer() == (200, b"ok")

    http.later(limits.DISCARD_SECONDS + 2)

    assert await client.ends()


async def test_a_body_nobody_needs_may_end_and_the_next_request_follows(http: Http) -> None:
    client = await http.client()
    await client.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert await client.answer() == (200, b"ok")
    await client.send(b"x" * 100_000 + GET + b"\r\n")

    assert await client.answer() == (200, b"ok")


async def test_a_websocket_cannot_begin_behind_a_request(http: Http) -> None:
    http.gate.clear()
    client = await http.client()
    upgrade = b"GET /listen HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    await client.send(GET + b"\r\n" + upgrade)
    await eventually(lambda: len(http.bodies) == 1)
    http.gate.set()

    assert [(await client.answer())[0] for _ in range(2)] == [200, 400]


async def test_another_upgrade_is_answered_as_if_it_were_none(http: Http, caplog: pytest.LogCaptureFixture) -> None:
    client = await http.client()
    await client.send(GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")

    assert await client.answer() == (200, b"ok")
    assert not caplog.records


async def test_garbage_is_not_worth_a_line_in_the_log(http: Http, caplog: pytest.LogCaptureFixture) -> None:
    client = await http.client()
    await client.send(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")

    assert (await client.answer())[0] == 400
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# ---- Who gives way -------------------------------------------------------------------------------


class Silent:
    def __init__(self) -> None:
        self.is_open = True

    def give_way(self) -> None:
        self.is_open = False

    def check(self, now: float) -> None:
        pass


def test_the_one_that_has_waited_longest_gives_way() -> None:
    clients = Clients(max_waiting=100, is_trusted=lambda _: False)
    crowd = [Silent() for _ in range(150)]
    for number, one in enumerate(crowd):
        clients.waits(one, clients.network(f"198.51.100.{number}"))

    assert [one.is_open for one in crowd] == [False] * 50 + [True] * 100


@pytest.mark.parametrize(
    ("addresses", "stay"),
    [
        (["198.51.100.1"] * 60, 25),
        ([f"2001:db8:1:2::{number:x}" for number in range(60)], 25),
        ([f"2001:db8:1:{number:x}::1" for number in range(60)], 60),
        (["10.0.0.1"] * 60, 60),
    ],
)
def test_a_network_has_a_share_and_a_trusted_proxy_needs_none(addresses: list[str], stay: int) -> None:
    clients = Clients(max_waiting=100, is_trusted={"10.0.0.1"}.__contains__)
    somebody = Silent()
    clients.waits(somebody, clients.network("203.0.113.7"))
    crowd = [Silent() for _ in addresses]
    for one, address in zip(crowd, addresses, strict=True):
        clients.waits(one, clients.network(address))

    assert sum(one.is_open for one in crowd) == stay
    assert somebody.is_open


def test_who_does_not_wait_does_not_give_way_and_nothing_is_kept() -> None:
    clients = Clients(max_waiting=2, is_trusted=lambda _: False)
    busy = [Silent() for _ in range(10)]
    for one in busy:
        clients.waits(one, "a")
        clients.stops_waiting(one)

    assert all(one.is_open for one in busy)
    assert not clients.close_oldest()
    assert (len(clients._waiting), len(clients._of_network)) == (0, 0)


@pytest.mark.parametrize(("files", "waiting"), [(64, 64), (1_024, 256), (4_096, 1_024), (1_048_576, 4_096)])
def test_how_many_may_wait_follows_from_the_files_there_are(files: int, waiting: int) -> None:
    assert max_waiting_connections(files) == waiting


# ---- WebSockets ----------------------------------------------------------------------------------


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


@asynccontextmanager
async def listener(http: Http) -> AsyncIterator[Client]:
    client = await http.client()
    await client.send(
        b"GET /listen HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await client.answer())[0] == 101
    yield client


async def close_code(client: Client) -> int:
    """Skips what else the server sends."""
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            received = await client.reader.read(-1)
            at = received.rindex(b"\x88")
            return int(struct.unpack_from("!H", received, at + 2)[0])
    raise AssertionError("no close frame")


@pytest.mark.parametrize(
    "flood",
    [
        frame(Opcode.TEXT, b"", fin=False) + frame(Opcode.CONT, b"", fin=False) * 20_000,
        frame(Opcode.PING) * 20_000,
        frame(Opcode.PONG, b"x") * 20_000,
        (frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.PING) + frame(Opcode.CONT, b"b")) * 7_000,
    ],
)
async def test_every_frame_counts(http: Http, flood: bytes) -> None:
    async with listener(http) as client:
        await client.send(flood)

        assert await close_code(client) == 1008
        assert len(http.heard) <= limits.MAX_FRAME_BURST


async def test_a_message_in_as_many_pieces_as_clients_write_is_heard(http: Http) -> None:
    async with listener(http) as client:
        pieces = [frame(Opcode.CONT, b"x" * 4_000, fin=False) for _ in range(200)]
        await client.send(frame(Opcode.BINARY, b"", fin=False) + b"".join(pieces) + frame(Opcode.CONT, b"end"))
        await eventually(lambda: http.heard == [b"x" * 800_000 + b"end"])


async def test_a_message_that_is_too_large_is_closed_with_1009(http: Http) -> None:
    async with listener(http) as client:
        for _ in range(3):
            await client.send(frame(Opcode.CONT if _ else Opcode.BINARY, b"x" * 400_000, fin=False))

        assert await close_code(client) == 1009


# Masks of frames are random, so the cases have names of their own.
@pytest.mark.parametrize(
    "frames",
    [
        frame(Opcode.TEXT, b"\xff"),
        frame(Opcode.TEXT, b"\xed\xa0\x80"),
        frame(Opcode.TEXT, b"\xc3", fin=False) + frame(Opcode.CONT, b"("),
    ],
    ids=["never a byte of UTF-8", "a surrogate", "cut short between two frames"],
)
async def test_text_that_is_not_utf8_is_closed_with_1007_and_no_traceback(
    http: Http, caplog: pytest.LogCaptureFixture, frames: bytes
) -> None:
    async with listener(http) as client:
        await client.send(frames)

        assert await close_code(client) == 1007
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert http.heard == []


async def test_text_of_several_pieces_may_be_cut_anywhere(http: Http) -> None:
    async with listener(http) as client:
        await client.send(frame(Opcode.TEXT, b"\xc3", fin=False) + frame(Opcode.CONT, b"\xa9"))
        await eventually(lambda: http.heard == ["é"])


@pytest.mark.parametrize(
    "bad",
    [b"\xf8\x80", b"\x81\x01a", b"\x88\x81aaaaa", frame(Opcode.CONT, b"x")],
    ids=["reserved bits", "no mask", "a close code of one byte", "a continuation of nothing"],
)
async def test_what_is_no_frame_ends_the_connection_without_a_traceback(
    http: Http, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    async with listener(http) as client:
        await client.send(bad + b"more" * 100)

        assert await close_code(client) == 1002
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_from_a_client_that_does_not_read_nothing_is_read(http: Http) -> None:
    async with listener(http) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(frame(Opcode.TEXT, b"talk"))
        await eventually(lambda: any(not one.writable.is_set() for one in http.server.server_state.connections))
        (connection,) = http.server.server_state.connections
        assert connection.read_paused
        client.reader._transport.resume_reading()  # type: ignore[attr-defined]

        await client.reader.readexactly(len(LARGE))
        await client.send(frame(Opcode.TEXT, b"again"))
        await eventually(lambda: http.heard == ["talk", "again"])


async def test_an_ordinary_client_notices_nothing(http: Http) -> None:
    async with connect(f"ws://127.0.0.1:{http.port}/listen") as client:
        for number in range(300):
            await client.send(f"message {number}")
        await (await client.ping())
        await eventually(lambda: len(http.heard) == 300)
        await client.send("x" * 1_500_000)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
