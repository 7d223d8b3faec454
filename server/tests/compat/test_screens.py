"""The server decides who may share a screen, whatever a raw client asks for."""

from collections.abc import Sequence

import pytest
from conftest import MeetingServer
from livekit.rtc.participant import PublishTrackError
from support.python_client import PythonClient, python_clients
from support.waiting import eventually

from moothall import engine
from moothall.livekit import limits


async def _enter(server: MeetingServer, clients: Sequence[PythonClient]) -> None:
    for number, client in enumerate(clients):
        await client.join(server.url, server.token(f"p{number}"))


async def test_without_the_right_no_screen_is_published(server: MeetingServer) -> None:
    async with python_clients(1) as (alice,):
        await alice.join(server.url, server.token("alice", can_publish_sources=("camera", "microphone")))
        with pytest.raises(PublishTrackError):
            await alice.share_screen()
        await alice.publish()
        await eventually(lambda: len(server.happened(engine.TrackPublished)) == 2)
    assert {event.source for event in server.happened(engine.TrackPublished)} == {"camera", "microphone"}


async def test_a_fourth_screen_is_refused_until_one_ends(server: MeetingServer) -> None:
    async with python_clients(limits.MAX_SCREENS + 1) as clients:
        await _enter(server, clients)
        shared = [await client.share_screen() for client in clients[:-1]]
        with pytest.raises(PublishTrackError):
            await clients[-1].share_screen()

        await eventually(lambda: len(server.happened(engine.TrackPublished)) == limits.MAX_SCREENS)
        await clients[0].room.local_participant.unpublish_track(shared[0].sid)
        await eventually(lambda: len(server.happened(engine.TrackUnpublished)) == 1)
        await clients[-1].share_screen()
