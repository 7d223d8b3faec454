"""Readers of single values of settings. Every function raises ValueError with a sentence."""

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from moothall.kit.origins import ascii_host

MAX_PORT = 65_535
MAX_UDP_PORTS = 64
_STUN_PORT = 3478
# RFC 7065, without the parts that browsers refuse.
_TURN_URL = re.compile(r"(turns?):([^\s:/?#@\[\]]+|\[[0-9A-Fa-f:.]+\])((?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?)")
_HOST_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?")


def comma_separated(value: Any) -> Any:
    """The items of a comma-separated text, stripped and without empty ones.

    Other values are unchanged.
    """
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return value
    stripped = [item.strip() if isinstance(item, str) else item for item in value]
    return tuple(item for item in stripped if item != "")


def ports(value: Any) -> Any:
    """Ports from a number, a list (``7882,7883``) or a range (``7882-7885``)."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        return tuple(port for part in value.split(",") for port in _port_range(part.strip()))
    return value


def _port_range(text: str) -> range:
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise ValueError(f"'{text}' is neither a port nor a range of ports")
    found = range(int(first), int(last if dash else first) + 1)
    if len(found) > MAX_UDP_PORTS:
        raise ValueError(f"at most {MAX_UDP_PORTS} ports are possible")
    return found


def turn_url(text: str) -> str:
    """A ``turn:`` or ``turns:`` URL; an international host becomes punycode."""
    match = _TURN_URL.fullmatch(text)
    if match is None:
        raise ValueError("write turn:turn.example.org:3478 or turns:turn.example.org:5349?transport=tcp")
    scheme, host, rest = match.groups()
    name = ascii_host(host)
    return f"{scheme}:{f'[{name}]' if ':' in name else name}{rest}"


def host_and_port(text: str) -> str:
    """``host:port`` of a STUN server; 3478 when no port is given."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError("write a host, or host:port")
    host = ascii_host(parts.hostname)
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _STUN_PORT}"


def network(text: str) -> str:
    """An address or a network, as a network: ``10.0.0.5`` is ``10.0.0.5/32``."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"'{text}' is neither an IP address nor a network such as 10.0.0.0/8") from None


def network_or_host(text: str) -> str:
    """A network, an address, or a host name (``*.`` at its beginning: every name below)."""
    try:
        return network(text)
    except ValueError:
        pass
    wildcard = "*." if text.startswith("*.") else ""
    host = wildcard + ascii_host(text.removeprefix(wildcard))
    # A mistyped address must not become a name.
    if not _HOST_NAME.fullmatch(host) or host.removesuffix(".").rpartition(".")[2].isdigit():
        raise ValueError(f"'{text}' is not a network, an IP address or a host name")
    return host.removesuffix(".")
