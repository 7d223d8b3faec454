"""The wire: what clients send is read or refused, never half understood."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.playbook import Stage

from moothall.livekit import limits
from moothall.livekit.codec import (
    MalformedMessage,
    decode_data,
    decode_request,
    encode_data,
    encode_response,
    server_data,
)
from moothall.livekit.model import CandidateProtocol, DisconnectReason, LeaveAction, TrackSource, VideoQuality
from moothall.livekit.requests import (
    AddTrack,
    Answer,
    LeaveRequested,
    Offer,
    Ping,
    Simulate,
    Trickle,
    Unsupported,
    UpdateSubscription,
    UpdateTrackSettings,
)
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    Join,
    Leave,
    ParticipantUpdate,
    Response,
    SpeakersChanged,
    StreamStateUpdate,
    SubscribedQualityUpdate,
)
from moothall.signalling.commands import Send
from moothall.signalling.events import DataReceived, LevelsMeasured, ServerStopping, StatsMeasured, StreamStateChanged


def frame(**message: Any) -> bytes:
    return pb.SignalRequest(**message).SerializeToString()


ADD_TRACK = pb.AddTrackRequest(
    cid="cid",
    type=pb_models.TrackType.VIDEO,
    source=pb_models.TrackSource.CAMERA,
    width=1280,
    height=720,
    layers=[pb_models.VideoLayer(quality=pb_models.VideoQuality.LOW, width=320, height=180)],
    simulcast_codecs=[pb.SimulcastCodec(codec="vp8", cid="cid")],
)
EXAMPLES = [
    frame(offer=pb.SessionDescription(type="offer", sdp="v=0", id=3)),
    frame(answer=pb.SessionDescription(type="answer", sdp="v=0", id=3)),
    frame(trickle=pb.TrickleRequest(candidateInit='{"candidate":"candidate:1"}', target=pb.SignalTarget.SUBSCRIBER)),
    frame(add_track=ADD_TRACK),
    frame(mute=pb.MuteTrackRequest(sid="TR_1", muted=True)),
    frame(subscription=pb.UpdateSubscription(track_sids=["TR_1"], subscribe=True)),
    frame(track_setting=pb.UpdateTrackSettings(track_sids=["TR_1"], width=320, height=180)),
    frame(leave=pb.LeaveRequest()),
    frame(update_metadata=pb.UpdateParticipantMetadata(name="Al", attributes={"a": "b"}, request_id=1)),
    frame(
        subscription_permission=pb.SubscriptionPermission(
            track_permissions=[pb.TrackPermission(participant_identity="bob", all_tracks=True)]
        )
    ),
    frame(sync_state=pb.SyncState(track_sids_disabled=["TR_1"], offer=pb.SessionDescription(sdp="v=0"))),
    frame(simulate=pb.SimulateScenario(node_failure=True)),
    frame(simulate=pb.SimulateScenario(subscriber_bandwidth=2**40)),
    frame(simulate=pb.SimulateScenario(switch_candidate_protocol=pb.CandidateProtocol.TLS)),
    frame(ping=1),
    frame(ping_req=pb.Ping(timestamp=1)),
    frame(update_audio_track=pb.UpdateLocalAudioTrack(track_sid="TR_1", features=[1])),
    frame(update_video_track=pb.UpdateLocalVideoTrack(track_sid="TR_1", width=1, height=1)),
    frame(publish_data_track_request=pb.PublishDataTrackRequest()),
]


class TestRequests:
    def test_offer_keeps_its_number(self) -> None:
        assert decode_request(EXAMPLES[0]) == Offer("v=0", 3)
        assert decode_request(EXAMPLES[1]) == Answer("v=0", 3)

    def test_candidate_is_unwrapped_from_its_json(self) -> None:
        assert decode_request(EXAMPLES[2]) == Trickle("candidate:1", "subscriber")

    def test_track_is_read_with_layers_and_codec(self) -> None:
        track = decode_request(EXAMPLES[3])

        assert isinstance(track, AddTrack)
        assert (track.cid, track.kind, track.source, track.codec) == ("cid", "video", TrackSource.CAMERA, "vp8")
        assert [(layer.quality, layer.width) for layer in track.layers] == [(VideoQuality.LOW, 320)]

    def test_quality_off_means_disabled(self) -> None:
        setting = pb.UpdateTrackSettings(track_sids=["TR_1"], quality=pb_models.VideoQuality.OFF)

        request = decode_request(frame(track_setting=setting))

        assert isinstance(request, UpdateTrackSettings)
        assert request.disabled

    def test_sids_by_participant_count_like_plain_ones(self) -> None:
        tracks = [pb_models.ParticipantTracks(participant_sid="PA_1", track_sids=["TR_2"])]
        subscription = pb.UpdateSubscription(track_sids=["TR_1"], participant_tracks=tracks, subscribe=True)

        assert decode_request(frame(subscription=subscription)) == UpdateSubscription(("TR_1", "TR_2"), True)

    @pytest.mark.parametrize("example", EXAMPLES)
    def test_json_form_reads_the_same(self, example: bytes) -> None:
        as_json = json_format.MessageToJson(pb.SignalRequest.FromString(example))

        assert decode_request(as_json) == decode_request(example)

    @pytest.mark.parametrize(
        ("scenario", "read"),
        [
            (pb.SimulateScenario(subscriber_bandwidth=2**40), Simulate("subscriber_bandwidth", 2**40)),
            (pb.SimulateScenario(subscriber_bandwidth=0), Simulate("subscriber_bandwidth", 0)),
            (
                pb.SimulateScenario(switch_candidate_protocol=pb.CandidateProtocol.TCP),
                Simulate("switch_candidate_protocol", CandidateProtocol.TCP),
            ),
            (pb.SimulateScenario(switch_candidate_protocol=77), Simulate("switch_candidate_protocol", 77)),  # type: ignore[arg-type]  # not one of them
            (pb.SimulateScenario(), Simulate("", 0)),
        ],
    )
    def test_scenario_comes_with_its_value(self, scenario: pb.SimulateScenario, read: Simulate) -> None:
        assert decode_request(frame(simulate=scenario)) == read

    def test_empty_and_unknown_messages_are_ignored(self) -> None:
        assert decode_request(b"") == Unsupported("")
        assert decode_request('{"somethingNew": {"a": 1}}') == Unsupported("")

    @pytest.mark.parametrize(
        "message",
        [
            b"\xff\xff\xff",
            "{",
            "[]",
            "null",
            '"text"',
            '{"offer": 3}',
            '{"mute": {"sid": "a", "sid": "b"}}',
            '["offer"]',
            '{"\\ud800": 1}',
            '{"offer": {"\\ud800": 1}}',
            '{"offer": "\\ud800"}',
            "[" * 100_000,
            '{"offer":' * 5_000,
            frame(add_track=pb.AddTrackRequest(cid="", type=pb_models.TrackType.AUDIO)),
            frame(add_track=pb.AddTrackRequest(cid="x" * 300, type=pb_models.TrackType.AUDIO)),
            frame(add_track=pb.AddTrackRequest(cid="x", type=pb_models.TrackType.DATA)),
            frame(mute=pb.MuteTrackRequest(sid="x" * 300)),
            frame(trickle=pb.TrickleRequest(candidateInit="{")),
            frame(trickle=pb.TrickleRequest(candidateInit="[]")),
            frame(trickle=pb.TrickleRequest(candidateInit='{"candidate": 5}')),
            frame(trickle=pb.TrickleRequest(candidateInit='{"candidate": "' + "x" * 2_000 + '"}')),
            frame(trickle=pb.TrickleRequest(candidateInit='{"candidate": "\\ud800"}')),
            frame(
                subscription_permission=pb.SubscriptionPermission(
                    track_permissions=[pb.TrackPermission(track_sids=["x"] * 1_001)] * 2
                )
            ),
            frame(subscription=pb.UpdateSubscription(track_sids=["x"] * 2_001)),
            frame(update_metadata=pb.UpdateParticipantMetadata(name="x" * (limits.MAX_NAME_BYTES + 1))),
            frame(update_metadata=pb.UpdateParticipantMetadata(metadata="x" * 70_000)),
        ],
    )
    def test_what_cannot_be_read_or_is_too_large_is_refused(self, message: bytes | str) -> None:
        with pytest.raises(MalformedMessage):
            decode_request(message)

    @settings(deadline=None)
    @given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
    def test_random_frames_are_read_or_refused(self, message: bytes | str) -> None:
        _read_or_refuse(message)

    @settings(deadline=None)
    @given(st.sampled_from(EXAMPLES), st.data())
    def test_mutated_messages_are_read_or_refused(self, example: bytes, data: st.DataObject) -> None:
        mutated = bytearray(example)
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(0, max(0, len(mutated) - 1)))
            match data.draw(st.integers(0, 2)):
                case 0 if mutated:
                    mutated[at] = data.draw(st.integers(0, 255))
                case 1:
                    mutated[at:at] = data.draw(st.binary(max_size=8))
                case _:
                    del mutated[at:]

        _read_or_refuse(bytes(mutated))

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.one_of(st.sampled_from(EXAMPLES), st.binary(max_size=60)), max_size=20))
    def test_room_survives_any_sequence_of_messages(self, frames: list[bytes]) -> None:
        stage = Stage()
        alice = stage.joins("alice")
        stage.joins("bob")
        for message in frames:
            request = _read_or_refuse(message)
            if request is not None:
                stage.says(alice, request)

        stage.passes(120)


def _read_or_refuse(message: bytes | str) -> Any:
    try:
        return decode_request(message)
    except MalformedMessage:
        return None


class TestResponses:
    def test_everything_a_meeting_says_can_be_written_in_both_forms(self) -> None:
        stage = Stage()
        alice, bob = stage.joins("alice"), stage.joins("bob", attributes={"role": "guest"})
        stage.publishes(bob, "cam", "video", TrackSource.CAMERA)
        microphone = stage.publishes(bob, "mic", "audio", TrackSource.MICROPHONE)
        stage.happens(LevelsMeasured(((microphone, 0.5),)))
        stage.happens(StatsMeasured(bob, loss=0.02, rtt_ms=40.0, jitter_ms=3.0))
        stage.happens(StreamStateChanged(alice, microphone, active=False))
        stage.connects("carol")
        for example in EXAMPLES:
            request = decode_request(example)
            if not isinstance(request, LeaveRequested | Simulate):
                for sid in (alice, bob):
                    stage.says(sid, request)
        stage.happens(ServerStopping())

        said: list[Response] = [command.response for command in stage.log if isinstance(command, Send)]

        kinds = {type(response) for response in said}
        assert kinds >= {Join, ParticipantUpdate, SpeakersChanged, ConnectionQualityUpdate, StreamStateUpdate}
        assert len(kinds) >= 8
        for response in said:
            binary, text = encode_response(response), encode_response(response, as_json=True)
            assert isinstance(binary, bytes)
            assert isinstance(text, str)
            read = pb.SignalResponse.FromString(binary)
            assert read.WhichOneof("message")
            assert json_format.Parse(text, pb.SignalResponse()) == read

    def test_join_has_what_clients_insist_on(self) -> None:
        stage = Stage()
        stage.connects("alice")

        join = pb.SignalResponse.FromString(_bytes(stage.one(Join))).join

        assert join.server_info.version == "1.13.6"
        assert (join.ping_interval, join.ping_timeout) == (5, 15)
        assert join.subscriber_primary
        assert join.fast_publish
        assert {codec.mime for codec in join.enabled_publish_codecs} == {
            "video/VP8",
            "video/H264",
            "video/VP9",
            "video/AV1",
            "audio/opus",
            "audio/red",
            "audio/PCMU",
            "audio/PCMA",
        }
        assert join.participant.permission.can_publish
        assert join.sif_trailer
        assert not join.ice_servers

    def test_leave_numbers_are_those_of_the_protocol(self) -> None:
        leave = decode_leave(encode_response(Leave(DisconnectReason.ROOM_DELETED, LeaveAction.DISCONNECT)))

        assert (leave.reason, leave.action) == (pb_models.DisconnectReason.ROOM_DELETED, pb.LeaveRequest.DISCONNECT)

    @pytest.mark.parametrize(
        ("quality", "enabled"),
        [
            (VideoQuality.OFF, [False, False, False]),
            (VideoQuality.LOW, [True, False, False]),
            (VideoQuality.HIGH, [True, True, True]),
        ],
    )
    def test_dynacast_names_every_layer(self, quality: VideoQuality, enabled: list[bool]) -> None:
        written = pb.SignalResponse.FromString(_bytes(SubscribedQualityUpdate("TR_1", "vp8", quality)))

        codec = written.subscribed_quality_update.subscribed_codecs[0]
        assert codec.codec == "vp8"
        assert [one.enabled for one in codec.qualities] == enabled

    def test_ping_answer_carries_the_clients_time(self) -> None:
        assert decode_request(frame(ping_req=pb.Ping(timestamp=5))) == Ping(5, legacy=False)


def _bytes(response: Response) -> bytes:
    written = encode_response(response)
    assert isinstance(written, bytes)
    return written


def decode_leave(written: bytes | str) -> pb.LeaveRequest:
    assert isinstance(written, bytes)
    return pb.SignalResponse.FromString(written).leave


class TestData:
    def test_claimed_sender_is_replaced_and_destinations_are_not_passed_on(self) -> None:
        claimed = pb_models.DataPacket(
            participant_identity="owner",
            participant_sid="PA_owner",
            destination_identities=["bob"],
            user=pb_models.UserPacket(
                participant_identity="owner",
                participant_sid="PA_owner",
                payload=b"hi",
                topic="chat",
                destination_sids=["PA_bob"],
            ),
        )
        message = decode_data(claimed.SerializeToString())
        assert message.destination_identities == {"bob"}
        assert message.destination_sids == {"PA_bob"}

        packet = pb_models.DataPacket.FromString(encode_data(message, reliable=True, identity="alice", sid="PA_alice"))

        assert (packet.participant_identity, packet.participant_sid) == ("alice", "PA_alice")
        assert (packet.user.participant_identity, packet.user.participant_sid) == ("alice", "PA_alice")
        assert (packet.user.payload, packet.user.topic) == (b"hi", "chat")
        assert not packet.destination_identities
        assert not packet.user.destination_sids
        assert "owner" not in str(packet)

    @pytest.mark.parametrize("kind", ["speaker", "metrics"])
    def test_what_only_the_server_says_is_not_relayed(self, kind: str) -> None:
        packet = pb_models.DataPacket()
        getattr(packet, kind).SetInParent()

        assert not decode_data(packet.SerializeToString()).relayed

    def test_streams_and_calls_are_relayed(self) -> None:
        for kind in ("stream_header", "stream_chunk", "stream_trailer", "rpc_request", "chat_message", "transcription"):
            packet = pb_models.DataPacket()
            getattr(packet, kind).SetInParent()
            assert decode_data(packet.SerializeToString()).relayed

    def test_server_packet_names_no_sender(self) -> None:
        message = server_data(b"hi", topic="notice", to=["bob"])

        packet = pb_models.DataPacket.FromString(encode_data(message, reliable=True, identity="", sid=""))

        assert (packet.user.payload, packet.user.topic, packet.participant_identity) == (b"hi", "notice", "")
        assert message.destination_identities == {"bob"}

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def test_random_packets_are_read_or_refused(self, payload: bytes) -> None:
        stage = Stage()
        alice = stage.joins("alice")
        stage.joins("bob")
        try:
            message = decode_data(payload)
        except MalformedMessage:
            return

        stage.happens(DataReceived(alice, True, message))

        for command in stage.last:
            encode_data(message, reliable=True, identity="alice", sid=alice)
            assert command is not None

    def test_json_of_a_hostile_key_is_refused(self) -> None:
        with pytest.raises(MalformedMessage):
            decode_request(json.dumps({"mute": {"sid": "x" * (limits.MAX_SHORT_STRING_BYTES + 1)}}))
