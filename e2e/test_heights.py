"""Low frames: landscape phones, and pages that are looked at with a zoom of 400 %."""

from collections.abc import Callable
from typing import Any

import pytest
from people import PATIENCE, Person, wait_for
from playwright.sync_api import expect

_PATIENCE_MS = PATIENCE * 1000
_LOOK = """
() => {
  const place = (element) => {
    const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
    return { left, top, right, bottom, width, height };
  };
  const root = document.documentElement;
  return {
    tiles: [...document.querySelectorAll('[data-testid="tile"]')].map((tile) => place(tile)),
    names: [...document.querySelectorAll('[data-testid="tile"]')].map(({ dataset }) => dataset.participantName),
    bar: place(document.querySelector('[role="toolbar"]')),
    small: [...document.querySelectorAll('[role="toolbar"] button')]
      .map((button) => place(button)).filter(({ width, height }) => width < 44 || height < 44).length,
    roomLine: document.querySelector('.room-line').checkVisibility(),
    isScrolled: root.scrollWidth > root.clientWidth || root.scrollHeight > root.clientHeight,
  };
}
"""


def _three_inside(create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]) -> list[Person]:
    room = create_room()
    people = [person(name) for name in ("Grace", "Ada", "Bo")]
    for number, someone in enumerate(people):
        someone.open(room["_links"]["host_url" if number == 0 else "guest_url"]["href"])
        someone.join()
        expect(someone.page.get_by_role("button", name="Leave", exact=True)).to_be_visible(timeout=_PATIENCE_MS)
    for name in ("Grace", "Ada", "Bo"):
        people[0].sees_tile_of(name)
    return people


def _settled(someone: Person, is_so: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = someone.page.evaluate(_LOOK)
        return seen if is_so(seen) else None

    return wait_for(look, what) or {}


@pytest.mark.timeout(240)
def test_a_low_frame_has_tiles_side_by_side_and_a_lower_one_a_single_tile(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, _, bo = _three_inside(create_room, person)
    page = grace.page
    for width, height in ((800, 360), (640, 320)):
        page.set_viewport_size({"width": width, "height": height})
        seen = _settled(grace, lambda seen: seen["bar"]["height"] <= 48.5, f"a bar of 48 px at {width} × {height}")
        assert seen["small"] == 0
        assert not seen["roomLine"]
        assert not seen["isScrolled"]
        _settled(
            grace,
            lambda seen: len(seen["tiles"]) == 3 and len({round(tile["top"]) for tile in seen["tiles"]}) == 1,
            f"three tiles side by side at {width} × {height}",
        )
    bar = page.get_by_role("toolbar", name="Meeting controls")
    wanted = page.get_by_role("button", name="Meeting controls")
    for width, height in ((568, 256), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})

        def is_single(seen: dict[str, Any], height: int = height) -> bool:
            return len(seen["tiles"]) == 1 and seen["tiles"][0]["height"] > height - 24

        seen = _settled(grace, is_single, f"one tile at {width} × {height}")
        assert not seen["isScrolled"]
        first = seen["names"]
        assert first != ["Grace"], "one's own picture does not take the only place"
        pager = page.get_by_role("navigation", name="Page")
        expect(pager).to_be_visible(timeout=_PATIENCE_MS)
        # The others are on pages, and the way back is there.
        turn = "Next page" if pager.get_by_role("button", name="Next page").is_enabled() else "Previous page"
        pager.get_by_role("button", name=turn).click()
        _settled(grace, lambda seen, first=first: seen["names"] not in (first, []), "the other person")
        # The bar comes when it is wanted, does what it does, and goes.
        expect(bar).to_have_css("opacity", "1")
        hidden = bar.locator("xpath=ancestor::*[contains(@class,'opacity-0')]")
        expect(hidden).to_have_count(1, timeout=_PATIENCE_MS)
        wanted.click()
        expect(hidden).to_have_count(0, timeout=_PATIENCE_MS)
        bar.get_by_role("button", name="Mute microphone").click()
        expect(bar.get_by_role("button", name="Unmute microphone")).to_be_visible(timeout=_PATIENCE_MS)
        bar.get_by_role("button", name="Unmute microphone").click()
        page.keyboard.press("Escape")
        expect(hidden).to_have_count(1, timeout=_PATIENCE_MS)
        expect(wanted).to_be_focused(timeout=_PATIENCE_MS)
        # By keyboard it comes with the focus.
        page.keyboard.press("Tab")
        expect(bar.locator(":focus")).to_have_count(1, timeout=_PATIENCE_MS)
        expect(hidden).to_have_count(0, timeout=_PATIENCE_MS)
        page.keyboard.press("Escape")
        expect(hidden).to_have_count(1, timeout=_PATIENCE_MS)
    # A new screen comes into the only place, whatever one has turned to.
    bo.press("Share screen")
    expect(page.locator('[data-kind="screen"][data-participant-name="Bo"] video')).to_be_visible(timeout=_PATIENCE_MS)
    # With the usual height everything is back.
    page.set_viewport_size({"width": 1280, "height": 800})
    _settled(grace, lambda seen: len(seen["tiles"]) == 4, "all tiles")
    expect(wanted).to_have_count(0, timeout=_PATIENCE_MS)
