"""A client with one connection.

It offers, and is asked for an offer where another would get one.
"""

import base64
import gzip

import pytest
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.playbook import Stage

from moothall.livekit import limits
from moothall.livekit.codec import MalformedMessage, decode_join_request, encode_response
from moothall.livekit.model import ParticipantState, TrackSource
from moothall.livekit.requests import AddTrack, Answer, Offer, SyncState, UpdateSubscription
from moothall.livekit.responses import (
    Join,
    Reconnect,
    SectionsRequirement,
    StreamState,
    StreamStateUpdate,
    TrackSubscribed,
)
from moothall.signalling import commands
from moothall.signalling.events import (
    ClientDetached,
    ClientResumed,
    OfferAccepted,
    OfferNotNeeded,
    Section,
    SectionsRequired,
    StreamStateChanged,
    TransportChanged,
)

CAMERA = TrackSource.CAMERA


@pytest.fixture
def stage() -> Stage:
    return Stage()


def joins_single(stage: Stage, identity: str) -> str:
    """A client whose first offer is answered and whose connection is up."""
    sid = stage.connects(identity, is_single=True)
    offers(stage, sid)
    stage.happens(TransportChanged(sid, "publisher", "connected"))
    return sid


def offers(stage: Stage, sid: str, tracks: dict[str, str] | None = None, *, needs_offer: bool = False) -> None:
    stage.says(sid, Offer("offer", 7))
    stage.happens(OfferAccepted(sid, 7, "answer", (), tracks or {}, needs_offer))


class TestJoining:
    def test_nothing_is_offered_and_the_connection_it_waits_for_is_its_own(self, stage: Stage) -> None:
        alice = stage.connects("alice", is_single=True)

        assert [type(command) for command in stage.last] == [commands.AddPeer, commands.Send, commands.SendToken]
        assert stage.did(commands.AddPeer)[0].is_single
        assert not stage.one(Join).subscriber_primary
        assert stage.says(alice, Offer("offer", 1)) == [commands.AcceptOffer(alice, 1, "offer")]

    def test_it_is_active_once_its_connection_is_up(self, stage: Stage) -> None:
        alice = stage.connects("alice", is_single=True)
        offers(stage, alice)
        assert stage.room.participants[alice].state is ParticipantState.JOINED

        stage.happens(TransportChanged(alice, "publisher", "connected"))

        assert stage.room.participants[alice].active

    def test_what_is_published_already_comes_with_the_answer_to_its_first_offer(self, stage: Stage) -> None:
        bob = stage.joins("bob")
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        alice = stage.connects("alice", is_single=True)
        assert [one.track_sid for one in stage.did(commands.SubscribeTrack)] == [camera]
        assert not stage.did(commands.RequireSections)

        offers(stage, alice, {"3": camera})

        assert stage.told(alice, Answer) == [Answer("answer", 7, {"3": camera})]
        assert stage.told(bob, TrackSubscribed) == [TrackSubscribed(camera)]
        assert not stage.did(commands.RequireSections)


class TestReceiving:
    def test_a_track_that_comes_later_makes_the_client_offer_again(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        assert [one for one in stage.log if isinstance(one, commands.RequireSections)] == [
            commands.RequireSections(alice)
        ]

        stage.happens(SectionsRequired(alice, 0, 1))
        assert stage.one(SectionsRequirement) == SectionsRequirement(0, 1)
        offers(stage, alice, {"5": camera})

        assert stage.told(alice, Answer) == [Answer("answer", 7, {"5": camera})]
        assert not stage.did(commands.RequireSections)

    def test_what_the_answer_could_not_carry_asks_for_another_offer_at_once(self, stage: Stage) -> None:
        alice = joins_single(stage, "alice")

        offers(stage, alice, needs_offer=True)

        assert stage.did(commands.RequireSections) == [commands.RequireSections(alice)]

    def test_one_question_is_open_at_a_time_and_wishes_meanwhile_ask_again(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        stage.publishes(bob, "camera", "video", CAMERA)
        stage.publishes(bob, "screen", "video", TrackSource.SCREEN_SHARE)
        assert len([one for one in stage.log if isinstance(one, commands.RequireSections)]) == 1

        stage.happens(OfferNotNeeded(alice))

        assert stage.did(commands.RequireSections) == [commands.RequireSections(alice)]

    def test_a_track_comes_again_after_an_answer_that_took_it_away(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        stage.happens(SectionsRequired(alice, 0, 1))
        offers(stage, alice, {"5": camera})
        stage.says(alice, UpdateSubscription((camera,), subscribe=False))
        assert stage.did(commands.UnsubscribeTrack)

        stage.says(alice, UpdateSubscription((camera,), subscribe=True))
        assert not stage.did(commands.SubscribeTrack)
        assert stage.did(commands.RequireSections)
        stage.happens(SectionsRequired(alice, 0, 0))
        offers(stage, alice)

        assert [one.track_sid for one in stage.did(commands.SubscribeTrack)] == [camera]
        assert stage.did(commands.RequireSections)

    def test_an_offer_on_its_way_when_a_track_goes_does_not_take_it_away(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        stage.happens(SectionsRequired(alice, 0, 1))
        stage.says(alice, Offer("offer", 7))
        stage.says(alice, UpdateSubscription((camera,), subscribe=False))
        stage.says(alice, UpdateSubscription((camera,), subscribe=True))

        stage.happens(OfferAccepted(alice, 7, "answer", (), {"5": camera}))
        assert not stage.did(commands.SubscribeTrack)
        stage.happens(SectionsRequired(alice, 0, 0))
        offers(stage, alice)

        assert [one.track_sid for one in stage.did(commands.SubscribeTrack)] == [camera]

    def test_an_answer_from_such_a_client_means_nothing(self, stage: Stage) -> None:
        alice = joins_single(stage, "alice")

        assert stage.says(alice, Answer("answer", 0)) == []


class TestPublishing:
    def test_its_tracks_are_bound_by_its_offers_as_everybodys(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), joins_single(stage, "bob")
        stage.says(alice, AddTrack(cid="camera", kind="video", source=CAMERA))
        section = Section("9", "video", sending=True, layers=3, track_id="camera")
        spare = Section("3", "video", sending=False, layers=0, track_id="")
        stage.says(alice, Offer("offer", 2))

        stage.happens(OfferAccepted(alice, 2, "answer", (spare, section)))

        assert [one.mid for one in stage.did(commands.PublishTrack)] == ["9"]
        assert bob in stage.room.participants


class TestResuming:
    def test_the_client_restarts_and_we_offer_nothing(self, stage: Stage) -> None:
        alice = joins_single(stage, "alice")
        stage.happens(ClientDetached(alice))

        stage.happens(ClientResumed(alice))

        assert isinstance(stage.sent_to(alice, since=stage.last)[0], Reconnect)
        assert not stage.did(commands.CreateOffer)
        assert not stage.did(commands.RequireSections)

    def test_what_was_wanted_meanwhile_is_served_by_its_restart(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        stage.happens(ClientDetached(alice))
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        # Lost: nobody is there to hear it.
        assert stage.happens(SectionsRequired(alice, 0, 0)) == []
        stage.happens(ClientResumed(alice))

        offers(stage, alice, {"3": camera})

        assert stage.told(alice, Answer) == [Answer("answer", 7, {"3": camera})]


def wrapped(request: pb.JoinRequest, *, compress: bool) -> str:
    body = request.SerializeToString()
    whole = pb.WrappedJoinRequest(
        compression=pb.WrappedJoinRequest.GZIP if compress else pb.WrappedJoinRequest.NONE,
        join_request=gzip.compress(body) if compress else body,
    )
    return base64.urlsafe_b64encode(whole.SerializeToString()).decode()


class TestJoinRequest:
    @pytest.mark.parametrize("compress", [True, False])
    @pytest.mark.parametrize("padded", [True, False])
    def test_says_what_is_wanted_and_what_comes_first(self, *, compress: bool, padded: bool) -> None:
        request = pb.JoinRequest(
            client_info=pb_models.ClientInfo(client_protocol=2),
            connection_settings=pb.ConnectionSettings(auto_subscribe=True, adaptive_stream=True),
            add_track_requests=[pb.AddTrackRequest(cid="c", type=pb_models.TrackType.AUDIO)],
            publisher_offer=pb.SessionDescription(type="offer", sdp="v=0", id=3),
        )
        text = wrapped(request, compress=compress)

        read = decode_join_request(text if padded else text.rstrip("="))

        assert (read.auto_subscribe, read.adaptive_stream, read.client_protocol, read.resumes) == (True, True, 2, None)
        assert read.requests == (AddTrack(cid="c", kind="audio"), Offer("v=0", 3))

    def test_says_whom_it_resumes_and_what_it_believes(self) -> None:
        state = pb.SyncState(track_sids_disabled=["TR_x"])
        request = pb.JoinRequest(reconnect=True, participant_sid="PA_x", sync_state=state)

        read = decode_join_request(wrapped(request, compress=True))

        assert read.resumes == "PA_x"
        assert read.requests == (SyncState((), None, ("TR_x",)),)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "%%%",
            "AAAA",
            base64.urlsafe_b64encode(
                pb.WrappedJoinRequest(compression=pb.WrappedJoinRequest.GZIP, join_request=b"x").SerializeToString()
            ).decode(),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, text: str) -> None:
        with pytest.raises(MalformedMessage):
            decode_join_request(text)

    def test_what_inflates_without_end_is_refused(self) -> None:
        bomb = gzip.compress(b"\0" * (100 * limits.MAX_OFFERING_MESSAGE_BYTES))
        whole = pb.WrappedJoinRequest(compression=pb.WrappedJoinRequest.GZIP, join_request=bomb)

        with pytest.raises(MalformedMessage, match="too large"):
            decode_join_request(base64.urlsafe_b64encode(whole.SerializeToString()).decode())

    def test_a_cut_stream_is_refused(self) -> None:
        cut = gzip.compress(pb.JoinRequest(participant_sid="x" * 100).SerializeToString())[:-9]
        whole = pb.WrappedJoinRequest(compression=pb.WrappedJoinRequest.GZIP, join_request=cut)

        with pytest.raises(MalformedMessage):
            decode_join_request(base64.urlsafe_b64encode(whole.SerializeToString()).decode())


def test_requirement_and_answer_are_written() -> None:
    requirement = pb.SignalResponse.FromString(encode_response(SectionsRequirement(1, 2)))  # type: ignore[arg-type]
    answer = pb.SignalResponse.FromString(encode_response(Answer("v=0", 4, {"1": "TR_x"})))  # type: ignore[arg-type]

    assert (
        requirement.media_sections_requirement.num_audios,
        requirement.media_sections_requirement.num_videos,
    ) == (1, 2)
    assert dict(answer.answer.mid_to_track_id) == {"1": "TR_x"}


class TestPaused:
    def test_a_client_is_told_again_of_what_was_paused_before_it_took_the_track_in(self, stage: Stage) -> None:
        alice, bob = joins_single(stage, "alice"), stage.joins("bob")
        camera = stage.publishes(bob, "camera", "video", CAMERA)
        offers(stage, alice, {"4": camera})
        stage.happens(StreamStateChanged(alice, camera, active=False))
        paused = StreamStateUpdate((StreamState(bob, camera, active=False),))

        stage.passes(limits.PAUSED_REMINDERS[0])
        assert stage.told(alice, StreamStateUpdate) == [paused]
        stage.happens(StreamStateChanged(alice, camera, active=True))
        stage.passes(limits.PAUSED_REMINDERS[-1])
        assert stage.told(alice, StreamStateUpdate) == []
