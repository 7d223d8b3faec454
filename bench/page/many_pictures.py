"""The CPU of a meeting page with 25 pictures, against a bare page that shows the same ones."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from api_client import ApiClient
from moothall_process import ROOT, MoothallProcess
from people import Person, wait_for
from playwright.sync_api import Playwright, expect

HERE = Path(__file__).parent
PICTURES = 25
_TARGET = 1.2
_PATIENCE_MS = 60_000
_TICKS = os.sysconf("SC_CLK_TCK")

# Frames decoded so far of each picture that is received.
_FRAMES = """
async () => {
  const frames = [];
  for (const connection of window.__peerConnections) {
    if (connection.connectionState === 'closed') continue;
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'video') frames.push(stat.framesDecoded ?? 0);
    }
  }
  return frames;
}
"""
_PLACES = """
() => [...document.querySelectorAll('[data-kind="camera"] video')].map((video) => {
  const { left, top, width, height } = video.getBoundingClientRect();
  return { left, top, width, height };
})
"""


def measure(playwright: Playwright, server: MoothallProcess, rounds: int, seconds: float) -> tuple[str, str, str]:
    """Title, text and table."""
    api = ApiClient(server.port, server.create_application("Bench").token())
    room = api.api("POST", "/rooms", 201, {"display_name": "Weekly"})
    tokens = [_token(server, room["meeting_code"], f"Person {number}") for number in range(PICTURES)]
    found: dict[str, list[dict[str, float]]] = {"bare": [], "meeting": []}
    with _senders(server, tokens), _bare_pages() as bare_url:
        places: list[dict[str, float]] = []
        for _ in range(rounds):
            meeting = Person(playwright, "Reader")
            try:
                _enter(meeting, room["_links"]["guest_url"]["href"])
                places = meeting.page.evaluate(_PLACES)
                found["meeting"].append(_measured(meeting, seconds))
            finally:
                meeting.close()
            bare = Person(playwright, "Bare")
            try:
                link = {"url": server.url.replace("http", "ws"), "token": _token(server, room["meeting_code"], "Bare")}
                bare.context.add_init_script(f"window.given = {json.dumps({**link, 'places': places})}")
                bare.open(bare_url)
                found["bare"].append(_measured(bare, seconds))
            finally:
                bare.close()
    ratios = [one["cpu"] / other["cpu"] for one, other in zip(found["meeting"], found["bare"], strict=True)]
    lines = [
        f"| {words} | {_row(found[name], 'cpu')} | {_row(found[name], 'renderer')} | {_row(found[name], 'gpu')} "
        f"| {_row(found[name], 'rest')} | {_row(found[name], 'frames')} |"
        for name, words in (("meeting", "meeting page"), ("bare", "bare page"))
    ]
    text = (
        f"{PICTURES} people send 320 × 180 pixels at 15 frames/s, and one of them speaks every other second.\n"
        f"One browser shows all of them on a page of 1280 × 800 pixels. The bare page is livekit-client\n"
        f"and {PICTURES} video elements of the same sizes (`bench/page/bare.html`). The two take turns;\n"
        f"each round is a fresh browser, measured over {seconds:.0f} s once all pictures move. CPU is user and\n"
        f"system time of all its processes, from `/proc`. {rounds} rounds; median and, in brackets, least and\n"
        f"most."
    )
    table = "\n".join(
        [
            "| | CPU, % of a core | renderer | compositing (GPU process) | other processes | frames/s decoded |",
            "|---|---|---|---|---|---|",
            *lines,
            "",
            f"The meeting page takes {statistics.median(ratios):.2f} times the CPU of the bare one",
            f"(pairwise, {min(ratios):.2f}–{max(ratios):.2f}). Wanted: {_TARGET} times at most.",
        ]
    )
    return f"{PICTURES} pictures", text, table


def _enter(person: Person, link: str) -> None:
    """Joins with camera and microphone off, and hides the own tile: all others fit on one page."""
    person.open(link)
    for input_name in ("Mute microphone", "Turn camera off"):
        person.press(input_name)
    person.join()
    person.press("Layout")
    person.page.get_by_role("menuitemradio", name="Hidden").click()
    person.page.keyboard.press("Escape")
    expect(person.page.locator('[data-kind="camera"] video')).to_have_count(PICTURES, timeout=_PATIENCE_MS)


def _measured(person: Person, seconds: float) -> dict[str, float]:
    def all_move() -> bool:
        before = person.page.evaluate(_FRAMES)
        person.page.wait_for_timeout(1000)
        after = person.page.evaluate(_FRAMES)
        return len(before) == PICTURES and all(b < a for b, a in zip(before, after, strict=False))

    wait_for(all_move, f"{person.name} sees all pictures move", _PATIENCE_MS / 1000)
    # Past what is done once after joining.
    person.page.wait_for_timeout(8000)
    frames, cpu, began = sum(person.page.evaluate(_FRAMES)), person_cpu(person), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    used = {name: (now - cpu[name]) / took * 100 for name, now in person_cpu(person).items()}
    rate = (sum(person.page.evaluate(_FRAMES)) - frames) / took
    return {**used, "cpu": sum(used.values()), "frames": rate}


def person_cpu(person: Person) -> dict[str, float]:
    """CPU seconds of the person's browser, by kind of process."""
    found = {"renderer": 0.0, "gpu": 0.0, "rest": 0.0}
    for pid in _tree(_browser_pid(person)):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        kind = "renderer" if b"--type=renderer" in command else "gpu" if b"--type=gpu" in command else "rest"
        found[kind] += (int(fields[11]) + int(fields[12])) / _TICKS
    return found


def _browser_pid(person: Person) -> int:
    session = person.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return next(int(process["id"]) for process in processes if process["type"] == "browser")


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


@contextmanager
def _senders(server: MoothallProcess, tokens: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "senders.py"), server.url.replace("http", "ws"), *tokens],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the senders did not start")
        yield
    finally:
        process.communicate(timeout=60)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def translate_path(self, path: str) -> str:
        if path.endswith("livekit-client.umd.js"):
            return str(ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.umd.js")
        return str(HERE / "bare.html")


@contextmanager
def _bare_pages() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(HERE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()


def _token(server: MoothallProcess, meeting_code: str, name: str) -> str:
    body = json.dumps({"meeting_code": meeting_code, "name": name}).encode()
    request = Request(f"{server.url}/page/join", body, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request) as response:  # noqa: S310
        token: str = json.load(response)["token"]
        return token


def _row(found: list[dict[str, float]], name: str) -> str:
    values = [one[name] for one in found]
    return f"{statistics.median(values):.0f} ({min(values):.0f}–{max(values):.0f})"
