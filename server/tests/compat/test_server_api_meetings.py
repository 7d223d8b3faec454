"""The LiveKit server API has the same effects on a meeting as its own moderation."""

from collections.abc import AsyncIterator

import pytest
from livekit import api, rtc
from support.python_client import python_clients
from support.waiting import eventually
from support.whole import Whole

from moothall.meeting.outcome import Dismissed, JoinTicket, Wait
from moothall.rooms import service as rooms
from moothall.rooms.model import JoinApprovalLevel


@pytest.fixture
async def livekit(whole: Whole) -> AsyncIterator[api.LiveKitAPI]:
    secrets = whole.server.context.secrets
    async with api.LiveKitAPI(whole.url, secrets.livekit_api_key, secrets.livekit_api_secret) as client:
        yield client


async def test_who_is_removed_cannot_come_back_with_the_same_token(whole: Whole, livekit: api.LiveKitAPI) -> None:
    async with python_clients(2) as (ada, again):
        token = await whole.token("Ada")
        await ada.join(whole.url, token)
        identity = ada.room.local_participant.identity

        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=whole.room.id, identity=identity))

        await eventually(lambda: ada.saw("disconnected"))
        assert ada.saw("disconnected") == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
        with pytest.raises(rtc.ConnectError, match="removed"):
            await again.join(whole.url, token)


async def test_deleting_the_room_ends_the_session_and_the_room_stays_open(
    whole: Whole, livekit: api.LiveKitAPI
) -> None:
    async with python_clients(2) as (ada, bob):
        await ada.join(whole.url, await whole.token("Ada"))
        await eventually(whole.sessions)

        await livekit.room.delete_room(api.DeleteRoomRequest(room=whole.room.id))

        async def ended() -> bool:
            return [session.ended_at is not None for session in await whole.sessions()] == [True]

        await eventually(lambda: ada.saw("disconnected"))
        await eventually(ended)
        await bob.join(whole.url, await whole.token("Bob"))
        await eventually(lambda: whole.server.meeting.entry.lookup(whole.room.meeting_code, None))


async def test_deleting_the_room_tells_the_people_who_wait_and_their_tokens_open_no_new_session(
    whole: Whole, livekit: api.LiveKitAPI
) -> None:
    meeting, room = whole.server.meeting, whole.room
    await whole.server.context.database.write(
        lambda connection: rooms.update_room(
            connection,
            room.application_id,
            room.id,
            {"join_approval_level": JoinApprovalLevel.EXPLICIT_APPROVAL},
            whole.server.context.clock.now(),
        )
    )
    bob_waits = await meeting.entry.join(room.meeting_code, None, "Bob")
    assert isinstance(bob_waits, Wait)
    (person,) = meeting.lobby.waiting_in(room.id)
    await meeting.lobby.answer(room.id, person.participant_id, admit=True)
    bob_ticket = await meeting.lobby.ask(bob_waits.lobby_token)
    assert isinstance(bob_ticket, JoinTicket)
    carol_waits = await meeting.entry.join(room.meeting_code, None, "Carol")
    assert isinstance(carol_waits, Wait)
    async with python_clients(2) as (bob, again):
        await bob.join(whole.url, bob_ticket.token)
        await eventually(whole.sessions)

        await livekit.room.delete_room(api.DeleteRoomRequest(room=room.id))

        assert await meeting.lobby.ask(carol_waits.lobby_token) == Dismissed()
        with pytest.raises(rtc.ConnectError, match="not_admitted"):
            await again.join(whole.url, bob_ticket.token)


async def test_a_created_room_lets_nobody_in_whom_the_meeting_does_not(whole: Whole, livekit: api.LiveKitAPI) -> None:
    secrets = whole.server.context.secrets
    await livekit.room.create_room(api.CreateRoomRequest(name="a room of my own"))
    grants = api.VideoGrants(room_join=True, room="a room of my own")
    token = api.AccessToken(secrets.livekit_api_key, secrets.livekit_api_secret)
    async with python_clients(1) as (eve,):
        with pytest.raises(rtc.ConnectError, match="unknown_meeting"):
            await eve.join(whole.url, token.with_identity("eve").with_grants(grants).to_jwt())
