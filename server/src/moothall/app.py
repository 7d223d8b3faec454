"""The composition root: settings → database → services → ASGI app and background tasks. Everything is wired here and nowhere else."""

import asyncio
import gc
import signal
import socket
from collections import ChainMap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from moothall import __version__
from moothall.api import health
from moothall.api.authentication import Authenticator, Credentials
from moothall.api.call import ApiContext
from moothall.api.cors import ListedOrigins
from moothall.api.handlers import install_edge
from moothall.api.prefix import API_PREFIX, OLD_API_PREFIXES
from moothall.api.rates import Rate, RequestRates
from moothall.api.reference import install_reference
from moothall.applications import service as applications
from moothall.applications import store as applications_store
from moothall.applications.endpoints import applications_router
from moothall.callbacks.delivery import Deliverer
from moothall.callbacks.endpoints import router as callbacks_router
from moothall.callbacks.retention import callback_retention
from moothall.chat.endpoints import router as chat_router
from moothall.db import Database, migrations
from moothall.engine import Admission, EngineEvent, Meetings, Refusal
from moothall.idempotency.retention import idempotency_retention
from moothall.jobs.runner import JobRunner
from moothall.kit.clock import Clock, SystemClock
from moothall.media import MAX_SOCKET_MESSAGE_BYTES, Media, OpenMedia, embedded_media
from moothall.meeting.endpoints import live_router
from moothall.meeting.live import LiveRooms
from moothall.meeting.service import MeetingSecrets, MeetingService
from moothall.numbers.endpoints import router as numbers_router
from moothall.page.routes import page_router
from moothall.recordings.endpoints import files_router as recording_files_router
from moothall.recordings.endpoints import router as recordings_router
from moothall.recordings.files import recording_files_in
from moothall.removal import remove_application
from moothall.rooms.endpoints import router as rooms_router
from moothall.rooms.theme_endpoints import router as rooms_of_theme_router
from moothall.sessions.endpoints import router as sessions_router
from moothall.settings import Settings, load_secrets
from moothall.startup import prepare_database
from moothall.themes.endpoints import router as themes_router
from moothall.themes.logo_endpoints import router as logos_router
from moothall.themes.logos import logos_in
from moothall.usage.endpoints import router as usage_router

_BACKLOG = 2048
_PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Server:
    """Everything of a running server but the sockets. ``drain`` sends everybody in a meeting away with the request to come back."""

    app: FastAPI
    context: ApiContext
    meeting: MeetingService
    jobs: JobRunner
    callbacks: Deliverer
    drain: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, open_media: OpenMedia = embedded_media
) -> AsyncIterator[Server]:
    """Open everything, run what works in the background, and close it again in the opposite order.

    Raises DatabaseUnavailable, SettingsInvalid, OSError (a UDP port is taken).
    """
    clock = clock or SystemClock()
    secrets = load_secrets(settings)

    async def gate(room: str, identity: str) -> Admission | Refusal:
        return await meeting.gate(room, identity)

    async def listen(events: Sequence[EngineEvent]) -> None:
        await meeting.on_engine_events(events)

    async def remove(room: str, identity: str) -> bool:
        return await meeting.remove(room, identity)

    async def drain() -> None:
        meeting.stop_holding()
        await media.stop()

    def wake() -> None:
        jobs.wake()
        callbacks.wake()

    async with AsyncExitStack() as stack:
        database = await prepare_database(settings, clock)
        stack.push_async_callback(database.close)
        media = await stack.enter_async_context(open_media(settings, secrets, clock, Meetings(gate, listen, remove)))
        meeting = MeetingService(
            database=database,
            engine=media.engine,
            clock=clock,
            secrets=MeetingSecrets(host_link=secrets.host_token, control=secrets.control_token),
            wake=wake,
        )
        files = (logos_in(settings.data_dir, database), recording_files_in(settings.data_dir, database))
        retentions = (
            callback_retention(database, clock, days=settings.callback_retention_days),
            idempotency_retention(database, clock),
        )
        handlers = ChainMap(*({**owner.job_handlers()} for owner in (meeting, *retentions, *files)))
        jobs = JobRunner(database, clock, handlers)
        callbacks = Deliverer(database, clock, allow_loopback=settings.allow_loopback_callbacks)
        await meeting.recover()
        for retention in retentions:
            await retention.start()

        background = await stack.enter_async_context(asyncio.TaskGroup())
        for work in (jobs, callbacks, meeting):
            stack.callback(background.create_task(work.run(), name=type(work).__name__).cancel)
        context = ApiContext(
            database,
            clock,
            settings,
            secrets,
            _authenticator(database, clock),
            _request_rates(settings),
            _listed_origins(database, clock),
        )
        app = _build_app(context, media, meeting, wake)
        yield Server(app, context, meeting, jobs, callbacks, drain)


def bind(settings: Settings) -> socket.socket:
    """The HTTP server's listening socket. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


async def serve(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``on_ready`` is called once requests are answered. Raises what ``running`` raises."""
    async with running(settings) as server:
        # What is there now stays: no collection needs to look at it again.
        gc.freeze()
        gc.enable()
        config = uvicorn.Config(
            server.app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
            # Costs more CPU and memory than it saves: most messages are short, and there are many.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=settings.shutdown_seconds,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )
        # uvicorn takes these over, and raises the signal once more after a clean stop: that is no failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        await _HttpServer(config, on_ready, server.drain).serve(sockets=[listener])


class _HttpServer(uvicorn.Server):
    """Says when it is ready, and lets the meetings go before it closes their sockets."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], drain: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._drain()
        await super().shutdown(sockets)


def _build_app(context: ApiContext, media: Media, meeting: MeetingService, wake: Callable[[], None]) -> FastAPI:
    app = FastAPI(
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.api = context
    app.state.probes = {"database": lambda: _probe_database(context.database), "sfu": media.probe}
    # First, because routes are tried in order and many may connect at once.
    app.router.routes.extend(media.routes)
    # Taken as they are: to include a router makes each of its routes, and the validators of its parameters and answers, once more.
    for router in (
        rooms_router,
        themes_router,
        rooms_of_theme_router,
        recordings_router,
        numbers_router,
        callbacks_router,
        sessions_router,
        chat_router,
        usage_router,
        live_router(LiveRooms(context.database, media.engine, meeting)),
        logos_router,
        recording_files_router,
        applications_router(remove_application, wake),
        health.router,
    ):
        app.router.routes.extend(router.routes)
    install_reference(app)
    app.router.routes.extend(page_router(meeting, context.clock, media_url=media.engine.client_url()).routes)
    install_edge(app, aliases=dict.fromkeys(OLD_API_PREFIXES, API_PREFIX))
    return app


def _request_rates(settings: Settings) -> RequestRates:
    return RequestRates(
        requests=Rate(settings.api_rate, settings.api_burst),
        costly=Rate(settings.api_costly_rate, settings.api_costly_burst),
    )


def _authenticator(database: Database, clock: Clock) -> Authenticator:
    async def find_credentials(application_id: str) -> Credentials | None:
        return await database.peek(lambda connection: applications.find_credentials(connection, application_id))

    return Authenticator(find_credentials, clock)


def _listed_origins(database: Database, clock: Clock) -> ListedOrigins:
    async def find(origin: str) -> bool:
        return await database.peek(lambda connection: applications_store.is_origin_listed(connection, origin))

    return ListedOrigins(find, clock)


async def _probe_database(database: Database) -> Mapping[str, Any]:
    async with asyncio.timeout(_PROBE_SECONDS):
        return {"kind": database.dialect, "revision": await database.read(migrations.current_revision)}
