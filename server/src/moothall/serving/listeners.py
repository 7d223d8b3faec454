"""The sockets on which the HTTP server listens."""

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

from moothall.serving import StartRefused

_BACKLOG = 2048
_TRIES = 8
# This machine cannot speak the family, or has no such address.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class CannotListen(StartRefused):
    """An address cannot be listened on; the message says why and what to do."""


def bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Return listening sockets for these hosts, all on one port even if ``port`` is 0.

    ``::`` stands for both families, each on a socket of its own: clients of IPv4 then have IPv4
    addresses. A name stands for all its addresses that this machine has. Raises CannotListen.
    """
    for attempt in range(_TRIES):
        listeners: list[socket.socket] = []
        try:
            for host in hosts:
                _bind_host(listeners, host, port)
        except OSError as error:
            _close(listeners)
            # A free port of one address may be taken on the next one.
            if port == 0 and error.errno == errno.EADDRINUSE and attempt < _TRIES - 1:
                continue
            raise CannotListen(_sentence(host, port, error)) from None
        return listeners
    raise AssertionError("the loop above returns or raises")


def _bind_host(listeners: list[socket.socket], host: str, port: int) -> None:
    failure: OSError | None = None
    bound = False
    for family, address in _addresses(host):
        chosen = listeners[0].getsockname()[1] if listeners else port
        if any(listener.getsockname()[0] == address for listener in listeners):
            bound = True
            continue
        try:
            listener = socket.create_server((address, chosen), family=family, backlog=_BACKLOG)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            failure = error
            continue
        listener.setblocking(False)
        listeners.append(listener)
        bound = True
    if not bound:
        raise failure or OSError(errno.EADDRNOTAVAIL, "the name has no address")


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host == "::":
        return [(socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")]  # noqa: S104 - the operator asked for it
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _close(listeners: Sequence[socket.socket]) -> None:
    for listener in listeners:
        with suppress(OSError):
            listener.close()


def _sentence(host: str, port: int, error: OSError) -> str:
    shown = f"[{host}]" if ":" in host else host
    match error.errno:
        case errno.EADDRINUSE:
            remedy = ": another program uses this port; choose another with --port or MOOTHALL_PORT"
        case errno.EACCES:
            remedy = ": ports below 1024 are for root, or for programs with CAP_NET_BIND_SERVICE"
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            remedy = ": this machine has no such address; see --host"
        case _:
            remedy = ": see --host"
    return f"cannot listen on {shown}:{port}: {os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror}{remedy}"
