"""Phones, as Chromium emulates them: no real one is at hand."""

from collections.abc import Callable
from typing import Any

from people import PATIENCE, Person
from playwright.sync_api import expect

Join = Callable[..., Person]
CreateRoom = Callable[..., dict[str, Any]]

_ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Mobile Safari/537.36"
)
_TWO_CAMERAS = ["--use-fake-device-for-media-stream=device-count=2,fps=30", "--use-fake-ui-for-media-stream"]
_SHOW = """
(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}
"""

# Pairs of controls of the preview, the meter among them, with less than 4 px between them.
_TOUCHING = """
() => {
  const preview = document.querySelector('section:has(video)');
  const meter = preview.querySelector('[role="img"]').parentElement;
  const all = [...preview.querySelectorAll('button'), meter].map((element) => element.getBoundingClientRect());
  return all.flatMap((one, index) => all.slice(index + 1).filter((other) =>
    one.left - 4 < other.right && other.left - 4 < one.right && one.top - 4 < other.bottom && other.top - 4 < one.bottom,
  ).map((other) => [one.left, one.right, other.left, other.right]));
}
"""


def on_a_phone(person: Join, name: str) -> Person:
    someone = person(name, arguments=_TWO_CAMERAS, width=412)
    cdp = someone.context.new_cdp_session(someone.page)
    cdp.send("Emulation.setUserAgentOverride", {"userAgent": _ANDROID})
    cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
    cdp.send(
        "Emulation.setDeviceMetricsOverride", {"width": 412, "height": 840, "deviceScaleFactor": 2, "mobile": True}
    )
    cdp.send("Emulation.setEmulatedMedia", {"features": [{"name": "pointer", "value": "coarse"}]})
    return someone


def test_a_phone_in_the_background_is_away_and_comes_back_with_its_picture(
    create_room: CreateRoom, person: Join
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    bo = person("Bo")
    bo.open(link)
    bo.join()
    ada = on_a_phone(person, "Ada")
    ada.open(link)
    ada.join()
    bo.wait_for_media()
    tile = bo.page.locator('[data-testid="tile"][data-participant-name="Ada"]')

    ada.page.evaluate(_SHOW, "hidden")
    expect(tile.get_by_text("Away")).to_be_visible(timeout=PATIENCE * 1000)
    expect(tile.locator("video")).to_have_count(0, timeout=PATIENCE * 1000)

    ada.page.evaluate(_SHOW, "visible")
    expect(tile.get_by_text("Away")).to_have_count(0, timeout=PATIENCE * 1000)
    expect(tile.locator("video")).to_have_count(1, timeout=PATIENCE * 1000)
    bo.wait_for_media(more_than=bo.received())
    expect(ada.page.get_by_role("button", name="Turn camera off")).to_be_visible()


def test_two_cameras_can_be_changed_before_and_in_the_meeting(create_room: CreateRoom, person: Join) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    bo = person("Bo")
    bo.open(link)
    bo.join()
    ada = on_a_phone(person, "Ada")
    ada.open(link)
    flip = "Switch between front and back camera"
    ada.press(flip)
    expect(ada.page.locator("video")).to_be_visible()
    for width, height in ((360, 740), (740, 360)):
        ada.page.set_viewport_size({"width": width, "height": height})
        expect(ada.page.get_by_role("img", name="Microphone level")).to_be_visible(timeout=PATIENCE * 1000)
        touching = ada.page.evaluate(_TOUCHING)
        assert touching == [], f"at {width} × {height}"
    ada.page.set_viewport_size({"width": 412, "height": 840})
    ada.join()
    bo.wait_for_media()

    ada.press("More")
    ada.page.get_by_role("menuitem", name=flip).click()
    bo.wait_for_media(more_than=bo.received())

    bo_has = bo.page.get_by_role("button", name=flip)
    expect(bo_has).to_have_count(0)


def test_fields_are_large_enough_that_no_phone_zooms(create_room: CreateRoom, person: Join) -> None:
    ada = on_a_phone(person, "Ada")
    ada.open(create_room()["_links"]["guest_url"]["href"])
    expect(ada.page.get_by_label("Your name")).to_be_visible()

    sizes = ada.page.eval_on_selector_all(
        "input, select", "(fields) => fields.map((field) => parseFloat(getComputedStyle(field).fontSize))"
    )
    assert len(sizes) >= 3
    assert min(sizes) >= 16
    viewport = ada.page.locator("meta[name=viewport]").get_attribute("content") or ""
    assert "interactive-widget=resizes-content" in viewport
    assert "viewport-fit=cover" in viewport
