"""A bad network on loopback: what goes between clients and the SFU passes through here.

The SFU listens on 127.0.0.1 and tells clients 127.0.0.2, where this relay takes UDP and TCP on the
same ports.
"""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import cast

OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"
# The queue of a router with a limited rate before it drops packets.
_QUEUE_SECONDS = 0.2
_BITS = 8


@dataclass
class Direction:
    """One way through the network. Change it at any time."""

    loss: float = 0.0
    """Shares of datagrams, from 0 to 1."""
    delay: float = 0.0
    """Seconds."""
    rate: float | None = None
    """Bits per second; None for no limit."""
    busy_until: float = 0.0


class BadNetwork(asyncio.DatagramProtocol):
    """``up`` is towards the SFU. One ``seed``, one pattern of losses for the same packets."""

    def __init__(self, udp_port: int, seed: int = 1) -> None:
        self.up, self.down = Direction(), Direction()
        self.udp_blocked = False
        self._udp_port = udp_port
        self._chance = random.Random(seed)  # noqa: S311 - the same losses in each run
        self._loop = asyncio.get_running_loop()
        self._outside: asyncio.DatagramTransport | None = None
        self._mappings: dict[tuple[str, int], _Mapping] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._outside = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """From a client."""
        mapping = self._mappings.get(addr)
        if mapping is None:
            mapping = self._mappings[addr] = _Mapping(self, addr, self._loop, self._udp_port)
        self._pass(self.up, data, mapping.send)

    def answered(self, client: tuple[str, int], data: bytes) -> None:
        """From the SFU."""
        self._pass(self.down, data, lambda data: self._send_outside(data, client))

    def _send_outside(self, data: bytes, client: tuple[str, int]) -> None:
        # Delayed datagrams may be due after the end.
        if self._outside is not None and not self._outside.is_closing():
            self._outside.sendto(data, client)

    def _pass(self, way: Direction, data: bytes, send: Callable[[bytes], None]) -> None:
        if self.udp_blocked or self._chance.random() < way.loss:
            return
        now = self._loop.time()
        wait = way.delay
        if way.rate is not None:
            begins = max(now, way.busy_until)
            if begins - now > _QUEUE_SECONDS:
                return
            way.busy_until = begins + len(data) * _BITS / way.rate
            wait += way.busy_until - now
        if wait > 0:
            self._loop.call_later(wait, send, data)
        else:
            send(data)

    def rebind(self) -> None:
        """Every client has another address from now on, as the SFU sees it.

        What is sent to the old one is lost.
        """
        for mapping in self._mappings.values():
            mapping.close()
        self._mappings.clear()

    def close(self) -> None:
        self.rebind()
        if self._outside is not None:
            self._outside.close()


class _Mapping:
    """A router's state for one address of a client: a socket to the SFU."""

    def __init__(
        self, network: BadNetwork, client: tuple[str, int], loop: asyncio.AbstractEventLoop, udp_port: int
    ) -> None:
        self._network, self._client, self._loop = network, client, loop
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # Not connected: the SFU answers from the address it was told clients ask at.
        self._socket.bind((INSIDE, 0))
        self._sfu = (INSIDE, udp_port)
        loop.add_reader(self._socket, self._read)

    def send(self, data: bytes) -> None:
        # Full, closed by now, or the SFU stopped before its clients: lost, as on any network.
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self._sfu)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._network.answered(self._client, self._socket.recv(65_536))

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()


@contextlib.asynccontextmanager
async def bad_network(udp_port: int, tcp_port: int) -> AsyncIterator[BadNetwork]:
    """Between clients and the SFU with these ports."""
    loop = asyncio.get_running_loop()
    _, network = await loop.create_datagram_endpoint(lambda: BadNetwork(udp_port), local_addr=(OUTSIDE, udp_port))

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside_reader, inside_writer = await asyncio.open_connection(INSIDE, tcp_port)
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(reader, inside_writer))
            both.create_task(_copy(inside_reader, writer))

    server = await asyncio.start_server(forward, OUTSIDE, tcp_port)
    try:
        yield network
    finally:
        server.close()
        network.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
