"""Toasts, and what screen readers read by themselves, between people in real browsers."""

from collections.abc import Callable
from typing import Any

from people import PATIENCE, Person
from playwright.sync_api import Locator, expect


def _toasts(someone: Person) -> Locator:
    return someone.page.get_by_test_id("toast")


def _is_told(someone: Person, sentence: str) -> None:
    someone.is_told(sentence)
    someone.is_told(sentence, "announced")


def _meeting(create_room: Callable[..., dict[str, Any]], grace: Person, ada: Person) -> None:
    room = create_room()
    for someone, link in ((grace, "host_url"), (ada, "guest_url")):
        someone.open(room["_links"][link]["href"])
        someone.join()
    grace.sees_tile_of("Ada")
    ada.sees_tile_of("Grace")


def test_news_have_one_place_and_one_voice(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada = person("Grace"), person("Ada", width=550)
    _meeting(create_room, grace, ada)
    _is_told(grace, "Ada joined")

    ada.press("More")
    ada.page.get_by_role("menuitem", name="Raise hand").click()
    _is_told(grace, "Ada raised a hand")
    expect(_toasts(grace)).to_have_count(0, timeout=PATIENCE * 1000)

    grace.press("People")
    people = grace.page.get_by_role("region", name="People")
    people.get_by_role("button", name="Options for Ada", exact=True).click()
    grace.page.get_by_role("menuitem", name="Mute", exact=True).click()
    muted = _toasts(ada).filter(has_text="Grace muted you")
    expect(muted).to_be_visible(timeout=PATIENCE * 1000)
    ada.is_told("Grace muted you", "interrupting")
    # It stays while the pointer rests on it, longer than its ten seconds.
    muted.hover()
    ada.page.wait_for_timeout(11_000)
    muted.get_by_role("button", name="Unmute microphone").click()
    expect(ada.page.get_by_role("button", name="Mute microphone", exact=True)).to_be_visible()
    expect(_toasts(ada)).to_have_count(0)


def test_a_lost_connection_interrupts_what_is_read(
    server: Any,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    grace, ada = person("Grace"), person("Ada")
    _meeting(create_room, grace, ada)
    server.kill()
    ada.is_told("connection", "interrupting")
    expect(ada.page.get_by_test_id("connection-banner")).to_be_visible()
    server.start()
    expect(ada.page.get_by_test_id("connection-banner")).to_have_count(0, timeout=PATIENCE * 1000)


_LAYOUT = """
() => {
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect());
  const meet = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const cross = (over, under) => boxes(over).some((one) => boxes(under).some((other) => meet(one, other)));
  return {
    toastOnName: cross('[data-testid="toast"]', '[data-testid="tile"] [title]'),
    panelOnTile: cross('.side-panel', '[data-testid="tile"]'),
  };
}
"""


def test_toasts_cover_no_name_and_a_panel_from_600_px_covers_no_tile(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada = person("Grace", width=740), person("Ada")
    _meeting(create_room, grace, ada)
    expect(_toasts(grace)).to_have_count(0, timeout=PATIENCE * 1000)
    grace.page.keyboard.press("l")  # The grid, in which a name stands in the lowest corner.
    ada.press("Raise hand")
    toast = _toasts(grace).filter(has_text="Ada raised a hand")
    expect(toast).to_be_visible(timeout=PATIENCE * 1000)
    toast.hover()  # It stays.
    assert grace.page.evaluate(_LAYOUT) == {"toastOnName": False, "panelOnTile": False}

    grace.press("People")
    panel = grace.page.get_by_role("region", name="People")
    expect(panel).to_be_visible()
    grace.page.wait_for_function(f"() => !({_LAYOUT})().panelOnTile", timeout=PATIENCE * 1000)
    grace.page.set_viewport_size({"width": 599, "height": 800})
    grace.page.wait_for_function(f"() => ({_LAYOUT})().panelOnTile", timeout=PATIENCE * 1000)
