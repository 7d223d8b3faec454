"""Meetings inside pages of other origins."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embedding_site import EmbeddingSite
from moothall_process import Application, MoothallProcess, run_cli
from people import PATIENCE, Person, wait_for
from playwright.sync_api import FrameLocator, expect

CreateRoom = Callable[..., dict[str, Any]]
MakePerson = Callable[..., Person]
PATIENCE_MS = PATIENCE * 1000


@pytest.fixture
def site() -> Iterator[EmbeddingSite]:
    running = EmbeddingSite()
    yield running
    running.close()


def list_domains(server: MoothallProcess, application: Application, *domains: str) -> None:
    folder = str(server.data_dir)
    run_cli("app", "allow-domains", "--application-id", application.application_id, "--data-dir", folder, *domains)


def iframe(link: str, *, allow: str = "camera;microphone", width: int = 800, height: int = 600) -> str:
    return f'<iframe src="{link}" allow="{allow}" width="{width}" height="{height}"></iframe>'


def frame_of(person: Person) -> FrameLocator:
    return person.page.frame_locator("iframe")


def guest_link(room: dict[str, Any]) -> str:
    link: str = room["_links"]["guest_url"]["href"]
    return link


def test_only_a_listed_page_shows_the_meeting_and_the_others_are_told_what_to_list(
    server: MoothallProcess,
    application: Application,
    create_room: CreateRoom,
    person: MakePerson,
    site: EmbeddingSite,
) -> None:
    room = create_room()
    ada = person("Ada")
    shop = site.serve(iframe(guest_link(room)))

    ada.open(shop)
    refusal = frame_of(ada)
    expect(refusal.get_by_role("heading", name="This meeting cannot be shown here")).to_be_visible(timeout=PATIENCE_MS)
    expect(refusal.get_by_text(site.origin)).to_be_visible()
    with ada.context.expect_page() as opened:
        refusal.get_by_role("link", name="Open the meeting in its own tab").click()
    expect(opened.value.get_by_label("Your name")).to_be_visible(timeout=PATIENCE_MS)
    opened.value.close()

    list_domains(server, application, site.origin)
    ada.open(shop)
    expect(frame_of(ada).get_by_label("Your name")).to_be_visible(timeout=PATIENCE_MS)

    # A page that hides where it is gets no explanation; the browser refuses all the same.
    list_domains(server, application, "https://shop.example")
    silent = site.serve('<meta name="referrer" content="no-referrer">' + iframe(guest_link(room)), "/silent")
    assert ada.problems == []
    ada.open(silent)
    wait_for(lambda: any("frame-ancestors" in problem for problem in ada.problems), "the browser refuses the frame")
    expect(frame_of(ada).get_by_label("Your name")).to_have_count(0)
    ada.problems.clear()


_STORAGE = """
() => ['localStorage', 'sessionStorage'].filter((name) => {
  try {
    return Boolean(window[name])
  } catch {
    return false
  }
})
"""
_HEAR_HELLO = """
<script>
  addEventListener('message', ({ data, origin }) => {
    if (data?.type === 'moothall:hello') window.__hello = { ...data, origin }
  })
</script>
"""


def join_in_frame(person: Person) -> None:
    frame = frame_of(person)
    frame.get_by_label("Your name").fill(person.name)
    frame.get_by_role("button", name="Join meeting").click(timeout=PATIENCE_MS)


def sees_tile_in_frame(person: Person, name: str) -> None:
    tile = frame_of(person).locator(f'[data-testid="tile"][data-participant-name="{name}"]')
    expect(tile).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("width", [360, 550, 1280])
def test_a_frame_of_any_width_works_without_third_party_cookies_and_storage(
    server: MoothallProcess,
    application: Application,
    create_room: CreateRoom,
    person: MakePerson,
    site: EmbeddingSite,
    *,
    width: int,
) -> None:
    list_domains(server, application, site.origin)
    link = guest_link(create_room())
    ada = person("Ada")
    grace = person("Grace")
    grace.open(link)
    grace.join()
    grace.sees_tile_of("Grace")

    ada.open(site.serve(_HEAR_HELLO + iframe(link, width=width, height=640)))
    # As in every private window, frames of other sites have neither cookies nor storage.
    assert frame_of(ada).locator("html").evaluate(_STORAGE) == []
    assert frame_of(ada).locator("html").evaluate("() => innerWidth") == width
    join_in_frame(ada)
    sees_tile_in_frame(ada, "Grace")
    grace.sees_tile_of("Ada")
    grace.wait_for_media()
    frame_of(ada).get_by_role("button", name="Leave", exact=True).click()
    grace.sees_no_tile_of("Ada")

    # The page around hears what it has not allowed.
    hello = ada.page.evaluate("__hello")
    assert hello["missing"] == ["display-capture", "fullscreen", "autoplay"]
    assert hello["origin"] == server.url


def test_a_frame_without_policies_says_what_is_missing(
    server: MoothallProcess,
    application: Application,
    create_room: CreateRoom,
    person: MakePerson,
    site: EmbeddingSite,
) -> None:
    list_domains(server, application, site.origin)
    ada = person("Ada")
    ada.open(site.serve(_HEAR_HELLO + iframe(guest_link(create_room()), allow="", width=1100)))
    expect(frame_of(ada).get_by_text("The website around this meeting does not pass on access").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    wait_for(lambda: ada.page.evaluate("Boolean(window.__hello)"), "the frame says hello")
    assert ada.page.evaluate("__hello.missing") == ["camera", "microphone", "display-capture", "fullscreen", "autoplay"]

    join_in_frame(ada)
    sees_tile_in_frame(ada, "Ada")
    frame_of(ada).get_by_role("button", name="Share screen", exact=True).click()
    expect(frame_of(ada).get_by_text("The website around this meeting does not pass on access").first).to_be_visible(
        timeout=PATIENCE_MS
    )
