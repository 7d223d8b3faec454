"""Packets of the data channels."""

from collections.abc import Iterable, Mapping
from typing import Literal

from google.protobuf.message import DecodeError
from livekit.protocol import models as pb_models

from moothall.livekit import limits
from moothall.livekit.codec.malformed import MalformedMessage
from moothall.livekit.model import DataMessage

# Packets that are for or from the server alone.
_NOT_RELAYED = frozenset({"speaker", "metrics"})
_STREAM_PARTS: Mapping[str, Literal["", "header", "chunk", "trailer"]] = {
    "stream_header": "header",
    "stream_chunk": "chunk",
    "stream_trailer": "trailer",
}
# The topic of text streams that carry captions, in LiveKit's agents and components.
_CAPTION_TOPIC = "lk.transcription"


def decode_data(payload: bytes) -> DataMessage:
    """Raises MalformedMessage."""
    packet = pb_models.DataPacket()
    try:
        packet.ParseFromString(payload)
    except DecodeError:
        raise MalformedMessage("not a DataPacket") from None
    kind = packet.WhichOneof("value")
    part = _STREAM_PARTS.get(kind or "", "")
    stream_id = getattr(packet, kind).stream_id if part else ""
    if len(stream_id.encode()) > limits.MAX_SHORT_STRING_BYTES:
        raise MalformedMessage("stream id too long")
    identities = {*packet.destination_identities, *packet.user.destination_identities}
    return DataMessage(
        body=packet,
        size=len(payload),
        sequence=packet.sequence,
        destination_identities=frozenset(identities),
        destination_sids=frozenset(packet.user.destination_sids),
        relayed=kind not in {None, *_NOT_RELAYED},
        is_caption=kind == "transcription" or (part == "header" and packet.stream_header.topic == _CAPTION_TOPIC),
        claimed_identity=packet.participant_identity,
        stream_id=stream_id,
        stream_part=part,
    )


def encode_data(message: DataMessage, *, reliable: bool, identity: str, sid: str) -> bytes:
    """Return the packet for its receivers, with the sender that the server knows."""
    packet = pb_models.DataPacket()
    assert isinstance(message.body, pb_models.DataPacket)  # noqa: S101 - only this module makes bodies
    packet.CopyFrom(message.body)
    packet.kind = pb_models.DataPacket.RELIABLE if reliable else pb_models.DataPacket.LOSSY
    packet.participant_identity = identity
    packet.participant_sid = sid
    # Receivers need not know who else received it.
    packet.ClearField("destination_identities")
    match packet.WhichOneof("value"):
        case "user":
            packet.user.participant_identity = identity
            packet.user.participant_sid = sid
            packet.user.ClearField("destination_identities")
            packet.user.ClearField("destination_sids")
        case "transcription" if not packet.transcription.transcribed_participant_identity:
            packet.transcription.transcribed_participant_identity = identity
    return packet.SerializeToString()


def server_data(
    payload: bytes, *, topic: str, to: Iterable[str] = (), to_sids: Iterable[str] = (), nonce: bytes = b""
) -> DataMessage:
    """A data packet that the server itself sends; ``to`` are identities."""
    packet = pb_models.DataPacket(user=pb_models.UserPacket(payload=payload, topic=topic, nonce=nonce))
    return DataMessage(
        body=packet,
        size=len(payload),
        sequence=0,
        destination_identities=frozenset(to),
        destination_sids=frozenset(to_sids),
        relayed=True,
    )
