"""Speakers are highlighted on the screens of the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from people import FAKE_DEVICES, Person
from playwright.sync_api import expect
from voice import speak


def test_the_one_who_speaks_is_marked(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    voice = speak(tmp_path / "voice.wav")
    ada = person("Ada", arguments=[*FAKE_DEVICES, f"--use-file-for-fake-audio-capture={voice}"])
    grace = person("Grace")
    for someone in (ada, grace):
        someone.open(link)
        someone.join()
    grace.sees_tile_of("Ada")

    tile = grace.page.locator('[data-testid="tile"][data-participant-name="Ada"]')
    expect(tile).to_have_attribute("data-speaking", "true", timeout=30_000)
    ada.press("Mute microphone")
    expect(tile).to_have_attribute("data-speaking", "false", timeout=30_000)
    expect(tile).to_have_attribute("data-muted", "true", timeout=30_000)
