"""The dashboard's screens of usage, callbacks, themes, sessions and recordings, in Chromium.

A real server answers them, after a real meeting. Each is walked at three widths, light and dark,
and axe finds nothing.
"""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dashboard_screens import ScreenSite, faults
from moothall_process import Application, MoothallProcess
from people import Person, wait_for
from playwright.sync_api import Page, expect
from receiver import Receiver
from sqlalchemy import create_engine

from moothall.kit.ids import new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording, RecordingStatus

WIDTHS = (360, 550, 1280)
_PICTURES = os.environ.get("DASHBOARD_PICTURES")


@pytest.fixture
def site(server: MoothallProcess) -> Iterator[ScreenSite]:
    running = ScreenSite(server)
    yield running
    running.close()


@pytest.fixture
def meeting(create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], receiver: Receiver) -> str:
    """Hold a meeting of one person, and return the id of its room."""
    room = create_room(display_name="Weekly planning")
    ada = person("Ada Lovelace")
    ada.open(room["_links"]["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada Lovelace")
    ada.press("End for all")
    ada.page.get_by_role("alertdialog").get_by_role("button", name="End for all").click()
    wait_for(lambda: "session:ended" in receiver.names(), "the end of the meeting is called back")
    return str(room["id"])


def _walk(page: Page, name: str, ready: Callable[[], None]) -> None:
    """Look at what the page shows at all widths, light and dark."""
    found: list[str] = []
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            ready()
            found += [f"{name}, {width} px, {scheme}: {fault}" for fault in faults(page)]
            if _PICTURES:
                page.screenshot(path=Path(_PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
    assert found == []


def _heading(page: Page, name: str | re.Pattern[str]) -> Callable[[], None]:
    return lambda: expect(page.get_by_role("heading", name=name).first).to_be_visible()


def _save_recording(server: MoothallProcess, application: Application, room_id: str, session_id: str) -> None:
    """Store a finished recording with its file, as a recorder does."""
    started = datetime.now(UTC) - timedelta(minutes=5)
    recording_id = new_uuid()
    recording = Recording(
        id=recording_id,
        application_id=application.application_id,
        room_id=room_id,
        session_id=session_id,
        started_at=started,
        ended_at=started + timedelta(seconds=90),
        status=RecordingStatus.UPLOADED,
        file=f"{recording_id}.mp4",
        size=5,
        sha256="0" * 64,
    )
    folder = server.data_dir / "recordings"
    folder.mkdir(exist_ok=True)
    (folder / f"{recording_id}.mp4").write_bytes(b"video")
    engine = create_engine(f"sqlite:///{server.data_dir / 'moothall.db'}", connect_args={"timeout": 30})
    with engine.begin() as connection:
        recordings.insert_recording(connection, recording)
    engine.dispose()


def _png(side: int, *, opaque: bool = False) -> bytes:
    """Return a green disc in a square."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = io.BytesIO()
    for y in range(side):
        lines.write(b"\0")
        for x in range(side):
            inside = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 2.2) ** 2
            lines.write(bytes((11, 107, 92, 255 if inside or opaque else 0)))
    header = struct.pack(">II5B", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines.getvalue())), chunk(b"IEND", b""))
    )


@pytest.mark.usefixtures("meeting")
def test_usage_shows_minutes_and_money(
    site: ScreenSite, application: Application, person: Callable[..., Person]
) -> None:
    page = person("Owner").page
    page.goto(site.url(application, "usage"))
    chart = page.get_by_role("img", name=re.compile("of each day"))
    expect(chart.locator("canvas")).to_be_visible()
    by_room = page.get_by_role("region", name="By room").get_by_role("table")
    expect(by_room.get_by_role("rowheader", name="Weekly planning")).to_be_visible()
    expect(page.get_by_role("table", name="By application").get_by_role("row")).to_have_count(2)
    page.get_by_text("Show the days as a table").click()
    expect(page.get_by_role("table", name="Usage by day").get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("You are here")).to_have_count(2)
    _walk(page, "usage", _heading(page, "Usage and price"))

    page.get_by_role("radio", name="People").check(force=True)
    expect(page.get_by_role("img", name=re.compile("^Participant minutes of each day"))).to_be_visible()
    for button, ending, beginning in (("CSV", "csv", ""), ("Statement", "html", "<!doctype html>")):
        with page.expect_download() as download:
            page.get_by_role("button", name=re.compile(f"^{button}")).click()
        assert download.value.suggested_filename.endswith(f".{ending}")
        assert Path(download.value.path()).read_text().lower().startswith(beginning)
    page.get_by_label("Month", exact=True).select_option(index=1)
    expect(page.get_by_text("Nothing was used in this month").first).to_be_visible()
    _walk(page, "usage-empty", _heading(page, "Usage and price"))


def test_the_log_of_callbacks_is_filtered_and_sent_again(
    meeting: str, site: ScreenSite, application: Application, receiver: Receiver, person: Callable[..., Person]
) -> None:
    page = person("Owner").page
    page.goto(site.url(application, "callbacks"))
    rows = page.get_by_role("table", name="Deliveries").get_by_role("row")
    # The newest first: the heading, then the end of the session.
    expect(rows.nth(1)).to_contain_text("session:ended")
    expect(rows.nth(1)).to_contain_text("HTTP 200")
    _walk(page, "callbacks", _heading(page, "Callbacks"))

    page.get_by_label("Event", exact=True).select_option("session:started")
    expect(rows).to_have_count(2)
    page.get_by_label("Room", exact=True).fill("another room")
    expect(page.get_by_text("No callback matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_label("Room", exact=True).fill(meeting)
    expect(rows.nth(1)).to_contain_text("session:ended")

    page.get_by_role("button", name=re.compile("^Details of session:ended")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text('"event": "session:ended"')).to_be_visible()
    expect(dialog.get_by_text("Attempt 1")).to_be_visible()
    _walk(page, "callbacks-one", lambda: expect(dialog.get_by_text("Attempt 1")).to_be_visible())
    dialog.get_by_role("button", name="Redeliver").click()
    wait_for(lambda: receiver.names().count("session:ended") == 2, "the callback arrives again")
    expect(dialog.get_by_text("Attempt 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    before = len(receiver.events)
    page.get_by_role("button", name="Redeliver a period").click()
    dialog.get_by_label("To", exact=True).fill("2020-01-01T00:00")
    dialog.get_by_role("button", name="Redeliver").click()
    expect(dialog.get_by_text("The end must be after the beginning.")).to_be_visible()
    _walk(page, "callbacks-range", lambda: expect(dialog).to_be_visible())
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    dialog.get_by_label("To", exact=True).fill(f"{tomorrow:%Y-%m-%dT%H:%M}")
    dialog.get_by_role("button", name="Redeliver").click()
    expect(dialog).to_have_count(0)
    wait_for(lambda: len(receiver.events) == 2 * before - 1, "each callback arrives once more")


def test_a_theme_is_made_seen_and_deleted(
    site: ScreenSite, application: Application, person: Callable[..., Person], tmp_path: Path
) -> None:
    page = person("Owner").page
    page.goto(site.url(application, "themes"))
    expect(page.get_by_text("No themes yet")).to_be_visible()
    _walk(page, "themes-empty", _heading(page, "Themes"))

    page.get_by_role("button", name="New theme").click()
    page.get_by_role("button", name="Create the theme").click()
    expect(page.get_by_text("Please enter the brand text.")).to_be_visible()
    page.get_by_label("Brand text").fill("Aurora Clinics")
    page.get_by_label("Name", exact=True).fill("Aurora")
    page.get_by_label("Main colour", exact=True).fill("#ffeb3b")
    expect(page.get_by_text("On light backgrounds this colour has a contrast of only 1.2:1.")).to_be_visible()
    page.get_by_role("button", name="Create the theme").click()
    expect(page.get_by_role("heading", name="Aurora", exact=True)).to_be_visible()

    grounds = set()
    for scheme in ("light", "dark"):
        frame = page.frame_locator(f'iframe[title="The meeting page with this theme, {scheme}"]')
        expect(frame.get_by_text("Aurora Clinics")).to_be_visible()
        button = frame.get_by_role("button", name="Join meeting", include_hidden=True)
        expect(button).to_have_css("background-color", "rgb(255, 235, 59)")
        grounds.add(frame.locator("html").evaluate("(one) => getComputedStyle(one).backgroundColor"))
    assert grounds == {"rgb(242, 245, 243)", "rgb(13, 20, 18)"}

    for side, opaque, problem in (
        (400, False, "1 to 300 pixels on each side"),
        (40, True, "no transparent background"),
    ):
        file = tmp_path / f"logo-{side}.png"
        file.write_bytes(_png(side, opaque=opaque))
        page.get_by_label("Choose an image: For light backgrounds").set_input_files(file)
        expect(page.get_by_text(problem)).to_be_visible()
    _walk(page, "theme", _heading(page, "Preview"))
    file = tmp_path / "logo.png"
    file.write_bytes(_png(120))
    page.get_by_label("Choose an image: For light backgrounds").set_input_files(file)
    expect(page.get_by_role("img", name="For light backgrounds")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)

    page.get_by_role("switch", name="Default theme").click()
    expect(page.get_by_role("switch", name="Default theme")).to_be_checked()
    page.get_by_role("button", name="All themes").click()
    expect(page.get_by_role("button", name=re.compile("^Edit .*Aurora")).get_by_text("Default")).to_be_visible()
    _walk(page, "themes", _heading(page, "Themes"))

    page.get_by_role("button", name=re.compile("^Edit .*Aurora")).click()
    page.get_by_role("button", name="Delete the theme").click()
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Delete the theme").click()
    expect(question.get_by_text("The theme is in use.")).to_be_visible()
    question.get_by_role("button", name="Delete it anyway").click()
    expect(page.get_by_text("No themes yet")).to_be_visible()


def test_sessions_have_a_timeline_and_recordings_a_file(
    meeting: str, server: MoothallProcess, site: ScreenSite, application: Application, person: Callable[..., Person]
) -> None:
    page = person("Owner").page
    page.goto(site.url(application, "sessions"))
    link = page.get_by_role("button", name=re.compile("^Show the session in Weekly planning"))
    expect(link).to_be_visible()
    _walk(page, "sessions", _heading(page, "Sessions"))
    with page.expect_response(re.compile("/recordings$")) as asked:
        link.click()
    session_id = asked.value.url.split("/")[-2]
    expect(page.get_by_role("img", name=re.compile("^Timeline of one person with one stay"))).to_be_visible()
    expect(page.get_by_role("table", name="Attendance").get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("Nothing was recorded.")).to_be_visible()
    expect(page.get_by_text("Nothing was written.")).to_be_visible()
    _walk(page, "session", _heading(page, "Session in Weekly planning"))
    for form, beginning in (("CSV", "participant_id,name"), ("JSON", "[")):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Attendance as {form}").click()
        assert Path(download.value.path()).read_text().startswith(beginning)

    page.goto("about:blank")
    page.goto(site.url(application, "recordings"))
    expect(page.get_by_text("No recordings yet")).to_be_visible()
    _save_recording(server, application, meeting, session_id)
    page.reload()
    expect(page.get_by_text("Ready")).to_be_visible()
    _walk(page, "recordings", lambda: expect(page.get_by_text("Ready")).to_be_visible())
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Download the recording")).click()
    assert Path(download.value.path()).read_bytes() == b"video"
    page.get_by_role("button", name=re.compile("^Delete the recording")).click()
    question = page.get_by_role("alertdialog")
    expect(question).to_be_visible()
    _walk(page, "recording-question", lambda: expect(question).to_be_visible())
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No recordings yet")).to_be_visible()
