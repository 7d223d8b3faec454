"""Unmodified livekit-client 2.23 in Chromium meets the Python client and survives outages."""

import asyncio
from typing import Any

import pytest
from conftest import MeetingServer, OpenPage, killable_server, serving
from playwright.async_api import Page
from support.python_client import PythonClient, python_clients
from support.waiting import eventually

from moothall import engine
from moothall.engine import Refusal

_FRAMES = 15


@pytest.fixture(params=[True, False], ids=["one connection", "two connections"])
def single_connection(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def received(page: Page, identity: str, source: str) -> dict[str, Any]:
    """Return the page's reception statistics of a track, empty without a subscription."""
    return await page.evaluate("([who, what]) => received(who, what)", [identity, source]) or {}


async def sees(page: Page, identity: str) -> dict[str, Any]:
    """Waits until the page decodes more frames of somebody's camera than it had."""
    before = (await received(page, identity, "camera")).get("frames", 0)

    async def more() -> dict[str, Any] | None:
        now = await received(page, identity, "camera")
        return now if now.get("frames", 0) >= before + _FRAMES else None

    now = await eventually(more)
    assert now is not None
    return now


async def hears(page: Page, identity: str) -> None:
    """Waits until the sound energy that the page received of somebody's microphone grows."""
    before = (await received(page, identity, "microphone")).get("energy", 0.0)

    async def louder() -> bool:
        return (await received(page, identity, "microphone")).get("energy", 0.0) > before + 1e-4

    await eventually(louder)


async def log_of(page: Page, event: str) -> list[Any]:
    return [entry for entry in await page.evaluate("log") if entry[0] == event]


async def _meet(server: MeetingServer, open_page: OpenPage, bob: PythonClient) -> Page:
    page = await open_page(server, "alice")
    await bob.join(server.url, server.token("bob"))
    await bob.publish()
    return page


async def test_browser_and_python_see_hear_and_message_each_other(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)

        seen = await sees(page, "bob")
        assert seen["width"] > 0
        await hears(page, "bob")
        width, _height = await bob.sees("alice")
        assert width > 0
        await bob.hears("alice", loudness=50)

        for reliable in (True, False):
            await page.evaluate("([text, reliable]) => say(text, reliable)", ["from alice", reliable])
            await bob.room.local_participant.publish_data("from bob", reliable=reliable, topic="chat")
        await eventually(lambda: len(bob.messages) == 2)
        assert {packet.data for packet in bob.messages} == {b"from alice"}
        messages = await eventually(lambda: _messages(page, 2))
        assert {(one["text"], one["from"]) for one in messages} == {("from bob", "bob")}
        assert {one["reliable"] for one in messages} == {True, False}


async def _messages(page: Page, count: int) -> list[dict[str, Any]]:
    messages = await page.evaluate("messages")
    return messages if len(messages) >= count else []


async def test_two_browsers_see_and_hear_each_other_with_simulcast(server: MeetingServer, open_page: OpenPage) -> None:
    alice, bob = await asyncio.gather(open_page(server, "alice"), open_page(server, "bob"))

    for page, other in ((alice, "bob"), (bob, "alice")):
        await sees(page, other)
        await hears(page, other)
    assert await alice.evaluate("remote('bob').getTrackPublication('camera').simulcasted")
    # The behaviour that docs/protocol.md describes.
    assert {path["cipher"] for path in (await alice.evaluate("paths()")).values()} == {"SRTP_AEAD_AES_256_GCM"}


async def test_mute_camera_off_and_leave_reach_the_other(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await bob.sees("alice")

        await page.evaluate("room.localParticipant.setMicrophoneEnabled(false)")
        await eventually(lambda: len(bob.saw("track_muted")) == 1)
        await page.evaluate("room.localParticipant.setCameraEnabled(false)")
        await eventually(lambda: len(bob.saw("track_muted")) == 2)
        await page.evaluate("room.localParticipant.setCameraEnabled(true)")
        await eventually(lambda: len(bob.saw("track_unmuted")) == 1)
        await bob.sees("alice")
        assert bob.microphone is not None
        bob.microphone.mute()
        await eventually(lambda: log_of(page, "TrackMuted"))

        await page.evaluate("room.disconnect()")
        await eventually(lambda: "alice" not in bob.room.remote_participants)
        left = await eventually(lambda: server.happened(engine.ParticipantLeft))
        assert [(event.identity, event.reason.value) for event in left] == [("alice", "client_initiated")]


async def test_tracks_published_again_after_unpublishing_are_received(
    server: MeetingServer, open_page: OpenPage
) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await bob.sees("alice")

        for count in (1, 2):
            await page.evaluate(
                "room.localParticipant.unpublishTrack(room.localParticipant.getTrackPublication('camera').track)"
            )
            await eventually(lambda count=count: len(bob.saw("track_unsubscribed")) == count)
            await page.evaluate("room.localParticipant.setCameraEnabled(true)")
            await bob.sees("alice")


async def test_unsubscribed_track_stops_and_comes_back(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")

        await page.evaluate("publication('bob', 'camera').setSubscribed(false)")
        await eventually(lambda: log_of(page, "TrackUnsubscribed"))
        await page.evaluate("publication('bob', 'camera').setSubscribed(true)")
        await sees(page, "bob")


async def test_track_that_is_unsubscribed_and_wanted_again_at_once_comes_back(
    server: MeetingServer, open_page: OpenPage
) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")

        for wanted in ("false", "true", "false", "true"):
            await page.evaluate(f"publication('bob', 'camera').setSubscribed({wanted})")

        await sees(page, "bob")


async def test_lost_signalling_resumes_without_anybody_noticing(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")
        await bob.sees("alice")
        before = await page.evaluate("room.localParticipant.sid")

        await page.evaluate("room.simulateScenario('signal-reconnect')")
        await eventually(lambda: log_of(page, "Reconnected"))

        assert await page.evaluate("room.localParticipant.sid") == before
        await sees(page, "bob")
        await hears(page, "bob")
        await bob.sees("alice")
        assert not bob.saw("participant_disconnected")
        assert not bob.saw("track_unsubscribed")
        assert len(server.happened(engine.ParticipantJoined)) == 2
        assert not server.happened(engine.ParticipantLeft)
        # The channels of the resumed transports still work, both ways.
        await page.evaluate("say('still here', true)")
        await eventually(lambda: bob.messages)
        await bob.room.local_participant.publish_data("so am I", reliable=True)
        await eventually(lambda: _messages(page, 1))


async def test_what_changed_while_signalling_was_lost_is_there_after_the_resume(
    server: MeetingServer, open_page: OpenPage
) -> None:
    page = await open_page(server, "alice")
    async with python_clients(1) as (bob,):
        resumed = page.evaluate("room.simulateScenario('signal-reconnect', 1500)")
        resuming = asyncio.ensure_future(resumed)  # noqa: TID251 - awaited below
        await bob.join(server.url, server.token("bob"))
        await bob.publish()
        await resuming
        await eventually(lambda: log_of(page, "Reconnected"))

        await sees(page, "bob")
        await bob.sees("alice")


async def test_full_reconnect_starts_over_and_everybody_meets_again(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")
        before = await page.evaluate("room.localParticipant.sid")

        await page.evaluate("room.simulateScenario('full-reconnect')")
        await eventually(lambda: log_of(page, "Reconnected"))

        assert await page.evaluate("room.localParticipant.sid") != before
        await sees(page, "bob")
        await hears(page, "bob")
        await bob.sees("alice")


async def test_node_failure_and_migration_are_survived(server: MeetingServer, open_page: OpenPage) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")

        for count, scenario in enumerate(("migration", "node-failure"), start=1):
            await page.evaluate(f"room.simulateScenario('{scenario}')")
            await eventually(lambda count=count: _count(page, "Reconnected", count))
            await sees(page, "bob")
            await bob.sees("alice")


@pytest.mark.parametrize(
    "scenario",
    [
        "resume-reconnect",
        "disconnect-signal-on-resume",
        "disconnect-signal-on-resume-no-messages",
        "leave-full-reconnect",
        "force-tcp",
    ],
)
async def test_simulated_scenario_is_survived(server: MeetingServer, open_page: OpenPage, scenario: str) -> None:
    async with python_clients(1) as (bob,):
        page = await _meet(server, open_page, bob)
        await sees(page, "bob")

        await page.evaluate(f"room.simulateScenario('{scenario}')")

        await eventually(lambda: log_of(page, "Reconnected"))
        await sees(page, "bob")
        await bob.sees("alice")


async def test_simulated_server_leave_is_final(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "alice", media=False)

    await page.evaluate("room.simulateScenario('server-leave')")

    await eventually(lambda: log_of(page, "Disconnected"))
    assert await server.engine.participants("standup") == []


async def test_no_message_is_lost_or_repeated_by_a_resume(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "alice", media=False)
    async with python_clients(1) as (bob,):
        await bob.join(server.url, server.token("bob"))
        await eventually(lambda: page.evaluate("remote('bob') !== undefined"))
        await page.evaluate("say('before', true)")
        await eventually(lambda: bob.messages)

        resumed = page.evaluate("room.simulateScenario('signal-reconnect', 800)")
        resuming = asyncio.ensure_future(resumed)  # noqa: TID251 - awaited below
        for number in range(5):
            await page.evaluate(f"say('from alice {number}', true)")
            await bob.room.local_participant.publish_data(f"from bob {number}", reliable=True)
        await resuming
        await eventually(lambda: log_of(page, "Reconnected"))
        await page.evaluate("say('after', true)")
        await bob.room.local_participant.publish_data("after", reliable=True)

        async def page_has_all() -> bool:
            return any(one["text"] == "after" for one in await page.evaluate("messages"))

        await eventually(page_has_all)
        await eventually(lambda: any(packet.data == b"after" for packet in bob.messages))
        assert [packet.data.decode() for packet in bob.messages] == [
            "before",
            *(f"from alice {number}" for number in range(5)),
            "after",
        ]
        heard = [one["text"] for one in await page.evaluate("messages")]
        assert heard == [*(f"from bob {number}" for number in range(5)), "after"]


async def _count(page: Page, event: str, count: int) -> bool:
    return len(await log_of(page, event)) >= count


async def test_everybody_meets_again_after_the_server_was_restarted(open_page: OpenPage, free_port: int) -> None:
    async with serving(free_port) as first:
        alice, bob = await asyncio.gather(open_page(first, "alice"), open_page(first, "bob"))
        await sees(alice, "bob")
        await sees(bob, "alice")
    assert {event.reason.value for event in first.happened(engine.ParticipantLeft)} == {"server_shutdown"}

    async with serving(free_port) as second:
        for page, other in ((alice, "bob"), (bob, "alice")):
            await eventually(lambda page=page: log_of(page, "Reconnected"))
            await sees(page, other)
            await hears(page, other)
        assert len(second.happened(engine.ParticipantJoined)) == 2


async def test_everybody_meets_again_after_the_server_was_killed(open_page: OpenPage, free_port: int) -> None:
    first = await killable_server(free_port)
    alice, bob = await asyncio.gather(open_page(first, "alice"), open_page(first, "bob"))
    await sees(alice, "bob")
    await sees(bob, "alice")
    await first.kill()

    async with serving(free_port) as second:
        for page, other in ((alice, "bob"), (bob, "alice")):
            await eventually(lambda page=page: log_of(page, "Reconnected"), seconds=45)
            await sees(page, other)
            await hears(page, other)
        assert {event.identity for event in second.happened(engine.ParticipantJoined)} == {"alice", "bob"}


async def test_kick_ends_the_page_and_the_gate_keeps_it_out(server: MeetingServer, open_page: OpenPage) -> None:
    page = await open_page(server, "alice", media=False)
    server.verdict = Refusal("removed")

    await server.engine.remove_participant("standup", "alice")
    await eventually(lambda: log_of(page, "Disconnected"))

    token = server.token("alice")
    refused = (
        "({ reason, status, message }) => [reason === LivekitClient.ConnectionErrorReason.NotAllowed, status, message]"
    )
    error = await page.evaluate(
        f"([url, token]) => room.connect(url, token).then(() => null, {refused})", [server.url, token]
    )
    assert error[:2] == [True, 403]
    assert error[2].endswith("removed")


async def test_adaptive_stream_page_gets_a_smaller_layer(server: MeetingServer, open_page: OpenPage) -> None:
    await open_page(server, "bob")
    page = await open_page(server, "alice", adaptiveStream=True, media=False)
    await sees(page, "bob")

    async def narrow() -> bool:
        return 0 < (await received(page, "bob", "camera"))["width"] <= 320

    # An element 200 pixels wide needs no more than the lowest of the camera's layers.
    await page.evaluate("document.querySelectorAll('video').forEach((video) => { video.style.width = '160px' })")
    await eventually(narrow)
