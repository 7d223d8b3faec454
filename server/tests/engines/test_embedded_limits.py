"""The meeting limits what a token allows to publish, from the first message on."""

import asyncio

from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.embedded import Wire, World
from support.waiting import eventually

from moothall.engine import CHECK_ROOM_PREFIX, Admission
from moothall.livekit.model import Permission, TrackSource

CAMERA, MICROPHONE = pb_models.TrackSource.CAMERA, pb_models.TrackSource.MICROPHONE
SCREEN = pb_models.TrackSource.SCREEN_SHARE
AUDIO = pb_models.TrackType.AUDIO


async def _refused(wire: Wire) -> bool:
    """Whether a microphone is not accepted."""
    await wire.say(add_track=pb.AddTrackRequest(cid="mic", type=AUDIO, source=MICROPHONE))
    answer = (await wire.next("request_response")).request_response
    return answer.reason == pb.RequestResponse.NOT_ALLOWED


async def test_an_old_token_brings_no_more_than_the_meeting_allows(world: World) -> None:
    world.verdicts = [Admission(("camera",))]
    async with world.socket("alice") as wire:
        wire.join = (await wire.next("join")).join
        assert list(wire.join.participant.permission.can_publish_sources) == [CAMERA]
        # The token for a reconnect has what was granted; the meeting is asked again then.
        renewed = world.engine.authenticate((await wire.next("refresh_token")).refresh_token)
        assert await _refused(wire)
        assert renewed.permission == Permission()


async def test_what_is_taken_ends_at_once_and_can_be_given_back(world: World) -> None:
    async with world.inside("alice") as wire:
        await wire.publish("mic", "audio")
        assert await world.engine.limit_publishing("standup", "alice", ("camera",))

        assert (await wire.next("track_unpublished")).track_unpublished.track_sid
        assert await _refused(wire)
        assert await world.engine.limit_publishing("standup", "alice", ())
        one = world.live_room().room.find_participant("alice")
        assert one is not None
        # No source at all must not read as "every source".
        assert not one.permission.allows_source(TrackSource.CAMERA)

        assert await world.engine.limit_publishing("standup", "alice", None)
        assert one.permission == Permission()
        assert await wire.publish("mic2", "audio")
    assert not await world.engine.limit_publishing("standup", "nobody", None)


async def test_giving_back_gives_no_more_than_the_token_did(world: World) -> None:
    token = world.token("alice", can_publish_sources=("camera",))
    granted = world.engine.authenticate(token).permission

    assert granted.limited_to(None) == granted
    assert granted.limited_to((TrackSource.MICROPHONE,)).can_publish is False
    assert granted.limited_to((TrackSource.CAMERA, TrackSource.MICROPHONE)).can_publish_sources == (TrackSource.CAMERA,)


async def test_who_is_limited_while_the_meeting_decides_is_asked_about_again(world: World) -> None:
    async def admit_and_limit() -> Admission:
        await world.engine.limit_publishing("standup", "alice", ())
        return Admission()

    world.verdicts = [admit_and_limit, Admission(("camera",))]
    async with world.socket("alice") as wire:
        join = (await wire.next("join")).join
        assert list(join.participant.permission.can_publish_sources) == [CAMERA]
    await eventually(lambda: len(world.asked) == 2)


async def test_one_person_at_a_time_shares_a_screen(world: World) -> None:
    async def share(wire: Wire) -> str | int:
        """The refusal, or 0."""
        wanted = pb.AddTrackRequest(cid="screen", type=pb_models.TrackType.VIDEO, source=SCREEN)
        await wire.say(add_track=wanted)
        async with asyncio.timeout(10):
            while True:
                message = pb.SignalResponse.FromString(await wire.connection.recv())
                if message.HasField("track_published"):
                    return 0
                if message.HasField("request_response"):
                    return message.request_response.reason

    async with world.inside("alice") as alice, world.inside("bob") as bob:
        assert await world.engine.limit_screen_shares("standup", 1)
        assert await share(alice) == 0
        assert await share(bob) == pb.RequestResponse.LIMIT_EXCEEDED
        # The sound of a share that goes on is part of it.
        sound = pb_models.TrackSource.SCREEN_SHARE_AUDIO
        await alice.say(add_track=pb.AddTrackRequest(cid="sound", type=AUDIO, source=sound))
        assert (await alice.next("track_published")).track_published.cid == "sound"

        await world.engine.limit_publishing("standup", "alice", ("camera",))
        assert await share(bob) == 0
        assert await world.engine.limit_screen_shares("standup", None)
        await world.engine.limit_publishing("standup", "alice", None)
        assert await share(alice) == 0
    assert not await world.engine.limit_screen_shares("nowhere", 1)


async def test_who_may_have_only_so_much_video_gets_no_more_by_asking(world: World) -> None:
    world.verdicts = [Admission((), video_limit=500_000)]
    async with world.inside("alice") as alice:
        peer = max(world.sfu.peers)
        for asked in (900_000, 0, 300_000):
            await alice.say(simulate=pb.SimulateScenario(subscriber_bandwidth=asked))
        limits = [500_000, 500_000, 500_000, 300_000]

        await eventually(lambda: world.sfu.called("limit_video") == [(peer, limit) for limit in limits])


async def test_webhooks_and_the_list_of_rooms_leave_the_rooms_of_checks_out(world: World) -> None:
    name = CHECK_ROOM_PREFIX + "1"
    async with world.inside("alice"), world.socket_with(world.token("publisher", room=name)) as wire:
        join = (await wire.next("join")).join
        await wire.answer((await wire.next("offer")).offer)
        world.sfu.connected(max(world.sfu.peers))
        await eventually(lambda: any(event.room == name for event in world.events))

        assert join.room.name == name
        assert await world.engine.participants(name) == ["publisher"]
        assert [room.name for room in world.engine.room_infos()] == ["standup"]
    assert set(world.announced) == {"standup"}


async def test_of_two_who_replace_one_screen_the_second_is_told_no(world: World) -> None:
    wanted = pb.AddTrackRequest(cid="screen", type=pb_models.TrackType.VIDEO, source=SCREEN)
    async with world.inside("alice") as alice, world.inside("bob"), world.inside("carol"):
        await world.engine.limit_screen_shares("standup", 1)
        await alice.say(add_track=wanted)
        await alice.next("track_published")

        replace = world.engine.replace_screen_shares
        assert await replace("standup", "bob", replaced=[]) is None
        assert await replace("standup", "bob", replaced=["alice"]) == {"alice"}
        assert (await alice.next("track_unpublished")).track_unpublished.track_sid
        assert await replace("standup", "carol", replaced=["alice"]) is None
        assert await replace("standup", "carol", replaced=["alice", "bob"]) == {"bob"}
        assert await replace("standup", "mallory", replaced=["carol"]) is None
    assert await world.engine.replace_screen_shares("nowhere", "bob", replaced=[]) is None
