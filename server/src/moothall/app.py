"""The composition root: settings → database → services → ASGI app and background tasks.

Everything is wired here and nowhere else.
"""

import asyncio
from collections import ChainMap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

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
from moothall.applications.account_endpoints import router as account_router
from moothall.applications.endpoints import applications_router
from moothall.callbacks.delivery import Deliverer
from moothall.callbacks.endpoints import router as callbacks_router
from moothall.callbacks.guard import Permitted
from moothall.callbacks.retention import callback_retention
from moothall.chat.endpoints import router as chat_router
from moothall.db import Database, migrations
from moothall.engine import Admission, Applicant, EngineEvent, Meetings, Refusal, fan_out, is_check_room
from moothall.features.assembly import Features, assemble_features
from moothall.features.endpoints import features_router
from moothall.idempotency.retention import KEYS_RETENTION
from moothall.jobs.long import LongJobRunner
from moothall.jobs.retention import Retention
from moothall.jobs.runner import JobRunner
from moothall.kit.clock import Clock, SystemClock
from moothall.media import Media, OpenMedia, embedded_media
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import Meeting, assemble
from moothall.meeting.endpoints import live_router, live_sessions_router
from moothall.numbers.endpoints import router as numbers_router
from moothall.page.routes import assemble_page
from moothall.recordings.endpoints import files_router as recording_files_router
from moothall.recordings.endpoints import router as recordings_router
from moothall.recordings.files import RecordingFiles, recording_files_in
from moothall.removal import remove_application
from moothall.rooms.endpoints import router as rooms_router
from moothall.rooms.theme_endpoints import router as rooms_of_theme_router
from moothall.sessions.endpoints import router as sessions_router
from moothall.settings import Settings, load_secrets
from moothall.startup import prepare_database
from moothall.themes.background_endpoints import files_router as background_files_router
from moothall.themes.background_endpoints import router as backgrounds_router
from moothall.themes.backgrounds import backgrounds_in
from moothall.themes.endpoints import router as themes_router
from moothall.themes.logo_endpoints import router as logos_router
from moothall.themes.logos import logos_in
from moothall.usage.account_endpoints import router as account_usage_router
from moothall.usage.endpoints import router as usage_router

_PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server without its sockets.

    ``drain`` disconnects everybody in a meeting and asks their clients to reconnect.
    """

    app: FastAPI
    context: ApiContext
    meeting: Meeting
    features: Features
    jobs: JobRunner
    long_jobs: LongJobRunner
    callbacks: Deliverer
    drain: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, open_media: OpenMedia = embedded_media
) -> AsyncIterator[Server]:
    """Open everything, run the background tasks, and close it all in reverse order.

    Raises DatabaseUnavailable, SettingsInvalid, OSError (a UDP port is taken).
    """
    clock = clock or SystemClock()
    secrets = load_secrets(settings)

    async def gate(applicant: Applicant) -> Admission | Refusal:
        if is_check_room(applicant.room):
            return features.checks.admit(applicant)
        return await meeting.gate.ask(applicant)

    async def listen(events: Sequence[EngineEvent]) -> None:
        await features.checks.on_engine_events([event for event in events if is_check_room(event.room)])
        told = [event for event in events if not is_check_room(event.room)]
        if told:
            await fan_out((*meeting.listeners, *features.listeners))(told)

    async def remove(room: str, identity: str) -> bool:
        return await meeting.moderation.remove(room, identity)

    async def end(room: str) -> bool:
        return await meeting.moderation.end(room)

    async def drain() -> None:
        meeting.lobby.stop_holding()
        await media.stop()

    def wake() -> None:
        jobs.wake()
        long_jobs.wake()
        callbacks.wake()

    async with AsyncExitStack() as stack:
        database = await prepare_database(settings, clock)
        stack.push_async_callback(database.close)
        meetings = Meetings(gate, listen, remove, end)
        media = await stack.enter_async_context(open_media(settings, secrets, clock, meetings))
        meeting = assemble(
            database=database,
            engine=media.engine,
            clock=clock,
            secrets=MeetingSecrets(host_link=secrets.host_token, control=secrets.control_token),
            wake=wake,
        )
        features = assemble_features(meeting, database=database, engine=media.engine, clock=clock)
        files = (
            logos_in(settings.data_dir, database),
            backgrounds_in(settings.data_dir, database),
            RecordingFiles(database, recording_files_in(settings.data_dir)),
        )
        retention = Retention(
            database, clock, [callback_retention(days=settings.callback_retention_days), KEYS_RETENTION]
        )
        handlers = ChainMap(*({**owner.job_handlers()} for owner in (meeting.endings, *files)))
        jobs = JobRunner(database, clock, handlers)
        long_jobs = LongJobRunner(database, clock, retention.long_job_handlers())
        callbacks = Deliverer(
            database,
            clock,
            permitted=Permitted.of(settings.callback_networks, loopback=settings.allow_loopback_callbacks),
        )
        await meeting.attendance.recover()
        await retention.start()

        background = await stack.enter_async_context(asyncio.TaskGroup())
        for work in (jobs, long_jobs, callbacks, meeting.attendance, features.checks):
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
        app = _build_app(context, media, meeting, features, wake)
        yield Server(app, context, meeting, features, jobs, long_jobs, callbacks, drain)


def _build_app(
    context: ApiContext, media: Media, meeting: Meeting, features: Features, wake: Callable[[], None]
) -> FastAPI:
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
    # This route comes first, because routes are tried in order and many clients may connect at
    # once.
    app.router.routes.extend(media.routes)
    # Routes are added directly: including a router would build each route and its validators a
    # second time.
    for router in (
        rooms_router,
        themes_router,
        backgrounds_router,
        rooms_of_theme_router,
        recordings_router,
        numbers_router,
        callbacks_router,
        sessions_router,
        chat_router,
        usage_router,
        live_router(meeting.live),
        live_sessions_router(meeting.live),
        features_router(features, meeting.feeds),
        logos_router,
        background_files_router,
        recording_files_router,
        applications_router(remove_application, wake),
        account_router,
        account_usage_router,
        health.router,
    ):
        app.router.routes.extend(router.routes)
    install_reference(app)
    over_tls = context.settings.origin.startswith("https")
    page = assemble_page(
        meeting,
        features,
        context.clock,
        media_url=media.engine.client_url(),
        over_tls=over_tls,
        loopback=context.settings.allow_loopback_embedding,
    )
    app.router.routes.extend(page.router.routes)
    install_edge(app, aliases=dict.fromkeys(OLD_API_PREFIXES, API_PREFIX), not_found=page.not_found)
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
