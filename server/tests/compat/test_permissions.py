"""Unmodified clients lose the rights a host takes from guests, whatever their tokens say."""

import json
from typing import Any

import httpx2
import pytest
from livekit import rtc
from support.python_client import PythonClient, python_clients
from support.waiting import eventually
from support.whole import Whole

from moothall.meeting.outcome import JoinTicket
from moothall.rooms.links import owner_token

CAMERA, MICROPHONE = rtc.TrackSource.SOURCE_CAMERA, rtc.TrackSource.SOURCE_MICROPHONE


async def _ticket(whole: Whole, name: str, *, is_host: bool = False) -> JoinTicket:
    secret = whole.server.context.secrets.host_token
    link = owner_token(whole.room, secret) if is_host else None
    ticket = await whole.server.meeting.entry.join(whole.room.meeting_code, link, name)
    assert isinstance(ticket, JoinTicket)
    return ticket


async def _command(whole: Whole, who: JoinTicket, call: str, body: Any) -> int:
    headers = {"authorization": f"Bearer {who.control_token}"}
    async with httpx2.AsyncClient(base_url=whole.url.replace("ws", "http", 1)) as http:
        return (await http.post(f"/page/{call}", json=body, headers=headers)).status_code


async def _publishes(client: PythonClient, source: int) -> bool:
    track = rtc.LocalAudioTrack.create_audio_track("again", rtc.AudioSource(48_000, 1))
    try:
        await client.room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=source))
    except Exception:  # noqa: BLE001 - the SDK raises what its Rust half says
        return False
    return True


async def test_a_guest_whose_microphone_is_turned_off_publishes_none_with_any_token(whole: Whole) -> None:
    grace, ada, bob = [await _ticket(whole, name, is_host=name == "Grace") for name in ("Grace", "Ada", "Bob")]
    async with python_clients(3) as (host, guest, late):
        await host.join(whole.url, grace.token)
        await guest.join(whole.url, ada.token)
        await guest.publish()
        await eventually(lambda: host.publication(ada.participant_id, MICROPHONE))

        assert await _command(whole, ada, "permissions", {"microphone": True}) == 403
        assert await _command(whole, grace, "permissions", {"microphone": False}) == 204

        await eventually(lambda: host.publication(ada.participant_id, MICROPHONE) is None)
        assert host.publication(ada.participant_id, CAMERA) is not None
        assert not await _publishes(guest, MICROPHONE)
        # Sound that is called a picture would be heard all the same.
        assert not await _publishes(guest, CAMERA)
        # This token was made before, and names the microphone.
        await late.join(whole.url, bob.token)
        assert not await _publishes(late, MICROPHONE)
        # A packet of a guest has a sender, and changes nothing.
        await guest.room.local_participant.publish_data(
            json.dumps({"feed": "state", "entries": []}), topic="moothall.feed"
        )

        assert await _command(whole, grace, "allow", {"participant_id": ada.participant_id, "rights": ["microphone"]})
        assert await _publishes(guest, MICROPHONE)
        assert not await _publishes(late, MICROPHONE)
        fed = [packet for packet in host.messages if packet.topic == "moothall.feed" and packet.participant is None]
        keys = [entry["key"] for packet in fed for entry in json.loads(packet.data)["entries"]]
        assert keys == ["permissions", f"allowed:{ada.participant_id}"]


@pytest.mark.parametrize("source", ["microphone", "screen_share"])
async def test_a_muted_guest_is_told_by_whom(whole: Whole, source: str) -> None:
    grace, ada = [await _ticket(whole, name, is_host=name == "Grace") for name in ("Grace", "Ada")]
    async with python_clients(2) as (host, guest):
        await host.join(whole.url, grace.token)
        await guest.join(whole.url, ada.token)
        named = MICROPHONE if source == "microphone" else rtc.TrackSource.SOURCE_SCREENSHARE
        track = rtc.LocalVideoTrack.create_video_track("screen", rtc.VideoSource(64, 64))
        if source == "microphone":
            await guest.publish()
        else:
            await guest.room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=named))
            await guest.publish()
        await eventually(lambda: host.publication(ada.participant_id, MICROPHONE))
        if source == "screen_share":
            track.mute()
            await eventually(lambda: host.publication(ada.participant_id, named))

        assert await _command(whole, grace, "mute", {"participant_id": ada.participant_id, "source": source}) == 204

        def is_silenced() -> bool:
            publication = host.publication(ada.participant_id, named)
            return publication is None or publication.muted

        await eventually(is_silenced)
        await eventually(lambda: any(packet.topic == "moothall.room" for packet in guest.messages))
        told = [json.loads(packet.data) for packet in guest.messages if packet.topic == "moothall.room"]
        by = {"participant_id": grace.participant_id, "name": "Grace"}
        assert told == [{"type": "muted", "source": source, "by": by}]
        assert not [packet for packet in host.messages if packet.topic == "moothall.room"]
