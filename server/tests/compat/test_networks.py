"""Networks that let only some of it through: unmodified Chromium finds its way."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import MeetingServer, OpenPage, serving
from livekit.protocol import rtc as pb
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from support.python_client import python_clients
from support.turn_server import TurnServer, turn_servers
from support.waiting import eventually

from moothall.signalling.relay import Relay

# Enterprise policy for networks where UDP must not be used; the browser then gathers no UDP
# candidates.
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
_FRAMES = 15
_JOIN_SECONDS = 5


@pytest.fixture
def turn_server(tmp_path: Path) -> Iterator[TurnServer]:
    with turn_servers(tmp_path) as one:
        yield one


async def paths(page: Page) -> dict[str, Any]:
    """Return the protocols of all connections once they are in use."""

    async def all_of_them() -> dict[str, Any] | None:
        found: dict[str, Any] = await page.evaluate("paths()")
        return found if len(found) == await page.evaluate("connections().length") else None

    found = await eventually(all_of_them)
    assert found is not None
    return found


async def sees(page: Page, identity: str) -> None:
    async def frames() -> bool:
        got = await page.evaluate("who => received(who, 'camera')", identity)
        return got is not None and got["frames"] >= _FRAMES

    await eventually(frames)


async def test_browser_without_udp_joins_over_tcp(open_page: OpenPage) -> None:
    async with serving(tcp_port=0) as server:
        began = time.monotonic()
        alice = await open_page(server, "alice", chromium=[NO_UDP])
        joined = time.monotonic() - began
        bob = await open_page(server, "bob", chromium=[NO_UDP])

        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        port = server.sfu.tcp_port
        for page in (alice, bob):
            for path in (await paths(page)).values():
                assert (path["protocol"], path["port"]) == ("tcp", port)
        # With the start of the browser and of its camera.
        assert joined < 2 * _JOIN_SECONDS, joined


async def test_udp_is_preferred_where_both_work(open_page: OpenPage) -> None:
    async with serving(tcp_port=0) as server:
        alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        for page in (alice, bob):
            for path in (await paths(page)).values():
                assert (path["protocol"], path["port"]) == ("udp", server.sfu.udp_ports[0])


async def test_clients_meet_over_ipv6_and_tcp_and_both(open_page: OpenPage) -> None:
    async with serving(bind_ips=["::1"], tcp_port=0) as server, python_clients(1) as (bob,):
        alice = await open_page(server, "alice")
        await bob.join(server.url, server.token("bob"))
        await bob.publish()
        await sees(alice, "bob")
        assert {path["address"] for path in (await paths(alice)).values()} <= {"::1", "[::1]"}
        carol = await open_page(server, "carol", chromium=[NO_UDP])
        await asyncio.gather(sees(carol, "bob"), sees(carol, "alice"), sees(alice, "carol"))
        await bob.sees("carol")
        assert {path["protocol"] for path in (await paths(carol)).values()} == {"tcp"}


async def test_tcp_carries_a_meeting_through_a_resume(open_page: OpenPage) -> None:
    async with serving(tcp_port=0) as server:
        alice = await open_page(server, "alice", chromium=[NO_UDP])
        bob = await open_page(server, "bob")
        await sees(alice, "bob")

        await alice.evaluate("room.simulateScenario('signal-reconnect')")
        await eventually(lambda: _reconnected(alice))
        before = (await alice.evaluate("received('bob', 'camera')"))["frames"]

        async def more() -> bool:
            return bool((await alice.evaluate("received('bob', 'camera')"))["frames"] > before + _FRAMES)

        await eventually(more)
        await sees(bob, "alice")
        assert {path["protocol"] for path in (await paths(alice)).values()} == {"tcp"}


async def _reconnected(page: Page) -> bool:
    return any(entry[0] == "Reconnected" for entry in await page.evaluate("log"))


__all__ = ["MeetingServer"]


async def test_turn_server_carries_a_meeting_with_what_we_told_about_it(
    open_page: OpenPage, turn_server: TurnServer
) -> None:
    relay = Relay(turn_server.urls, turn_server.secret, timedelta(hours=1))
    async with serving(relay=relay) as server:
        only_relayed = {"rtcConfig": {"iceTransportPolicy": "relay"}}
        alice = await open_page(server, "alice", **only_relayed)
        bob = await open_page(server, "bob")

        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        assert {path["type"] for path in (await paths(alice)).values()} == {"relay"}
        assert "relay" not in {path["type"] for path in (await paths(bob)).values()}
        assert turn_server.secret not in await alice.evaluate("JSON.stringify(log)")


async def test_turn_server_carries_a_meeting_over_tls_to_who_believes_its_certificate_and_to_nobody_else(
    open_page: OpenPage, turn_server: TurnServer
) -> None:
    relay = Relay(turn_server.tls_urls, turn_server.secret, timedelta(hours=1))
    async with serving(relay=relay) as server:
        only_relayed = {"rtcConfig": {"iceTransportPolicy": "relay"}}
        bob = await open_page(server, "bob")
        alice = await open_page(server, "alice", chromium=[turn_server.certificate], **only_relayed)

        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        assert {(path["type"], path["relayedOver"]) for path in (await paths(alice)).values()} == {("relay", "tls")}

        with pytest.raises(PlaywrightError, match="could not establish pc connection"):
            await open_page(server, "carol", media=False, **only_relayed)


async def test_simulated_tcp_is_all_that_the_next_connections_get_until_udp_is_asked_for(open_page: OpenPage) -> None:
    async with serving(tcp_port=0) as server:
        alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        await comes_back(alice, "simulateScenario('force-tcp')", 1)
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        over_tcp = await paths(alice)
        await comes_back(alice, "simulateScenario('full-reconnect')", 2)
        await sees(alice, "bob")
        still_over_tcp = await paths(alice)
        await alice.evaluate("switchProtocol(0)")
        await comes_back(alice, "simulateScenario('full-reconnect')", 3)
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        for path in [*over_tcp.values(), *still_over_tcp.values()]:
            assert (path["protocol"], path["port"]) == ("tcp", server.sfu.tcp_port)
        for page in (alice, bob):
            assert {path["protocol"] for path in (await paths(page)).values()} == {"udp"}


async def test_simulated_tls_takes_the_turn_server_alone(open_page: OpenPage, turn_server: TurnServer) -> None:
    relay = Relay((*turn_server.urls, *turn_server.tls_urls), turn_server.secret, timedelta(hours=1))
    async with serving(tcp_port=0, relay=relay) as server:
        alice = await open_page(server, "alice", chromium=[turn_server.certificate])
        bob = await open_page(server, "bob")
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        before = await paths(alice)

        await comes_back(alice, "simulateScenario('force-tls')", 1)
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        for page_paths in (before, await paths(bob)):
            assert "relay" not in {path["type"] for path in page_paths.values()}
        assert {(path["type"], path["relayedOver"]) for path in (await paths(alice)).values()} == {("relay", "tls")}


async def test_a_resume_moves_to_the_turn_server_too(open_page: OpenPage, turn_server: TurnServer) -> None:
    relay = Relay(turn_server.tls_urls, turn_server.secret, timedelta(hours=1))
    async with serving(relay=relay) as server:
        alice = await open_page(server, "alice", chromium=[turn_server.certificate])
        bob = await open_page(server, "bob")
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        before = await alice.evaluate("room.localParticipant.sid")

        await alice.evaluate("switchProtocol(2)")
        await comes_back(alice, "simulateScenario('signal-reconnect')", 1)

        async def is_relayed() -> bool:
            return {path["type"] for path in (await paths(alice)).values()} == {"relay"}

        await eventually(is_relayed)
        assert await alice.evaluate("room.localParticipant.sid") == before


async def test_simulated_tls_without_a_turn_server_is_refused_and_the_client_comes_back_as_it_was(
    open_page: OpenPage,
) -> None:
    async with serving(tcp_port=0) as server:
        alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))
        refusal = await alice.evaluate("refusal(() => switchProtocol(2))")

        await comes_back(alice, "simulateScenario('force-tls')", 1)
        await asyncio.gather(sees(alice, "bob"), sees(bob, "alice"))

        assert refusal == [pb.RequestResponse.UNSUPPORTED_TYPE, "there is no TURN server"]
        assert {path["protocol"] for path in (await paths(alice)).values()} == {"udp"}


async def comes_back(page: Page, scenario: str, count: int) -> None:
    await page.evaluate(f"room.{scenario}")

    async def reconnected() -> bool:
        return [entry[0] for entry in await page.evaluate("log")].count("Reconnected") >= count

    await eventually(reconnected)
