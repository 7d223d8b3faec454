"""How the page looks where a picture alone can tell: focus rings and forced colours."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from people import PATIENCE, Person, wait_for
from PIL import Image
from playwright.sync_api import Locator, Page, expect

RING_DISTANCE = 3.5
"""The middle of the focus ring, in CSS pixels outside the element: 2 of gap, and half of 3."""
WIDTHS = (1280, 360)

_FOCUSED = """
() => {
  const { x, y, width, height } = document.activeElement.getBoundingClientRect();
  const { outlineStyle, outlineColor } = getComputedStyle(document.activeElement);
  const ring = outlineStyle === 'none' ? null : outlineColor.match(/\\d+/g).slice(0, 3).map(Number);
  const { activeElement: focused } = document;
  const name = focused.ariaLabel ?? focused.labels?.[0]?.textContent ?? focused.textContent;
  return { x, y, width, height, ring, name, isPage: document.activeElement === document.body };
}
"""


def cut_sides(page: Page) -> tuple[str, list[str]]:
    """Return the name of what has the focus, and the sides on which no focus ring can be seen."""
    page.wait_for_timeout(250)
    box = page.evaluate(_FOCUSED)
    if box["isPage"]:
        return "", []
    if box["ring"] is None:
        return box["name"], ["all"]
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    centre_x, centre_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    places = {
        "left": (box["x"] - RING_DISTANCE, centre_y),
        "right": (box["x"] + box["width"] + RING_DISTANCE, centre_y),
        "top": (centre_x, box["y"] - RING_DISTANCE),
        "bottom": (centre_x, box["y"] + box["height"] + RING_DISTANCE),
    }
    return box["name"], [side for side, place in places.items() if not shows(picture, place, box["ring"])]


def shows(picture: Image.Image, place: tuple[float, float], colour: list[int]) -> bool:
    """Whether a pixel at most one from ``place`` has about this colour, or is in a soft shadow."""
    around = [(int(place[0]) + x, int(place[1]) + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    return any(
        0 <= x < picture.width
        and 0 <= y < picture.height
        and all(abs(one - other) < 40 for one, other in zip(picture.getpixel((x, y)), colour, strict=True))
        for x, y in around
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_focus_rings_are_whole(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], width: int
) -> None:
    ada = person("Ada", width=width)
    ada.open(create_room()["_links"]["host_url"]["href"])
    expect(ada.page.get_by_role("button", name="Join meeting")).to_be_enabled(timeout=PATIENCE * 1000)
    walk(ada.page, "Tab", at_least=5)
    ada.join()
    ada.sees_tile_of("Ada")
    expect(ada.page.get_by_test_id("connection-banner")).to_have_count(0)

    ada.page.get_by_role("button", name="Mute microphone").focus()
    walk(ada.page, "ArrowRight", at_least=4)
    ada.page.keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Settings")).to_be_visible()
    walk(ada.page, "Tab", at_least=4)


def walk(page: Page, key: str, *, at_least: int, most: int = 14) -> None:
    """Go from one element to the next with a key. Each must have its whole ring."""
    names: list[str] = []
    cut: dict[str, list[str]] = {}
    for _ in range(most):
        page.keyboard.press(key)
        name, sides = cut_sides(page)
        if name in names:
            break
        if name:
            names.append(name)
        if sides:
            cut[name] = sides
    assert not cut
    assert len(names) >= at_least, names


def test_forced_colours_show_outlines_states_and_focus(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    ada = person("Ada")
    ada.page.emulate_media(forced_colors="active")
    ada.open(create_room()["_links"]["host_url"]["href"])
    name = ada.page.get_by_label("Your name")
    resting = picture_of(name)
    name.focus()
    assert style(name, "outlineStyle") != "none", "the field with the focus is told by an outline"
    assert picture_of(name) != resting
    ada.join()
    ada.sees_tile_of("Ada")

    for button in ada.page.get_by_role("toolbar").get_by_role("button").all():
        label = button.get_attribute("aria-label")
        assert style(button, "borderTopStyle") == "solid", label
        assert style(button, "borderTopColor") != style(button, "backgroundColor"), label
    people = ada.page.get_by_role("button", name="People", exact=True)
    loose = style(people, "backgroundColor")
    people.click()
    expect(people).to_have_attribute("aria-pressed", "true")
    wait_for(lambda: style(people, "backgroundColor") != loose, "pressed and not pressed differ")

    ada.page.get_by_role("button", name="Microphone and speaker options").click()
    expect(ada.page.get_by_role("menu")).to_be_visible()
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("ArrowDown")
    highlighted = ada.page.locator("[data-highlighted]")
    assert style(highlighted, "outlineStyle") == "solid", "the entry that Enter would choose"
    ada.page.keyboard.press("Escape")

    ada.page.get_by_role("button", name="Settings", exact=True).click()
    switch = ada.page.get_by_role("switch").last
    on = style(switch, "backgroundColor")
    thumb = style(switch.locator("> span").first, "backgroundColor")
    assert thumb != on, "the thumb of a switch can be seen"
    switch.click()
    wait_for(lambda: style(switch, "backgroundColor") != on, "on and off differ by more than the place of the thumb")


def style(element: Locator, name: str) -> str:
    return str(element.evaluate("(element, name) => getComputedStyle(element)[name]", name))


def picture_of(element: Locator) -> bytes:
    """Return the element and its surroundings of 6 px, as pixels."""
    box = element.bounding_box()
    assert box is not None
    around = {"x": box["x"] - 6, "y": box["y"] - 6, "width": box["width"] + 12, "height": box["height"] + 12}
    return Image.open(io.BytesIO(element.page.screenshot(clip=around))).tobytes()  # type: ignore[arg-type]
