"""The server API looks at what a token grants before it reads anything, and then at every text."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from livekit import api
from livekit.protocol import room as pb
from starlette.applications import Starlette

from moothall.livekit.room_service import room_service_routes
from moothall.livekit.tokens import ServerGrant, TokenSigner

KEY, SECRET = "moothall", "a secret of more than thirty-two characters"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
GRANTS: Mapping[str, dict[str, Any]] = {
    "join": {"room_join": True, "room": "standup"},
    "create": {"room_create": True},
    "list": {"room_list": True},
    "admin": {"room_admin": True, "room": "standup"},
}
METHODS = {
    "CreateRoom": "create",
    "ListRooms": "list",
    "DeleteRoom": "create",
    **dict.fromkeys(
        [
            "ListParticipants",
            "GetParticipant",
            "RemoveParticipant",
            "MutePublishedTrack",
            "UpdateParticipant",
            "UpdateSubscriptions",
            "SendData",
            "UpdateRoomMetadata",
            "ForwardParticipant",
            "MoveParticipant",
            "PerformRpc",
        ],
        "admin",
    ),
}


class _Rooms:
    """Only tokens are ever looked at."""

    def authenticate_server(self, token: str) -> ServerGrant:
        return TokenSigner(api_key=KEY, api_secret=SECRET).verify_server_grant(token, datetime.now(UTC))


async def _remove(_room: str, _identity: str) -> bool:
    raise AssertionError("not granted")


async def _end(_room: str) -> bool:
    raise AssertionError("not granted")


async def _status(method: str, grant: str, body: bytes | None = None, form: str = "json") -> int:
    token = api.AccessToken(KEY, SECRET).with_identity("x").with_grants(api.VideoGrants(**GRANTS[grant]))
    app = Starlette(routes=list(room_service_routes(_Rooms(), _remove, _end)))  # type: ignore[arg-type]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/twirp/livekit.RoomService/{method}",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {token.with_ttl(timedelta(hours=1)).to_jwt()}".encode()),
            (b"content-type", f"application/{form}".encode()),
        ],
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        if body is None:
            raise AssertionError("the body was read")
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("grant", GRANTS)
async def test_body_is_read_only_with_the_grant_of_the_method(method: str, grant: str) -> None:
    if METHODS[method] == grant:
        with pytest.raises(AssertionError, match="the body was read"):
            await _status(method, grant)
    else:
        assert await _status(method, grant) == 401


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("CreateRoom", {"name": "TEXT"}),
    ("CreateRoom", {"name": "standup", "metadata": "TEXT"}),
    ("CreateRoom", {"name": "standup", "agents": [{"agent_name": "TEXT"}]}),
    ("ListRooms", {"names": ["standup", "TEXT"]}),
    ("DeleteRoom", {"room": "TEXT"}),
    ("GetParticipant", {"room": "standup", "identity": "TEXT"}),
    ("RemoveParticipant", {"room": "standup", "identity": "TEXT"}),
    ("UpdateParticipant", {"room": "standup", "identity": "alice", "name": "TEXT"}),
    ("UpdateParticipant", {"room": "standup", "identity": "alice", "attributes": {"TEXT": "x"}}),
    ("UpdateParticipant", {"room": "standup", "identity": "alice", "attributes": {"role": "TEXT"}}),
    ("UpdateSubscriptions", {"room": "standup", "identity": "a", "participant_tracks": [{"participant_sid": "TEXT"}]}),
    ("UpdateRoomMetadata", {"room": "standup", "metadata": "TEXT"}),
]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize(("method", "body"), BODIES)
async def test_no_text_that_databases_cannot_store_gets_further(method: str, body: dict[str, Any], text: str) -> None:
    written = json.dumps(body).replace("TEXT", json.dumps(text)[1:-1])

    assert await _status(method, METHODS[method], written.encode()) == 400


async def test_nor_in_protobuf() -> None:
    message = pb.RoomParticipantIdentity(room="standup", identity="a\0b").SerializeToString()

    assert await _status("RemoveParticipant", "admin", message, form="protobuf") == 400
    assert await _status("RemoveParticipant", "admin", message.replace(b"\0", b"\xff"), form="protobuf") == 400
