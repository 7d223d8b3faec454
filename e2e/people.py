"""People in a meeting.

A browser each, the page used as a person would, and what WebRTC says they get.
"""

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Response, expect

T = TypeVar("T")

PATIENCE = 30.0

_CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # Windows that nobody sees are throttled otherwise.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
]
FAKE_DEVICES = ["--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream"]

# Lets a test read the statistics of every peer connection the page makes; changes nothing else.
COLLECT_PEER_CONNECTIONS = """
(() => {
  const Original = window.RTCPeerConnection;
  window.__peerConnections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...given) { super(...given); window.__peerConnections.push(this); }
  };
})();
"""

# Writes down toasts and what is read out, which are gone after seconds: a busy machine misses them.
COLLECT_NEWS = """
(() => {
  window.__news = [];
  const places = '[data-testid="toast"], [data-testid="announced"], [data-testid="interrupting"]';
  const last = new WeakMap();
  new MutationObserver(() => {
    for (const place of document.querySelectorAll(places)) {
      const text = place.innerText.trim();
      if (last.get(place) === text) continue;
      last.set(place, text);
      if (text) window.__news.push({ place: place.dataset.testid, text, at: performance.now() });
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""

RECEIVED = """
async () => {
  const received = { frames: 0, width: 0, height: 0, audioEnergy: 0, audioPackets: 0, freezes: 0, lost: 0 };
  for (const connection of window.__peerConnections) {
    if (connection.connectionState === 'closed') continue;
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type !== 'inbound-rtp') continue;
      if (stat.kind === 'video') {
        received.frames += stat.framesDecoded ?? 0;
        received.width = Math.max(received.width, stat.frameWidth ?? 0);
        received.height = Math.max(received.height, stat.frameHeight ?? 0);
        received.freezes += stat.freezeCount ?? 0;
      } else {
        received.audioEnergy += stat.totalAudioEnergy ?? 0;
        received.audioPackets += stat.packetsReceived ?? 0;
      }
      received.lost += stat.packetsLost ?? 0;
    }
  }
  return received;
}
"""


@dataclass(frozen=True)
class Received:
    """The media that a browser has received and decoded so far on its open peer connections."""

    frames: int
    width: int
    height: int
    audioEnergy: float  # noqa: N815 - as WebRTC names it
    audioPackets: int  # noqa: N815
    freezes: int
    lost: int


def chromium_path() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise AssertionError("no Chromium or Chrome; make test installs one")


def wait_for(question: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The first answer that is true.

    Raises AssertionError naming ``what`` and the last answer when there is none in time.
    """
    deadline = time.monotonic() + patience
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: still {answer!r} after {patience} s")
        time.sleep(0.1)


class Person:
    def __init__(
        self, playwright: Playwright, name: str, *, arguments: list[str] | None = None, width: int = 1280
    ) -> None:
        self.name = name
        self._browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=_CHROMIUM_ARGUMENTS + (FAKE_DEVICES if arguments is None else arguments),
        )
        self.context: BrowserContext = self._browser.new_context(
            viewport={"width": width, "height": 800}, locale="en-US", ignore_https_errors=True
        )
        self.context.add_init_script(COLLECT_PEER_CONNECTIONS)
        self.context.add_init_script(COLLECT_NEWS)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._note_violation)
        self.complaints: list[str] = []
        """Errors and warnings of the console, failed requests, and answers that are errors."""
        self._note_complaints()
        self.foreign_requests: list[str] = []
        self.page.on("request", lambda request: self._note_foreign(request.url))

    def _note_violation(self, message: object) -> None:
        text = str(getattr(message, "text", message))
        if "Content Security Policy" in text:
            self.problems.append(text)

    def _note_complaints(self) -> None:
        def console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"console: {message.text}")

        def response(answer: Response) -> None:
            if answer.status >= 400:
                self.complaints.append(f"{answer.status} {answer.request.method} {answer.url}")

        self.page.on("console", console)
        self.page.on("response", response)
        self.page.on("requestfailed", lambda request: self.complaints.append(f"{request.failure} {request.url}"))

    def _note_foreign(self, url: str) -> None:
        if not re.match(r"(https?|wss?)://(localhost|127\.0\.0\.1)[:/]|data:|blob:", url):
            self.foreign_requests.append(url)

    def open(self, link: str) -> None:
        self.page.goto(link)

    def join(self) -> float:
        """Fill in the name and press join. Returns the moment of pressing (monotonic seconds)."""
        self.page.get_by_label("Your name").fill(self.name)
        button = self.page.get_by_role("button", name="Join meeting")
        expect(button).to_be_enabled(timeout=PATIENCE * 1000)
        pressed = time.monotonic()
        button.click()
        return pressed

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click(timeout=PATIENCE * 1000)

    def sees_tile_of(self, name: str) -> None:
        expect(self.page.locator(f'[data-testid="tile"][data-participant-name="{name}"]')).to_be_visible(
            timeout=PATIENCE * 1000
        )

    def sees_no_tile_of(self, name: str) -> None:
        expect(self.page.locator(f'[data-testid="tile"][data-participant-name="{name}"]')).to_have_count(
            0, timeout=PATIENCE * 1000
        )

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE * 1000)

    def is_told(self, text: str, place: str = "toast") -> float:
        """Wait for news that contain ``text``, shown now or earlier on this page.

        ``place`` is ``toast``, ``announced`` or ``interrupting``. Returns the moment of the first
        one, in milliseconds of the page's clock.
        """

        def told() -> list[float]:
            return [one["at"] for one in self._news() if one["place"] == place and text in one["text"]]

        return wait_for(told, f"{self.name} is told '{text}' ({place})")[0]

    def times_told(self, text: str, place: str = "toast") -> int:
        return sum(1 for one in self._news() if one["place"] == place and text in one["text"])

    def _news(self) -> list[dict[str, Any]]:
        news: list[dict[str, Any]] = self.page.evaluate("() => window.__news")
        return news

    def forget_connections(self) -> None:
        """Count only peer connections that are created after this call."""
        self.page.evaluate("() => { window.__peerConnections = []; }")

    def received(self) -> Received:
        return Received(**self.page.evaluate(RECEIVED))

    def wait_for_media(self, *, more_than: Received | None = None, patience: float = PATIENCE) -> Received:
        """Wait until at least ten more frames were decoded and audible audio arrived."""
        frames = more_than.frames if more_than else 0
        energy = more_than.audioEnergy if more_than else 0.0

        def flowing() -> Received | None:
            now = self.received()
            return now if now.frames >= frames + 10 and now.audioEnergy > energy else None

        return wait_for(flowing, f"{self.name} sees and hears", patience)

    def frames_per_second(self, seconds: float = 4.0) -> float:
        before, started = self.received(), time.monotonic()
        self.page.wait_for_timeout(seconds * 1000)
        return (self.received().frames - before.frames) / (time.monotonic() - started)

    def close(self) -> None:
        self._browser.close()
