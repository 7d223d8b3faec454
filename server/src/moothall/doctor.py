"""Checks that the server can work on this machine, and says how to repair problems."""

import asyncio
import http.client
import ipaddress
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import moothall
from moothall.db import migrations, open_database
from moothall.db.sqlite_library import is_safe, sqlite_version
from moothall.kit.clock import Clock
from moothall.kit.public_address import AddressUnknown
from moothall.media import ask_public_address, open_sfu
from moothall.serving import tls
from moothall.serving.listeners import CannotListen, bind
from moothall.serving.lock import note_of_running_server
from moothall.settings import Settings, unknown_variables

_EXPIRES_SOON = timedelta(days=14)
_PROBE_SECONDS = 2.0


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    verdict: Verdict
    text: str


def examine(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield one finding per check, a failed check included. Changes nothing on the machine."""
    running = _running_version(settings)
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("data directory", lambda: _data_directory(settings)),
        ("server", lambda: _server(settings)),
        ("SQLite", _sqlite),
        ("database", lambda: _database(settings)),
        ("TCP", lambda: _tcp(settings, running)),
        *((f"UDP {port}", lambda port=port: _udp(port, running)) for port in settings.udp_ports),
        ("media over TCP", lambda: _media_tcp(settings, running)),
        ("media addresses", lambda: _media_addresses(settings, running)),
        ("links", lambda: _links(settings)),
        ("TLS", lambda: _tls(settings, clock.now())),
        ("meeting page", _meeting_page),
        ("variables", lambda: _variables(os.environ)),
    ]
    for part, check in checks:
        try:
            yield check()
        except Exception as error:  # noqa: BLE001 - whatever is broken is what the operator wants to read
            yield Finding(part, Verdict.FAILED, f"{type(error).__name__}: {error}")


def _data_directory(settings: Settings) -> Finding:
    path = settings.data_dir.absolute()
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("data directory", Verdict.FAILED, f"{existing} cannot be written by this user")
    state = "" if path.exists() else ", made on the first start"
    return Finding("data directory", Verdict.OK, f"{path}{state}")


def _server(settings: Settings) -> Finding:
    """Report the process that serves this data, and proxies it seems to have but does not trust."""
    note = note_of_running_server(settings)
    if note is None:
        return Finding("server", Verdict.OK, "no server uses this data directory")
    if note.untrusted_proxies:
        proxies = ", ".join(note.untrusted_proxies)
        return Finding(
            "server",
            Verdict.WARNING,
            f"{note}; {proxies} sends X-Forwarded-* headers but is not trusted, so everybody behind it shares one rate "
            f"limit: if it is your proxy, name it with --trusted-proxies",
        )
    return Finding("server", Verdict.OK, f"{note}, uses this data directory")


def _sqlite() -> Finding:
    version = sqlite_version()
    text = ".".join(map(str, version))
    if not is_safe(version):
        return Finding("SQLite", Verdict.FAILED, f"{text} can corrupt a write-ahead log")
    return Finding("SQLite", Verdict.OK, f"{text}, outside the corruption range")


def _database(settings: Settings) -> Finding:
    kind = settings.database.partition(":")[0]
    if kind == "sqlite" and not Path(settings.database.removeprefix("sqlite:///")).exists():
        return Finding("database", Verdict.OK, "SQLite, made on the first start")

    async def revision() -> str | None:
        database = open_database(settings.database)
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return await database.read(migrations.current_revision)
        finally:
            await database.close()

    found, wanted = asyncio.run(revision()), migrations.newest_revision()
    if found == wanted:
        return Finding("database", Verdict.OK, f"{kind}, schema {found}")
    remedy = "the next start brings it up to date" if kind == "sqlite" else "run `moothall migrate`"
    return Finding("database", Verdict.WARNING, f"{kind}, schema {found}, this version has {wanted}: {remedy}")


def _tcp(settings: Settings, running: str | None) -> Finding:
    if running is not None:
        return Finding("TCP", Verdict.OK, f"port {settings.port}: Moothall {running} answers")
    try:
        for listener in bind(settings.hosts, settings.port):
            listener.close()
    except CannotListen as error:
        return Finding("TCP", Verdict.FAILED, str(error))
    return Finding("TCP", Verdict.OK, f"{settings.host}:{settings.port} is free")


def _udp(port: int, running: str | None) -> Finding:
    """Check that the port can be bound and that a datagram sent to it arrives."""
    part = f"UDP {port}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        try:
            receiver.bind(("", port))
        except OSError as error:
            if running is not None:
                return Finding(part, Verdict.OK, f"in use, as it should be while Moothall {running} runs")
            return Finding(part, Verdict.FAILED, f"{error.strerror}; choose another with --udp-ports")
        receiver.settimeout(_PROBE_SECONDS)
        nonce = os.urandom(16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(nonce, ("127.0.0.1", receiver.getsockname()[1]))
        if receiver.recv(64) != nonce:
            return Finding(part, Verdict.FAILED, "a datagram was lost on this machine")
    return Finding(part, Verdict.OK, "free, and datagrams arrive; open it in the firewall")


def _media_tcp(settings: Settings, running: str | None) -> Finding:
    """Check that clients without UDP can connect."""
    part, port = "media over TCP", settings.tcp_port
    if port is None:
        return Finding(part, Verdict.WARNING, "off: people whose network blocks UDP cannot join; see --tcp-port")
    if port == settings.port != 0:
        return Finding(part, Verdict.FAILED, f"port {port} is the HTTP server's; choose another with --tcp-port")
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        if running is not None:
            return Finding(part, Verdict.OK, f"port {port} in use, as it should be while Moothall {running} runs")
        return Finding(part, Verdict.FAILED, f"port {port}: {error.strerror}; choose another with --tcp-port")
    if running is not None:
        return Finding(part, Verdict.WARNING, f"Moothall {running} runs, but not on port {port}")
    return Finding(part, Verdict.OK, f"port {port} is free; open it in the firewall for networks without UDP")


def _media_addresses(settings: Settings, running: str | None) -> Finding:
    """Check the addresses that the SFU announces to clients."""
    public = None
    if settings.stun_server is not None:
        # The configured port is in use while the server runs.
        asking = settings if running is None else settings.model_copy(update={"udp_ports": (0,)})
        try:
            public = ask_public_address(asking)
        except AddressUnknown as error:
            return Finding("media addresses", Verdict.FAILED, f"public address unknown: {error}; see --stun-server")
    engine = open_sfu(settings, public_ip=public.ip if public else None, any_port=True)
    try:
        told = {candidate.ip for candidate in engine.candidates}
    finally:
        engine.close()
    addresses = sorted(told)
    text = f"clients are told {', '.join(addresses)}"
    if public is not None and public.port not in (settings.udp_ports[0], 0) and running is None:
        text += f"; the network turns port {settings.udp_ports[0]} into {public.port}: forward the media ports"
        return Finding("media addresses", Verdict.WARNING, text)
    if not addresses:
        return Finding("media addresses", Verdict.FAILED, "this machine has no address: set --advertise-ip")
    if all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return Finding(
            "media addresses",
            Verdict.WARNING,
            f"{text}: only browsers on this machine can connect, and Firefox never pairs with a loopback address, so "
            "Firefox cannot join: set --advertise-ip to another address of this machine",
        )
    if not any(ipaddress.ip_address(address).is_global for address in addresses):
        remedy = "--advertise-ip names no public address" if settings.advertise_ip else "for others set --advertise-ip"
        return Finding("media addresses", Verdict.WARNING, f"{text}: reachable from this network only; {remedy}")
    return Finding("media addresses", Verdict.OK, text)


def _links(settings: Settings) -> Finding:
    if settings.public_url is not None:
        return Finding("links", Verdict.OK, f"begin with {settings.origin}")
    return Finding(
        "links", Verdict.WARNING, f"begin with the Host header of the request, else {settings.origin}: set --public-url"
    )


def _tls(settings: Settings, now: datetime) -> Finding:
    if settings.tls_cert is None or settings.tls_key is None:
        if (settings.public_url or "").startswith("https://"):
            return Finding("TLS", Verdict.OK, "left to the proxy in front")
        return Finding("TLS", Verdict.WARNING, "off: browsers give cameras to https and to localhost only")
    try:
        _, leaf = tls.load_certificate(settings.tls_cert, settings.tls_key, now)
    except tls.TlsInvalid as error:
        return Finding("TLS", Verdict.FAILED, str(error))
    left = leaf.not_valid_after_utc.astimezone(UTC) - now
    host = urlsplit(settings.public_url or "").hostname
    if host is not None and not tls.covers(leaf, host):
        return Finding("TLS", Verdict.WARNING, f"the certificate does not name {host}, the host of --public-url")
    verdict = Verdict.WARNING if left < _EXPIRES_SOON else Verdict.OK
    return Finding("TLS", verdict, f"certificate and key fit; {left.days} days left")


def _meeting_page() -> Finding:
    index = Path(moothall.__file__).parent / "static" / "index.html"
    if not index.is_file():
        return Finding("meeting page", Verdict.FAILED, "not built: run `make setup`")
    return Finding("meeting page", Verdict.OK, "built")


def _variables(environment: Mapping[str, str]) -> Finding:
    unknown = unknown_variables(environment)
    if unknown:
        return Finding("variables", Verdict.WARNING, "; ".join(unknown))
    return Finding("variables", Verdict.OK, "every MOOTHALL_* variable is a setting")


def _running_version(settings: Settings) -> str | None:
    """Return the version of the Moothall server that answers on the port, or None."""
    host = "127.0.0.1" if _is_any_address(settings.hosts[0]) else settings.hosts[0]
    connection: http.client.HTTPConnection
    if settings.tls_cert is None:
        connection = http.client.HTTPConnection(host, settings.port, timeout=_PROBE_SECONDS)
    else:
        # Another check validates the certificate.
        anything = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
        connection = http.client.HTTPSConnection(host, settings.port, timeout=_PROBE_SECONDS, context=anything)
    try:
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read(1024))
        return str(answer["version"]) if answer["name"] == "moothall" else None
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _is_any_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
