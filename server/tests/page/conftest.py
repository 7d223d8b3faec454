from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from support.clock import FakeClock
from support.engine import FakeEngine
from support.page import SECRETS, Page
from support.page_answers import check_answer
from support.places import make_application, make_room

from moothall.db import Database
from moothall.engine import fan_out
from moothall.features.assembly import assemble_features
from moothall.meeting.assembly import assemble
from moothall.page.routes import assemble_page
from moothall.rooms.model import JoinApprovalLevel


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A built page, as `make setup` leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Moothall</title>" + "<!-- long -->" * 200)
    (folder / "assets" / "index-Ab12.js").write_text("export {};" * 500)
    (folder / "assets" / "effects-1.0").mkdir()
    (folder / "assets" / "effects-1.0" / "vision.wasm").write_bytes(b"\0asm")
    (folder / "assets" / "index-Cd34.css").write_text("body{}")
    (folder / "assets" / "logo-Ef56.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "embed.js").write_text("export {}")
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /\n")
    return folder


@pytest.fixture
def approval_level() -> JoinApprovalLevel:
    """The options of the page's room, which test modules override."""
    return JoinApprovalLevel.NONE


@pytest.fixture
async def page(
    database: Database, clock: FakeClock, build: Path, approval_level: JoinApprovalLevel
) -> AsyncIterator[Page]:
    application = await make_application(database, clock.now())
    room = await make_room(
        database, application, clock.now(), display_name="Weekly <b>", options={"join_approval_level": approval_level}
    )
    engine = FakeEngine(clock)
    meeting = assemble(
        database=database, engine=engine, clock=clock, secrets=SECRETS, wake=lambda: None, lobby_hold_s=0
    )
    features = assemble_features(meeting, database=database, engine=engine, clock=clock)
    engine.listener = fan_out((*meeting.listeners, *features.listeners))
    app = FastAPI(redirect_slashes=False)
    app.include_router(
        assemble_page(meeting, features, clock, media_url="wss://media.example", over_tls=True, static=build).router
    )
    transport = httpx2.ASGITransport(app=app, client=("198.51.100.1", 40000))
    async with httpx2.AsyncClient(
        transport=transport, base_url="https://meet.example", event_hooks={"response": [check_answer]}
    ) as http:
        yield Page(app, room, engine, clock, http, meeting, database)
