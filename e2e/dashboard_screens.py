"""Screens of the dashboard in Chromium, over a real server, each on a page of its own."""

import subprocess
import time
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from moothall_process import READY_WITHIN, ROOT, Application, MoothallProcess, free_port, run_cli
from playwright.sync_api import Page

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_FAULTS = """
async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations.map(
  ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
"""
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class ScreenSite:
    """Serves ``web/screenshots/dashboard.html`` and passes calls of the API on to the server."""

    def __init__(self, server: MoothallProcess) -> None:
        self._server = server
        self.port = free_port()
        self._process = subprocess.Popen(  # noqa: S603
            ["node", "node_modules/vite/bin/vite.js", "--port", str(self.port), "--strictPort"],  # noqa: S607
            cwd=ROOT / "web",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "MOOTHALL_DEV_SERVER": server.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                with urlopen(f"http://localhost:{self.port}/screenshots/dashboard.html", timeout=2):
                    return
            except (URLError, ConnectionError, TimeoutError):
                assert time.monotonic() < deadline, "Vite does not start"
                time.sleep(0.1)

    def url(self, application: Application, screen: str, role: str = "member") -> str:
        """Return the address of a screen for a person with this role."""
        account = run_cli("account", "show", "--data-dir", str(self._server.data_dir))
        fragment = urlencode(
            {
                "screen": screen,
                "role": role,
                "application": application.application_id,
                "token": application.token(),
                "account": f"{account['account_id']}:{account['api_secret']}",
            }
        )
        return f"http://localhost:{self.port}/screenshots/dashboard.html#{fragment}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


def faults(page: Page) -> list[str]:
    """Return what axe finds on the page, and whether anything is wider than it."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    # Nothing fades any more, or axe would measure half-transparent text.
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)))")
    found: list[str] = page.evaluate(_FAULTS)
    overflow = page.evaluate(_OVERFLOW)
    return found + ([f"the page is {overflow} px wider than its window"] if overflow > 0 else [])
