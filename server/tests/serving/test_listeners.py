"""Sockets of the HTTP server."""

import socket
from collections.abc import Sequence

import pytest

from moothall.serving.listeners import CannotListen, bind


def _close(listeners: Sequence[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=5).close()


def test_every_address_of_both_families():
    listeners = bind(["::"], 0)
    port = listeners[0].getsockname()[1]
    listeners[1].setblocking(True)

    _connect("::1", port)
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        accepted, peer = listeners[1].accept()
        accepted.close()
    _close(listeners)

    # Not ::ffff:127.0.0.1, which no rate limit and no list of proxies would know.
    assert peer[0] == "127.0.0.1"


def test_several_hosts_share_one_port_and_names_have_several_addresses():
    listeners = bind(["127.0.0.1", "localhost", "127.0.0.2"], 0)
    port = listeners[0].getsockname()[1]

    for host in ("127.0.0.1", "127.0.0.2"):
        _connect(host, port)
    names = [listener.getsockname()[:2] for listener in listeners]
    _close(listeners)

    assert len({address for address, _ in names}) == len(names)
    assert {bound for _, bound in names} == {port}


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("203.0.113.7", "no such address"),
        ("nowhere.invalid", "see --host"),
        ("2001:db8::7", r"listen on \[2001:db8::7\]"),
    ],
)
def test_address_of_another_machine(host: str, complaint: str):
    with pytest.raises(CannotListen, match=complaint):
        bind([host], 0)


def test_taken_port():
    complaint = "another program uses this port; choose another with --port"
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(CannotListen, match=complaint):
        bind(["::"], other.getsockname()[1])
