"""Discovers the public address of this machine with a STUN server (RFC 8489).

Behind a NAT it is not the address of any local interface.
"""

import ipaddress
import secrets
import socket
import struct
import time
from dataclasses import dataclass

_MAGIC_COOKIE = 0x2112A442
_BINDING_REQUEST, _BINDING_SUCCESS = 0x0001, 0x0101
_XOR_MAPPED_ADDRESS = 0x0020
_IPV4 = 0x01
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_MAPPED_IPV4 = struct.Struct("!xBHI")
_MAX_DATAGRAM = 1500
# A datagram may be lost; every attempt waits equally long (RFC 8489 section 6.2.1 doubles the
# wait).
_TRIES = 4


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """The public address; ``port`` is the mapped port of the local socket."""

    ip: str
    port: int


class AddressUnknown(Exception):
    """The public address is unknown; the message gives the reason."""


def detect_public_address(server: str, *, port: int = 0, seconds: float = 3.0) -> PublicAddress:
    """Ask ``server`` (``host:port``) over IPv4 from this UDP port (0: any).

    Waits for at most ``seconds``, plus the time of the resolver.

    Raises AddressUnknown.
    """
    host, _, server_port = server.rpartition(":")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind(("", port))
            found = socket.getaddrinfo(host.strip("[]"), int(server_port), socket.AF_INET, socket.SOCK_DGRAM)
            # A connected socket accepts answers from this server only.
            asking.connect(found[0][4])
            return _ask(asking, seconds)
    except OSError as error:
        raise AddressUnknown(f"{server}: {error.strerror or error}") from error


def _ask(asking: socket.socket, seconds: float) -> PublicAddress:
    transaction = secrets.token_bytes(12)
    for _ in range(_TRIES):
        asking.send(binding_request(transaction))
        deadline = time.monotonic() + seconds / _TRIES
        while (left := deadline - time.monotonic()) > 0:
            asking.settimeout(left)
            try:
                address = parse_answer(asking.recv(_MAX_DATAGRAM), transaction)
            except TimeoutError:
                break
            if address is not None:
                return address
    raise AddressUnknown("the STUN server does not answer")


def binding_request(transaction: bytes) -> bytes:
    """Return a binding request; twelve random bytes identify its answer."""
    return _HEADER.pack(_BINDING_REQUEST, 0, _MAGIC_COOKIE, transaction)


def parse_answer(datagram: bytes, transaction: bytes) -> PublicAddress | None:
    """Return the address in the success response to this transaction; None for other datagrams."""
    if len(datagram) < _HEADER.size:
        return None
    kind, length, cookie, answered = _HEADER.unpack_from(datagram)
    if (kind, cookie, answered) != (_BINDING_SUCCESS, _MAGIC_COOKIE, transaction):
        return None
    rest = datagram[_HEADER.size : _HEADER.size + length]
    while len(rest) >= _ATTRIBUTE.size:
        attribute, size = _ATTRIBUTE.unpack_from(rest)
        value = rest[_ATTRIBUTE.size :][:size]
        if attribute == _XOR_MAPPED_ADDRESS and len(value) == _MAPPED_IPV4.size:
            family, port, ip = _MAPPED_IPV4.unpack(value)
            if family == _IPV4:
                return PublicAddress(str(ipaddress.IPv4Address(ip ^ _MAGIC_COOKIE)), port ^ (_MAGIC_COOKIE >> 16))
        # Attributes are padded to four bytes.
        rest = rest[_ATTRIBUTE.size + size + -size % 4 :]
    return None
