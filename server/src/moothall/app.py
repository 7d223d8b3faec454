"""The composition root: settings → database → services → ASGI app and background tasks. Everything is wired here and nowhere else."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from moothall import __version__
from moothall.api import health
from moothall.api.authentication import Authenticator, Credentials
from moothall.api.body import MAX_BODY_BYTES
from moothall.api.call import ApiContext
from moothall.api.handlers import install_error_handlers
from moothall.api.reference import install_reference
from moothall.applications import service as applications
from moothall.db import Database, DatabaseUnavailable, migrations, open_database
from moothall.kit.clock import Clock, SystemClock
from moothall.rooms.endpoints import router as rooms_router
from moothall.settings import Settings, load_secrets

_log = structlog.get_logger("moothall.app")
_API_PREFIX = "/v1/meetings"
# Addresses that older snippets use.
_OLD_API_PREFIXES = ("/meetings", "/beta/meetings")
_MAX_WEBSOCKET_MESSAGE = 256 * 1024
_BACKLOG = 2048


async def prepare_database(settings: Settings, clock: Clock) -> Database:
    """Open the database, on SQLite with its schema brought up to date, and see that there is an account. Raises DatabaseUnavailable."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    if database.dialect == "sqlite":
        await database.write(migrations.upgrade)
    elif await database.read(migrations.current_revision) != migrations.newest_revision():
        await database.close()
        raise DatabaseUnavailable("the database has another schema than this version needs: run `moothall migrate`")
    await database.write(lambda connection: applications.ensure_default_account(connection, clock.now()))
    return database


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """The ASGI app. Its lifespan opens the database, runs what works in the background, and closes both."""
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        secrets = load_secrets(settings)
        async with AsyncExitStack() as stack:
            database = await prepare_database(settings, clock)
            stack.push_async_callback(database.close)
            app.state.api = ApiContext(database, clock, settings, secrets, _authenticator(database, clock))
            app.state.probes = {"database": lambda: _probe_database(database)}
            yield

    app = FastAPI(
        lifespan=lifespan,
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=MAX_BODY_BYTES,
    )
    app.include_router(rooms_router, prefix=_API_PREFIX)
    for prefix in _OLD_API_PREFIXES:
        app.include_router(rooms_router, prefix=prefix, include_in_schema=False)
    app.include_router(health.router)
    install_reference(app)
    install_error_handlers(app)
    return app


def bind(settings: Settings) -> socket.socket:
    """The HTTP server's listening socket. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


async def serve(settings: Settings, listener: socket.socket, on_ready: Callable[[FastAPI], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``on_ready`` is called once requests are answered."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=_MAX_WEBSOCKET_MESSAGE,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.shutdown_seconds,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    server = _Server(config, lambda: on_ready(app))
    # uvicorn delivers the signal once more after a clean stop; that is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    await server.serve(sockets=[listener])
    if not server.started:
        raise SystemExit(3)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _authenticator(database: Database, clock: Clock) -> Authenticator:
    async def find_credentials(application_id: str) -> Credentials | None:
        return await database.read(lambda connection: applications.find_credentials(connection, application_id))

    return Authenticator(find_credentials, clock)


async def _probe_database(database: Database) -> Mapping[str, Any]:
    async with asyncio.timeout(2):
        return {"kind": database.dialect, "revision": await database.read(migrations.current_revision)}
