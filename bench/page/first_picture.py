"""The time from pressing Join to the first picture of somebody else."""

import statistics
from typing import Any

from api_client import ApiClient
from moothall_process import MoothallProcess
from people import Person, wait_for
from playwright.sync_api import Playwright

# Notes, by the page's own clock: Join is pressed, the join ticket is there, the WebSocket is open,
# media can flow, and the browser has put the first frame of Ada's camera on the screen.
_NOTE_STEPS = """
(() => {
  const steps = {};
  window.__steps = steps;
  const note = (name) => { steps[name] ??= performance.now(); };
  window.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('form button[type=submit]')) note('pressed');
  }, true);
  const { fetch } = window;
  window.fetch = async (...given) => {
    const answer = await fetch(...given);
    if (String(given[0]?.url ?? given[0]).endsWith('/page/join')) note('ticket');
    return answer;
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', () => note('answered'));
    }
  };
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...given) {
      super(...given);
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') note('connected');
      });
      this.addEventListener('track', ({ track }) => { if (track.kind === 'video') note('track'); });
    }
  };
  const watched = new WeakSet();
  const look = () => {
    for (const video of document.querySelectorAll('[data-participant-name="Ada"] video')) {
      if (!watched.has(video)) {
        watched.add(video);
        note('shown');
        video.requestVideoFrameCallback(() => note('picture'));
      }
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
})();
"""
_STEPS = {
    "ticket": "join ticket there",
    "answered": "signalling answers",
    "connected": "first media connection made",
    "track": "track announced",
    "shown": "element on the stage",
    "picture": "first frame shown",
}
_TARGET_MS = 1500


def measure(playwright: Playwright, server: MoothallProcess, rounds: int) -> tuple[str, str, str]:
    """Title, text and table."""
    application = server.create_application("Bench")
    api = ApiClient(server.port, application.token())
    room = api.api("POST", "/rooms", 201, {"display_name": "Weekly"})
    ada = Person(playwright, "Ada")
    ada.open(room["_links"]["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    found = [_join(playwright, room["_links"]["guest_url"]["href"]) for _ in range(rounds)]
    ada.close()
    lines = [
        f"| {words} | {_range([steps[name] - steps['pressed'] for steps in found if name in steps])} |"
        for name, words in _STEPS.items()
    ]
    text = (
        f"Somebody opens a link in a fresh browser, types a name and presses Join, with camera and\n"
        f"microphone on; one person with a camera is inside. {rounds} rounds; times since the press.\n"
        f"Wanted: the first frame within {_TARGET_MS:,} ms on a machine that does nothing else."
    )
    return (
        "From pressing Join to the first picture",
        text,
        "\n".join(["| | ms: median (least–most) |", "|---|---|", *lines]),
    )


def _join(playwright: Playwright, link: str) -> dict[str, float]:
    bo = Person(playwright, "Bo")
    try:
        bo.context.add_init_script(_NOTE_STEPS)
        bo.open(link)
        bo.page.get_by_label("Your name").press_sequentially("Bo", delay=300)
        # The preview has begun, as it has for most who read the page.
        bo.page.locator("video").first.wait_for()
        bo.page.get_by_role("button", name="Join meeting").click()

        def steps() -> dict[str, Any] | None:
            now: dict[str, Any] = bo.page.evaluate("() => window.__steps")
            return now if "picture" in now else None

        return wait_for(steps, "the first picture") or {}
    finally:
        bo.close()


def _range(times: list[float]) -> str:
    return f"{statistics.median(times):,.0f} ({min(times):,.0f}–{max(times):,.0f})" if times else "–"
