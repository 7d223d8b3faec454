"""The sounds of a meeting, as far as each person wants to hear them."""

from collections.abc import Callable
from typing import Any

from people import PATIENCE, Person, wait_for
from playwright.sync_api import Locator, expect

# The tones that the page has started, in hertz.
_LISTEN = """
(() => {
  const start = OscillatorNode.prototype.start;
  window.__tones = [];
  OscillatorNode.prototype.start = function (...given) {
    window.__tones.push(Math.round(this.frequency.value));
    return start.apply(this, given);
  };
})();
"""
_JOIN, _LEAVE, _MESSAGE = [440, 587], [587, 440], [880]


def _enter(person: Callable[..., Person], link: str, name: str) -> Person:
    someone = person(name)
    someone.context.add_init_script(_LISTEN)
    someone.open(link)
    someone.join()
    expect(someone.page.get_by_role("button", name="Leave", exact=True)).to_be_visible(timeout=PATIENCE * 1000)
    return someone


def _hears(someone: Person, melody: list[int]) -> None:
    def is_heard() -> bool:
        tones = someone.page.evaluate("() => window.__tones")
        return any(tones[place : place + len(melody)] == melody for place in range(len(tones)))

    wait_for(is_heard, f"{someone.name} hears {melody}")


def _settings(someone: Person) -> Locator:
    someone.press("Settings")
    return someone.page.get_by_role("region", name="Notifications")


def test_comings_and_messages_are_heard_by_those_who_want_to(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    links = create_room()["_links"]
    grace = _enter(person, links["host_url"]["href"], "Grace")
    ada = _enter(person, links["guest_url"]["href"], "Ada")
    _hears(grace, _JOIN)
    grace.is_told("Ada joined")

    # Messages are silent until somebody asks for more; the volume can be tried.
    sounds = _settings(ada)
    sounds.get_by_role("switch", name="Sound when somebody writes in the chat").click()
    sounds.get_by_role("slider", name="Volume of these sounds").press("ArrowUp")
    expect(sounds.get_by_role("status")).to_have_text("60%")
    _hears(ada, _MESSAGE)
    ada.page.keyboard.press("Escape")
    ada.page.evaluate("() => { window.__tones = []; }")
    # Two sounds are two seconds apart.
    ada.page.wait_for_timeout(2100)
    grace.press("Chat")
    grace.page.get_by_role("textbox", name="Message").fill("hello")
    grace.press("Send message")
    _hears(ada, _MESSAGE)
    ada.is_told("hello")

    ada.press("Leave")
    _hears(grace, _LEAVE)
    assert _MESSAGE[0] not in grace.page.evaluate("() => window.__tones")
