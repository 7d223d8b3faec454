"""The page before the meeting: what it loads, what it shows, and how it gets people in."""

import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import FAKE_DEVICES, Person, wait_for
from playwright.sync_api import expect

Join = Callable[..., Person]
CreateRoom = Callable[..., dict[str, Any]]

KB = 1000
_SCRIPTS = """
() => performance.getEntriesByType('resource')
  .filter(({ name }) => name.endsWith('.js'))
  .map(({ name, encodedBodySize }) => [name.split('/').pop(), encodedBodySize])
"""


def test_what_is_loaded_before_joining_is_small_and_the_rest_comes_when_it_is_opened(
    create_room: CreateRoom, person: Join
) -> None:
    room = create_room()
    ada = person("Ada")
    ada.open(room["_links"]["guest_url"]["href"])
    expect(ada.page.get_by_role("button", name="Join meeting")).to_be_enabled()
    ada.page.wait_for_load_state("networkidle")
    loaded = dict(ada.page.evaluate(_SCRIPTS))

    assert any(name.startswith("call-") for name in loaded), "the meeting is fetched while one types"
    assert 100 * KB < sum(loaded.values()) < 350 * KB
    assert len([name for name in loaded if name.startswith("en-")]) == 1
    assert not [name for name in loaded if name.startswith(("de-", "he-", "zh-", "menuParts-", "DialogFrame-"))]

    ada.join()
    ada.sees_tile_of("Ada")
    ada.press("Camera options")
    expect(ada.page.get_by_role("menuitemradio").first).to_be_visible()
    ada.page.keyboard.press("Escape")
    ada.press("Settings")
    expect(ada.page.get_by_role("dialog", name="Settings")).to_be_visible()
    later = dict(ada.page.evaluate(_SCRIPTS))
    assert {name.split("-")[0] for name in later.keys() - loaded.keys()} >= {
        "menuParts",
        "DialogFrame",
    }


_DEVICES_AFTER_5_S = """
(() => {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.__asked = 0;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.__asked += 1;
    await new Promise((resolve) => setTimeout(resolve, 5000));
    return original(wanted);
  };
})();
"""


def test_entering_waits_for_no_device_and_the_camera_is_sent_once_it_is_open(
    create_room: CreateRoom, person: Join
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    bo = person("Bo")
    bo.open(link)
    bo.join()
    bo.sees_tile_of("Bo")
    ada = person("Ada")
    ada.context.add_init_script(_DEVICES_AFTER_5_S)
    ada.open(link)
    ada.join()
    bo.sees_tile_of("Ada")
    assert ada.page.evaluate("() => window.__asked") == 1, "she is inside while her devices are opening"
    bo.wait_for_media()
    assert ada.page.evaluate("() => window.__asked") == 1, "and they were asked for once"


def test_a_question_of_the_browser_is_told(create_room: CreateRoom, person: Join) -> None:
    ada = person("Ada", arguments=["--use-fake-device-for-media-stream"])
    # As if a person did not answer.
    ada.context.add_init_script("navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined)")
    ada.open(create_room()["_links"]["guest_url"]["href"])

    ada.sees("Your browser asks for camera and microphone. Choose Allow.")
    ada.sees("No question? Look for a camera symbol in the address bar.")


def test_a_refusal_is_told_and_keeps_nobody_out(create_room: CreateRoom, person: Join) -> None:
    ada = person(
        "Ada",
        arguments=[
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream=deny",
        ],
    )
    ada.open(create_room()["_links"]["guest_url"]["href"])
    ada.sees("Your browser does not allow camera and microphone")
    ada.join()
    ada.sees_tile_of("Ada")


def test_a_microphone_without_a_sound_is_told_by_name(create_room: CreateRoom, person: Join, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(2 * 48000))
    ada = person(
        "Ada",
        arguments=[
            *FAKE_DEVICES,
            f"--use-file-for-fake-audio-capture={tmp_path / 'silence.wav'}",
        ],
    )
    ada.open(create_room()["_links"]["guest_url"]["href"])

    ada.sees(re.compile(r"We hear nothing from .+\. Choose another microphone\."))


@pytest.mark.parametrize(("width", "height"), [(640, 320), (800, 360), (360, 640), (320, 568)])
def test_picture_name_and_button_are_in_view_without_scrolling(
    create_room: CreateRoom, person: Join, width: int, height: int
) -> None:
    room = create_room(display_name="A meeting about quite a number of things that could not be told in fewer words")
    ada = person("Ada", width=width)
    ada.page.set_viewport_size({"width": width, "height": height})
    ada.open(room["_links"]["guest_url"]["href"])
    meter = ada.page.get_by_role("img", name="Microphone level")
    for element in (
        ada.page.locator("video"),
        meter,
        ada.page.get_by_label("Your name"),
    ):
        expect(element).to_be_in_viewport(ratio=1)
    expect(ada.page.get_by_role("button", name="Join meeting")).to_be_in_viewport(ratio=1)
    assert ada.page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_an_address_may_lead_straight_in_and_turns_nothing_on(create_room: CreateRoom, person: Join) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada = person("Ada")
    ada.open(f"{link}?skip_prejoin=true&display_name=Ada%20Lovelace")
    ada.sees_tile_of("Ada Lovelace")

    expect(ada.page.get_by_role("button", name="Unmute microphone")).to_be_visible()
    expect(ada.page.get_by_role("button", name="Turn camera on")).to_be_visible()


def test_the_test_sound_plays_and_is_over_after_a_second(create_room: CreateRoom, person: Join) -> None:
    ada = person("Ada")
    ada.context.add_init_script(
        """
        window.__tones = [];
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...at) {
          this.addEventListener('ended', () => window.__tones.push(performance.now() - begun));
          const begun = performance.now();
          return start.apply(this, at);
        };
        """
    )
    ada.open(create_room()["_links"]["guest_url"]["href"])
    ada.press("Test sound")

    lasted = wait_for(lambda: ada.page.evaluate("() => window.__tones"), "the tone is over")
    assert 900 < lasted[0] < 5000
