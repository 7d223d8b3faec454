"""Bad networks, with unmodified Chromium: loss, delay, little bandwidth, another address, no UDP.

The short form is part of `make test` and asks only that people go on seeing and hearing each other:
how well is a matter of the machine, too. `make test-impairment` measures for a minute each, prints
what it saw and holds it against the bars. A busy machine drops frames by itself, so the best of
several windows counts.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from conftest import MeetingServer, OpenPage, serving
from playwright.async_api import Page
from support.impairment import INSIDE, OUTSIDE, BadNetwork, bad_network
from support.waiting import eventually

_IS_LONG = "IMPAIRMENT_SECONDS" in os.environ
WINDOW_SECONDS = float(os.environ.get("IMPAIRMENT_SECONDS", "5"))
# Chromium's fake camera gives twenty frames a second unless it is told otherwise.
CAMERA = ["--use-fake-device-for-media-stream=fps=30"]
_WINDOWS = 8
_FRAMES_PER_SECOND = 20 if _IS_LONG else 5
_CONCEALED = 0.05 if _IS_LONG else 0.3
_HEALED_SECONDS = 10 if _IS_LONG else 60
_JOIN_SECONDS = 5 if _IS_LONG else 60


@asynccontextmanager
async def meeting_on_bad_network(open_page: OpenPage) -> AsyncIterator[tuple[MeetingServer, BadNetwork]]:
    async with serving(bind_ips=[INSIDE], advertised_ips=[OUTSIDE], tcp_port=0) as server:
        tcp_port = server.sfu.tcp_port
        assert tcp_port is not None
        async with bad_network(server.sfu.udp_ports[0], tcp_port) as network:
            yield server, network


@dataclass(frozen=True)
class Seen:
    """Figures of one person's camera and microphone, per second or as a share."""

    frames: float
    frozen: float
    concealed: float
    heard: bool

    @property
    def is_good(self) -> bool:
        return self.frames >= _FRAMES_PER_SECOND and self.concealed <= _CONCEALED and self.heard


async def watch(page: Page, identity: str, seconds: float = WINDOW_SECONDS) -> Seen:
    before, began = await page.evaluate("who => quality(who)", identity), time.monotonic()
    await page.wait_for_timeout(seconds * 1000)
    after, took = await page.evaluate("who => quality(who)", identity), time.monotonic() - began
    gained = {name: after[name] - before[name] for name in after}
    return Seen(
        frames=gained["frames"] / took,
        frozen=gained["frozen"] / took,
        concealed=gained["concealed"] / max(1, gained["samples"]),
        heard=gained["energy"] > 0,
    )


async def best(page: Page, identity: str) -> Seen:
    """The first good window, or the last."""
    seen = await watch(page, identity)
    for _ in range(_WINDOWS - 1):
        if seen.is_good:
            break
        seen = await watch(page, identity)
    return seen


async def protocols(*pages: Page) -> set[str]:
    """Return the transport protocols of these people's connections."""
    return {path["protocol"] for page in pages for path in (await page.evaluate("paths()")).values()}


async def sees(page: Page, identity: str) -> None:
    before = (await page.evaluate("who => quality(who)", identity) or {"frames": 0})["frames"]

    async def more() -> bool:
        now = await page.evaluate("who => quality(who)", identity)
        return now is not None and now["frames"] > before + 15

    await eventually(more)


async def test_five_percent_lost_and_fifty_milliseconds_are_no_trouble(open_page: OpenPage) -> None:
    async with meeting_on_bad_network(open_page) as (server, network):
        alice, bob = await asyncio.gather(
            open_page(server, "alice", chromium=CAMERA), open_page(server, "bob", chromium=CAMERA)
        )
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        assert await protocols(alice, bob) == {"udp"}
        print(f"\nno loss: {await watch(alice, 'bob')}")

        for name, way, other in (("down", network.down, network.up), ("up", network.up, network.down)):
            way.loss, way.delay, other.loss, other.delay = 0.05, 0.025, 0.0, 0.025
            seen = await best(alice, "bob")
            print(f"5 % lost on the way {name}, 50 ms: {seen}")
            assert seen.is_good, seen


async def test_who_gets_another_address_is_seen_and_sees_again(open_page: OpenPage) -> None:
    async with meeting_on_bad_network(open_page) as (server, network):
        alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        assert await protocols(alice, bob) == {"udp"}
        began = time.monotonic()
        network.rebind()
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        healed = time.monotonic() - began
        assert await protocols(alice, bob) == {"udp"}
        print(f"\nanother address: both see each other again after {healed:.1f} s, fifteen frames included")
        assert healed < _HEALED_SECONDS
        assert not [entry for entry in await alice.evaluate("log") if entry[0] in ("Reconnecting", "Disconnected")]


async def test_udp_that_is_blocked_is_no_reason_to_wait(open_page: OpenPage) -> None:
    async with meeting_on_bad_network(open_page) as (server, network):
        network.udp_blocked = True
        alice = await open_page(server, "alice")
        bob = await open_page(server, "bob")
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        joined = [await page.evaluate("joinSeconds") for page in (alice, bob)]
        print(f"\nUDP blocked: joined in {joined[0]:.2f} and {joined[1]:.2f} s")
        assert min(joined) < _JOIN_SECONDS
        assert await protocols(alice, bob) == {"tcp"}


async def test_udp_that_stops_in_a_meeting_is_survived(open_page: OpenPage) -> None:
    async with meeting_on_bad_network(open_page) as (server, network):
        alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        assert await protocols(alice, bob) == {"udp"}
        began = time.monotonic()
        network.udp_blocked = True
        await _sees_in_the_end(alice, "bob")
        await _sees_in_the_end(bob, "alice")

        print(f"\nUDP stopped: both see each other over TCP after {time.monotonic() - began:.1f} s")


async def _sees_in_the_end(page: Page, identity: str) -> None:
    """Tracks may be new ones after a reconnect."""

    async def flows() -> bool:
        first = await page.evaluate("who => quality(who)", identity)
        await page.wait_for_timeout(1000)
        then = await page.evaluate("who => quality(who)", identity)
        return bool(first and then and then["frames"] > first["frames"] + 5)

    await eventually(flows)
