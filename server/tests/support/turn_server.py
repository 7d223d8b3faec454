"""A real TURN server, Debian's coturn, on loopback."""

import contextlib
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SECRET = "shared with the TURN server and nobody else"
_READY_SECONDS = 20


@dataclass(frozen=True)
class TurnServer:
    urls: tuple[str, ...]
    secret: str


@contextlib.contextmanager
def turn_servers(folder: Path) -> Iterator[TurnServer]:
    """One that runs, for clients that have TCP only."""
    path = shutil.which("turnserver")
    if path is None:
        raise LookupError("no TURN server found: install Debian's package `coturn`")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = [
        *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(port)),
        *("--use-auth-secret", "--static-auth-secret", _SECRET, "--realm", "moothall.test", "--fingerprint"),
        # Its peer, the SFU, is on this machine in a test.
        *("--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--no-multicast-peers"),
        *("--pidfile", str(folder / "turnserver.pid"), "--userdb", str(folder / "turn.db"), "--log-file", "stdout"),
    ]
    process = subprocess.Popen([path, "-n", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _await_answer(process, port)
        yield TurnServer((f"turn:127.0.0.1:{port}?transport=tcp",), _SECRET)
    finally:
        process.kill()
        process.wait()


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, "the TURN server stopped at its start"
            assert time.monotonic() < deadline, "the TURN server does not listen"
            select.select([], [], [], 0.02)
        else:
            return
