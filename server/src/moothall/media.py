"""The media engine of this server: today always the embedded one."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from starlette.routing import BaseRoute

import moothall_sfu
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.guard import Permitted, parse_callback_url
from moothall.engine import MediaEngine, Meetings
from moothall.engines.embedded.endpoint import routes
from moothall.engines.embedded.engine import EmbeddedEngine
from moothall.engines.embedded.rooms import fresh_id
from moothall.kit.clock import Clock
from moothall.kit.public_address import AddressUnknown, PublicAddress, detect_public_address
from moothall.livekit import limits
from moothall.livekit.room_service import room_service_routes
from moothall.livekit.tokens import TokenSigner
from moothall.livekit.webhooks import Webhooks
from moothall.settings import ServerSecrets, Settings
from moothall.signalling.relay import Relay

# The largest message of a client in bytes; stricter limits are enforced by the readers.
MAX_SOCKET_MESSAGE_BYTES = limits.MAX_OFFERING_MESSAGE_BYTES

_log = structlog.get_logger("moothall.media")


@dataclass(frozen=True, slots=True)
class Media:
    """A running engine: its routes, its readiness check, and ``stop``.

    ``stop`` disconnects everybody and asks their clients to reconnect.
    """

    engine: MediaEngine
    routes: Sequence[BaseRoute]
    probe: Callable[[], Awaitable[Mapping[str, Any]]]
    stop: Callable[[], Awaitable[None]]


OpenMedia = Callable[[Settings, ServerSecrets, Clock, Meetings], AbstractAsyncContextManager[Media]]


@asynccontextmanager
async def embedded_media(
    settings: Settings, secrets: ServerSecrets, clock: Clock, meetings: Meetings
) -> AsyncIterator[Media]:
    """Start the SFU in this process. Raises OSError when a port is in use."""
    public = await asyncio.to_thread(_public_address, settings)
    try:
        sfu = open_sfu(settings, public_ip=public.ip if public else None)
    except OSError as error:
        raise OSError(f"{error}; choose other media ports with --udp-ports and --tcp-port") from error
    _log.info("media_started", candidates=[str(candidate) for candidate in sfu.candidates])
    signer = TokenSigner(api_key=secrets.livekit_api_key, api_secret=secrets.livekit_api_secret)
    urls = settings.livekit_webhook_urls
    webhooks = Webhooks(
        urls=urls,
        client=CallbackClient(connections=max(1, len(urls)), permitted=_webhook_targets(settings)),
        signer=signer,
        clock=clock,
        fresh_id=fresh_id,
    )
    engine = EmbeddedEngine(
        sfu=sfu,
        api_key=secrets.livekit_api_key,
        api_secret=secrets.livekit_api_secret,
        clock=clock,
        gate=meetings.gate,
        listener=meetings.listener,
        relay=relay_of(settings),
        announce=webhooks.add if urls else None,
    )

    async def probe() -> Mapping[str, Any]:
        return {"engine": engine.name, "udp_ports": sfu.udp_ports, "tcp_port": sfu.tcp_port}

    async with webhooks.running(), engine.running():
        served = [*routes(engine, clock), *room_service_routes(engine, meetings.remove, meetings.end)]
        yield Media(engine, served, probe, engine.stop)


def open_sfu(settings: Settings, *, public_ip: str | None = None, any_port: bool = False) -> moothall_sfu.Engine:
    """Return the SFU bound to its ports, or to free ones with ``any_port``.

    ``public_ip`` is announced to clients beside this machine's own addresses. Raises OSError when a
    port is in use.
    """
    tcp_port = settings.tcp_port
    moothall_sfu.collect_logs(settings.log_level)
    return moothall_sfu.Engine(
        bind_ips=bind_addresses(settings.advertise_ip),
        udp_ports=[0] if any_port else list(settings.udp_ports),
        tcp_port=0 if any_port and tcp_port is not None else tcp_port,
        advertised_ips=list(settings.advertise_ip),
        public_ips=[] if public_ip is None else [public_ip],
        voices=settings.voices,
        voices_from=settings.voices_from,
        cameras=settings.cameras,
    )


def bind_addresses(advertised: Sequence[str]) -> list[str]:
    """Return the wildcard address of each advertised family, or of each family this machine has.

    Media may arrive from anywhere, because every packet is authenticated.
    """
    told = [ipaddress.ip_address(address) for address in advertised]
    every_ipv4, every_ipv6 = "0.0.0.0", "::"  # noqa: S104 - see above
    if not told:
        return [every_ipv4, every_ipv6] if _has_ipv6() else [every_ipv4]
    families = {every_ipv4: ipaddress.IPv4Address, every_ipv6: ipaddress.IPv6Address}
    return [every for every, family in families.items() if any(isinstance(one, family) for one in told)]


def relay_of(settings: Settings) -> Relay | None:
    """Return the configured TURN server."""
    if settings.turn_secret is None:
        return None
    lifetime = timedelta(seconds=settings.turn_seconds)
    return Relay(settings.turn_urls, settings.turn_secret.get_secret_value(), lifetime)


def _webhook_targets(settings: Settings) -> Permitted:
    """Return the permitted webhook hosts: the operator named them, so they may be private."""
    named = [parse_callback_url(url).host for url in settings.livekit_webhook_urls]
    return Permitted.of([*settings.callback_networks, *named], loopback=settings.allow_loopback_callbacks)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def _public_address(settings: Settings) -> PublicAddress | None:
    try:
        return ask_public_address(settings)
    except AddressUnknown as error:
        # Clients of this network can still be served.
        _log.warning("public_address_unknown", reason=str(error))
        return None


def ask_public_address(settings: Settings) -> PublicAddress | None:
    """Ask the configured STUN server for our public address; None without a server.

    Raises AddressUnknown.
    """
    if settings.stun_server is None or settings.advertise_ip:
        return None
    public = detect_public_address(settings.stun_server, port=settings.udp_ports[0])
    if settings.udp_ports[0] not in (0, public.port):
        _log.warning("port_numbers_changed_by_network", port=settings.udp_ports[0], seen=public.port)
    return public
