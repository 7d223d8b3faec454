from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from support.clock import FakeClock
from support.engine import FakeEngine
from support.page import SECRETS, Page
from support.places import make_application, make_room

from moothall.db import Database
from moothall.meeting.service import MeetingService
from moothall.page.routes import page_router
from moothall.rooms.model import JoinApprovalLevel


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What `make setup` leaves behind."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Moothall</title>" + "<!-- long -->" * 200)
    (folder / "assets" / "index-Ab12.js").write_text("export {};" * 500)
    (folder / "assets" / "index-Cd34.css").write_text("body{}")
    (folder / "assets" / "logo-Ef56.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /\n")
    return folder


@pytest.fixture
def approval_level() -> JoinApprovalLevel:
    """Of the page's room; for test modules to say otherwise."""
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
    meeting = MeetingService(
        database=database, engine=engine, clock=clock, secrets=SECRETS, wake=lambda: None, waiting_hold_s=0
    )
    engine.listener = meeting.on_engine_events
    app = FastAPI(redirect_slashes=False)
    app.include_router(page_router(meeting, clock, media_url="wss://media.example", static=build))
    transport = httpx2.ASGITransport(app=app, client=("198.51.100.1", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="https://meet.example") as http:
        yield Page(app, room, engine, clock, http, meeting, database)
