"""Twirp, the way LiveKit's server API is spoken.

``POST /twirp/<package>.<Service>/<Method>`` with protobuf or JSON in and the same out.

Protocol version 7 (twitchtv.github.io/twirp/docs/spec_v7.html): errors are always JSON, ``{"code",
"msg"}``, under the status of their code. The token and what it grants are looked at before a byte
of the body is read.
"""

import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from moothall.kit.strict_json import is_storable
from moothall.livekit import limits
from moothall.livekit.tokens import ServerGrant, TokenRejected

Code = Literal[
    "bad_route",
    "failed_precondition",
    "invalid_argument",
    "malformed",
    "not_found",
    "resource_exhausted",
    "unauthenticated",
    "unavailable",
    "unimplemented",
]

_STATUSES: Mapping[Code, int] = {
    "bad_route": 404,
    "failed_precondition": 412,
    "invalid_argument": 400,
    "malformed": 400,
    "not_found": 404,
    "resource_exhausted": 429,
    "unauthenticated": 401,
    "unavailable": 503,
    "unimplemented": 501,
}
_PROTOBUF, _JSON = "application/protobuf", "application/json"


class TwirpError(Exception):
    """The method cannot be carried out; ``str()`` may be shown to the caller."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


@dataclass(frozen=True, slots=True)
class Method:
    """``call`` gets the caller's grant and a ``request``, and answers with a message.

    It raises TwirpError.

    ``is_granted`` decides by the token alone whether the caller's request is worth reading.
    """

    is_granted: Callable[[ServerGrant], bool]
    request: type[Message]
    call: Callable[[ServerGrant, Any], Awaitable[Message]]


def twirp_routes(
    service: str, methods: Mapping[str, Method], authenticate: Callable[[str], ServerGrant]
) -> Sequence[BaseRoute]:
    """The routes of one service, such as ``livekit.RoomService``.

    ``authenticate`` raises TokenRejected.
    """

    async def serve(request: Request) -> Response:
        try:
            return await _serve(request, service, methods, authenticate)
        except TwirpError as error:
            return JSONResponse({"code": error.code, "msg": str(error)}, _STATUSES[error.code])

    return [Route("/twirp/{service}/{method}", serve, methods=["POST"], include_in_schema=False)]


async def _serve(
    request: Request, service: str, methods: Mapping[str, Method], authenticate: Callable[[str], ServerGrant]
) -> Response:
    grant = _authenticate(request, authenticate)
    method = methods.get(request.path_params["method"])
    if request.path_params["service"] != service or method is None:
        raise TwirpError("bad_route", "no such method")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (_PROTOBUF, _JSON):
        raise TwirpError("bad_route", f"the Content-Type must be {_PROTOBUF} or {_JSON}")
    if not method.is_granted(grant):
        raise TwirpError("unauthenticated", "permissions denied")
    message = _parse(await _read(request), method.request, as_json=content_type == _JSON)
    answer = await method.call(grant, message)
    if content_type == _JSON:
        # As Twirp does by default: the names of the .proto file, and fields that are not set, too.
        text = json_format.MessageToJson(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=None
        )
        return Response(text, media_type=_JSON)
    return Response(answer.SerializeToString(), media_type=_PROTOBUF)


def _authenticate(request: Request, authenticate: Callable[[str], ServerGrant]) -> ServerGrant:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TwirpError("unauthenticated", "an Authorization header with a Bearer token is needed")
    try:
        return authenticate(token.strip())
    except TokenRejected as rejected:
        raise TwirpError("unauthenticated", str(rejected)) from None


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.MAX_API_BODY_BYTES:
                raise TwirpError("malformed", f"the body is larger than {limits.MAX_API_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise TwirpError("malformed", "the body ended early") from None
    return bytes(body)


def _parse(body: bytes, kind: type[Message], *, as_json: bool) -> Message:
    message = kind()
    try:
        if as_json:
            json_format.Parse(body or b"{}", message, ignore_unknown_fields=True, max_recursion_depth=10)
        else:
            message.ParseFromString(body)
    except (DecodeError, json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        # The library's own text may quote the message.
        raise TwirpError("malformed", f"the body is not a {kind.DESCRIPTOR.name}") from None
    if not all(map(is_storable, _texts(message))):
        raise TwirpError("invalid_argument", "texts have no NUL")
    return message


def _texts(message: Message) -> Iterator[str]:
    """Every text of the message, also in lists, maps and messages inside it."""
    for _field, value in message.ListFields():
        if isinstance(value, str | bytes | int | float | Message):
            values: Iterable[Any] = (value,)
        elif isinstance(value, Mapping):
            values = itertools.chain.from_iterable(value.items())
        else:
            values = value
        for one in values:
            if isinstance(one, str):
                yield one
            elif isinstance(one, Message):
                yield from _texts(one)
