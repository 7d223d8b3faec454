"""Where callbacks may go: public unicast addresses, over http or https.

A name is resolved once per connection, every address it has must be allowed, and the connection goes to the address that was checked, so
a name that changes its mind between check and connect gains nothing. Certificates and the Host header still use the name.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpcore2
import idna

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

_LONGEST_URL = 2048
_MOST_ADDRESSES = 32
_MOST_CONNECTS = 4
_RESOLVER_THREADS = 32
_BRACKETED = re.compile(r"\[[^\[\]]+\](:[0-9]+)?")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771), and one address that a large cloud keeps for its own control plane.
_FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only global unicast is allowed at all (RFC 4291 section 2.4): mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), unique local,
# link-local, loopback and multicast addresses are outside of it. Inside, the IANA IPv6 Special-Purpose Address Registry takes some back.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class AddressForbidden(Exception):
    """A callback may not go there; the message says why and names no address that the caller did not give."""


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A checked callback URL, taken apart. ``host`` is ASCII, without the brackets of an IPv6 address."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def receiver(self) -> str:
        """The origin: what shares a connection limit, and what keeps a room's callbacks in order."""
        return f"{self.scheme}://{self.authority}"


def parse_callback_url(text: str) -> CallbackUrl:
    """Take a callback URL apart. Raises AddressForbidden when it is not one. Says nothing yet about where its name leads."""
    if len(text) > _LONGEST_URL:
        raise AddressForbidden(f"the URL is longer than {_LONGEST_URL} characters")
    if any(character <= " " or character in "\\\x7f" for character in text):
        raise AddressForbidden("the URL contains a space, a backslash or a control character")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError as error:
        raise AddressForbidden("the URL cannot be read") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise AddressForbidden("only http and https URLs are called")
    if not host:
        raise AddressForbidden("the URL has no host")
    if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
        raise AddressForbidden("the URL cannot be read")
    if parts.username is not None or parts.password is not None:
        raise AddressForbidden("the URL contains a user name")
    if port == 0:
        raise AddressForbidden("there is no port 0")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
    return CallbackUrl(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target)


def is_allowed(address: str, *, allow_loopback: bool) -> bool:
    """Whether a callback may connect to this IP address. Anything that is not an IP address is not allowed."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.is_loopback:
        # Python counts ::ffff:127.0.0.1 as loopback from 3.13 on; here a mapped address is never allowed.
        return allow_loopback and getattr(ip, "ipv4_mapped", None) is None
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _FORBIDDEN_V4)
    return ip.scope_id is None and ip in _GLOBAL_V6 and not any(ip in network for network in _FORBIDDEN_V6)


class SystemResolver:
    """The operating system's resolver on threads of its own: a dead name server must not use up everybody's."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="callback-resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host, port)
        return list(dict.fromkeys(found))


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """The network as callbacks see it: connects only to addresses that ``is_allowed`` lets pass."""

    def __init__(self, resolve: Resolver, *, allow_loopback: bool) -> None:
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises AddressForbidden without having connected anywhere, or one of httpcore2's errors."""
        addresses = await self._addresses(host, port)
        failure: Exception | None = None
        for address in addresses[:_MOST_CONNECTS]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the name has no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        raise AddressForbidden("callbacks go over TCP")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = (await self._resolve(host, port))[:_MOST_ADDRESSES]
        # The standard library raises UnicodeError for a label of more than 63 characters.
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the name cannot be resolved") from error
        # One forbidden address is enough: which one a later connection would get is a matter of luck.
        if not all(is_allowed(address, allow_loopback=self._allow_loopback) for address in addresses):
            raise AddressForbidden("the URL leads to a private or reserved address")
        return addresses


def _ascii_host(host: str) -> str:
    """Raises ValueError for a name that cannot be one (idna.IDNAError is a ValueError)."""
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def default_tls() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities (SSL_CERT_FILE changes them)."""
    return ssl.create_default_context()
