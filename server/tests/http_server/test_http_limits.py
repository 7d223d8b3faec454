"""Abuse of the HTTP port of a real process by unauthenticated clients, and its cost.

Memory is what the kernel says of the process; a bound on it is some times what the server needs,
and a small part of what the attack sends.
"""

import contextlib
import resource
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.process import make_certificate, server_process

from moothall.http_server import limits

MB = 1024 * 1024
MAX_GROWTH_MB = 48
PATIENCE = 60.0


@pytest.fixture(scope="module", autouse=True)
def _many_files() -> Iterator[None]:
    """A crowd needs more files than this process may have open by default.

    The server raises its own limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8_192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass
class Port:
    """The HTTP port of a process."""

    pid: int
    port: int
    context: ssl.SSLContext | None = None
    # The server limits requests by address, so each test calls from an address of its own: a crowd
    # in one test uses up nothing of another.
    address: str = "127.0.0.1"

    def connect(self) -> socket.socket:
        connection = self.raw()
        return self.context.wrap_socket(connection, server_hostname="localhost") if self.context else connection

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE, source_address=(self.address, 0))

    @property
    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024

    @property
    def files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def answers(self) -> bool:
        with self.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return read_all(connection).startswith(b"HTTP/1.1 200")

    @contextlib.contextmanager
    def keeps_its_memory(self, growth_mb: float = MAX_GROWTH_MB) -> Iterator[None]:
        """The most that the process has while the block runs."""
        before, peak, done = self.memory_mb, [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                peak[0] = max(peak[0], self.memory_mb)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
        assert peak[0] - before < growth_mb


def read_all(connection: socket.socket) -> bytes:
    """Return all bytes until the server closes."""
    received = bytearray()
    with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        while piece := connection.recv(65536):
            received += piece
    return bytes(received)


def send(connection: socket.socket, *pieces: bytes) -> None:
    """Send as much as the server takes."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        for piece in pieces:
            connection.sendall(piece)


def status_of(answer: bytes) -> int:
    assert answer, "no answer"
    return int(answer.split(b" ", 2)[1])


_ADDRESSES = (f"127.{high}.{low}.1" for high in range(1, 255) for low in range(1, 255))


@pytest.fixture(scope="module")
def plain_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    folder = tmp_path_factory.mktemp("plain")
    with server_process("--data-dir", str(folder), "--tcp-port", "off", "--udp-ports", "0") as server:
        yield Port(server.process.pid, int(server.host.rpartition(":")[2]))


@pytest.fixture
def plain(plain_process: Port) -> Port:
    return replace(plain_process, address=next(_ADDRESSES))


@pytest.fixture(scope="module")
def tls_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    folder = tmp_path_factory.mktemp("tls")
    made = make_certificate(folder)
    options = ("--tls-cert", str(made.certificate), "--tls-key", str(made.key))
    with server_process(
        "--data-dir", str(folder / "data"), "--tcp-port", "off", "--udp-ports", "0", *options
    ) as server:
        context = ssl.create_default_context(cafile=str(made.certificate))
        yield Port(server.process.pid, int(server.host.rpartition(":")[2]), context)


@pytest.fixture
def tls(tls_process: Port) -> Port:
    return replace(tls_process, address=next(_ADDRESSES))


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /page/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS: dict[str, tuple[bytes, bytes, int, set[int]]] = {
    "short headers": (GET, b"".join(b"x-%05d: a\r\n" % number for number in range(5_000)), 16 * MB, {431}),
    "headers without a value": (GET, b"a:\r\n" * 10_000, 16 * MB, {431}),
    "one header": (GET + b"x: ", b"a" * MB, 100 * MB, {431}),
    "the name of a header": (GET, b"a" * MB, 100 * MB, {431}),
    "a path": (b"GET /", b"a" * MB, 100 * MB, {431}),
    "a query": (b"GET /?", b"a" * MB, 100 * MB, {431}),
    "a WebSocket's query": (b"GET /rtc?", b"a" * MB, 100 * MB, {431}),
    "a folded header": (GET + b"x: a", b"\r\n a" * 10_000, 16 * MB, {400, 431}),
    "empty lines": (b"", b"\r\n" * 10_000, 16 * MB, {400, 431}),
    "a method": (b"", b"A" * MB, 16 * MB, {400}),
    "many trailers": (CHUNKED + b"0\r\n", b"".join(b"x-%05d: a\r\n" % n for n in range(5_000)), 16 * MB, {400, 431}),
    "one trailer": (CHUNKED + b"0\r\nx: ", b"a" * MB, 100 * MB, {400, 431}),
    "a chunk extension": (CHUNKED + b"5;", b"a" * MB, 100 * MB, {400}),
    "chunk extensions": (CHUNKED, b"1;a=b;c=ddddddddddddddddddddddddd\r\nx\r\n" * 1_000, 16 * MB, {400, 413}),
    "a chunk size": (CHUNKED, b"0" * MB, 16 * MB, {400}),
    "tiny chunks": (CHUNKED, b"1\r\nx\r\n" * 10_000, 16 * MB, {400, 413}),
    "a body": (POST + b"Content-Length: 1000000000\r\n\r\n", b"a" * MB, 100 * MB, {400, 413}),
    "a chunked body": (CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n", 100 * MB, {400, 413}),
    "a body nobody reads": (GET + b"Content-Length: 1000000000\r\n\r\n", b"a" * MB, 100 * MB, {200}),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_refused_and_costs_no_memory(plain: Port, name: str) -> None:
    begin, piece, size, statuses = ENDLESS[name]
    with plain.connect() as connection, plain.keeps_its_memory():
        reader = threading.Thread(target=send, args=(connection, begin, *[piece] * (size // len(piece))))
        reader.start()
        answer = read_all(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        reader.join()

    assert status_of(answer) in statuses
    assert plain.answers()


def test_answers_that_nobody_reads_wait_for_nobody(plain: Port) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000
    with contextlib.ExitStack() as stack, plain.keeps_its_memory():
        for _ in range(20):
            connection = stack.enter_context(plain.connect())
            connection.settimeout(0.2)
            with contextlib.suppress(TimeoutError, ConnectionError):
                for _ in range(50):
                    connection.sendall(request)

        assert plain.answers()


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", GET, POST + b"Content-Length: 5\r\n\r\nx"])
def test_a_crowd_that_does_not_go_on_keeps_nobody_out(plain: Port, beginning: bytes) -> None:
    with contextlib.ExitStack() as stack, plain.keeps_its_memory():
        for _ in range(1_200):
            connection = stack.enter_context(plain.connect())
            send(connection, beginning)

        assert plain.answers()


def test_a_crowd_without_a_handshake_keeps_nobody_out(tls: Port) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(1_200):
            connection = stack.enter_context(tls.raw())
            send(connection, b"\x16\x03\x01" if number % 2 else b"")

        assert tls.answers()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 70_000, b"\0" * 10_000])
def test_a_handshake_that_is_none_is_over_at_once(tls: Port, sent: bytes) -> None:
    with tls.raw() as connection:
        send(connection, sent)
        read_all(connection)

    assert tls.answers()


def test_the_process_may_open_as_many_files_as_the_system_allows(plain: Port) -> None:
    line = next(line for line in Path(f"/proc/{plain.pid}/limits").read_text().splitlines() if "open files" in line)
    soft, hard = line.split()[3:5]

    assert soft == hard or int(soft) == limits.MAX_OPEN_FILES


@pytest.mark.parametrize("request_line", [b"GET /nothing", b"GET /" + b"a" * 9_000, b"\0", b"GET /?x=%00"])
def test_every_answer_over_tls_asks_for_tls(tls: Port, request_line: bytes) -> None:
    with tls.connect() as connection:
        connection.sendall(request_line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = read_all(connection).lower()

    assert answer.count(b"strict-transport-security: max-age=31536000\r\n") == 1


def test_a_refused_websocket_over_tls_asks_for_tls_and_without_tls_does_not(tls: Port, plain: Port) -> None:
    head = b"GET /rtc?access_token=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    for port, told in ((tls, 1), (plain, 0)):
        for request in (head + b"\r\n", head + key + b"\r\n"):
            with port.connect() as connection:
                connection.sendall(request)
                answer = read_all(connection)

            assert 400 <= status_of(answer) < 500
            assert answer.lower().count(b"strict-transport-security:") == told
