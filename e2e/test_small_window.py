"""The meeting goes on in a small window above all others, and comes back."""

from collections.abc import Callable
from typing import Any

from people import Person, wait_for
from playwright.sync_api import expect

_PATIENCE_MS = 30_000

_LOOK = """
() => {
  const view = window.documentPictureInPicture.window;
  if (view === null) return null;
  const { document } = view;
  const videos = [...document.querySelectorAll('[data-testid="tile"] video')];
  return {
    tiles: [...document.querySelectorAll('[data-testid="tile"]')].map((tile) => tile.dataset.participantName),
    buttons: [...document.querySelectorAll('[role="toolbar"] button')].map((one) => one.ariaLabel),
    frames: videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames),
    sizes: videos.map((video) => [video.clientWidth, video.clientHeight]),
    canvas: view.getComputedStyle(document.querySelector('main')).backgroundColor,
    language: document.documentElement.lang,
    direction: document.documentElement.dir,
    inlineStyles: document.querySelectorAll('style').length,
    title: document.title,
  };
}
"""
_IS_OPEN = "() => window.documentPictureInPicture.window !== null"
_PRESS = """
(label) => {
  const { document } = window.documentPictureInPicture.window;
  [...document.querySelectorAll('button')].find((one) => one.ariaLabel === label).click();
}
"""
_KEY = """
([type, key, code]) => {
  const view = window.documentPictureInPicture.window;
  view.document.body.dispatchEvent(new view.KeyboardEvent(type, { key, code, bubbles: true, cancelable: true }));
}
"""


def _open(one: Person) -> dict[str, Any]:
    one.press("More")
    one.page.get_by_role("menuitem", name="Small window").click()
    wait_for(lambda: (one.page.evaluate(_LOOK) or {}).get("tiles"), "the small window is there")
    seen: dict[str, Any] = one.page.evaluate(_LOOK)
    return seen


def _is_closed(one: Person, why: str) -> None:
    # The window is empty before it is closed, so its contents are not looked at.
    wait_for(lambda: not one.page.evaluate(_IS_OPEN), why)


def _is_muted(viewer: Person, name: str, *, muted: bool) -> None:
    tile = viewer.page.locator(f'[data-testid="tile"][data-participant-name="{name}"]')
    expect(tile).to_have_attribute("data-muted", "true" if muted else "false", timeout=_PATIENCE_MS)


def test_the_meeting_goes_on_in_a_small_window_and_comes_back(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace, bo = person("Ada"), person("Grace"), person("Bo")
    for one in (ada, grace, bo):
        one.open(link)
        one.join()
    for one in (ada, grace, bo):
        for name in ("Ada", "Grace", "Bo"):
            one.sees_tile_of(name)

    seen = _open(ada)
    assert seen["tiles"] == ["Grace", "Bo"]
    assert seen["buttons"] == ["Mute microphone", "Turn camera off", "Raise hand", "Leave"]
    assert (seen["language"], seen["direction"], seen["title"]) == ("en", "ltr", "Weekly")
    assert seen["canvas"] not in {"", "rgba(0, 0, 0, 0)"}, "styled by the sheets of the page"
    assert seen["inlineStyles"] == 0
    assert all(width > 100 and height > 60 for width, height in seen["sizes"])
    expect(ada.page.get_by_text("The meeting is in the small window")).to_be_visible()
    expect(ada.page.get_by_test_id("tile")).to_have_count(0)

    # Longer than it takes until pictures that nobody shows are declined.
    ada.page.wait_for_timeout(4000)
    before = ada.page.evaluate(_LOOK)["frames"]
    wait_for(
        lambda: all(
            later > sooner + 15 for sooner, later in zip(before, ada.page.evaluate(_LOOK)["frames"], strict=True)
        ),
        "the pictures move",
    )

    ada.page.evaluate(_PRESS, "Mute microphone")
    _is_muted(grace, "Ada", muted=True)
    ada.page.evaluate(_KEY, ["keydown", " ", "Space"])
    _is_muted(grace, "Ada", muted=False)
    ada.page.evaluate(_KEY, ["keyup", " ", "Space"])
    _is_muted(grace, "Ada", muted=True)
    ada.page.evaluate(_KEY, ["keydown", "m", "KeyM"])
    _is_muted(grace, "Ada", muted=False)

    ada.press("Bring back")
    _is_closed(ada, "the small window is closed when its meeting is back")
    ada.sees_tile_of("Grace")
    tile = ada.page.locator('[data-testid="tile"][data-participant-name="Grace"] video')
    moves = "video => video.getVideoPlaybackQuality().totalVideoFrames"
    count = tile.evaluate(moves)
    wait_for(lambda: tile.evaluate(moves) > count + 10, "Grace moves on the page again")

    _open(ada)
    ada.page.evaluate(_PRESS, "Leave")
    grace.sees_no_tile_of("Ada")
    _is_closed(ada, "the small window is closed with the meeting")
