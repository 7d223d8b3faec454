"""Playbooks of a LiveKit room: what happens to it, and what it asks for."""

from datetime import timedelta
from typing import Any

import pytest
from support.playbook import Stage

from moothall import engine
from moothall.engine import LeaveReason
from moothall.livekit import limits
from moothall.livekit.model import (
    CandidateProtocol,
    ConnectionQuality,
    DataMessage,
    DisconnectReason,
    Kind,
    LeaveAction,
    ParticipantState,
    Permission,
    RequestResult,
    TrackSource,
    VideoLayer,
    VideoQuality,
)
from moothall.livekit.requests import (
    AddTrack,
    Answer,
    LeaveRequested,
    MuteTrack,
    Offer,
    Ping,
    Simulate,
    SubscriptionPermission,
    SyncState,
    TrackPermission,
    UpdateMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
)
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    Join,
    Leave,
    ParticipantUpdate,
    Pong,
    Reconnect,
    RequestAnswered,
    RoomUpdate,
    SpeakersChanged,
    StreamState,
    StreamStateUpdate,
    SubscribedQualityUpdate,
    SubscriptionFailed,
    SubscriptionPermissionUpdate,
    TrackPublished,
    TrackSubscribed,
    TrackUnpublished,
)
from moothall.livekit.server_requests import (
    BroadcastRequested,
    MuteRequested,
    PublishingLimited,
    SettingsRequested,
    SharesReplaced,
    UpdateRequested,
)
from moothall.signalling import commands
from moothall.signalling.events import (
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DataReceived,
    DeletionRequested,
    LevelsMeasured,
    NegotiationFailed,
    OfferAccepted,
    OfferCreated,
    PeerCrashed,
    RemovalRequested,
    RoomFailed,
    Section,
    ServerStopping,
    StatsMeasured,
    StreamStateChanged,
    TimePassed,
    TrackWentLive,
    TransportChanged,
)
from moothall.signalling.relay import Relay

MIC, CAMERA = TrackSource.MICROPHONE, TrackSource.CAMERA
RELAY = Relay(("turn:turn.example", "turns:turn.example:443"), "south" * 4, timedelta(hours=1))
LAYERS = (
    VideoLayer(VideoQuality.LOW, 320, 180, 150_000),
    VideoLayer(VideoQuality.MEDIUM, 640, 360, 500_000),
    VideoLayer(VideoQuality.HIGH, 1280, 720, 2_000_000),
)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def packet(**details: Any) -> DataMessage:
    defaults: dict[str, Any] = {
        "body": None,
        "size": 100,
        "sequence": 0,
        "destination_identities": frozenset(),
        "destination_sids": frozenset(),
        "relayed": True,
    }
    return DataMessage(**{**defaults, **details})


class TestJoining:
    def test_first_message_is_join_and_the_data_channels_are_offered_at_once(self, stage: Stage) -> None:
        alice = stage.connects("alice")

        assert [type(command) for command in stage.last] == [
            commands.AddPeer,
            commands.Send,
            commands.SendToken,
            commands.CreateOffer,
        ]
        join = stage.one(Join)
        assert join.participant.sid == alice
        assert join.participant.permission.can_publish
        assert join.other_participants == ()

    def test_others_and_the_server_hear_of_a_participant_only_when_its_transport_is_up(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        bob = stage.connects("bob")
        assert stage.told(alice, ParticipantUpdate) == []
        stage.happens(TransportChanged(bob, "publisher", "connected"))
        assert stage.told(alice, ParticipantUpdate) == []
        stage.happens(TransportChanged(bob, "subscriber", "connected"))

        (update,) = stage.told(alice, ParticipantUpdate)
        assert update.participants[0].identity == "bob"
        assert update.participants[0].state is ParticipantState.ACTIVE
        assert [type(event) for event in stage.reports()] == [
            engine.RoomStarted,
            engine.ParticipantJoined,
            engine.ParticipantJoined,
        ]

    def test_newcomer_gets_the_tracks_of_those_inside_with_its_first_offer(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        track = stage.publishes(alice, "mic", "audio", MIC)

        bob = stage.connects("bob")

        join = stage.one(Join)
        assert [info.sid for info in join.other_participants[0].tracks] == [track]
        order = [type(command) for command in stage.last]
        assert order.index(commands.Send) < order.index(commands.SubscribeTrack) < order.index(commands.CreateOffer)
        assert stage.did(commands.SubscribeTrack) == [commands.SubscribeTrack(bob, track, f"{alice}|{track}")]

    def test_who_does_not_get_its_transport_up_in_time_is_sent_away(self, stage: Stage) -> None:
        alice = stage.connects("alice")

        stage.passes(limits.JOIN_TIMEOUT - 1)
        assert alice in stage.room.participants
        stage.passes(1)

        assert stage.one(Leave) == Leave(DisconnectReason.CONNECTION_TIMEOUT, LeaveAction.DISCONNECT)
        assert stage.room.participants == {}
        assert stage.reports() == [engine.ParticipantAborted("standup", "alice", alice, stage.now.at)]

    def test_hidden_participant_is_never_mentioned_to_the_others(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.joins("ghost", permission=Permission(hidden=True))
        bob = stage.connects("bob")

        assert all("ghost" not in str(response) for response in stage.sent_to(alice))
        assert "ghost" not in str(stage.told(bob, Join))

    def test_ping_is_answered_with_its_own_timestamp(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.says(alice, Ping(1234, legacy=False))

        pong = stage.one(Pong)
        assert (pong.timestamp, pong.legacy) == (1234, False)


class TestLeaving:
    def test_leave_tells_the_others_and_the_server_once(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")

        stage.says(bob, LeaveRequested())
        stage.happens(ClientDetached(bob))

        assert stage.room.participants.keys() == {alice}
        left = [event for event in stage.reports() if isinstance(event, engine.ParticipantLeft)]
        assert [(event.identity, event.reason) for event in left] == [("bob", LeaveReason.CLIENT_INITIATED)]
        gone = [r for r in stage.sent_to(alice) if isinstance(r, ParticipantUpdate)][-1].participants[0]
        assert (gone.state, gone.disconnect_reason) == (
            ParticipantState.DISCONNECTED,
            DisconnectReason.CLIENT_INITIATED,
        )

    def test_room_finishes_with_the_last_participant(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")

        stage.says(alice, LeaveRequested())
        assert not any(isinstance(event, engine.RoomFinished) for event in stage.reports())
        stage.says(bob, LeaveRequested())

        assert isinstance(stage.reports()[-1], engine.RoomFinished)

    def test_tracks_end_before_their_publisher_does(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.says(bob, LeaveRequested())

        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(alice, track)]
        assert stage.did(commands.UnpublishTrack) == [commands.UnpublishTrack(track)]
        reported = [type(command.event) for command in stage.did(commands.Report)]
        assert reported == [engine.TrackUnpublished, engine.ParticipantLeft]

    @pytest.mark.parametrize(
        ("event", "reason", "action", "reported"),
        [
            (
                RemovalRequested("bob"),
                DisconnectReason.PARTICIPANT_REMOVED,
                LeaveAction.DISCONNECT,
                LeaveReason.PARTICIPANT_REMOVED,
            ),
            (DeletionRequested(), DisconnectReason.ROOM_DELETED, LeaveAction.DISCONNECT, LeaveReason.ROOM_DELETED),
            (ServerStopping(), DisconnectReason.SERVER_SHUTDOWN, LeaveAction.RECONNECT, LeaveReason.SERVER_SHUTDOWN),
            (RoomFailed(), DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT, LeaveReason.CONNECTION_LOST),
        ],
    )
    def test_server_says_why_it_sends_somebody_away(
        self, stage: Stage, event: Any, reason: DisconnectReason, action: LeaveAction, reported: LeaveReason
    ) -> None:
        stage.joins("alice")
        bob = stage.joins("bob")

        stage.happens(event)

        assert stage.told(bob, Leave) == [Leave(reason, action)]
        assert commands.CloseSocket(bob) in stage.last
        left = [one for one in stage.reports() if isinstance(one, engine.ParticipantLeft) and one.identity == "bob"]
        assert [one.reason for one in left] == [reported]

    def test_deleting_a_room_says_nothing_but_farewell(self, stage: Stage) -> None:
        people = [stage.joins(name) for name in ("alice", "bob", "carol")]

        stage.happens(DeletionRequested())

        for sid in people:
            assert [type(response) for response in stage.sent_to(sid, since=stage.last)] == [Leave]
        assert stage.room.participants == {}

    def test_transport_closed_by_the_client_is_a_leave(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.happens(TransportChanged(alice, "publisher", "closed"))
        stage.happens(TransportChanged(alice, "subscriber", "closed"))

        left = [event for event in stage.reports() if isinstance(event, engine.ParticipantLeft)]
        assert [event.reason for event in left] == [LeaveReason.CLIENT_INITIATED]

    def test_misbehaving_client_is_closed_and_nobody_else(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")

        stage.happens(ClientMisbehaved(bob, 1007))

        assert stage.told(bob, Leave) == [Leave(DisconnectReason.STATE_MISMATCH, LeaveAction.DISCONNECT)]
        assert commands.CloseSocket(bob, 1007) in stage.last
        assert stage.room.participants.keys() == {alice}

    @pytest.mark.parametrize("event", [NegotiationFailed("?", "publisher", "bad SDP"), PeerCrashed("?")])
    def test_broken_transport_description_or_peer_starts_over(self, stage: Stage, event: Any) -> None:
        alice = stage.joins("alice")
        stage.joins("bob")

        stage.happens(type(event)(alice, *([] if isinstance(event, PeerCrashed) else ["publisher", "bad SDP"])))

        assert stage.told(alice, Leave)[0].action is LeaveAction.RECONNECT
        assert alice not in stage.room.participants


class TestSamePersonTwice:
    def test_old_connection_is_closed_and_the_person_never_seems_to_leave(self, stage: Stage) -> None:
        old = stage.joins("alice")

        new = stage.connects("alice")
        assert stage.told(old, Leave) == [Leave(DisconnectReason.DUPLICATE_IDENTITY, LeaveAction.DISCONNECT)]
        assert not any(isinstance(event, engine.ParticipantLeft) for event in stage.reports())
        stage.happens(TransportChanged(new, "subscriber", "connected"))

        assert [(type(event), getattr(event, "sid", "")) for event in stage.reports()] == [
            (engine.RoomStarted, ""),
            (engine.ParticipantJoined, old),
            (engine.ParticipantJoined, new),
            (engine.ParticipantLeft, old),
        ]

    def test_replacement_that_fails_reports_the_old_connection_as_left(self, stage: Stage) -> None:
        old = stage.joins("alice")
        stage.connects("alice")

        third = stage.connects("alice")
        stage.says(third, LeaveRequested())

        left = [event for event in stage.reports() if isinstance(event, engine.ParticipantLeft)]
        assert [event.sid for event in left] == [old]
        assert isinstance(stage.reports()[-1], engine.RoomFinished)


class TestPublishing:
    def test_track_is_announced_with_its_first_packet_and_before_its_offer(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA, live=False, layers=LAYERS)
        assert not stage.told(alice, ParticipantUpdate)

        stage.happens(TrackWentLive(track, "video/VP8"))

        (update,) = stage.told(alice, ParticipantUpdate)
        info = update.participants[0].tracks[0]
        assert (info.sid, info.mime_type, info.simulcast, info.layers) == (track, "video/VP8", True, LAYERS)
        order = [type(command) for command in stage.last]
        assert order.index(commands.Send) < order.index(commands.SubscribeTrack) < order.index(commands.CreateOffer)
        assert stage.told(bob, ParticipantUpdate) == []

    def test_muted_track_is_announced_when_bound_because_no_packet_will_come(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")

        stage.publishes(bob, "mic", "audio", MIC, live=False, muted=True)

        assert stage.told(alice, ParticipantUpdate)[0].participants[0].tracks[0].muted
        assert stage.did(commands.PublishTrack)[0].muted

    def test_tracks_of_a_publisher_wait_until_it_is_active(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.connects("bob")
        track = stage.publishes(bob, "mic", "audio", MIC, live=False)
        stage.happens(TrackWentLive(track, "audio/opus"))
        assert stage.told(alice, ParticipantUpdate) == []

        stage.happens(TransportChanged(bob, "subscriber", "connected"))

        assert [len(update.participants[0].tracks) for update in stage.told(alice, ParticipantUpdate)] == [0, 1]

    def test_section_is_matched_by_track_id_not_by_order(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.says(alice, AddTrack(cid="first", kind="video", source=CAMERA))
        first = stage.one(TrackPublished).track.sid
        stage.says(alice, AddTrack(cid="second", kind="video", source=TrackSource.SCREEN_SHARE))
        second = stage.one(TrackPublished).track.sid

        sections = (Section("0", "video", True, 1, "second"), Section("1", "video", True, 1, "first"))
        stage.happens(OfferAccepted(alice, 1, "answer", sections))

        assert {(done.track_sid, done.mid) for done in stage.did(commands.PublishTrack)} == {
            (second, "0"),
            (first, "1"),
        }

    def test_section_with_an_unknown_track_id_takes_the_first_pending_track_of_its_kind(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.says(alice, AddTrack(cid="mic", kind="audio", source=MIC))
        stage.says(alice, AddTrack(cid="cam", kind="video", source=CAMERA))
        camera = stage.one(TrackPublished).track.sid

        stage.happens(OfferAccepted(alice, 1, "answer", (Section("0", "video", True, 1, "{firefox-own-id}"),)))

        assert [done.track_sid for done in stage.did(commands.PublishTrack)] == [camera]

    @pytest.mark.parametrize("wish", [{"disable_red": True}, {"encryption": 1}, {}])
    def test_sound_is_sent_twice_unless_the_publisher_forbids_it_or_encrypts_it(
        self, stage: Stage, wish: dict[str, Any]
    ) -> None:
        alice = stage.joins("alice")
        stage.says(alice, AddTrack(cid="mic", kind="audio", source=MIC, **wish))
        track = stage.one(TrackPublished).track
        answer = "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:0\r\na=rtpmap:63 red/48000/2\r\n"

        stage.happens(OfferAccepted(alice, 1, answer, (Section("0", "audio", True, 0, "mic"),)))

        plain = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
        assert stage.one(Answer).sdp == (plain if wish else answer)
        assert track.disable_red == bool(wish)

    def test_offer_may_overtake_add_track(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(OfferAccepted(alice, 1, "answer", (Section("0", "audio", True, 0, "mic"),)))
        assert stage.did(commands.PublishTrack) == []

        stage.says(alice, AddTrack(cid="mic", kind="audio", source=MIC))

        assert [done.mid for done in stage.did(commands.PublishTrack)] == ["0"]

    @pytest.mark.parametrize("sections", [(), (Section("?", "audio", False, 0, ""),)])
    def test_track_ends_when_its_section_stops_sending_or_is_gone(
        self, stage: Stage, sections: tuple[Section, ...]
    ) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)
        mid = stage.room.participants[bob].published[track].mid

        stage.happens(OfferAccepted(bob, 2, "answer", tuple(Section(mid, "audio", s.sending, 0, "") for s in sections)))

        assert stage.told(alice, ParticipantUpdate)[0].participants[0].tracks == ()
        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(alice, track)]
        assert [type(command.event) for command in stage.did(commands.Report)] == [engine.TrackUnpublished]

    def test_reused_section_carries_the_new_track(self, stage: Stage) -> None:
        stage.joins("alice")
        bob = stage.joins("bob")
        old = stage.publishes(bob, "cam", "video", CAMERA)
        mid = stage.room.participants[bob].published[old].mid
        stage.says(bob, AddTrack(cid="screen", kind="video", source=TrackSource.SCREEN_SHARE))
        new = stage.one(TrackPublished).track.sid

        stage.happens(OfferAccepted(bob, 2, "answer", (Section(mid, "video", True, 1, "screen"),)))

        assert stage.did(commands.UnpublishTrack) == [commands.UnpublishTrack(old)]
        assert [done.track_sid for done in stage.did(commands.PublishTrack)] == [new]

    def test_unpermitted_source_is_refused(self, stage: Stage) -> None:
        alice = stage.joins("alice", permission=Permission(can_publish_sources=(MIC,)))

        stage.says(alice, AddTrack(cid="cam", kind="video", source=CAMERA))

        assert stage.one(RequestAnswered).result is RequestResult.NOT_ALLOWED
        assert stage.room.participants[alice].pending == {}

    @pytest.mark.parametrize(
        ("kind", "source"),
        [
            ("audio", CAMERA),
            ("audio", TrackSource.SCREEN_SHARE),
            ("video", MIC),
            ("video", TrackSource.SCREEN_SHARE_AUDIO),
        ],
    )
    def test_nobody_speaks_with_a_camera(self, stage: Stage, kind: Kind, source: TrackSource) -> None:
        alice = stage.joins("alice")

        stage.says(alice, AddTrack(cid="voice", kind=kind, source=source))

        assert stage.one(RequestAnswered).result is RequestResult.INVALID_REQUEST
        assert stage.room.participants[alice].pending == {}

    def test_ninth_track_is_refused(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        for number in range(limits.MAX_TRACKS):
            stage.says(alice, AddTrack(cid=str(number), kind="audio"))
            stage.one(TrackPublished)

        stage.says(alice, AddTrack(cid="one more", kind="audio"))

        assert stage.one(RequestAnswered).result is RequestResult.LIMIT_EXCEEDED

    def test_fourth_screen_waits_until_one_of_three_ends(self, stage: Stage) -> None:
        people = [stage.joins(name) for name in ("alice", "bob", "carol", "dave")]
        screens = [stage.publishes(sid, "screen", "video", TrackSource.SCREEN_SHARE) for sid in people[:2]]
        # Pending: it has its place, too, and asking twice takes no second.
        for _ in range(2):
            stage.says(people[2], AddTrack(cid="screen", kind="video", source=TrackSource.SCREEN_SHARE))
            assert stage.one(TrackPublished).cid == "screen"

        stage.says(people[3], AddTrack(cid="screen", kind="video", source=TrackSource.SCREEN_SHARE))
        assert stage.one(RequestAnswered).result is RequestResult.LIMIT_EXCEEDED
        assert stage.room.participants[people[3]].pending == {}
        stage.publishes(people[3], "sound", "audio", TrackSource.SCREEN_SHARE_AUDIO)

        mid = stage.room.participants[people[0]].published[screens[0]].mid
        stage.happens(OfferAccepted(people[0], 2, "answer", (Section(mid, "video", False, 0, ""),)))
        stage.says(people[3], AddTrack(cid="screen", kind="video", source=TrackSource.SCREEN_SHARE))
        assert stage.one(TrackPublished).cid == "screen"

    def test_replaced_screens_end_and_their_place_is_kept_for_a_while(self, stage: Stage) -> None:
        alice, grace, mallory = (stage.joins(name) for name in ("alice", "grace", "mallory"))
        stage.happens(SettingsRequested(max_screen_shares=1))
        screen = stage.publishes(alice, "screen", "video", TrackSource.SCREEN_SHARE)
        sound = stage.publishes(alice, "sound", "audio", TrackSource.SCREEN_SHARE_AUDIO)
        camera = stage.publishes(alice, "cam", "video", CAMERA)
        assert stage.room.sharers(stage.now) == {"alice"}

        stage.happens(SharesReplaced("grace"))
        assert stage.told(alice, MuteTrack) == [MuteTrack(screen, muted=True), MuteTrack(sound, muted=True)]
        assert [gone.track_sid for gone in stage.told(alice, TrackUnpublished)] == [screen, sound]
        assert list(stage.room.participants[alice].published) == [camera]
        assert stage.room.sharers(stage.now) == {"grace"}
        wanted = AddTrack(cid="next", kind="video", source=TrackSource.SCREEN_SHARE)
        for raw in (alice, mallory):
            stage.says(raw, wanted)
            assert stage.one(RequestAnswered).result is RequestResult.LIMIT_EXCEEDED
        stage.says(grace, wanted)
        assert stage.one(TrackPublished).cid == "next"

        stage.happens(SharesReplaced("alice"))
        assert stage.room.participants[grace].pending == {}
        # Who does not come for it, or has left, keeps it from nobody.
        stage.passes(limits.SCREEN_PLACE_KEPT)
        stage.says(mallory, wanted)
        assert stage.one(TrackPublished).cid == "next"
        stage.happens(SharesReplaced("alice"))
        stage.says(alice, LeaveRequested())
        assert stage.room.sharers(stage.now) == set()

    @pytest.mark.parametrize("ending", ["refused", "forbidden"])
    def test_section_of_a_track_that_was_refused_or_ended_carries_no_other(self, stage: Stage, ending: str) -> None:
        alice = stage.joins("alice")
        first = AddTrack(cid="first", kind="video", source=TrackSource.SCREEN_SHARE)
        if ending == "refused":
            for name in ("bob", "carol", "dave"):
                stage.publishes(stage.joins(name), "screen", "video", TrackSource.SCREEN_SHARE)
        stage.says(alice, first)
        left = Section("1", "video", sending=True, layers=1, track_id="first")
        stage.happens(OfferAccepted(alice, 1, "answer", (left,)))
        if ending == "forbidden":
            stage.happens(PublishingLimited("alice", (TrackSource.CAMERA,)))
        assert stage.room.participants[alice].published == {}

        # The client still sends in the old section when it asks for the next track.
        stage.says(alice, AddTrack(cid="second", kind="video", source=CAMERA))
        sid = stage.one(TrackPublished).track.sid
        assert stage.did(commands.PublishTrack) == []
        stage.happens(OfferAccepted(alice, 2, "answer", (left, Section("2", "video", True, 1, "second"))))

        assert stage.room.participants[alice].published[sid].mid == "2"

    def test_mute_by_owner_stops_forwarding_and_is_told_to_the_others_only(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.says(bob, MuteTrack(track, muted=True))

        assert stage.did(commands.SetTrackMuted) == [commands.SetTrackMuted(track, muted=True)]
        assert stage.told(alice, ParticipantUpdate)[0].participants[0].tracks[0].muted
        assert stage.told(bob, ParticipantUpdate) == []

    def test_nobody_mutes_a_track_of_somebody_else(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.says(alice, MuteTrack(track, muted=True))

        assert stage.last == []

    def test_mute_by_the_server_reaches_owner_and_sfu(self, stage: Stage) -> None:
        stage.joins("alice")
        bob = stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.happens(MuteRequested("bob", track))

        assert stage.told(bob, MuteTrack) == [MuteTrack(track, muted=True)]
        assert stage.did(commands.SetTrackMuted) == [commands.SetTrackMuted(track, muted=True)]

    def test_permission_taken_away_ends_the_tracks_it_allowed(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        mic = stage.publishes(bob, "mic", "audio", MIC)
        camera = stage.publishes(bob, "cam", "video", CAMERA)

        stage.happens(UpdateRequested("bob", permission=Permission(can_publish_sources=(MIC,))))

        assert stage.told(bob, TrackUnpublished) == [TrackUnpublished(camera)]
        assert stage.did(commands.SendToken) == [commands.SendToken(bob)]
        final = stage.told(alice, ParticipantUpdate)[-1].participants[0]
        assert [info.sid for info in final.tracks] == [mic]
        assert stage.told(bob, ParticipantUpdate)[-1].participants[0].permission.can_publish_sources == (MIC,)

    def test_versions_only_rise(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)
        stage.says(bob, MuteTrack(track, muted=True))
        stage.happens(UpdateRequested("bob", name="Robert"))
        stage.says(bob, LeaveRequested())

        versions = [
            info.version
            for response in stage.sent_to(alice)
            if isinstance(response, ParticipantUpdate)
            for info in response.participants
            if info.sid == bob
        ]
        assert versions == sorted(set(versions))


class TestSubscribing:
    def test_without_auto_subscribe_a_track_is_received_only_on_request(self, stage: Stage) -> None:
        alice = stage.joins("alice", auto_subscribe=False)
        bob = stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)
        assert not stage.room.participants[alice].subscribed

        stage.says(alice, UpdateSubscription((track,), subscribe=True))
        assert stage.did(commands.SubscribeTrack) == [commands.SubscribeTrack(alice, track, f"{bob}|{track}")]
        stage.says(alice, UpdateSubscription((track,), subscribe=False))

        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(alice, track)]

    def test_unknown_track_is_answered_with_an_error(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.says(alice, UpdateSubscription(("TR_nothing",), subscribe=True))

        assert stage.one(SubscriptionFailed).track_sid == "TR_nothing"

    def test_who_may_not_subscribe_receives_nothing(self, stage: Stage) -> None:
        alice = stage.joins("alice", permission=Permission(can_subscribe=False))
        bob = stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.says(alice, UpdateSubscription((track,), subscribe=True))

        assert not any(isinstance(command, commands.SubscribeTrack) for command in stage.log)

    def test_publisher_hears_of_its_first_receiver_once(self, stage: Stage) -> None:
        stage.joins("alice")
        bob = stage.joins("bob")

        track = stage.publishes(bob, "mic", "audio", MIC)
        stage.joins("carol")

        told = [response for response in stage.sent_to(bob) if isinstance(response, TrackSubscribed)]
        assert told == [TrackSubscribed(track)]

    @pytest.mark.parametrize(
        ("settings", "layer"),
        [
            ({"width": 200, "height": 112}, 0),
            ({"width": 640, "height": 360}, 1),
            ({"width": 660, "height": 370}, 1),
            ({"width": 360, "height": 640}, 1),
            ({"width": 1000, "height": 600}, 2),
            ({"width": 4000, "height": 3000}, 2),
            ({"quality": VideoQuality.MEDIUM}, 1),
            ({"quality": VideoQuality.LOW}, 0),
        ],
    )
    def test_wanted_size_chooses_the_layer(self, stage: Stage, settings: dict[str, Any], layer: int) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA, layers=LAYERS)

        stage.says(alice, UpdateTrackSettings((track,), fps=15, priority=3, **settings))

        assert stage.did(commands.ConfigureSubscription) == [
            commands.ConfigureSubscription(alice, track, enabled=True, max_layer=layer, max_fps=15, priority=3)
        ]

    def test_disabled_track_is_not_forwarded(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA, layers=LAYERS)

        stage.says(alice, UpdateTrackSettings((track,), disabled=True))

        assert not stage.did(commands.ConfigureSubscription)[0].enabled

    def test_adaptive_stream_begins_with_the_low_layer(self, stage: Stage) -> None:
        stage.joins("alice", adaptive_stream=True)
        stage.joins("carol")
        bob = stage.joins("bob")
        stage.publishes(bob, "cam", "video", CAMERA, layers=LAYERS)

        first = {c.sid[:6]: c.max_layer for c in stage.log if isinstance(c, commands.ConfigureSubscription)}
        # Without adaptive stream nothing is stated, and the SFU climbs from the lowest layer.
        assert first == {"PA_ali": 0}

    def test_dynacast_lowers_after_a_while_and_raises_at_once(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA, layers=LAYERS)

        stage.says(alice, UpdateTrackSettings((track,), quality=VideoQuality.LOW))
        assert stage.told(bob, SubscribedQualityUpdate) == []
        stage.passes(limits.DYNACAST_LOWERING_DELAY - 1)
        assert stage.told(bob, SubscribedQualityUpdate) == []
        stage.passes(1)
        assert stage.told(bob, SubscribedQualityUpdate) == [SubscribedQualityUpdate(track, "vp8", VideoQuality.LOW)]
        stage.says(alice, UpdateTrackSettings((track,), quality=VideoQuality.HIGH))
        assert stage.told(bob, SubscribedQualityUpdate) == [SubscribedQualityUpdate(track, "vp8", VideoQuality.HIGH)]

    def test_dynacast_switches_off_what_nobody_watches(self, stage: Stage) -> None:
        bob = stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA, layers=LAYERS)

        stage.passes(limits.DYNACAST_LOWERING_DELAY)

        assert stage.told(bob, SubscribedQualityUpdate) == [SubscribedQualityUpdate(track, "vp8", VideoQuality.OFF)]

    def test_publisher_chooses_its_audience(self, stage: Stage) -> None:
        alice, carol, bob = stage.joins("alice"), stage.joins("carol"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)
        only_carol = (TrackPermission("carol", "", all_tracks=True, track_sids=()),)

        stage.says(bob, SubscriptionPermission(all_participants=False, track_permissions=only_carol))
        assert stage.told(alice, SubscriptionPermissionUpdate) == [SubscriptionPermissionUpdate(bob, track, False)]
        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(alice, track)]
        assert stage.told(carol, SubscriptionPermissionUpdate) == []
        stage.passes(1)
        stage.negotiates()

        stage.says(bob, SubscriptionPermission(all_participants=True, track_permissions=()))
        assert stage.told(alice, SubscriptionPermissionUpdate) == [SubscriptionPermissionUpdate(bob, track, True)]
        assert stage.did(commands.SubscribeTrack)[0].sid == alice

    def test_track_wanted_again_waits_until_the_client_has_let_go_of_it(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "cam", "video", CAMERA)
        offers = len([one for one in stage.log if one == commands.CreateOffer(alice, restart_ice=False)])

        stage.says(alice, UpdateSubscription((track,), subscribe=False))
        stage.says(alice, UpdateSubscription((track,), subscribe=True))
        assert stage.last == [commands.CreateOffer(alice, restart_ice=False)]
        stage.says(alice, UpdateSubscription((track,), subscribe=False))
        stage.says(alice, UpdateSubscription((track,), subscribe=True))
        assert stage.last == []
        stage.answers_offer(alice)

        assert [type(command) for command in stage.last] == [commands.SubscribeTrack, commands.CreateOffer]
        stage.answers_offer(alice)
        asked = len([one for one in stage.log if one == commands.CreateOffer(alice, restart_ice=False)])
        assert asked == offers + 2

    def test_track_let_go_of_during_an_offer_waits_for_the_next(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        camera = stage.publishes(bob, "cam", "video", CAMERA)
        microphone = stage.publishes(bob, "mic", "audio", MIC, live=False)
        stage.happens(TrackWentLive(microphone, "audio/opus"))
        stage.says(alice, UpdateSubscription((camera,), subscribe=False))
        stage.says(alice, UpdateSubscription((camera,), subscribe=True))

        stage.answers_offer(alice)
        assert stage.did(commands.SubscribeTrack) == []
        assert stage.did(commands.CreateOffer) == [commands.CreateOffer(alice, restart_ice=False)]
        stage.answers_offer(alice)

        assert [one.track_sid for one in stage.did(commands.SubscribeTrack)] == [camera]


class TestResuming:
    def test_reconnect_comes_first_then_everybody_then_the_room_then_an_ice_restart(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        bob = stage.joins("bob")
        stage.publishes(bob, "mic", "audio", MIC)
        stage.happens(ClientDetached(alice))

        stage.happens(ClientResumed(alice))

        said = [type(response) for response in stage.sent_to(alice, since=stage.last)]
        assert said == [Reconnect, ParticipantUpdate, RoomUpdate, StreamStateUpdate]
        assert [info.sid for info in stage.one(ParticipantUpdate).participants] == [alice, bob]
        assert stage.did(commands.CreateOffer) == [commands.CreateOffer(alice, restart_ice=True)]
        joined = [event for event in stage.reports() if isinstance(event, engine.ParticipantJoined)]
        assert len(joined) == 2

    def test_offer_lost_with_its_socket_is_sent_again_before_the_restart(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC, live=False)
        stage.happens(TrackWentLive(track, "audio/opus"))
        stage.happens(OfferCreated(alice, "lost", {"1": track}))
        lost = stage.one(Offer)
        stage.happens(ClientDetached(alice))

        stage.happens(ClientResumed(alice))

        again = stage.one(Offer)
        assert (again.sdp, again.id) == ("lost", lost.id + 1)
        assert stage.did(commands.CreateOffer) == []
        stage.says(alice, Answer("late", lost.id))
        assert stage.last == []
        stage.says(alice, Answer("answer", again.id))
        assert stage.did(commands.AcceptAnswer) == [commands.AcceptAnswer(alice, "answer")]

    def test_nothing_is_sent_to_a_detached_participant(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        stage.happens(ClientDetached(alice))

        stage.publishes(bob, "mic", "audio", MIC, live=False, muted=True)

        assert stage.sent_to(alice, since=stage.last) == []
        assert stage.did(commands.SubscribeTrack)[0].sid == alice

    def test_participant_waits_for_its_resume_and_then_is_gone(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(ClientDetached(alice))

        stage.passes(limits.DETACHED_TIMEOUT - 1)
        assert alice in stage.room.participants
        stage.passes(1)

        assert alice not in stage.room.participants
        left = [event for event in stage.reports() if isinstance(event, engine.ParticipantLeft)]
        assert [event.reason for event in left] == [LeaveReason.CONNECTION_LOST]

    def test_closed_page_is_not_waited_for_as_long(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(ClientDetached(alice, going_away=True))

        stage.passes(limits.DETACHED_TIMEOUT_GOING_AWAY)

        assert alice not in stage.room.participants

    def test_dead_transport_asks_for_a_resume_and_then_for_a_fresh_start(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.happens(TransportChanged(alice, "subscriber", "failed"))
        assert stage.one(Leave).action is LeaveAction.RESUME
        stage.happens(ClientResumed(alice))
        stage.passes(14)
        assert alice in stage.room.participants
        stage.passes(2)

        assert stage.one(Leave).action is LeaveAction.RECONNECT
        assert alice not in stage.room.participants

    def test_one_resume_repairs_both_transports_that_fell_silent(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(TransportChanged(alice, "publisher", "connected"))
        stage.happens(TransportChanged(alice, "subscriber", "disconnected"))
        assert stage.one(Leave).action is LeaveAction.RESUME
        stage.happens(ClientResumed(alice))

        stage.happens(TransportChanged(alice, "publisher", "disconnected"))
        for target in ("publisher", "subscriber"):
            stage.happens(TransportChanged(alice, target, "connected"))
        stage.passes(20)

        assert alice in stage.room.participants
        assert stage.room.participants[alice].session.attached
        assert stage.told(alice, Leave) == []

    def test_dead_socket_and_dead_transport_together_end_it_soon(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(ClientDetached(alice))
        stage.happens(TransportChanged(alice, "subscriber", "disconnected"))

        stage.passes(limits.TRANSPORT_CLEANUP)

        assert alice not in stage.room.participants

    def test_sync_state_with_an_unknown_publication_starts_over(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.says(alice, SyncState(("TR_unknown",), None, ()))

        assert stage.one(Leave) == Leave(DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT)

    def test_sync_state_restores_what_the_client_had_chosen(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        mic = stage.publishes(bob, "mic", "audio", MIC)
        camera = stage.publishes(bob, "cam", "video", CAMERA)

        stage.says(alice, SyncState((), UpdateSubscription((mic,), subscribe=False), (camera,)))

        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(alice, mic)]
        assert not stage.did(commands.ConfigureSubscription)[0].enabled

    def test_simulated_node_failure_forgets_the_participant(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.says(alice, Simulate("node_failure"))

        assert stage.told(alice, Leave) == []
        assert commands.CloseSocket(alice, 1011) in stage.last
        assert stage.room.participants == {}

    def test_simulated_migration_asks_for_a_resume(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.says(alice, Simulate("migration"))

        assert stage.one(Leave).action is LeaveAction.RESUME
        assert alice in stage.room.participants

    @pytest.mark.parametrize(
        ("scenario", "said"),
        [
            ("disconnect_signal_on_resume", [Reconnect, ParticipantUpdate, RoomUpdate]),
            ("disconnect_signal_on_resume_no_messages", []),
        ],
    )
    def test_simulated_loss_of_a_resume_happens_once(self, stage: Stage, scenario: str, said: list[type]) -> None:
        alice = stage.joins("alice")
        stage.says(alice, Simulate(scenario))
        stage.happens(ClientDetached(alice))

        stage.happens(ClientResumed(alice))
        assert [type(response) for response in stage.sent_to(alice, since=stage.last)][:3] == said
        assert commands.CloseSocket(alice, 1011) in stage.last

        stage.passes(limits.DETACHED_TIMEOUT - 1)
        assert alice in stage.room.participants
        stage.happens(ClientResumed(alice))
        assert stage.one(Reconnect)
        stage.passes(limits.DETACHED_TIMEOUT)
        assert alice in stage.room.participants

    def test_simulated_bandwidth_limits_the_video_of_whoever_asks(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        for asked, limit in ((150_000, 150_000), (0, 0), (-1, 0)):
            stage.says(alice, Simulate("subscriber_bandwidth", asked))

            assert stage.last == [commands.LimitVideo(alice, limit)]

    @pytest.mark.parametrize("protocol", [CandidateProtocol.TCP, CandidateProtocol.TLS])
    def test_wish_for_a_protocol_is_remembered_when_its_participant_goes(self, protocol: CandidateProtocol) -> None:
        stage = Stage(relay=RELAY)
        alice, bob = stage.joins("alice"), stage.joins("bob")

        assert stage.says(alice, Simulate("switch_candidate_protocol", protocol)) == []
        stage.says(bob, LeaveRequested())
        assert stage.did(commands.RememberProtocol) == []
        stage.says(alice, LeaveRequested())

        assert stage.did(commands.RememberProtocol) == [commands.RememberProtocol("alice", protocol)]

    def test_udp_takes_the_wish_for_another_protocol_back(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        for protocol in (CandidateProtocol.TCP, CandidateProtocol.UDP):
            stage.says(alice, Simulate("switch_candidate_protocol", protocol))
        stage.says(alice, LeaveRequested())

        assert stage.did(commands.RememberProtocol) == []

    def test_connection_that_is_to_be_over_tcp_is_told_of_nothing_else(self, stage: Stage) -> None:
        stage.joins("alice", candidate_protocol=CandidateProtocol.TCP)
        stage.joins("bob")

        added = [command for command in stage.log if isinstance(command, commands.AddPeer)]
        assert [command.tcp_only for command in added] == [True, False]

    def test_connection_that_replaces_another_is_over_what_that_one_asked_for(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.says(alice, Simulate("switch_candidate_protocol", CandidateProtocol.TCP))

        again = stage.joins("alice")

        assert commands.AddPeer(again, is_single=False, tcp_only=True) in stage.log
        assert not any(isinstance(command, commands.RememberProtocol) for command in stage.log)
        stage.says(again, LeaveRequested())
        assert stage.did(commands.RememberProtocol)

    def test_connection_that_is_to_be_over_tls_uses_the_turn_server_alone(self) -> None:
        stage = Stage(relay=RELAY)
        alice = stage.connects("alice", candidate_protocol=CandidateProtocol.TLS)
        join = stage.told(alice, Join)[0]
        bob = stage.connects("bob")

        assert join.force_relay
        assert [server.urls for server in join.ice_servers] == [("turns:turn.example:443",)]
        assert commands.AddPeer(alice) in stage.log
        assert not stage.told(bob, Join)[0].force_relay
        stage.happens(ClientDetached(alice))
        stage.happens(ClientResumed(alice))
        assert stage.told(alice, Reconnect)[0].force_relay

    @pytest.mark.parametrize(
        ("protocol", "why"),
        [
            (CandidateProtocol.TCP, "there is no TCP port"),
            (CandidateProtocol.TLS, "there is no TURN server"),
            (3, "unknown candidate protocol"),
        ],
    )
    def test_protocol_that_is_not_there_is_refused_and_changes_nothing(self, protocol: int, why: str) -> None:
        stage = Stage(has_tcp=False)
        alice = stage.joins("alice")

        stage.says(alice, Simulate("switch_candidate_protocol", protocol))

        assert stage.told(alice, RequestAnswered) == [RequestAnswered(0, RequestResult.UNSUPPORTED_TYPE, why)]
        stage.says(alice, LeaveRequested())
        assert stage.did(commands.RememberProtocol) == []


class TestStreams:
    def test_who_receives_a_track_hears_that_it_is_held_back_and_let_go(self, stage: Stage) -> None:
        alice, bob, carol = stage.joins("alice"), stage.joins("bob"), stage.joins("carol")
        track = stage.publishes(alice, "cam", "video", CAMERA)

        for active in (False, True):
            stage.happens(StreamStateChanged(bob, track, active))

            assert stage.told(bob, StreamStateUpdate) == [StreamStateUpdate((StreamState(alice, track, active),))]
            assert stage.told(carol, StreamStateUpdate) == []

    def test_resumed_client_hears_how_its_streams_are(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        camera = stage.publishes(alice, "cam", "video", CAMERA)
        microphone = stage.publishes(alice, "mic", "audio", MIC)
        stage.happens(ClientDetached(bob))
        stage.happens(StreamStateChanged(bob, camera, active=False))

        stage.happens(ClientResumed(bob))

        states = {one.track_sid: one.active for one in stage.one(StreamStateUpdate).streams}
        assert states == {camera: False, microphone: True}

    def test_news_of_a_track_that_is_not_received_is_kept_to_ourselves(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(alice, "cam", "video", CAMERA)
        stage.says(bob, UpdateSubscription((track,), subscribe=False))

        stage.happens(StreamStateChanged(bob, track, active=False))

        assert stage.last == []

    @pytest.mark.parametrize(("source", "is_screen"), [(TrackSource.SCREEN_SHARE, True), (CAMERA, False)])
    def test_the_sfu_is_told_what_is_a_screen(self, stage: Stage, source: TrackSource, is_screen: bool) -> None:
        stage.publishes(stage.joins("alice"), "video", "video", source)

        (published,) = [one for one in stage.log if isinstance(one, commands.PublishTrack)]
        assert published.is_screen is is_screen


class TestData:
    def test_sender_is_who_the_server_knows_and_hears_no_echo(self, stage: Stage) -> None:
        alice, bob, carol = stage.joins("alice"), stage.joins("bob"), stage.joins("carol")

        stage.happens(DataReceived(alice, reliable=True, message=packet()))

        (done,) = stage.did(commands.SendData)
        assert (done.to, done.identity, done.sender_sid) == ((bob, carol), "alice", alice)

    def test_destinations_are_honoured(self, stage: Stage) -> None:
        alice, bob, carol = stage.joins("alice"), stage.joins("bob"), stage.joins("carol")

        stage.happens(DataReceived(alice, True, packet(destination_identities=frozenset({"carol", "alice"}))))
        assert stage.did(commands.SendData)[0].to == (carol,)
        stage.happens(DataReceived(alice, True, packet(destination_sids=frozenset({bob}))))
        assert stage.did(commands.SendData)[0].to == (bob,)
        stage.happens(DataReceived(alice, True, packet(destination_identities=frozenset({"nobody"}))))
        assert stage.last == []

    @pytest.mark.parametrize(
        ("permission", "message"),
        [
            (Permission(can_publish_data=False), packet()),
            (Permission(), packet(relayed=False)),
            (Permission(), packet(size=limits.MAX_DATA_BYTES + 1)),
            (Permission(), packet(destination_identities=frozenset(str(n) for n in range(251)))),
        ],
    )
    def test_what_may_not_be_said_is_not_passed_on(
        self, stage: Stage, permission: Permission, message: DataMessage
    ) -> None:
        alice = stage.joins("alice", permission=permission)
        stage.joins("bob")

        stage.happens(DataReceived(alice, True, message))

        assert stage.last == []

    def test_repeated_reliable_packet_is_passed_on_once_and_counted_for_the_resume(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.joins("bob")

        for sequence in (1, 2, 2, 1, 3):
            stage.happens(DataReceived(alice, True, packet(sequence=sequence)))
        stage.happens(ClientResumed(alice))

        passed = [c.message.sequence for c in stage.log if isinstance(c, commands.SendData)]
        assert passed == [1, 2, 3]
        assert stage.one(Reconnect).last_message_seq == 3

    def test_what_is_said_reliably_while_somebody_comes_in_is_repeated_to_it(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.happens(DataReceived(alice, True, packet(sequence=1)))
        bob = stage.connects("bob")
        stage.happens(DataReceived(alice, True, packet(sequence=2)))
        stage.happens(DataReceived(alice, True, packet(sequence=3, destination_identities=frozenset({"bob"}))))
        stage.happens(DataReceived(alice, True, packet(sequence=4, destination_identities=frozenset({"carol"}))))
        stage.happens(DataReceived(alice, False, packet()))

        stage.happens(TransportChanged(bob, "subscriber", "connected"))

        repeated = stage.did(commands.SendData)
        assert [(one.to, one.identity, one.message.sequence) for one in repeated] == [
            ((bob,), "alice", 2),
            ((bob,), "alice", 3),
        ]

    def test_what_is_kept_for_those_who_come_is_bounded(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        bob = stage.connects("bob")
        for sequence in range(1, limits.MAX_RECENT_PACKETS + 11):
            stage.happens(DataReceived(alice, True, packet(sequence=sequence)))
        assert len(stage.room._data._recent._packets) == limits.MAX_RECENT_PACKETS
        stage.passes(1)
        for sequence in range(300, 340):
            stage.happens(DataReceived(alice, True, packet(sequence=sequence, size=limits.MAX_DATA_BYTES)))
        kept = [one.message for one in stage.room._data._recent._packets]
        assert sum(message.size for message in kept) <= limits.MAX_RECENT_BYTES
        assert kept[-1].sequence == 339

        stage.passes(limits.RECENT_SECONDS + 1)
        stage.happens(TransportChanged(bob, "subscriber", "connected"))

        assert stage.did(commands.SendData) == []

    def test_flood_is_cut_to_its_rate(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.joins("bob")

        for _ in range(3 * limits.MAX_DATA_PACKET_BURST):
            stage.happens(DataReceived(alice, False, packet()))

        passed = sum(isinstance(command, commands.SendData) for command in stage.log)
        assert passed == limits.MAX_DATA_PACKET_BURST

    def test_who_is_hidden_while_inside_vanishes_and_comes_back(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(alice, "mic", "audio", MIC)

        stage.happens(UpdateRequested("alice", permission=Permission(hidden=True)))

        (left,) = [one for update in stage.told(bob, ParticipantUpdate) for one in update.participants]
        assert (left.sid, left.state, left.tracks) == (alice, ParticipantState.DISCONNECTED, ())
        assert stage.told(alice, ParticipantUpdate)[-1].participants[0].permission.hidden
        assert stage.did(commands.UnsubscribeTrack) == [commands.UnsubscribeTrack(bob, track)]
        stage.passes(1)
        stage.negotiates()

        stage.happens(UpdateRequested("alice", permission=Permission()))

        (back,) = [one for update in stage.told(bob, ParticipantUpdate) for one in update.participants]
        assert (back.sid, back.state, [one.sid for one in back.tracks]) == (alice, ParticipantState.ACTIVE, [track])
        assert back.version > left.version
        assert [one.sid for one in stage.did(commands.SubscribeTrack)] == [bob]

    def test_audience_of_a_hidden_publisher_is_told_once_it_is_seen(self, stage: Stage) -> None:
        ghost, bob = stage.joins("ghost", permission=Permission(hidden=True)), stage.joins("bob")
        track = stage.publishes(ghost, "mic", "audio", MIC)

        stage.says(ghost, SubscriptionPermission(all_participants=False, track_permissions=()))
        assert stage.sent_to(bob, since=stage.last) == []
        for _ in range(2):
            stage.happens(UpdateRequested("ghost", permission=Permission()))
            assert stage.told(bob, SubscriptionPermissionUpdate) == [SubscriptionPermissionUpdate(ghost, track, False)]
            stage.happens(UpdateRequested("ghost", permission=Permission(hidden=True)))
            assert stage.told(bob, SubscriptionPermissionUpdate) == []

    def test_who_comes_does_not_hear_a_hidden_one_speak(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        track = stage.publishes(alice, "mic", "audio", MIC)
        stage.happens(LevelsMeasured(((track, 0.5),)))
        stage.happens(UpdateRequested("alice", permission=Permission(hidden=True)))

        bob = stage.joins("bob")

        assert not [one for one in stage.sent_to(bob) if isinstance(one, SpeakersChanged)]

    def test_what_a_hidden_one_said_before_is_repeated_without_its_name(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.connects("bob")
        stage.happens(DataReceived(alice, True, packet()))
        stage.happens(UpdateRequested("alice", permission=Permission(hidden=True)))

        stage.happens(TransportChanged(bob, "subscriber", "connected"))

        (repeated,) = stage.did(commands.SendData)
        assert (repeated.to, repeated.identity, repeated.sender_sid) == ((bob,), "", "")

    def test_hidden_sender_stays_unnamed(self, stage: Stage) -> None:
        ghost = stage.joins("ghost", permission=Permission(hidden=True))
        stage.joins("bob")

        stage.happens(DataReceived(ghost, True, packet()))

        assert (stage.did(commands.SendData)[0].identity, stage.did(commands.SendData)[0].sender_sid) == ("", "")

    def test_server_speaks_to_all_or_to_some(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")

        stage.happens(BroadcastRequested(True, packet()))
        assert stage.did(commands.SendData)[0].to == (alice, bob)
        stage.happens(BroadcastRequested(True, packet(destination_identities=frozenset({"bob"}))))
        assert stage.did(commands.SendData)[0].to == (bob,)


class TestMetadata:
    def test_without_the_grant_a_client_cannot_change_itself(self, stage: Stage) -> None:
        alice = stage.joins("alice", attributes={"role": "guest"})

        stage.says(alice, UpdateMetadata(7, "", "Boss", {"role": "owner"}))

        answer = stage.one(RequestAnswered)
        assert (answer.request_id, answer.result) == (7, RequestResult.NOT_ALLOWED)
        assert stage.room.participants[alice].attributes == {"role": "guest"}
        assert stage.room.participants[alice].name == "Alice"

    def test_with_the_grant_everybody_is_told(self, stage: Stage) -> None:
        alice = stage.joins("alice", permission=Permission(can_update_metadata=True), attributes={"a": "1", "b": "2"})
        bob = stage.joins("bob")

        stage.says(alice, UpdateMetadata(7, "notes", "", {"a": "", "c": "3"}))

        (update,) = stage.told(bob, ParticipantUpdate)
        info = update.participants[0]
        assert (info.name, info.metadata, info.attributes) == ("Alice", "notes", {"b": "2", "c": "3"})
        assert stage.told(alice, RequestAnswered)[0].result is RequestResult.OK

    @pytest.mark.parametrize("claimed", [{"role": "owner"}, {"role": ""}, {"promoted": "true"}, {"promoted": ""}])
    def test_what_somebody_is_in_the_meeting_is_not_theirs_to_change(
        self, stage: Stage, claimed: dict[str, str]
    ) -> None:
        before = {"role": "guest"} if "role" in claimed else {"role": "owner"}
        before |= {"promoted": "true"} if claimed == {"promoted": ""} else {}
        alice = stage.joins("alice", permission=Permission(can_update_metadata=True), attributes=before)

        stage.says(alice, UpdateMetadata(7, "", "", {**claimed, "mood": "bold"}))

        assert stage.one(RequestAnswered).result is RequestResult.NOT_ALLOWED
        assert stage.did(commands.SendToken) == []
        assert stage.room.participants[alice].attributes == before
        # Clients that send all they have with what they change.
        stage.says(alice, UpdateMetadata(8, "", "", {**before, "mood": "bold"}))
        assert stage.room.participants[alice].attributes == {**before, "mood": "bold"}

    def test_attributes_are_bounded(self, stage: Stage) -> None:
        alice = stage.joins("alice", permission=Permission(can_update_metadata=True))

        stage.says(alice, UpdateMetadata(1, "", "", {f"key{n}": "x" for n in range(limits.MAX_ATTRIBUTES + 1)}))

        assert stage.one(RequestAnswered).result is RequestResult.LIMIT_EXCEEDED


class TestMeasurements:
    def test_speakers_are_told_as_changes(self, stage: Stage) -> None:
        alice, bob = stage.joins("alice"), stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)

        stage.happens(LevelsMeasured(((track, 0.5),)))
        assert [(s.sid, s.active) for s in stage.told(alice, SpeakersChanged)[0].speakers] == [(bob, True)]
        stage.happens(LevelsMeasured(((track, 0.52),)))
        assert stage.last == []
        stage.happens(LevelsMeasured(()))

        assert [(s.sid, s.active) for s in stage.told(alice, SpeakersChanged)[0].speakers] == [(bob, False)]

    def test_muted_track_makes_nobody_a_speaker(self, stage: Stage) -> None:
        stage.joins("alice")
        bob = stage.joins("bob")
        track = stage.publishes(bob, "mic", "audio", MIC)
        stage.says(bob, MuteTrack(track, muted=True))

        stage.happens(LevelsMeasured(((track, 0.9),)))

        assert stage.last == []

    def test_quality_is_told_when_it_changes_and_never_as_lost(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        told: list[ConnectionQuality] = []
        for loss in (0.0, 0.0, 0.05, 1.0, 0.0):
            stage.happens(StatsMeasured(alice, loss, 20, 2))
            told += [update.reports[0].quality for update in stage.told(alice, ConnectionQualityUpdate)]

        assert told == [
            ConnectionQuality.EXCELLENT,
            ConnectionQuality.GOOD,
            ConnectionQuality.POOR,
            ConnectionQuality.EXCELLENT,
        ]


class TestTime:
    def test_token_is_renewed_in_time(self, stage: Stage) -> None:
        alice = stage.joins("alice")

        stage.passes(limits.TOKEN_REFRESH_INTERVAL - 1)
        assert stage.did(commands.SendToken) == []
        stage.passes(1)

        assert stage.did(commands.SendToken) == [commands.SendToken(alice)]

    def test_many_leavers_cost_one_offer(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        others = [stage.joins(name) for name in ("bob", "carol", "dave")]
        for sid in others:
            stage.publishes(sid, "mic", "audio", MIC)

        for sid in others:
            stage.says(sid, LeaveRequested())
            assert stage.did(commands.CreateOffer) == []
        stage.passes(1)

        assert stage.did(commands.CreateOffer) == [commands.CreateOffer(alice, restart_ice=False)]

    def test_late_news_of_somebody_gone_changes_nothing(self, stage: Stage) -> None:
        alice = stage.joins("alice")
        stage.joins("bob")
        stage.says(alice, LeaveRequested())

        for event in (
            TransportChanged(alice, "subscriber", "connected"),
            OfferCreated(alice, "offer", {}),
            OfferAccepted(alice, 1, "answer", ()),
            DataReceived(alice, True, packet()),
            ClientResumed(alice),
            TrackWentLive("TR_gone", "audio/opus"),
        ):
            assert stage.happens(event) == []
        assert isinstance(stage.happens(TimePassed()), list)
