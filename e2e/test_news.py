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
    server: Any, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada = person("Grace"), person("Ada")
    _meeting(create_room, grace, ada)
    server.kill()
    ada.is_told("connection", "interrupting")
    expect(ada.page.get_by_test_id("connection-banner")).to_be_visible()
    server.start()
    expect(ada.page.get_by_test_id("connection-banner")).to_have_count(0, timeout=PATIENCE * 1000)
