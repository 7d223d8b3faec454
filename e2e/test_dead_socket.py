"""A signalling connection that dies without a word while media lives."""

import time
from collections.abc import Callable
from typing import Any

from moothall_process import MoothallProcess
from people import PATIENCE, Person
from playwright.sync_api import expect
from silent_proxy import SilentProxy


def test_a_dead_socket_is_told_and_resumed_while_media_goes_on(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    proxy = SilentProxy(server.port)
    ada, grace = person("Ada"), person("Grace")
    ada.open(link)
    ada.join()
    grace.open(link.replace(server.url, proxy.url))
    grace.join()
    grace.wait_for_media()
    ada.sees_tile_of("Grace")
    banner = grace.page.get_by_test_id("connection-banner")
    expect(banner).to_have_count(0)

    assert proxy.silence_open_connections() > 0
    silenced = time.monotonic()
    expect(banner).to_be_visible(timeout=PATIENCE * 1000)
    print(f"the page says so {time.monotonic() - silenced:.1f} s after the socket died")
    expect(grace.page.locator("[data-interrupted]")).to_have_count(1)
    expect(banner).to_have_count(0, timeout=PATIENCE * 1000)
    print(f"resumed after {time.monotonic() - silenced:.1f} s")

    grace.wait_for_media(more_than=grace.received())
    ada.press("Leave")
    grace.sees_no_tile_of("Ada")
    proxy.close()
