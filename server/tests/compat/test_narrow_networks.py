"""A network that takes less than there is to see, with unmodified Chromium.

Sound stays, video goes, and all comes back.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from conftest import MeetingServer, OpenPage, serving
from playwright.async_api import Page
from support.impairment import INSIDE, OUTSIDE, BadNetwork, bad_network
from support.waiting import eventually

_IS_LONG = "IMPAIRMENT_SECONDS" in os.environ
_WINDOW_SECONDS = float(os.environ.get("IMPAIRMENT_SECONDS", "8"))
_CAMERAS = 4
# A voice, made twice as large by its redundancy, and some of the cameras in their smallest layer
# with the fewest pictures.
_NARROW = 150_000.0
_PATIENCE = 90.0
# A picture that goes on begins with a large frame, which is measured only when it was sent.
_BURSTS = 1.5
# A busy machine makes sound up by itself.
_CONCEALED = 0.05 if _IS_LONG else 0.3


@asynccontextmanager
async def meeting(open_page: OpenPage) -> AsyncIterator[tuple[MeetingServer, BadNetwork, Page]]:
    """Alice shows four cameras and speaks, Bob watches and hears.

    What is sent to Bob passes the network.
    """
    async with serving(bind_ips=[INSIDE], advertised_ips=[OUTSIDE], tcp_port=0) as server:
        tcp_port = server.sfu.tcp_port
        assert tcp_port is not None
        async with bad_network(server.sfu.udp_ports[0], tcp_port) as network:
            yield server, network, await watched(server, open_page)


async def watched(server: MeetingServer, open_page: OpenPage) -> Page:
    """Bob's page, once he sees all that Alice shows."""
    alice = await open_page(server, "alice")
    await alice.evaluate("count => publishMoreCameras(count)", _CAMERAS - 1)
    bob = await open_page(server, "bob", media=False)

    async def sees_all() -> bool:
        seen = await videos(bob)
        return len(seen) == _CAMERAS and all(one["frames"] > 0 for one in seen.values())

    await eventually(sees_all, seconds=_PATIENCE)
    return bob


async def videos(page: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = await page.evaluate("videos()")
    return found


async def watch(page: Page) -> tuple[dict[str, dict[str, Any]], float, float]:
    """Over a window: bits, frames, freezes and state of each video.

    Share of sound made up; energy of the sound.
    """
    before, sound, began = await videos(page), await page.evaluate("sound('alice')"), time.monotonic()
    await page.wait_for_timeout(_WINDOW_SECONDS * 1000)
    after, then, took = await videos(page), await page.evaluate("sound('alice')"), time.monotonic() - began
    seen = {
        sid: {
            "bps": round((one["bytes"] - before[sid]["bytes"]) * 8 / took),
            "fps": round((one["frames"] - before[sid]["frames"]) / took, 1),
            "frozen": round(one["frozen"] - before[sid]["frozen"], 1),
            "width": one["width"],
            "state": one["state"],
        }
        for sid, one in after.items()
    }
    gained = {name: then[name] - sound[name] for name in then}
    return seen, gained["concealed"] / max(1, gained["samples"]), gained["energy"]


async def test_a_network_with_room_pauses_nothing(open_page: OpenPage) -> None:
    async with meeting(open_page) as (_, _, bob):
        seen, _, energy = await watch(bob)

        print(f"\nno limit: {seen}")
        assert all(one["state"] == "active" for one in seen.values())
        assert energy > 0
        assert not [entry for entry in await bob.evaluate("log") if entry[0] == "TrackStreamStateChanged"]


async def test_sound_stays_whole_some_video_pauses_and_all_resumes_with_the_network(open_page: OpenPage) -> None:
    async with meeting(open_page) as (_, network, bob):

        async def paused() -> list[str]:
            return [sid for sid, one in (await videos(bob)).items() if one["state"] == "paused"]

        network.down.rate, began = _NARROW, time.monotonic()
        await eventually(paused, seconds=_PATIENCE)
        print(f"\n{_NARROW / 1000:.0f} kbit/s: paused after {time.monotonic() - began:.1f} s")
        # The queue that there was when the first was paused is gone, and so is what was lost in it.
        await bob.wait_for_timeout(15_000)
        seen, concealed, energy = await watch(bob)
        print(f"then: {seen}, {concealed:.1%} of the sound made up")
        assert energy > 0
        assert concealed <= _CONCEALED
        assert await paused()

        network.down.rate, began = None, time.monotonic()

        async def all_resumed() -> bool:
            return not await paused()

        await eventually(all_resumed, seconds=_PATIENCE)
        print(f"without the limit: all active after {time.monotonic() - began:.1f} s")
        seen, _, _ = await watch(bob)
        print(f"then: {seen}")
        assert all(one["fps"] > 1 for one in seen.values()), seen
        changes = [entry[1:] for entry in await bob.evaluate("log") if entry[0] == "TrackStreamStateChanged"]
        print(f"{len(changes)} changes of state")


async def test_simulated_bandwidth_pauses_video_until_it_is_taken_back(open_page: OpenPage) -> None:
    async with serving() as server:
        bob = await watched(server, open_page)

        async def is_limited() -> bool:
            return any(one["state"] == "paused" for one in (await videos(bob)).values())

        whole, _, _ = await watch(bob)
        await bob.evaluate("bits => room.simulateScenario('subscriber-bandwidth', bits)", _NARROW)
        await eventually(is_limited, seconds=_PATIENCE)
        seen, _, energy = await watch(bob)
        print(f"\nbefore: {whole}\nlimited to {_NARROW / 1000:.0f} kbit/s: {seen}")
        assert await is_limited()
        assert sum(one["bps"] for one in seen.values()) < _NARROW * _BURSTS < sum(one["bps"] for one in whole.values())
        assert energy > 0

        await bob.evaluate("room.simulateScenario('subscriber-bandwidth', 0)")
        before = await videos(bob)

        async def all_go_on() -> bool:
            now = await videos(bob)
            return all(
                one["state"] == "active" and one["frames"] > before[sid]["frames"] + 10 for sid, one in now.items()
            )

        await eventually(all_go_on, seconds=_PATIENCE)


async def test_layers_that_change_every_two_seconds_freeze_nothing(open_page: OpenPage) -> None:
    async with meeting(open_page) as (_, _, bob):
        before = await videos(bob)
        for quality in ([0, 2] * 5)[: 10 if _IS_LONG else 4]:
            await bob.evaluate("quality => setQualities(quality)", quality)
            await asyncio.sleep(2)
        after = await videos(bob)

        gained = {
            sid: {name: after[sid][name] - before[sid][name] for name in ("frames", "dropped", "freezes", "frozen")}
            for sid in after
        }
        print(f"\nlayers flapping: {gained}")
        assert all(one["frames"] > 10 for one in gained.values()), gained
