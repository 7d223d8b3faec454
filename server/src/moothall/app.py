"""The composition root: settings → database → services → ASGI app and background tasks. Everything is wired here and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from moothall import __version__
from moothall.api.authentication import Authenticator, Credentials
from moothall.api.body import MAX_BODY_BYTES
from moothall.api.call import ApiContext
from moothall.api.handlers import install_error_handlers
from moothall.api.reference import install_reference
from moothall.applications import service as applications
from moothall.db import Database, migrations, open_database
from moothall.kit.clock import Clock, SystemClock
from moothall.rooms.endpoints import router as rooms_router
from moothall.settings import Settings, load_secrets

_API_PREFIX = "/v1/meetings"
# Addresses that older snippets use.
_OLD_API_PREFIXES = ("/meetings", "/beta/meetings")


async def prepare_database(settings: Settings, clock: Clock) -> Database:
    """Open the database; on SQLite bring its schema up to date. The default account is there afterwards. Raises DatabaseUnavailable."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    if database.dialect == "sqlite":
        await database.write(migrations.upgrade)
    await database.write(lambda connection: applications.ensure_default_account(connection, clock.now()))
    return database


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """The ASGI app. Its lifespan opens the database, runs what works in the background, and closes both."""
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        secrets = load_secrets(settings)
        database = await prepare_database(settings, clock)
        try:
            app.state.api = ApiContext(database, clock, settings, secrets, _authenticator(database, clock))
            yield
        finally:
            await database.close()

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
    install_reference(app)
    install_error_handlers(app)
    return app


def _authenticator(database: Database, clock: Clock) -> Authenticator:
    async def find_credentials(application_id: str) -> Credentials | None:
        return await database.read(lambda connection: applications.find_credentials(connection, application_id))

    return Authenticator(find_credentials, clock)
