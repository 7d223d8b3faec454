"""A STUN server that sees everybody at one address."""

import contextlib
import ipaddress
import socket
import struct
import threading
from collections.abc import Iterator

_MAGIC_COOKIE = 0x2112A442


def mapped_answer(transaction: bytes, ip: str, port: int) -> bytes:
    """The successful answer that says this, with a padded attribute before it."""
    software = struct.pack("!HH3sx", 0x8022, 3, b"abc")
    value = struct.pack("!xBHI", 1, port ^ (_MAGIC_COOKIE >> 16), int(ipaddress.IPv4Address(ip)) ^ _MAGIC_COOKIE)
    attributes = software + struct.pack("!HH", 0x0020, len(value)) + value
    return struct.pack("!HHI12s", 0x0101, len(attributes), _MAGIC_COOKIE, transaction) + attributes


@contextlib.contextmanager
def stun_server(address: tuple[str, int], *, deaf_to: int = 0) -> Iterator[str]:
    """Yield ``host:port`` of a loopback server that ignores the first ``deaf_to`` requests."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            heard = 0
            while True:
                request, asker = server.recvfrom(1500)
                if not request:
                    return
                heard += 1
                if heard > deaf_to:
                    server.sendto(b"noise", asker)
                    server.sendto(mapped_answer(bytes(12), "192.0.2.1", 1), asker)
                    server.sendto(mapped_answer(request[8:20], *address), asker)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            # An empty datagram is the sign to stop.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sign:
                sign.sendto(b"", server.getsockname())
            serving.join()
