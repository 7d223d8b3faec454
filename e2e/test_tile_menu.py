"""The menu of a tile: what one can do about a person, by pointer and by keyboard."""

from collections.abc import Callable
from typing import Any

from people import PATIENCE, Person, wait_for
from playwright.sync_api import Locator, expect

_PATIENCE_MS = PATIENCE * 1000
# Lets the test read how loud a voice is made beyond what an element can do.
_KEEP_GAINS = """
(() => {
  window.__gains = [];
  const { createGain } = AudioContext.prototype;
  BaseAudioContext.prototype.createGain = function () {
    const node = createGain.call(this);
    window.__gains.push(node);
    return node;
  };
})();
"""
# How loud each voice plays: by its element, or by the last gain where the element is silent.
_VOLUMES = """
() => [...document.querySelectorAll('audio')].map(({ muted, volume }) =>
  muted ? Math.round(window.__gains.at(-1).gain.value * 10) / 10 : volume)
"""


def _enter(create_room: Callable[..., dict[str, Any]], *people: Person) -> None:
    room = create_room()
    for number, someone in enumerate(people):
        someone.open(room["_links"]["host_url" if number == 0 else "guest_url"]["href"])
        someone.join()
        expect(someone.page.get_by_role("button", name="Leave", exact=True)).to_be_visible(timeout=_PATIENCE_MS)
    for someone in people:
        for other in people:
            someone.sees_tile_of(other.name)


def _tile_menu(someone: Person, name: str) -> Locator:
    stage = someone.page.get_by_role("region", name="Participants")
    # Shown while the pointer is over the tile.
    someone.page.locator(f'[data-kind="camera"][data-participant-name="{name}"]').hover(timeout=_PATIENCE_MS)
    stage.get_by_role("button", name=f"Options for {name}", exact=True).click(timeout=_PATIENCE_MS)
    menu = someone.page.get_by_role("menu")
    expect(menu).to_be_visible(timeout=_PATIENCE_MS)
    return menu


def _items(menu: Locator) -> list[str]:
    return menu.get_by_role("menuitem").all_inner_texts()


def _has_focus(locator: Locator) -> None:
    expect(locator).to_be_focused(timeout=_PATIENCE_MS)


def test_a_host_mutes_spotlights_and_removes_from_the_tile_by_keyboard(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada, bo = person("Grace"), person("Ada"), person("Bo")
    _enter(create_room, grace, ada, bo)
    bo.press("Raise hand")
    keyboard = grace.page.keyboard
    stage = grace.page.get_by_role("region", name="Participants")
    of_bo = stage.get_by_role("button", name="Options for Bo", exact=True)
    menu = grace.page.get_by_role("menu")

    def choose(item: str) -> None:
        """Open the menu of Bo's tile with Enter, go down to the entry, and press it."""
        _has_focus(of_bo)
        keyboard.press("Enter")
        expect(menu).to_be_visible(timeout=_PATIENCE_MS)
        entry = menu.get_by_role("menuitem", name=item, exact=True)
        expect(entry).to_be_visible(timeout=_PATIENCE_MS)
        _has_focus(menu.locator(":focus"))
        for _ in range(menu.get_by_role("menuitem").count() + 1):
            if entry.evaluate("(element) => element === document.activeElement"):
                break
            keyboard.press("ArrowDown")
        _has_focus(entry)
        keyboard.press("Enter")
        expect(menu).to_have_count(0, timeout=_PATIENCE_MS)

    keyboard.press("F6")
    _has_focus(stage.get_by_role("button", name="Options for Grace", exact=True))
    keyboard.press("End")
    _has_focus(of_bo)
    keyboard.press("Enter")
    expect(menu).to_be_visible(timeout=_PATIENCE_MS)
    expect(menu.get_by_role("menuitem", name="Lower hand")).to_be_visible(timeout=_PATIENCE_MS)
    keyboard.press("Escape")
    expect(menu).to_have_count(0, timeout=_PATIENCE_MS)
    choose("Mute")
    bar = bo.page.get_by_role("toolbar", name="Meeting controls")
    expect(bar.get_by_role("button", name="Unmute microphone")).to_be_visible(timeout=_PATIENCE_MS)
    bo.sees("Grace muted you")
    choose("Lower hand")
    expect(bo.page.get_by_role("button", name="Raise hand")).to_be_visible(timeout=_PATIENCE_MS)
    choose("Ask to unmute")
    bo.sees("Grace asks you to unmute")
    choose("Spotlight for everyone")
    wait_for(
        lambda: ada.page.evaluate(
            """() => document.querySelector('[data-participant-name="Bo"]').getBoundingClientRect().width > 700"""
        ),
        "Ada sees Bo large",
    )
    choose("Remove")
    grace.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    bo.sees("removed")
    grace.sees_no_tile_of("Bo")


def test_a_guest_pins_and_sets_how_loud_somebody_is(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada = person("Grace"), person("Ada")
    ada.context.add_init_script(_KEEP_GAINS)
    _enter(create_room, grace, ada)
    menu = _tile_menu(ada, "Grace")
    assert _items(menu) == ["Pin", "Volume"]
    wait_for(lambda: ada.page.evaluate(_VOLUMES) == [1], "one voice plays as it was sent")
    menu.get_by_role("menuitem", name="Volume").click()
    slider = ada.page.get_by_role("slider", name="Volume")
    _has_focus(slider)
    expect(slider).to_have_attribute("aria-valuetext", "100%", timeout=_PATIENCE_MS)
    for _ in range(6):
        ada.page.keyboard.press("ArrowLeft")
    wait_for(lambda: ada.page.evaluate(_VOLUMES) == [0.4], "Grace is less loud")
    ada.page.keyboard.press("End")
    wait_for(lambda: ada.page.evaluate(_VOLUMES) == [2], "Grace is twice as loud")
    ada.page.keyboard.press("Home")
    wait_for(lambda: ada.page.evaluate(_VOLUMES) == [0], "Grace is silent here")
    ada.page.keyboard.press("Escape")
    # The list of people has the same.
    ada.press("People")
    people = ada.page.get_by_role("region", name="People")
    people.get_by_role("button", name="Options for Grace", exact=True).click()
    assert _items(ada.page.get_by_role("menu")) == ["Pin", "Volume"]
    ada.page.get_by_role("menuitem", name="Pin", exact=True).click()
    expect(ada.page.get_by_text("Pinned", exact=True)).to_be_attached(timeout=_PATIENCE_MS)


def test_a_host_has_the_same_actions_in_the_list_and_stops_a_screen_from_its_tile(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace = person("Grace")
    ada = person("Ada")
    _enter(create_room, grace, ada)
    in_tile = _items(_tile_menu(grace, "Ada"))
    grace.page.keyboard.press("Escape")
    grace.press("People")
    grace.page.get_by_role("region", name="People").get_by_role("button", name="Options for Ada", exact=True).click()
    in_list = _items(grace.page.get_by_role("menu"))
    assert in_tile == in_list == [
        "Pin", "Mute", "Turn camera off", "Volume", "Spotlight for everyone", "Make host", "Remove",
    ]  # fmt: skip
    grace.page.keyboard.press("Escape")
    ada.press("Share screen")
    screen = grace.page.locator('[data-kind="screen"][data-participant-name="Ada"]')
    screen.hover(timeout=_PATIENCE_MS)
    grace.page.get_by_role("button", name="Options for Ada’s screen", exact=True).click(timeout=_PATIENCE_MS)
    grace.page.get_by_role("menuitem", name="Stop their screen share").click(timeout=_PATIENCE_MS)
    expect(screen).to_have_count(0, timeout=_PATIENCE_MS)
