"""Debian's Firefox and Chromium in one meeting: each sees, hears, reads and is shown the other."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from firefox import Firefox
from moothall_process import MEDIA_ADDRESS
from people import COLLECT_PEER_CONNECTIONS, RECEIVED, Person, Received, wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.skipif(MEDIA_ADDRESS == "127.0.0.1", reason="needs a network of its own: make test-firefox")

_PATIENCE_MS = 60_000
# Errors of the page and breaches of its policy.
_COLLECT_PROBLEMS = """
window.__problems = [];
window.addEventListener('error', (event) => window.__problems.push(String(event.message)));
window.addEventListener('unhandledrejection', (event) => window.__problems.push(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) =>
  window.__problems.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture
def firefox() -> Iterator[Firefox]:
    running = Firefox()
    running.preload(f"() => {{ {COLLECT_PEER_CONNECTIONS} {_COLLECT_PROBLEMS} }}")
    yield running
    print(running.evaluate("document.body.innerText"))
    running.close()


def _received(firefox: Firefox) -> Received:
    return Received(**firefox.evaluate(f"({RECEIVED})()"))


def _loudness(firefox: Firefox) -> float:
    """Return the loudest level of what arrives now, from 0 to 1."""
    return float(
        firefox.evaluate(
            """(async () => {
              let loudest = 0;
              for (const connection of window.__peerConnections) {
                for (const stat of (await connection.getStats()).values()) {
                  if (stat.type === 'inbound-rtp' && stat.kind === 'audio') {
                    loudest = Math.max(loudest, stat.audioLevel ?? 0);
                  }
                }
              }
              return loudest;
            })()"""
        )
    )


def _has(firefox: Firefox, selector: str) -> bool:
    return bool(firefox.evaluate(f"document.querySelector({selector!r}) !== null"))


def _moves(firefox: Firefox, selector: str) -> bool:
    """Whether two more frames of a video are shown within two seconds."""
    return bool(
        firefox.evaluate(
            f"""(async () => {{
              const video = document.querySelector({selector!r});
              if (video === null || video.videoWidth === 0) return false;
              const frame = () => new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(true)));
              const late = new Promise((resolve) => setTimeout(() => resolve(false), 2000));
              return Promise.race([frame().then(frame), late]);
            }})()"""
        )
    )


def test_firefox_and_chromium_see_hear_read_and_show_one_another(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    firefox: Firefox,
) -> None:
    links = create_room()["_links"]
    ada = person("Ada")
    ada.open(links["host_url"]["href"])
    ada.join()
    firefox.open(links["guest_url"]["href"])
    firefox.click("textbox", "Your name")
    firefox.type("Grace")
    firefox.click("button", "Join meeting")

    # Both see and hear: pictures are decoded, and the sound is no silence.
    ada.sees_tile_of("Grace")
    ada.wait_for_media(patience=60)
    wait_for(
        lambda: _has(firefox, '[data-testid="tile"][data-participant-name="Ada"]'),
        "Firefox has Ada's tile",
        60,
    )
    wait_for(lambda: _received(firefox).frames > 10, "Firefox decodes pictures", 60)
    wait_for(
        lambda: _moves(firefox, '[data-participant-name="Ada"] video'),
        "Ada moves in Firefox",
        60,
    )
    # The fake microphone of Chromium beeps.
    wait_for(lambda: _loudness(firefox) > 0.01, "Firefox hears Ada", 60)
    before = ada.received()
    ada.wait_for_media(more_than=before, patience=60)

    # Muted in Firefox is silent and marked in Chromium, and the other way round.
    firefox.click("button", "Mute microphone")
    muted = '[data-participant-name="{}"][data-muted="true"]'
    expect(ada.page.locator(muted.format("Grace"))).to_be_visible(timeout=_PATIENCE_MS)
    ada.press("Mute microphone")
    wait_for(
        lambda: _has(firefox, muted.format("Ada")),
        "Firefox shows that Ada is muted",
        60,
    )

    firefox.click("button", "Chat")
    firefox.type("Good morning from Firefox\n")
    ada.press("Chat")
    expect(ada.page.get_by_text("Good morning from Firefox")).to_be_visible(timeout=_PATIENCE_MS)
    ada.page.get_by_role("textbox", name="Message").fill("Good morning, Grace")
    ada.page.keyboard.press("Enter")
    wait_for(
        lambda: "Good morning, Grace" in firefox.evaluate("document.body.innerText"),
        "Firefox reads Ada",
        60,
    )
    firefox.click("button", "Chat")

    # The screen of Firefox in Chromium, and that of Chromium in Firefox.
    firefox.click("button", "Share screen")
    screen = ada.page.locator('[data-kind="screen"][data-participant-name="Grace"] video')
    expect(screen).to_be_visible(timeout=_PATIENCE_MS)
    moves = "video => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 3"
    wait_for(lambda: screen.evaluate(moves), "Chromium sees the screen of Firefox", 60)
    firefox.click("button", "Stop sharing")
    expect(screen).to_have_count(0, timeout=_PATIENCE_MS)
    ada.press("Share screen")
    wait_for(
        lambda: _moves(firefox, '[data-kind="screen"][data-participant-name="Ada"] video'),
        "Firefox sees the screen of Chromium",
        60,
    )

    firefox.click("button", "Leave")
    ada.sees_no_tile_of("Grace")
    assert firefox.evaluate("window.__problems") == []
    assert ada.problems == []
