"""The HTTP server: uvicorn with our protocols, bounded in connections, handshakes and files."""

import asyncio
import contextlib
import ipaddress
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import uvicorn

from moothall.http_server import limits
from moothall.http_server.clients import Clients
from moothall.http_server.protocol import HttpProtocol

_CHECK_SECONDS = 1.0
# The number of connections accepted at once before other work runs.
_ACCEPTED_AT_ONCE = 64
_ACCEPT_AGAIN_SECONDS = 0.1


def raise_file_limit() -> int:
    """Raise the soft limit on open files to the hard limit, and return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, limits.MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # The system may have a lower limit of its own.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return limits.MAX_OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def max_waiting_connections(files: int) -> int:
    """Return the bound on waiting connections for this limit on open files."""
    share = files // limits.FILES_PER_WAITING_CONNECTION
    return max(limits.MIN_WAITING_CONNECTIONS, min(share, limits.MAX_WAITING_CONNECTIONS))


def _matcher(proxies: Sequence[str]) -> Callable[[str], bool]:
    """Return a predicate for addresses that are among these or in one of these networks."""
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def matches(address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(ip in network for network in networks)

    return matches


class HttpServer(uvicorn.Server):
    """Calls ``on_ready`` when requests are answered and ``drain`` before closing connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_ready: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
        trusted_proxies: Sequence[str],
    ) -> None:
        """``trusted_proxies``: addresses and networks of proxies that speak for many clients."""
        super().__init__(config)
        self._on_ready = on_ready
        self._drain = drain
        self._clients = Clients(
            max_waiting=max_waiting_connections(raise_file_limit()), is_trusted=_matcher(trusted_proxies)
        )
        self._checks: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        if not self.config.loaded:
            self.config.load()
        make = partial(HttpProtocol, self.config, self.server_state, {}, self._clients)
        self._clients.check(loop.time())
        self._check_later(loop)
        self.servers = []
        for listener in sockets or ():
            if self.config.ssl is None:
                self.servers.append(await loop.create_server(make, sock=listener, backlog=self.config.backlog))
            else:
                server = _TlsListener(loop, listener, make, self.config.ssl, self._clients)
                self.servers.append(server)  # type: ignore[arg-type] # closed and waited for, nothing else
        self.started = True
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        await super().shutdown(sockets)
        if self._checks is not None:
            self._checks.cancel()

    def _check_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._checks = loop.call_later(_CHECK_SECONDS, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._clients.check(loop.time())
        self._check_later(loop)


class _Handshake:
    """A connection before its TLS handshake is complete."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def give_way(self) -> None:
        # The transport that owns the socket by now sees the end.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def check(self, now: float) -> None:
        """Do nothing: the event loop has a timer for each handshake."""


class _TlsListener:
    """Accepts connections itself, because asyncio's listener hides those in the handshake."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        make: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        clients: Clients,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._make = make
        self._context = context
        self._clients = clients
        self._handshakes: set[asyncio.Task[None]] = set()
        self._is_open = True
        self._listen()

    def close(self) -> None:
        self._is_open = False
        self._loop.remove_reader(self._listener.fileno())
        for handshake in self._handshakes:
            handshake.cancel()

    async def wait_closed(self) -> None:
        if self._handshakes:
            await asyncio.wait(self._handshakes)

    def _listen(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # Probably no file descriptor is left: make room, and wait before the next attempt.
                self._clients.close_oldest()
                self._loop.remove_reader(self._listener.fileno())
                self._loop.call_later(_ACCEPT_AGAIN_SECONDS, self._listen)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._shake_hands(connection, str(address[0])))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, connection: socket.socket, address: str) -> None:
        handshake = _Handshake(connection)
        self._clients.waits(handshake, self._clients.network(address))
        try:
            await self._loop.connect_accepted_socket(
                self._make,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=limits.TLS_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=limits.CLOSE_SECONDS,
            )
        except OSError:
            # Not a TLS client, or too slow: includes ssl.SSLError and TimeoutError.
            connection.close()
        finally:
            self._clients.stops_waiting(handshake)
