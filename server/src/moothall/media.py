"""The media engine this server runs with: today the embedded one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute

import moothall_sfu
from moothall.callbacks.client import CallbackClient
from moothall.engine import MediaEngine, Meetings
from moothall.kit.clock import Clock
from moothall.settings import ServerSecrets, Settings
from moothall.signalling.embedded import EmbeddedEngine, fresh_id
from moothall.signalling.endpoint import routes
from moothall.signalling.room_service import room_service_routes
from moothall.signalling.tokens import TokenSigner
from moothall.signalling.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Media:
    """A running engine: its routes, its readiness, and ``stop``, which sends everybody away with the request to come back."""

    engine: MediaEngine
    routes: Sequence[BaseRoute]
    probe: Callable[[], Awaitable[Mapping[str, Any]]]
    stop: Callable[[], Awaitable[None]]


OpenMedia = Callable[[Settings, ServerSecrets, Clock, Meetings], AbstractAsyncContextManager[Media]]


@asynccontextmanager
async def embedded_media(
    settings: Settings, secrets: ServerSecrets, clock: Clock, meetings: Meetings
) -> AsyncIterator[Media]:
    """The SFU in this process. Raises OSError when a UDP port is taken."""
    sfu = open_sfu(settings)
    signer = TokenSigner(api_key=secrets.livekit_api_key, api_secret=secrets.livekit_api_secret)
    urls = settings.livekit_webhook_urls
    webhooks = Webhooks(
        urls=urls,
        client=CallbackClient(connections=max(1, len(urls)), allow_loopback=settings.allow_loopback_callbacks),
        signer=signer,
        clock=clock,
        fresh_id=fresh_id,
    )
    engine = EmbeddedEngine(
        sfu=sfu,
        api_key=secrets.livekit_api_key,
        api_secret=secrets.livekit_api_secret,
        client_url=settings.origin.replace("http", "ws", 1),
        clock=clock,
        gate=meetings.gate,
        listener=meetings.listener,
        announce=webhooks.add if urls else None,
    )

    async def probe() -> Mapping[str, Any]:
        return {"engine": engine.name, "udp_ports": sfu.udp_ports}

    async with webhooks.running(), engine.running():
        served = [*routes(engine, clock), *room_service_routes(engine, meetings.remove)]
        yield Media(engine, served, probe, engine.stop)


def open_sfu(settings: Settings, udp_ports: Sequence[int] | None = None) -> moothall_sfu.Engine:
    """The SFU bound to its UDP ports. Raises OSError when one is taken."""
    return moothall_sfu.Engine(
        bind_ips=["0.0.0.0"],  # noqa: S104 - media comes from everywhere; every packet proves where it belongs
        udp_ports=list(settings.udp_ports if udp_ports is None else udp_ports),
        advertised_ips=list(settings.advertise_ip),
    )
