"""Targets without state: bytes that are read or refused, never half understood."""

import json
from typing import Any

from google.protobuf import json_format
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.room_rules import texts

from fuzz.choices import Choices
from moothall.livekit import limits
from moothall.livekit.codec import MalformedMessage, decode_data, decode_request, encode_data
from moothall.livekit.requests import AddTrack, Answer, Offer, Request, Simulate, Unsupported
from moothall.signalling.sdp import forbid_redundancy, prefer_codecs

WORDS = (
    "TR_1",
    "PA_alice1",
    "alice",
    "vp8",
    "video/H264",
    '{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0"}',
    '{"candidate":"\\ud800"}',
    "v=0\r\n",
)
_CODECS = ("vp8", "h264", "VP8", "red", "opus", "rtx", "")


def read_request(data: bytes) -> None:
    choices = Choices(data, WORDS)
    match choices.byte() % 4:
        case 0:
            _read(choices.rest())
        case 1:
            _read(choices.rest().decode(errors="ignore"))
        case 2:
            _read(json.dumps({choices.pick(_MESSAGES): _json(choices)}))
        case _:
            message = pb.SignalRequest()
            choices.message(message)
            # Both forms say the same.
            assert _read(message.SerializeToString()) == _read(json_format.MessageToJson(message))


def _read(frame: bytes | str) -> Request | None:
    try:
        request = decode_request(frame)
    except MalformedMessage as malformed:
        # The reason is for logs, so it quotes nothing.
        assert len(str(malformed)) < 80  # noqa: PT017 - this is no test of that exception
        return None
    for text in texts(request):
        # The SFU and the database want UTF-8, which has no lone surrogates.
        size = len(text.encode())
        if isinstance(request, Offer | Answer):
            assert size <= len(frame) * 4
        elif not isinstance(request, Simulate | Unsupported):
            assert size <= limits.MAX_METADATA_BYTES
    if isinstance(request, AddTrack):
        assert request.cid
        assert len(request.layers) <= limits.MAX_LAYERS
    return request


_MESSAGES = [field.json_name for field in pb.SignalRequest.DESCRIPTOR.fields] + ["[livekit.none]", "unknown"]
_NAMES = [
    "sid",
    "sdp",
    "cid",
    "type",
    "source",
    "candidateInit",
    "trackSids",
    "attributes",
    "layers",
    "simulcastCodecs",
    "features",
    "id",
]


def _json(choices: Choices, depth: int = 0) -> Any:  # noqa: PLR0911 - one flat table
    match choices.byte() % (8 if depth < 4 else 6):
        case 0:
            return choices.text()
        case 1:
            return choices.number(8, signed=True)
        case 2:
            return choices.number(2) / 8
        case 3:
            return choices.pick((None, True, False))
        case 4:
            return choices.pick((10**400, -1, 2**63, 1e300, float("inf"), float("nan"), "\ud800", "NaN", "1e5"))
        case 5:
            return choices.pick((pb_models.TrackType.keys()[1], "CAMERA", "HIGH", "AUDIO"))
        case 6:
            return [_json(choices, depth + 1) for _ in range(choices.byte() % 4)]
        case _:
            names = (choices.pick(_NAMES) for _ in range(choices.byte() % 5))
            return {name: _json(choices, depth + 1) for name in names}


def relay_data(data: bytes) -> None:
    choices = Choices(data, WORDS)
    if choices.byte() % 2:
        packet = pb_models.DataPacket()
        choices.message(packet)
        payload = packet.SerializeToString()
    else:
        payload = choices.rest()
    relay(payload)


def relay(payload: bytes) -> None:
    """Read as from a client, written as for another."""
    try:
        message = decode_data(payload)
    except MalformedMessage:
        return
    assert message.size == len(payload)
    written = pb_models.DataPacket.FromString(encode_data(message, reliable=True, identity="bob", sid="PA_bob"))
    assert (written.participant_identity, written.participant_sid) == ("bob", "PA_bob")
    assert not written.destination_identities
    if written.WhichOneof("value") == "user":
        assert (written.user.participant_identity, written.user.participant_sid) == ("bob", "PA_bob")
    # Whose words they are is all that changes, and to whom they go.
    assert _content(written) == _content(pb_models.DataPacket.FromString(payload))


def _content(packet: pb_models.DataPacket) -> bytes:
    """Without what the server fills in. Written, because what is not a number equals nothing."""
    for name in ("kind", "participant_identity", "participant_sid", "destination_identities"):
        packet.ClearField(name)
    if packet.WhichOneof("value") == "user":
        for name in ("participant_identity", "participant_sid", "destination_identities", "destination_sids"):
            packet.user.ClearField(name)
    if packet.WhichOneof("value") == "transcription" and packet.transcription.transcribed_participant_identity in (
        "",
        "bob",
    ):
        packet.transcription.ClearField("transcribed_participant_identity")
    return packet.SerializeToString(deterministic=True)


def change_description(data: bytes) -> None:
    choices = Choices(data)
    wanted = {choices.piece(3).decode(errors="ignore"): choices.pick(_CODECS) for _ in range(choices.byte() % 4)}
    plain = {choices.piece(3).decode(errors="ignore") for _ in range(choices.byte() % 4)}
    answer = choices.rest().decode(errors="ignore")

    preferred = prefer_codecs(answer, wanted)
    # The same lines with the same words, some of the media lines in another order.
    assert len(preferred) == len(answer)
    before, after = answer.split("\r\n"), preferred.split("\r\n")
    assert len(before) == len(after)
    for line, changed in zip(before, after, strict=True):
        assert line == changed or (sorted(line.split(" ")) == sorted(changed.split(" ")) and line.startswith("m="))
    assert prefer_codecs(preferred, wanted) == preferred
    assert prefer_codecs(answer, {}) == answer

    without = forbid_redundancy(answer, plain)
    lines = iter(before)
    # Lines are left out or lose words, and none comes.
    for line in without.split("\r\n"):
        assert any(set(line.split(" ")) <= set(original.split(" ")) for original in lines)
    assert forbid_redundancy(without, plain) == without
    assert forbid_redundancy(answer, ()) == answer
