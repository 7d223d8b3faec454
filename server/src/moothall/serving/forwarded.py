"""Reads the client's address, scheme and host as reverse proxies report them.

Only proxies that the operator trusts are believed. ``X-Forwarded-*`` wins over ``Forwarded`` (RFC
7239): a proxy that sets the first lets a client's own ``Forwarded`` pass.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAX_HOPS = 20
_MAX_NOTES_PER_KIND = 4
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SAYS_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"))
# A parameter of Forwarded: a name and a token or a quoted text (RFC 7239 section 4).
_PARAMETER = re.compile(r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;\s]*)\s*([,;]|$)')

_log = structlog.get_logger("moothall.proxies")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Return what trusted proxies said; None where they said nothing usable."""

    client: str | None = None
    scheme: str | None = None
    host: str | None = None


def read_forwarded(headers: Mapping[str, str], trusted: Sequence[IpNetwork]) -> Forwarded:
    """Read the headers of a trusted proxy; names in lower case, repeated ones joined with commas.

    The client is the last address in the list that is not a trusted proxy itself: what stands
    before it, the client may have made up. Scheme and host are the first ones, those the client
    used with the outermost proxy; a client that makes them up changes nothing but the links in its
    own answer.
    """
    if any(f"x-forwarded-{name}" in headers for name in ("for", "proto", "host")):
        addresses = _items(headers.get("x-forwarded-for", ""))
        schemes = _items(headers.get("x-forwarded-proto", ""))
        hosts = _items(headers.get("x-forwarded-host", ""))
    else:
        hops = list(_hops(headers.get("forwarded", "")))
        addresses, schemes, hosts = ([hop[name] for hop in hops if name in hop] for name in ("for", "proto", "host"))
    return Forwarded(
        _client(addresses, trusted),
        next((scheme.lower() for scheme in schemes[:1] if scheme.lower() in ("http", "https")), None),
        next((host for host in hosts[:1] if _HOST.fullmatch(host)), None),
    )


class TrustedProxies:
    """ASGI middleware, outermost: the scope names the client, not the proxy."""

    def __init__(self, app: ASGIApp, trusted: Iterable[str], note_untrusted: Callable[[str], None]) -> None:
        """``note_untrusted`` is called once for each apparent proxy that is not trusted."""
        self._app = app
        self._trusted = [ipaddress.ip_network(network) for network in trusted]
        self._note_untrusted = note_untrusted
        self._noted: dict[str, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and any(name in _SAYS_FORWARDED for name, _ in scope["headers"]):
            peer = scope["client"][0] if scope.get("client") else None
            if _is_in(peer, self._trusted):
                scope = self._rewritten(scope)
            elif peer is not None:
                self._warn(peer)
        await self._app(scope, receive, send)

    def _rewritten(self, scope: Scope) -> Scope:
        said: dict[str, str] = {}
        for raw_name, value in scope["headers"]:
            if raw_name in _SAYS_FORWARDED:
                name, text = raw_name.decode("ascii"), value.decode("latin-1")
                said[name] = f"{said[name]},{text}" if name in said else text
        found = read_forwarded(said, self._trusted)
        changed = dict(scope)
        if found.client is not None:
            changed["client"] = (found.client, 0)
        if found.scheme is not None:
            is_socket = scope["type"] == "websocket"
            changed["scheme"] = found.scheme.replace("http", "ws", 1) if is_socket else found.scheme
        if found.host is not None:
            kept = [header for header in scope["headers"] if header[0] != b"host"]
            changed["headers"] = [(b"host", found.host.encode("ascii")), *kept]
        return changed

    def _warn(self, peer: str) -> None:
        """Bounded for each kind, because strangers can send these headers too."""
        is_local = not _is_global(peer)
        if peer in self._noted or list(self._noted.values()).count(is_local) >= _MAX_NOTES_PER_KIND:
            return
        self._noted[peer] = is_local
        self._note_untrusted(peer)
        _log.warning(
            "proxy_not_trusted",
            address=peer,
            reason="it sends X-Forwarded-* or Forwarded headers but is not trusted, so everybody behind it shares one "
            "rate limit and links may begin with http://",
            remedy=f"if it is your proxy: --trusted-proxies {peer}",
        )


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")][-_MAX_HOPS:] if text.strip() else []


def _hops(text: str) -> Iterable[dict[str, str]]:
    """The elements of a Forwarded header, outermost proxy first.

    What follows a syntax error is left out.
    """
    hop: dict[str, str] = {}
    position = 0
    while match := _PARAMETER.match(text, position):
        name, value, separator = match.groups()
        hop[name.lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()
        if separator != ";":
            yield hop
            hop = {}
        if not separator:
            return


def _client(addresses: Sequence[str], trusted: Sequence[IpNetwork]) -> str | None:
    client = None
    for text in reversed(addresses[-_MAX_HOPS:]):
        address = _address(text)
        if address is None:
            return client
        client = address
        if not _is_in(address, trusted):
            return client
    return client


def _address(text: str) -> str | None:
    """An IP address that may stand in brackets and have a port."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None


def _is_in(address: str | None, networks: Sequence[IpNetwork]) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _is_global(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
