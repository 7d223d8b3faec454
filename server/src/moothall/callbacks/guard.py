"""The address guard, which protects internal services from callbacks (SSRF).

Allowed are public unicast addresses over http or https, and private ones that the operator lists.

A name is resolved once per connection, all of its addresses must be allowed, and the connection
uses a checked address, so DNS rebinding between check and connect has no effect. Certificates and
the Host header still use the name.
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

# IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771), and the address of Azure's
# control plane.
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
# Only global unicast addresses are allowed (RFC 4291 section 2.4). Mapped (::ffff:0:0/96), NAT64
# (64:ff9b::/96, 64:ff9b:1::/48), unique local, link-local, loopback and multicast addresses are
# outside that range. Inside it, some are reserved by the IANA IPv6 Special-Purpose Address
# Registry.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


# Metadata services of clouds, which hand out credentials: AWS, Azure, GCP and others; AWS over
# IPv6; Azure's control plane; Alibaba; Oracle. Allowed only when the operator lists the exact
# address.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# One message for both cases, so that the delivery log does not reveal which names exist inside the
# operator's network.
HIDDEN = "the host is unknown, or leads to a private or reserved address"


_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


class AddressForbidden(Exception):
    """The address is forbidden for callbacks.

    The message gives the reason and names only addresses from the URL; ``detail`` is for the
    operator's log.
    """

    def __init__(self, reason: str, detail: str | None = None) -> None:
        super().__init__(reason)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Permitted:
    """The operator's exceptions: non-public addresses and hosts that callbacks may use."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    # Suffixes of names, each with its leading dot.
    domains: tuple[str, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, items: Iterable[str], *, loopback: bool = False) -> "Permitted":
        """``items``: networks, host names and ``*.domain``, as the settings hold them."""
        networks, hosts, domains = [], set(), []
        for item in items:
            try:
                networks.append(ipaddress.ip_network(item))
            except ValueError:
                if item.startswith("*."):
                    domains.append(item[1:])
                else:
                    hosts.add(item)
        return cls(tuple(networks), frozenset(hosts), tuple(domains), loopback)

    def names_host(self, host: str) -> bool:
        """Return whether this host may have a private address."""
        name = host.lower().removesuffix(".")
        return name in self.hosts or name.endswith(self.domains)

    def names_address(self, ip: IpAddress) -> bool:
        """Return whether this exact address is listed, not just a network that contains it."""
        return any(network.prefixlen == network.max_prefixlen and ip in network for network in self.networks)


NOTHING = Permitted()


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A parsed callback URL. ``host`` is ASCII, without the brackets of an IPv6 address."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return the value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def receiver(self) -> str:
        """Return the origin, the unit of connection limits and of callback order."""
        return f"{self.scheme}://{self.authority}"


def parse_callback_url(text: str) -> CallbackUrl:
    """Parse a callback URL. Raises AddressForbidden when it is invalid.

    Its host name is not resolved yet.
    """
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
        raise AddressForbidden("the URL contains a user name or password")
    if port == 0:
        raise AddressForbidden("port 0 is not valid")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
    return CallbackUrl(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target)


def is_allowed(address: str, permitted: Permitted = NOTHING, host: str = "") -> bool:
    """Return whether a callback to ``host`` may connect to this IP address.

    Text that is not an IP address is not allowed.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip in _METADATA:
        return permitted.names_address(ip)
    if _is_never_allowed(ip):
        return False
    return (
        _is_public(ip)
        or (ip.is_loopback and permitted.loopback)
        or any(ip in network for network in permitted.networks)
        or permitted.names_host(host)
    )


def _is_never_allowed(ip: IpAddress) -> bool:
    """Return whether the address is never a receiver, or embeds another address."""
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id is not None or ip.ipv4_mapped is not None):
        return True
    return ip.is_unspecified or ip.is_multicast or ip == _BROADCAST or _embedded_ipv4(ip) in _METADATA


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_public(ip: IpAddress) -> bool:
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _FORBIDDEN_V4)
    return ip in _GLOBAL_V6 and not any(ip in network for network in _FORBIDDEN_V6)


def _embedded_ipv4(ip: IpAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address embedded in an IPv6 address (RFC 6052, RFC 3056)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.sixtofour


class SystemResolver:
    """The system's resolver on its own threads: a dead name server blocks no other work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="callback-resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host, port)
        return list(dict.fromkeys(found))


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """A network backend that connects only to addresses for which ``is_allowed`` is true."""

    def __init__(self, resolve: Resolver, permitted: Permitted = NOTHING) -> None:
        self._resolve = resolve
        self._permitted = permitted
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect. Raises AddressForbidden before any connection, or an error of httpcore2."""
        addresses = await self._addresses(host, port)
        failure: Exception | None = None
        for address in addresses[:_MOST_CONNECTS]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no connection was attempted")

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
            text = getattr(error, "strerror", None) or type(error).__name__
            raise AddressForbidden(HIDDEN, f"DNS: {host} cannot be resolved: {text}") from error
        if not addresses:
            raise AddressForbidden(HIDDEN, f"DNS: {host} has no address")
        # One forbidden address is enough, because a later connection might use it.
        for address in addresses:
            if not is_allowed(address, self._permitted, host):
                setting = "allow_loopback_callbacks" if _is_loopback(address) else "callback_networks"
                detail = f"{host} leads to {address}, which is private or reserved; see {setting}"
                raise AddressForbidden(HIDDEN, detail)
        return addresses


def _ascii_host(host: str) -> str:
    """Raise ValueError for an invalid name (idna.IDNAError is a ValueError)."""
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def default_tls() -> ssl.SSLContext:
    """Return a TLS context that trusts the system's authorities (see SSL_CERT_FILE)."""
    return ssl.create_default_context()
