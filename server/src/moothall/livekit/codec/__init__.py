"""Bytes ⇄ messages.

Of the rest of the server only the server API and the webhooks know the generated protobuf code as
well.
"""

from moothall.livekit.codec.data import decode_data, encode_data, server_data
from moothall.livekit.codec.malformed import MalformedMessage
from moothall.livekit.codec.models import write_participant, write_room, write_track
from moothall.livekit.codec.requests import decode_join_request, decode_request
from moothall.livekit.codec.responses import PROTOCOL_VERSION, PUBLISH_CODECS, SERVER_VERSION, encode_response

__all__ = [
    "PROTOCOL_VERSION",
    "PUBLISH_CODECS",
    "SERVER_VERSION",
    "MalformedMessage",
    "decode_data",
    "decode_join_request",
    "decode_request",
    "encode_data",
    "encode_response",
    "server_data",
    "write_participant",
    "write_room",
    "write_track",
]
