"""Debian's own Firefox on a screen of its own, driven over WebDriver BiDi.

Playwright drives only a Firefox that it has built itself, and geckodriver is not in Debian.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from people import PATIENCE, wait_for
from websockets.sync.client import ClientConnection, connect

_PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.auto": False,
    "intl.accept_languages": "en-US",
    "intl.locale.requested": "en-US",
}
_STARTS_WITHIN = 60.0
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def firefox_path() -> str | None:
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Refused(Exception):
    """The browser answered a command with an error."""


class Firefox:
    """A running Firefox with one tab."""

    def __init__(self) -> None:
        path = firefox_path()
        assert path is not None, "no Firefox; make test-firefox installs one"
        self._profile = Path(tempfile.mkdtemp(prefix="moothall-firefox-"))
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
        (self._profile / "user.js").write_text("\n".join(lines))
        # Without a window there is no screen to share, so that "headless" would not do.
        self._screen, display = _open_screen()
        command = [
            path,
            "--no-remote",
            "--remote-debugging-port",
            "0",
            "--profile",
            str(self._profile),
        ]
        environment = {**os.environ, "DISPLAY": display}
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.log: list[str] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        address = wait_for(self._find_address, "Firefox listens", _STARTS_WITHIN)
        self._open = ExitStack()
        self._socket: ClientConnection = self._open.enter_context(connect(f"{address}/session", max_size=None))
        self._numbers = itertools.count(1)
        self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self._tab: str = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self.log.append(line.rstrip())

    def _find_address(self) -> str | None:
        return next(
            (found[1] for line in list(self.log) if (found := _LISTENING.search(line))),
            None,
        )

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result. Raises Refused."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE * 2))
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise Refused(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def preload(self, script: str) -> None:
        """Run a function before the scripts of every page."""
        self.ask("script.addPreloadScript", functionDeclaration=script)

    def open(self, address: str) -> None:
        self.ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, or of its promise, by way of JSON."""
        answer = self.ask(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise Refused(f"{expression[:80]}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    def find(self, role: str, name: str) -> dict[str, Any] | None:
        """Return the first element with this role and accessible name."""
        locator = {"type": "accessibility", "value": {"role": role, "name": name}}
        nodes = self.ask(
            "browsingContext.locateNodes",
            context=self._tab,
            locator=locator,
            maxNodeCount=1,
        )["nodes"]
        return {"sharedId": nodes[0]["sharedId"]} if nodes else None

    def click(self, role: str, name: str) -> None:
        element = wait_for(lambda: self.find(role, name), f"Firefox has the {role} {name!r}")
        origin = {"type": "element", "element": element}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": steps})

    def type(self, text: str) -> None:
        """Type into what has the focus; a line feed is Enter."""
        keys = [("\ue007" if letter == "\n" else letter) for letter in text]
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": steps})

    def _act(self, source: dict[str, Any]) -> None:
        self.ask("input.performActions", context=self._tab, actions=[source])

    def screenshot(self) -> str:
        """Return a PNG as base64."""
        picture: str = self.ask("browsingContext.captureScreenshot", context=self._tab)["data"]
        return picture

    def close(self) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(timeout=30)
        self._reader.join(timeout=30)
        self._screen.terminate()
        self._screen.wait(timeout=30)
        shutil.rmtree(self._profile, ignore_errors=True)


def _open_screen() -> tuple["subprocess.Popen[str]", str]:
    """Start an X server that shows nothing to anybody. Returns it and the name of its display."""
    command = [
        "Xvfb",
        "-displayfd",
        "1",
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
    ]
    screen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603
    assert screen.stdout is not None
    with screen.stdout as lines:
        return screen, f":{lines.readline().strip()}"
