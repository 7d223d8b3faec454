"""A server with the real SFU on loopback, and the two official clients to meet on it."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route
from support.browser import chromium_path
from support.waiting import eventually
from support.whole import Whole, whole_server

import moothall_sfu
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.guard import Permitted
from moothall.engine import Admission, Applicant, EngineEvent, JoinGrant, Refusal
from moothall.engines.embedded.endpoint import routes
from moothall.engines.embedded.engine import EmbeddedEngine
from moothall.engines.embedded.rooms import fresh_id
from moothall.kit.clock import SystemClock
from moothall.livekit.room_service import room_service_routes
from moothall.livekit.tokens import TokenSigner
from moothall.livekit.webhooks import Webhooks
from moothall.signalling.relay import Relay

_TESTS = str(Path(__file__).parents[1])
REPOSITORY = Path(__file__).parents[3]
LIVEKIT_CLIENT = REPOSITORY / "web/node_modules/livekit-client/dist/livekit-client.umd.js"
PAGE = Path(__file__).with_name("page.html")
_log = logging.getLogger(__name__)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
API_KEY, API_SECRET = "moothall", "a secret of more than thirty-two characters"


@dataclass
class MeetingServer:
    """One server process's worth of media engine. ``verdict`` is what the gate answers."""

    url: str
    engine: EmbeddedEngine
    sfu: moothall_sfu.Engine
    events: list[EngineEvent] = field(default_factory=list)
    verdict: Admission | Refusal = field(default_factory=Admission)

    @property
    def page_url(self) -> str:
        return self.url.replace("ws://", "http://") + "/"

    def token(self, identity: str, **details: Any) -> str:
        return self.engine.access_token(
            JoinGrant(**{"room": "standup", "identity": identity, "name": identity.title(), **details})
        )

    def happened(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@contextlib.asynccontextmanager
async def serving(
    port: int = 0, webhook_urls: Sequence[str] = (), relay: Relay | None = None, **media: Any
) -> AsyncIterator[MeetingServer]:
    """Serve on this port until the block ends, then stop in good order.

    ``media``: of the SFU, which has one UDP port on loopback.
    """
    clock = SystemClock()
    listener = socket.create_server(("127.0.0.1", port))
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}"

    async def gate(_applicant: Applicant) -> Admission | Refusal:
        return server.verdict

    async def listen(events: Sequence[EngineEvent]) -> None:
        server.events.extend(events)

    webhooks = Webhooks(
        urls=webhook_urls,
        client=CallbackClient(connections=1, permitted=Permitted(loopback=True)),
        signer=TokenSigner(api_key=API_KEY, api_secret=API_SECRET),
        clock=clock,
        fresh_id=fresh_id,
        pauses=(0.01, 0.01),
    )
    sfu = moothall_sfu.Engine(**{"bind_ips": ["127.0.0.1"], "udp_ports": [0], **media})
    engine = EmbeddedEngine(
        sfu=sfu,
        api_key=API_KEY,
        api_secret=API_SECRET,
        relay=relay,
        clock=clock,
        gate=gate,
        listener=listen,
        announce=webhooks.add,
    )
    server = MeetingServer(url, engine, sfu)
    page = [
        Route("/", lambda _: HTMLResponse(PAGE.read_text())),
        Route("/livekit-client.js", lambda _: FileResponse(LIVEKIT_CLIENT)),
    ]
    api = room_service_routes(engine, engine.remove_participant, engine.delete_room)
    app = Starlette(routes=[*routes(engine, clock), *api, *page])
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False)
    http = uvicorn.Server(config)
    http.config.load()
    async with webhooks.running(), engine.running(), asyncio.TaskGroup() as tasks:
        # Without the signal handlers that uvicorn's own entry point would install.
        serve = tasks.create_task(http._serve(sockets=[listener]))
        await eventually(lambda: http.started)
        try:
            yield server
        finally:
            await engine.stop()
            http.should_exit = True
            await serve


@dataclass
class KillableServer:
    """The same server in a process of its own."""

    url: str
    process: asyncio.subprocess.Process

    @property
    def page_url(self) -> str:
        return self.url.replace("ws://", "http://") + "/"

    def token(self, identity: str) -> str:
        signer = TokenSigner(api_key=API_KEY, api_secret=API_SECRET)
        grant = JoinGrant(room="standup", identity=identity, name=identity.title())
        return signer.mint(grant, SystemClock().now())

    async def kill(self) -> None:
        """As the out-of-memory killer would: no farewell to anybody."""
        self.process.kill()
        await self.process.wait()


async def killable_server(port: int) -> KillableServer:
    """Started and answering."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(port), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": _TESTS}
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"serving\n"
    return KillableServer(f"ws://127.0.0.1:{port}", process)


@pytest.fixture
async def server() -> AsyncIterator[MeetingServer]:
    async with serving() as one:
        yield one


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago and that no other test uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
def single_connection() -> bool:
    """Return whether browsers ask for ``/rtc/v1``, the default of ``livekit-client``."""
    return True


@pytest.fixture
async def open_page(single_connection: bool) -> AsyncIterator[OpenPage]:
    """Opens browsers that are in the meeting with camera and microphone on.

    Every person has a browser of their own: Chromium's fake camera gives no more frames when two
    pages restart it at the same time.
    """
    async with async_playwright() as playwright, contextlib.AsyncExitStack() as stack:

        async def open_page(
            server: MeetingServer | KillableServer, identity: str, *, chromium: Sequence[str] = (), **options: Any
        ) -> Page:
            arguments = [*CHROMIUM_ARGUMENTS, *chromium]
            browser = await playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
            stack.push_async_callback(browser.close)
            page = await browser.new_page()
            page.on("console", lambda message: _log.info("%s: %.200s", identity, message.text))
            await page.goto(server.page_url)
            join = [server.url, server.token(identity), {"singlePeerConnection": single_connection, **options}]
            await page.evaluate("([url, token, options]) => join(url, token, options)", join)
            return page

        yield open_page


async def _serve_until_killed(port: int) -> None:
    async with serving(port):
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve_until_killed(int(sys.argv[1])))


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything of the server, with one room of the Meetings API."""
    async with whole_server(tmp_path) as running:
        yield running
