"""Forwarding headers of proxies, and the choice of those to trust."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.serving.forwarded import Forwarded, TrustedProxies, read_forwarded

TRUSTED = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "2001:db8::/32")]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"x-forwarded-proto": "HTTPS"}, Forwarded(scheme="https")),
        ({"x-forwarded-proto": "https, http"}, Forwarded(scheme="https")),
        ({"x-forwarded-proto": "https,https"}, Forwarded(scheme="https")),
        ({"x-forwarded-proto": "gopher"}, Forwarded()),
        ({"x-forwarded-proto": ""}, Forwarded()),
        ({"x-forwarded-host": "meet.example:8443, inner:80"}, Forwarded(host="meet.example:8443")),
        ({"x-forwarded-host": "a b"}, Forwarded()),
        ({"x-forwarded-for": "192.0.2.1"}, Forwarded(client="192.0.2.1")),
        # The client made up the first one; 10.0.0.7 is one of ours.
        ({"x-forwarded-for": "198.51.100.1, 192.0.2.1, 10.0.0.7"}, Forwarded(client="192.0.2.1")),
        ({"x-forwarded-for": "10.0.0.9, 10.0.0.7"}, Forwarded(client="10.0.0.9")),
        ({"x-forwarded-for": "192.0.2.1:5555"}, Forwarded(client="192.0.2.1")),
        ({"x-forwarded-for": "[2001:DB9::1]:5555"}, Forwarded(client="2001:db9::1")),
        ({"x-forwarded-for": "192.0.2.1, unknown, 10.0.0.7"}, Forwarded(client="10.0.0.7")),
        ({"x-forwarded-for": "unknown"}, Forwarded()),
        (
            {"forwarded": 'for="[2001:db9::1]:99";Proto=HTTPS; host="meet.example", for=10.0.0.7;proto=http'},
            Forwarded("2001:db9::1", "https", "meet.example"),
        ),
        ({"forwarded": "for=192.0.2.1, for=_hidden, for=10.0.0.7"}, Forwarded(client="10.0.0.7")),
        # A proxy that sets the older headers lets a client's own Forwarded pass.
        ({"forwarded": "for=198.51.100.1", "x-forwarded-proto": "https"}, Forwarded(scheme="https")),
        ({}, Forwarded()),
    ],
)
def test_what_is_read(headers: dict[str, str], found: Forwarded):
    assert read_forwarded(headers, TRUSTED) == found


@given(
    st.dictionaries(
        st.sampled_from(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"]), st.text()
    )
)
def test_any_text_gives_something_usable_or_nothing(headers: dict[str, str]):
    found = read_forwarded(headers, TRUSTED)

    assert found.scheme in (None, "http", "https")
    assert found.client is None or ipaddress.ip_address(found.client)
    assert found.host is None or found.host.isascii()


async def _seen(peer: str, headers: list[tuple[bytes, bytes]], noted: list[str], kind: str = "http") -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.update(scope)

    proxies = TrustedProxies(app, ["10.0.0.0/8"], noted.append)
    scope = {
        "type": kind,
        "client": (peer, 1234),
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": [(b"host", b"inner:8080"), *headers],
    }
    await proxies(scope, None, None)  # type: ignore[arg-type] - the app uses neither
    return seen


HEADERS = [
    (b"x-forwarded-for", b"198.51.100.1"),
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"meet.example"),
]


@pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("websocket", "wss")])
async def test_trusted_proxy_is_believed(kind: str, scheme: str):
    noted: list[str] = []

    seen = await _seen("10.1.2.3", HEADERS, noted, kind)

    assert (seen["client"][0], seen["scheme"]) == ("192.0.2.1", scheme)
    assert [value for name, value in seen["headers"] if name == b"host"] == [b"meet.example"]
    assert noted == []


async def test_other_proxy_is_not_believed_but_noted():
    noted: list[str] = []

    seen = await _seen("172.16.0.1", HEADERS, noted)

    assert (seen["client"][0], seen["scheme"]) == ("172.16.0.1", "http")
    assert noted == ["172.16.0.1"]


async def test_strangers_cannot_fill_the_log_or_hide_a_proxy():
    noted: list[str] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        pass

    proxies = TrustedProxies(app, [], noted.append)
    peers = [*(f"8.8.8.{number}" for number in range(20)), "172.16.0.1", "172.16.0.1"]
    for peer in peers:
        await proxies({"type": "http", "client": (peer, 1), "headers": HEADERS}, None, None)  # type: ignore[arg-type]

    assert len(noted) == 5
    assert noted[-1] == "172.16.0.1"
