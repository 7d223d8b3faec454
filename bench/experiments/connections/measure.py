"""Compare one peer connection with two in Chromium: python measure ROUNDS CAMERAS.

Somebody with CAMERAS cameras is inside. In each round a newcomer joins on one connection and
another on two, in alternating order; both leave again. Prints the median and the quartiles of:

* joined: seconds from `connect` until the client calls itself connected,
* first: seconds from `connect` until the first remote frame was decoded,
* all: seconds from `connect` until a frame of every remote camera was decoded,
* seen: seconds from `connect` until the other decodes the newcomer's camera,
* server: CPU milliseconds of the server process from `connect` until 4 s later.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "server/tests/compat"), str(ROOT / "server/tests")]

from conftest import CHROMIUM_ARGUMENTS, killable_server  # noqa: E402
from playwright.async_api import Page, async_playwright  # noqa: E402
from support.browser import chromium_path  # noqa: E402

PORT = 18_443
WATCH_S = 4
JOIN = """
async ([url, token, single, cameras]) => {
  const began = performance.now()
  const since = () => (performance.now() - began) / 1000
  await join(url, token, { singlePeerConnection: single, dynacast: false })
  const found = { joined: joinSeconds }
  while (since() < 30) {
    const frames = Object.values(await videos()).filter((one) => one.frames > 0).length
    if (frames > 0) found.first ??= since()
    if (frames >= cameras) { found.all = since(); break }
    await new Promise((done) => setTimeout(done, 10))
  }
  return found
}
"""
SEEN = """
async (identity) => {
  while (!((await received(identity, 'camera'))?.frames > 0)) await new Promise((done) => setTimeout(done, 10))
}
"""


def cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10


async def main(rounds: int, cameras: int) -> None:
    server = await killable_server(PORT)
    async with async_playwright() as playwright:

        async def open_page() -> Page:
            browser = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
            page = await browser.new_page()
            await page.goto(server.page_url)
            return page

        host, newcomer = await open_page(), await open_page()
        await host.evaluate("([url, token]) => join(url, token)", [server.url, server.token("host")])
        await host.evaluate("(count) => publishMoreCameras(count)", cameras - 1)
        figures: dict[bool, dict[str, list[float]]] = {True: {}, False: {}}
        for number in range(rounds):
            for single in (number % 2 == 0, number % 2 == 1):
                identity = f"guest-{number}-{single}"
                began, before = time.monotonic(), cpu_ms(server.process.pid)
                found, _ = await asyncio.gather(
                    newcomer.evaluate(JOIN, [server.url, server.token(identity), single, cameras]),
                    host.evaluate(SEEN, identity),
                )
                found["seen"] = time.monotonic() - began
                await asyncio.sleep(max(0.0, began + WATCH_S - time.monotonic()))
                found["server"] = cpu_ms(server.process.pid) - before
                for name, value in found.items():
                    figures[single].setdefault(name, []).append(value)
                await newcomer.evaluate("room.disconnect()")
                await newcomer.reload()
                await asyncio.sleep(0.5)
        for single, name in ((True, "one"), (False, "two")):
            for figure, values in figures[single].items():
                low, middle, high = statistics.quantiles(values, n=4)
                print(f"{name} {figure:7} {middle:8.2f}  ({low:.2f} to {high:.2f}, n={len(values)})")
    await server.kill()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
