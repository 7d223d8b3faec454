"""The fuzz target for joining.

Requests to the real routes, with forged tokens and with wrong tokens of applications.
"""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from livekit.protocol import rtc as pb
from starlette.routing import Router
from support.clock import FakeClock
from support.fake_sfu import FakeSfu

from fuzz.choices import Choices
from moothall.engine import Admission, Applicant, EngineEvent, JoinGrant
from moothall.engines.embedded.endpoint import routes
from moothall.engines.embedded.engine import EmbeddedEngine

_KEY = "key"
_SECRET = "a secret of more than thirty-two characters"
_WORDS = ("standup", "alice", "key", "1", "true", "PA_1", "camera", "microphone", "HS256", "none", "JWT", "room")
_SOCKETS = ("/rtc", "/rtc/v1")
_PATHS = (*_SOCKETS, "/rtc/validate", "/rtc/v1/validate")
_PARAMETERS = (
    "auto_subscribe",
    "adaptive_stream",
    "reconnect",
    "sid",
    "protocol",
    "client_protocol",
    "sdk",
)
_CLAIMS = ("iss", "sub", "exp", "nbf", "iat", "name", "metadata", "attributes", "video", "crit")
_GRANTS = (
    "roomJoin",
    "room",
    "canPublish",
    "canPublishSources",
    "canSubscribe",
    "canPublishData",
    "canUpdateOwnMetadata",
    "hidden",
)
_HEADERS = ("alg", "typ", "kid", "crit", "b64", "zip", "enc", "jwk", "cty")
# The permitted answers to a handshake; 101 stands for an accepted socket.
_ANSWERS = {101, 200, 400, 401, 403, 404, 405, 503}
_MOST_FRAMES = 4
_MOST_CALLS = 3


def join(data: bytes) -> None:
    try:
        asyncio.run(_join(Choices(data, _WORDS)))
    except BaseExceptionGroup as group:
        # The one that says what happened.
        raise _innermost(group) from None


def _innermost(group: BaseException) -> BaseException:
    return _innermost(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


class _StrictEngine(EmbeddedEngine):
    """An engine that does not go on after a bug of its own."""

    def _abandon(self, _live: Any) -> None:
        raise  # noqa: PLE0704 - called from the handler


async def _admit(_applicant: Applicant) -> Admission:
    return Admission()


async def _listen(_events: Sequence[EngineEvent]) -> None:
    pass


async def _join(choices: Choices) -> None:
    clock, sfu = FakeClock(), FakeSfu()
    engine = _StrictEngine(sfu=sfu, api_key=_KEY, api_secret=_SECRET, clock=clock, gate=_admit, listener=_listen)
    async with engine.running():
        router = Router(routes(engine, clock))
        for _ in range(_MOST_CALLS):
            if not choices.more:
                break
            path = choices.pick(_PATHS)
            # Now and then a socket where a request is expected, or the other way about.
            is_socket = (path in _SOCKETS) is not (choices.byte() % 8 == 1)
            query, headers = _introduction(choices, engine)
            frames = [_frame(choices) for _ in range(choices.byte() % _MOST_FRAMES)]
            status = await _call(router, path, query, headers, frames, is_socket=is_socket)
            assert status in _ANSWERS, status


def _introduction(choices: Choices, engine: EmbeddedEngine) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    parameters = [(choices.pick(_PARAMETERS), choices.text()) for _ in range(choices.byte() % 4)]
    if choices.byte() % 4 == 1:
        parameters.append(("join_request", _join_request(choices)))
    if choices.byte() % 16 == 0:
        return choices.piece(256), [(b"authorization", choices.piece(64))]
    token = _token(choices, engine)
    if choices.byte() % 2:
        return urlencode(parameters).encode(), [(b"authorization", b"Bearer " + token.encode())]
    return urlencode([("access_token", token), *parameters]).encode(), []


def _join_request(choices: Choices) -> str:
    """As clients with one connection introduce themselves."""
    request, wrapped = pb.JoinRequest(), pb.WrappedJoinRequest()
    choices.message(request)
    inner = request.SerializeToString()
    match choices.byte() % 4:
        case 0:
            wrapped.join_request = inner
        case 1:
            wrapped.compression = pb.WrappedJoinRequest.GZIP
            wrapped.join_request = gzip.compress(inner, mtime=0)
        case 2:
            wrapped.compression = pb.WrappedJoinRequest.GZIP
            wrapped.join_request = gzip.compress(bytes(choices.byte() << 16), mtime=0)[: -choices.byte() - 1]
        case _:
            choices.message(wrapped)
    return base64.urlsafe_b64encode(wrapped.SerializeToString()).decode().rstrip("=" * (choices.byte() % 2))


def _token(choices: Choices, engine: EmbeddedEngine) -> str:
    match choices.byte() % 4:
        case 0:
            return engine.access_token(JoinGrant(room="standup", identity=choices.pick(("alice", "bob")), name="Al"))
        case 1:
            return _signed(b'{"alg":"HS256"}', json.dumps(_claims(choices)).encode())
        case 2:
            header = {"alg": "HS256"} | {choices.pick(_HEADERS): _value(choices) for _ in range(choices.byte() % 3)}
            return _signed(json.dumps(header).encode(), json.dumps(_claims(choices)).encode())
        case _:
            return (
                _signed(choices.piece(64), choices.piece(256))
                if choices.byte() % 2
                else choices.piece(128).decode("latin-1")
            )


def _claims(choices: Choices) -> dict[str, Any]:
    now = int(FakeClock().now().timestamp())
    video = {"roomJoin": True, "room": "standup"} | {
        choices.pick(_GRANTS): _value(choices) for _ in range(choices.byte() % 4)
    }
    claims = {"iss": _KEY, "sub": "alice", "exp": now + 60, "video": video}
    return claims | {choices.pick(_CLAIMS): _value(choices) for _ in range(choices.byte() % 4)}


def _value(choices: Choices, depth: int = 0) -> Any:
    match choices.byte() % (6 if depth < 3 else 4):
        case 0:
            return choices.text()
        case 1:
            return choices.pick((None, True, False, 0, -1, 10**400, 1e300, float("inf"), float("nan"), 2**63))
        case 2:
            return choices.pick(("\ud800", "", "x" * 300, "standup", "camera"))
        case 3:
            return choices.number(8, signed=True)
        case 4:
            return [_value(choices, depth + 1) for _ in range(choices.byte() % 4)]
        case _:
            return {choices.text(): _value(choices, depth + 1) for _ in range(choices.byte() % 4)}


def _signed(header: bytes, payload: bytes) -> str:
    said = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    signature = hmac.digest(_SECRET.encode(), said, hashlib.sha256)
    return (said + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _frame(choices: Choices) -> bytes | str:
    if choices.byte() % 2:
        frame = choices.piece(128)
        return frame if choices.byte() % 2 else frame.decode(errors="ignore")
    message = pb.SignalRequest()
    choices.message(message)
    return message.SerializeToString()


async def _call(
    router: Router,
    path: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    frames: list[bytes | str],
    *,
    is_socket: bool,
) -> int:
    """The status of the answer.

    101 when a socket was accepted, which then says its frames and goes.
    """
    statuses: list[int] = []
    said: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "bytes" if isinstance(frame, bytes) else "text": frame} for frame in frames),
        {"type": "websocket.disconnect", "code": 1001},
    ]
    scope = {
        "type": "websocket" if is_socket else "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "extensions": {"websocket.http.response": {}},
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if not is_socket:
            return {"type": "http.request", "body": b"", "more_body": False}
        return said.pop(0) if len(said) > 1 else said[0]

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            statuses.append(101)
        elif message["type"] == "websocket.close":
            # Before it was accepted: a path that knows no sockets.
            statuses.append(403)
        elif message["type"] in ("http.response.start", "websocket.http.response.start"):
            statuses.append(message["status"])

    await router(scope, receive, send)
    return statuses[0]
