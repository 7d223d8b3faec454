"""Nobody speaks as somebody else: whose words a data packet carries is what the server knows."""

from typing import Any

import pytest
from livekit.protocol import models as pb_models
from support.playbook import Stage

from moothall.engine import ParticipantKind
from moothall.livekit import limits
from moothall.livekit.codec import decode_data, encode_data
from moothall.livekit.model import Permission
from moothall.livekit.server_requests import BroadcastRequested
from moothall.signalling import commands
from moothall.signalling.events import DataReceived
from moothall.signalling.streams import OpenStreams

PEOPLE = [kind for kind in ParticipantKind if kind is not ParticipantKind.AGENT]
CAPTION = pb_models.Transcription(
    transcribed_participant_identity="bob",
    track_id="TR_1",
    segments=[pb_models.TranscriptionSegment(id="1", text="I resign", language="en", final=True)],
)
EVERY_KIND: dict[str, Any] = {
    "user": pb_models.UserPacket(payload=b"x", participant_identity="bob", participant_sid="PA_bob"),
    "sip_dtmf": pb_models.SipDTMF(code=1, digit="1"),
    "chat_message": pb_models.ChatMessage(id="1", message="x"),
    "rpc_request": pb_models.RpcRequest(id="1", method="x"),
    "rpc_ack": pb_models.RpcAck(request_id="1"),
    "rpc_response": pb_models.RpcResponse(request_id="1", payload="x"),
    "stream_header": pb_models.DataStream.Header(stream_id="s", topic="chat"),
    "encrypted_packet": pb_models.EncryptedPacket(encrypted_value=b"x"),
}


def sends(stage: Stage, sid: str, **content: Any) -> list[pb_models.DataPacket]:
    """Return what receivers get of a packet in which this sender claims to be bob."""
    packet = pb_models.DataPacket(participant_identity="bob", participant_sid="PA_bob", **content)
    stage.happens(DataReceived(sid, True, decode_data(packet.SerializeToString())))
    return [
        pb_models.DataPacket.FromString(
            encode_data(sent.message, reliable=True, identity=sent.identity, sid=sent.sender_sid)
        )
        for sent in stage.did(commands.SendData)
    ]


def header(stream_id: str, topic: str = "chat") -> Any:
    return pb_models.DataStream.Header(stream_id=stream_id, topic=topic)


def chunk(stream_id: str) -> Any:
    return pb_models.DataStream.Chunk(stream_id=stream_id, content=b"I resign")


def trailer(stream_id: str) -> Any:
    return pb_models.DataStream.Trailer(stream_id=stream_id)


@pytest.mark.parametrize("kind", ParticipantKind)
@pytest.mark.parametrize("content", EVERY_KIND)
def test_claimed_author_is_replaced(kind: ParticipantKind, content: str) -> None:
    stage = Stage()
    mallory = stage.joins("mallory", kind=kind)
    stage.joins("bob")

    (packet,) = sends(stage, mallory, **{content: EVERY_KIND[content]})

    assert (packet.participant_identity, packet.participant_sid) == ("mallory", mallory)
    assert "bob" not in str(packet)


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("topic", ["lk.transcription", ""])
def test_captions_of_people_are_dropped(kind: ParticipantKind, topic: str) -> None:
    stage = Stage()
    mallory = stage.joins("mallory", kind=kind)
    stage.joins("bob")

    caption = {"stream_header": header("s", topic)} if topic else {"transcription": CAPTION}
    assert sends(stage, mallory, **caption) == []
    if topic:
        assert sends(stage, mallory, stream_chunk=chunk("s")) == []
        assert sends(stage, mallory, stream_trailer=trailer("s")) == []


def test_agents_caption_those_who_are_there() -> None:
    stage = Stage()
    agent = stage.joins("agent", kind=ParticipantKind.AGENT)
    stage.joins("bob")

    (packet,) = sends(stage, agent, transcription=CAPTION)
    assert packet.transcription.transcribed_participant_identity == "bob"
    for part in (
        {"stream_header": header("s", "lk.transcription")},
        {"stream_chunk": chunk("s")},
        {"stream_trailer": trailer("s")},
    ):
        (packet,) = sends(stage, agent, **part)
        assert (packet.participant_identity, packet.participant_sid) == ("bob", agent)


@pytest.mark.parametrize("bob", [None, Permission(hidden=True)])
def test_agents_speak_for_nobody_who_is_not_seen(bob: Permission | None) -> None:
    stage = Stage()
    agent = stage.joins("agent", kind=ParticipantKind.AGENT)
    stage.joins("carol")
    if bob is not None:
        stage.joins("bob", permission=bob)

    (packet,) = sends(stage, agent, stream_header=header("s", "lk.transcription"))

    assert packet.participant_identity == "agent"


def test_the_server_captions() -> None:
    stage = Stage()
    stage.joins("alice")
    message = decode_data(pb_models.DataPacket(transcription=CAPTION).SerializeToString())

    stage.happens(BroadcastRequested(True, message))

    (sent,) = stage.did(commands.SendData)
    assert sent.identity == ""


@pytest.mark.parametrize("part", [{"stream_chunk": chunk("s")}, {"stream_trailer": trailer("s")}])
def test_nobody_adds_to_anothers_stream(part: dict[str, Any]) -> None:
    stage = Stage()
    bob = stage.joins("bob")
    mallory = stage.joins("mallory")
    assert sends(stage, bob, stream_header=header("s"))

    assert sends(stage, mallory, **part) == []
    assert sends(stage, mallory, stream_header=header("s")) == []
    assert sends(stage, bob, stream_chunk=chunk("s"))
    assert sends(stage, bob, stream_trailer=trailer("s"))
    assert sends(stage, bob, stream_chunk=chunk("s")) == []


def test_streams_of_somebody_who_left_are_forgotten() -> None:
    streams = OpenStreams()
    assert streams.open("s", "PA_bob", "bob")
    streams.forget("PA_bob")

    assert streams.find_author("s", "PA_bob") is None
    assert streams.open("s", "PA_carol", "carol")


def test_streams_of_one_sender_are_bounded_and_cost_others_nothing() -> None:
    streams = OpenStreams()
    streams.open("bobs", "PA_bob", "bob")
    for number in range(limits.MAX_OPEN_STREAMS + 10):
        streams.open(f"s{number}", "PA_mallory", "mallory")

    assert len(streams) == limits.MAX_OPEN_STREAMS + 1
    assert streams.find_author("s0", "PA_mallory") is None
    assert streams.find_author("bobs", "PA_bob") == "bob"
