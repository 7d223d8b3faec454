"""A microphone is heard as its person wants.

Held keys, noise reduction, original sound, and speech while muted.
"""

import math
import random
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from people import FAKE_DEVICES, Person, wait_for
from playwright.sync_api import Locator, expect
from voice import RATE, speak

_PATIENCE_MS = 30_000

# How loud what others send is, in decibels, on the left and on the right as ears get it.
_LOUDNESS = """
async (seconds) => {
  const element = [...document.querySelectorAll('audio')].find(({ srcObject }) => srcObject?.getAudioTracks().length);
  const context = new AudioContext();
  const both = new GainNode(context, { channelCount: 2, channelCountMode: 'explicit' });
  context.createMediaStreamSource(element.srcObject).connect(both);
  const split = context.createChannelSplitter(2);
  both.connect(split);
  const sides = [0, 1].map((side) => {
    const analyser = new AnalyserNode(context, { fftSize: 8192 });
    split.connect(analyser, side);
    return analyser;
  });
  const sums = [0, 0];
  const samples = new Float32Array(8192);
  const rounds = seconds * 5;
  for (let round = 0; round < rounds; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    sides.forEach((analyser, side) => {
      analyser.getFloatTimeDomainData(samples);
      sums[side] += samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length / rounds;
    });
  }
  await context.close();
  return sums.map((sum) => 10 * Math.log10(sum + 1e-12));
}
"""

# The constraints of every microphone that the page opens.
_NOTE_MICROPHONES = """
(() => {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.__microphones = [];
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (wish.audio) window.__microphones.push(wish.audio);
    return original(wish);
  };
})();
"""


def _rattle(path: Path, seconds: float = 8.0) -> Path:
    """A keyboard and a fan, as a mono WAV file: noise that browsers leave in."""
    source = random.Random(1)  # noqa: S311
    samples = bytearray()
    for number in range(int(RATE * seconds)):
        since_key = number % (RATE // 6)
        key = 0.6 * math.exp(-since_key / 400) * source.uniform(-1, 1)
        fan = 0.02 * source.uniform(-1, 1)
        samples += struct.pack("<h", int(32_000 * max(-1.0, min(1.0, key + fan))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(samples))
    return path


def _microphone(file: Path) -> list[str]:
    return [*FAKE_DEVICES, f"--use-file-for-fake-audio-capture={file}"]


def _enter(link: str, *people: Person) -> None:
    for one in people:
        one.open(link)
        one.join()
    for one in people:
        for other in people:
            one.sees_tile_of(other.name)


def _is_muted(viewer: Person, name: str, *, muted: bool) -> None:
    tile = viewer.page.locator(f'[data-testid="tile"][data-participant-name="{name}"]')
    expect(tile).to_have_attribute("data-muted", "true" if muted else "false", timeout=_PATIENCE_MS)


def _hears_more(listener: Person) -> None:
    before = listener.received().audioEnergy
    wait_for(lambda: listener.received().audioEnergy > before + 1e-4, f"{listener.name} hears somebody")


def _hears_nothing(listener: Person) -> None:
    """Wait for 1.5 s of silence: what was under way may arrive first."""

    def is_silent() -> bool:
        before = listener.received().audioEnergy
        listener.page.wait_for_timeout(1500)
        return listener.received().audioEnergy - before < 1e-4

    wait_for(is_silent, f"{listener.name} hears nothing")


def _leave_focus(one: Person) -> None:
    one.page.evaluate("() => document.activeElement?.blur()")


def _switch(one: Person, label: str) -> Locator:
    return one.page.get_by_role("switch", name=label)


def _set(one: Person, label: str) -> None:
    one.press("Settings")
    _switch(one, label).click()
    expect(_switch(one, label)).to_be_checked()
    one.page.keyboard.press("Escape")


def test_space_is_heard_for_as_long_as_it_is_held(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    ada = person("Ada", arguments=_microphone(speak(tmp_path / "voice.wav")))
    grace = person("Grace")
    _enter(create_room()["_links"]["guest_url"]["href"], ada, grace)
    grace.press("Mute microphone")
    ada.press("Mute microphone")
    _is_muted(grace, "Ada", muted=True)
    _hears_nothing(grace)
    _leave_focus(ada)
    keyboard = ada.page.keyboard

    keyboard.down(" ")
    _is_muted(grace, "Ada", muted=False)
    _hears_more(grace)
    keyboard.down(" ")  # the keyboard repeats
    keyboard.up(" ")
    _is_muted(grace, "Ada", muted=True)
    _hears_nothing(grace)

    keyboard.down(" ")
    keyboard.up(" ")
    keyboard.down(" ")
    _is_muted(grace, "Ada", muted=False)
    _hears_more(grace)
    keyboard.down("Shift")
    keyboard.up(" ")
    keyboard.up("Shift")
    _is_muted(grace, "Ada", muted=True)

    keyboard.down(" ")
    _is_muted(grace, "Ada", muted=False)
    ada.page.evaluate("() => window.dispatchEvent(new Event('blur'))")
    _is_muted(grace, "Ada", muted=True)
    keyboard.up(" ")
    _hears_nothing(grace)

    ada.page.get_by_role("button", name="People", exact=False).first.focus()
    keyboard.press(" ")
    expect(ada.page.get_by_role("region", name="People")).to_be_visible()
    _is_muted(ada, "Ada", muted=True)


def test_a_microphone_that_was_never_open_is_not_heard_after_a_tap_on_space(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    ada = person("Ada", arguments=_microphone(speak(tmp_path / "voice.wav")))
    grace = person("Grace")
    ada.open(create_room()["_links"]["guest_url"]["href"])
    ada.press("Mute microphone")
    ada.join()
    grace.open(ada.page.url)
    grace.press("Mute microphone")
    grace.join()
    grace.sees_tile_of("Ada")
    ada.sees_tile_of("Grace")
    _leave_focus(ada)

    ada.page.keyboard.down(" ")
    ada.page.keyboard.up(" ")
    _hears_nothing(grace)
    _is_muted(grace, "Ada", muted=True)

    ada.page.keyboard.down(" ")
    _is_muted(grace, "Ada", muted=False)
    _hears_more(grace)
    ada.page.keyboard.up(" ")
    _is_muted(grace, "Ada", muted=True)


def test_noise_reduction_takes_the_noise_out_on_both_sides_and_leaves_the_voice(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada = person("Ada", arguments=_microphone(_rattle(tmp_path / "rattle.wav")))
    grace = person("Grace")
    loaded: list[str] = []
    ada.page.on("request", lambda request: loaded.append(request.url))
    _enter(link, ada, grace)
    grace.press("Mute microphone")
    _hears_more(grace)
    assert not any("noiseFilter" in url for url in loaded), "loaded only when it is wanted"
    before = grace.page.evaluate(_LOUDNESS, 4)

    _set(ada, "Noise reduction")
    wait_for(lambda: any("noiseFilter" in url for url in loaded), "the filter is loaded")

    def quieter() -> list[float] | None:
        after: list[float] = grace.page.evaluate(_LOUDNESS, 4)
        print(f"noise in dB: {before} without, {after} with noise reduction")
        return after if all(one - other > 15 for one, other in zip(before, after, strict=True)) else None

    after = wait_for(quieter, "the noise is 15 dB quieter")

    bob = person("Bob", arguments=_microphone(speak(tmp_path / "voice.wav")))
    bob.page.add_init_script("localStorage.setItem('moothall.noiseReduction', 'true')")
    bob.open(link)
    bob.join()
    ada.press("Leave")
    grace.sees_no_tile_of("Ada")
    _hears_more(grace)

    def is_heard() -> bool:
        left, right = grace.page.evaluate(_LOUDNESS, 4)
        print(f"voice in dB with noise reduction: {left} left, {right} right")
        return bool(abs(left - right) < 1 and min(left, right) > max(after) + 15)

    wait_for(is_heard, "the voice is there, equally on both sides")

    bob.press("Mute microphone")
    _hears_nothing(grace)
    bob.press("Unmute microphone")
    _hears_more(grace)


def test_original_sound_is_sent_as_it_is_and_remembered(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    ada = person("Ada", arguments=_microphone(speak(tmp_path / "voice.wav")))
    ada.context.add_init_script(_NOTE_MICROPHONES)
    grace = person("Grace")
    _enter(create_room()["_links"]["guest_url"]["href"], ada, grace)
    grace.press("Mute microphone")
    asked = (
        "() => window.__microphones.map((one) => one.echoCancellation || one.noiseSuppression || one.autoGainControl)"
    )
    assert ada.page.evaluate(asked)[-1] is True

    _set(ada, "Original sound")
    wait_for(lambda: ada.page.evaluate(asked)[-1] is False, "the microphone is opened anew, as it is")
    _hears_more(grace)
    ada.press("Settings")
    expect(_switch(ada, "Noise reduction")).to_be_disabled()

    ada.page.reload()
    ada.join()
    grace.sees_tile_of("Ada")
    wait_for(lambda: ada.page.evaluate(asked) == [False], "the microphone is opened once, as it is")


def test_who_speaks_while_muted_is_told_so_once(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], tmp_path: Path
) -> None:
    ada = person("Ada", arguments=_microphone(speak(tmp_path / "voice.wav")))
    grace = person("Grace")
    _enter(create_room()["_links"]["guest_url"]["href"], ada, grace)
    grace.press("Mute microphone")
    before = ada.page.evaluate("() => performance.now()")
    ada.press("Mute microphone")

    notice = "You are muted. Press M to speak."
    told = ada.is_told(notice)
    assert told - before >= 10_000, "people mute to say something to the room"
    _hears_nothing(grace)
    expect(ada.page.get_by_test_id("toast").get_by_text(notice)).to_have_count(0)
    ada.page.wait_for_timeout(6000)
    assert ada.times_told(notice) == 1
    expect(ada.page.get_by_role("button", name="Unmute microphone")).to_be_visible()
