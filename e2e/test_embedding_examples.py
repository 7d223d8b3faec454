"""The examples of pages with a meeting, each in a browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embedding_site import EmbeddingSite
from moothall_process import ROOT, Application, MoothallProcess, run_cli
from people import PATIENCE, Person
from playwright.sync_api import expect

EXAMPLES = ROOT / "examples"
PATIENCE_MS = PATIENCE * 1000


@pytest.fixture
def site(server: MoothallProcess, application: Application) -> Iterator[EmbeddingSite]:
    running = EmbeddingSite()
    folder = str(server.data_dir)
    run_cli(
        "app", "allow-domains", "--application-id", application.application_id, "--data-dir", folder, running.origin
    )
    for file in (EXAMPLES / "dist").rglob("*"):
        if file.is_file():
            running.pages[f"/{file.relative_to(EXAMPLES / 'dist').as_posix()}"] = file.read_bytes()
    yield running
    running.close()


@pytest.mark.parametrize("example", ["html", "react", "vue"])
def test_an_example_shows_who_is_in_the_meeting_and_mutes(
    server: MoothallProcess,
    site: EmbeddingSite,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    example: str,
) -> None:
    room = create_room()
    link = room["_links"]["guest_url"]["href"]
    html = (EXAMPLES / "html/index.html").read_text()
    html = html.replace("https://meet.example.com/123456789012", link).replace("https://meet.example.com", server.url)
    site.pages["/html/index.html"] = html.encode()
    ada, grace = person("Ada"), person("Grace")
    ada.open(f"{site.origin}/{example}/index.html?room={link}")
    grace.open(link)
    grace.join()
    grace.sees_tile_of("Grace")

    frame = ada.page.frame_locator("iframe")
    expect(frame.get_by_label("Your name")).to_have_value("Ada", timeout=PATIENCE_MS)
    frame.get_by_role("button", name="Join meeting").click(timeout=PATIENCE_MS)
    people = ada.page.get_by_role("status").first
    expect(people).to_have_text("In the meeting: Ada, Grace", timeout=PATIENCE_MS)
    tile = grace.page.locator('[data-testid="tile"][data-participant-name="Ada"]')
    expect(tile).to_have_attribute("data-muted", "false", timeout=PATIENCE_MS)
    ada.press("Mute me")
    expect(tile).to_have_attribute("data-muted", "true", timeout=PATIENCE_MS)
    grace.press("Leave")
    expect(people).to_have_text("In the meeting: Ada", timeout=PATIENCE_MS)
