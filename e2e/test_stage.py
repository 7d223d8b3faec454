"""Only the pictures that the stage shows are received."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from cameras import Cameras
from moothall_process import MoothallProcess
from people import Person, wait_for
from playwright.sync_api import expect

_PATIENCE_MS = 30_000
# How many video streams bring packets, over two seconds, and how many pictures of others are shown.
_FLOWING = """
async () => {
  const count = async () => {
    const packets = new Map();
    for (const connection of window.__peerConnections) {
      if (connection.connectionState === 'closed') continue;
      for (const stat of (await connection.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.kind === 'video') packets.set(stat.id, stat.packetsReceived);
      }
    }
    return packets;
  };
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const after = await count();
  const tiles = [...document.querySelectorAll('[data-kind="camera"]')];
  const own = tiles.filter(({ dataset }) => dataset.participantName === 'Ada').length;
  return {
    flowing: [...after].filter(([id, packets]) => packets > (before.get(id) ?? 0)).length,
    others: tiles.length - own,
    names: tiles.map(({ dataset }) => dataset.participantName),
  };
}
"""


@pytest.fixture
def cameras(server: MoothallProcess) -> Iterator[Callable[[str, int], None]]:
    """Brings this many people with cameras into a meeting."""
    running: list[Cameras] = []

    def bring(meeting_code: str, count: int) -> None:
        tokens = [_join(server, meeting_code, f"Camera {number}") for number in range(count)]
        running.append(Cameras(server.url.replace("http", "ws"), tokens))

    yield bring
    for one in running:
        one.leave()


def _join(server: MoothallProcess, meeting_code: str, name: str) -> str:
    body = json.dumps({"meeting_code": meeting_code, "name": name}).encode()
    request = Request(f"{server.url}/page/join", body, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request) as response:  # noqa: S310
        token: str = json.load(response)["token"]
        return token


def test_pictures_that_are_not_shown_are_not_received(
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    cameras: Callable[[str, int], None],
) -> None:
    room = create_room()
    cameras(room["meeting_code"], 6)
    ada = person("Ada")
    ada.page.set_viewport_size({"width": 360, "height": 420})
    ada.open(room["_links"]["guest_url"]["href"])
    ada.join()
    pager = ada.page.get_by_role("navigation", name="Page 1 of 2")
    expect(pager).to_be_visible(timeout=_PATIENCE_MS)

    def shown_is_received() -> dict[str, Any] | None:
        now: dict[str, Any] = ada.page.evaluate(_FLOWING)
        return now if 0 < now["others"] == now["flowing"] else None

    first = wait_for(shown_is_received, "the first page's pictures flow and no others", 60)
    assert first["others"] < 6
    ada.page.keyboard.press("PageDown")
    expect(ada.page.get_by_role("navigation", name="Page 2 of 2")).to_be_visible(timeout=_PATIENCE_MS)
    second = wait_for(shown_is_received, "the second page's pictures flow and no others", 60)
    assert not set(first["names"]) & set(second["names"])
    assert len(first["names"]) + len(second["names"]) == 7
    # All of them are there, and are received, where all of them fit.
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    wait_for(lambda: (now := shown_is_received()) and now["others"] == 6, "all six flow", 60)
