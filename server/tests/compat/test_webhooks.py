"""The stock ``WebhookReceiver`` of ``livekit-api`` believes our webhooks, and only ours."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from conftest import API_KEY, API_SECRET, MeetingServer, serving
from livekit import api, rtc
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from livekit.protocol.webhook import WebhookEvent
from support.python_client import python_clients
from support.receiver import Answer, Received, Receiver, receiver, status
from support.waiting import eventually
from websockets.asyncio.client import connect

from moothall.livekit import limits


@dataclass
class Hooked:
    server: MeetingServer
    receiver: Receiver

    def events(self) -> list[WebhookEvent]:
        return [_believe(request) for request in self.receiver.received]

    def names(self) -> list[str]:
        return [event.event for event in self.events()]

    async def aborts(self, identity: str) -> None:
        """Somebody connects and goes before its transports are up."""
        async with connect(f"{self.server.url}/rtc?access_token={self.server.token(identity)}") as socket:
            await socket.recv()
            await socket.send(pb.SignalRequest(leave=pb.LeaveRequest()).SerializeToString())
            await socket.wait_closed()


def _believe(request: Received) -> WebhookEvent:
    """Raises for what is not signed with our key."""
    verifier = api.TokenVerifier(API_KEY, API_SECRET)
    return api.WebhookReceiver(verifier).receive(request.body.decode(), request.headers["authorization"])


def in_turn(*codes: int) -> Answer:
    """Answer with these, one after the other, and then with 204."""
    left = list(codes)

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        await status(left.pop(0) if left else 204)(request, writer)

    return answer


@pytest.fixture
async def hooked() -> AsyncIterator[Hooked]:
    async with receiver() as listening, serving(webhook_urls=[listening.url("/livekit")]) as server:
        yield Hooked(server, listening)


async def test_what_happens_in_a_room_is_told_in_order(hooked: Hooked) -> None:
    async with python_clients(1) as (alice,):
        await alice.join(hooked.server.url, hooked.server.token("alice", attributes={"role": "guest"}))
        source = rtc.AudioSource(48_000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("mic", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await alice.room.local_participant.publish_track(track, options)
        await source.capture_frame(rtc.AudioFrame.create(48_000, 1, 480))
        await eventually(lambda: "track_published" in hooked.names())
        await alice.room.local_participant.unpublish_track(publication.sid)
        await eventually(lambda: "track_unpublished" in hooked.names())
    await eventually(lambda: "room_finished" in hooked.names())

    events = hooked.events()
    assert [event.event for event in events] == [
        "room_started",
        "participant_joined",
        "track_published",
        "track_unpublished",
        "participant_left",
        "room_finished",
    ]
    assert {event.room.name for event in events} == {"standup"}
    assert len({event.room.sid for event in events}) == 1
    assert len({event.id for event in events}) == len(events)
    started, joined, published, unpublished, left, finished = events
    assert not started.HasField("participant")
    assert (joined.participant.identity, joined.participant.name) == ("alice", "Alice")
    assert joined.participant.state == pb_models.ParticipantInfo.ACTIVE
    assert dict(joined.participant.attributes) == {"role": "guest"}
    for event in (published, unpublished):
        assert (event.track.sid, event.track.source) == (publication.sid, pb_models.TrackSource.MICROPHONE)
        assert event.participant.sid == joined.participant.sid
    assert left.participant.disconnect_reason == pb_models.CLIENT_INITIATED
    assert finished.created_at >= started.created_at > 1_600_000_000
    assert {request.headers["content-type"] for request in hooked.receiver.received} == {"application/webhook+json"}


async def test_who_never_got_through_is_told_as_aborted(hooked: Hooked) -> None:
    await hooked.aborts("alice")

    await eventually(hooked.names)
    (event,) = hooked.events()
    assert (event.event, event.participant.identity) == ("participant_connection_aborted", "alice")


async def test_a_changed_body_and_another_key_are_not_believed(hooked: Hooked) -> None:
    await hooked.aborts("alice")
    await eventually(lambda: hooked.receiver.received)
    (request,) = hooked.receiver.received

    changed = request.body.replace(b"alice", b"mallory").decode()
    ours = api.WebhookReceiver(api.TokenVerifier(API_KEY, API_SECRET))
    with pytest.raises(Exception, match="hash mismatch"):
        ours.receive(changed, request.headers["authorization"])
    another = api.WebhookReceiver(api.TokenVerifier(API_KEY, "another secret of more than thirty-two characters"))
    with pytest.raises(Exception, match="Signature verification failed"):
        another.receive(request.body.decode(), request.headers["authorization"])


async def test_a_receiver_that_fails_is_tried_again(hooked: Hooked) -> None:
    hooked.receiver.answer = in_turn(500, 503)
    await hooked.aborts("alice")
    await hooked.aborts("bob")

    await eventually(lambda: len(hooked.receiver.received) == 4)
    assert [event.participant.identity for event in hooked.events()] == ["alice"] * 3 + ["bob"]
    assert len({event.id for event in hooked.events()}) == 2
    assert {event.num_dropped for event in hooked.events()} == {0}


async def test_what_was_refused_is_counted_in_what_arrives(hooked: Hooked) -> None:
    hooked.receiver.answer = in_turn(400, 404)
    for identity in ("alice", "bob", "carol", "dave"):
        await hooked.aborts(identity)

    await eventually(lambda: len(hooked.receiver.received) == 4)
    assert [event.num_dropped for event in hooked.events()] == [0, 1, 2, 0]


async def test_what_waits_for_a_slow_receiver_is_bounded(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PENDING_WEBHOOKS", 2)
    free = asyncio.Event()

    async def busy(request: Received, writer: asyncio.StreamWriter) -> None:
        await free.wait()
        await status(200)(request, writer)

    hooked.receiver.answer = busy
    await hooked.aborts("0")
    await eventually(lambda: hooked.receiver.received)
    for number in range(1, 5):
        await hooked.aborts(str(number))
    free.set()

    await eventually(lambda: len(hooked.receiver.received) == 3)
    assert [(event.participant.identity, event.num_dropped) for event in hooked.events()] == [
        ("0", 0),
        ("1", 2),
        ("2", 0),
    ]
