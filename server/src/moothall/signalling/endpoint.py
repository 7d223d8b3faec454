"""The WebSocket driver: sockets on one side, the engine on the other.

``/rtc`` is the dual-peer-connection mode of the protocol (v0). ``/rtc/v1`` answers 404, which is how current clients learn to use the
former. Any origin may connect: the access token is the only authority, and no cookie is looked at.

The one place where a client's mistakes become close codes:

    1007 a message that cannot be read · 1008 too many messages · 1009 a message too large · 1013 a client too slow to read
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from moothall.engine import Refusal
from moothall.kit.clock import Clock
from moothall.signalling import limits
from moothall.signalling.codec import MalformedMessage, decode_request
from moothall.signalling.connection import Connection
from moothall.signalling.embedded import Client, ClientOptions, EmbeddedEngine, Ticket
from moothall.signalling.messages import DisconnectReason, Leave, LeaveAction, Trickle
from moothall.signalling.redaction import redact_queries
from moothall.signalling.token_bucket import TokenBucket
from moothall.signalling.tokens import AccessToken, TokenRejected

_UNREADABLE = 1007
_TOO_MANY = 1008
_TOO_LARGE = 1009
_TOO_SLOW = 1013
_GOING_AWAY = 1001
# Browsers show the answer of the validate endpoint to the client only with this.
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_UNAVAILABLE_RETRY_S = "2"
_CLOSE_DEADLINE = 1.0


def routes(engine: EmbeddedEngine, clock: Clock) -> Sequence[BaseRoute]:
    """The routes LiveKit clients use, to be mounted at the root of the server. From now on no query string reaches its access log."""
    redact_queries()

    async def serve(socket: WebSocket) -> None:
        await _serve(engine, clock, socket)

    async def validate(request: Request) -> Response:
        entrant = await _authorise(engine, request)
        return entrant if isinstance(entrant, Response) else PlainTextResponse("success", headers=_ANY_ORIGIN)

    async def refuse_v1(socket: WebSocket) -> None:
        await socket.send_denial_response(_not_found())

    async def validate_v1(_request: Request) -> Response:
        return _not_found()

    return [
        WebSocketRoute("/rtc", serve),
        Route("/rtc/validate", validate, methods=["GET"], include_in_schema=False),
        WebSocketRoute("/rtc/v1", refuse_v1),
        Route("/rtc/v1", validate_v1, methods=["GET"], include_in_schema=False),
        Route("/rtc/v1/validate", validate_v1, methods=["GET"], include_in_schema=False),
    ]


def _not_found() -> Response:
    # The text matters: clients take certain others for "the room does not exist" and give up.
    return PlainTextResponse("not found", status_code=404, headers=_ANY_ORIGIN)


@dataclass(frozen=True, slots=True)
class _Entrant:
    """Somebody with a valid token. ``ticket`` is the meeting's consent; a resume needs none."""

    token: AccessToken
    ticket: Ticket | None


async def _authorise(engine: EmbeddedEngine, connection: HTTPConnection) -> _Entrant | Response:
    """Somebody who may connect now, or the answer that says why not."""
    try:
        token = engine.authenticate(_bearer(connection))
    except TokenRejected as rejected:
        return PlainTextResponse(str(rejected), status_code=401, headers=_ANY_ORIGIN)
    if _is_resume(connection):
        return _Entrant(token, None)
    ticket = await engine.admit(token)
    return _refusal(ticket) if isinstance(ticket, Refusal) else _Entrant(token, ticket)


def _refusal(refusal: Refusal) -> Response:
    if refusal.reason == "unavailable":
        headers = {**_ANY_ORIGIN, "Retry-After": _UNAVAILABLE_RETRY_S}
        return PlainTextResponse(refusal.reason, status_code=503, headers=headers)
    return PlainTextResponse(refusal.reason, status_code=403, headers=_ANY_ORIGIN)


def _bearer(connection: HTTPConnection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return connection.query_params.get("access_token", "")


def _is_resume(connection: HTTPConnection) -> bool:
    return connection.query_params.get("reconnect") in ("1", "true")


async def _serve(engine: EmbeddedEngine, clock: Clock, socket: WebSocket) -> None:
    entrant = await _authorise(engine, socket)
    if isinstance(entrant, Response):
        await socket.send_denial_response(entrant)
        return
    await socket.accept()
    client = await _enter(engine, entrant, socket)
    connection = client.connection
    try:
        # Whichever ends first ends the others: the client went, we closed, or it does not keep up.
        async with asyncio.TaskGroup() as tasks:
            halves = [
                tasks.create_task(_read(engine, clock, client, socket)),
                tasks.create_task(connection.write_to(socket)),
                tasks.create_task(connection.finished.wait()),
            ]
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            for half in halves:
                half.cancel()
    finally:
        engine.detached(client)
    if connection.too_slow:
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
            async with asyncio.timeout(_CLOSE_DEADLINE):
                await socket.close(_TOO_SLOW)


async def _enter(engine: EmbeddedEngine, entrant: _Entrant, socket: WebSocket) -> Client:
    """Resume, join, or send away with a ``leave``."""
    token, connection = entrant.token, Connection()
    if entrant.ticket is None:
        resumed = engine.resume(token, socket.query_params.get("sid", ""), connection)
        return resumed or _send_away(token, connection, DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT)
    ticket: Ticket | Refusal = entrant.ticket
    while isinstance(ticket, Ticket) and not engine.is_current(ticket, token):
        # Since the meeting agreed somebody was removed, this one perhaps, or others took the last places.
        ticket = await engine.admit(token)
    if isinstance(ticket, Refusal):
        return _send_away(token, connection, DisconnectReason.JOIN_FAILURE, LeaveAction.DISCONNECT)
    return engine.connect(token, _options(socket), connection)


def _send_away(token: AccessToken, connection: Connection, reason: DisconnectReason, action: LeaveAction) -> Client:
    connection.send(Leave(reason, action))
    connection.close(1000)
    return Client(token, "", connection)


def _options(socket: WebSocket) -> ClientOptions:
    query = socket.query_params
    protocol = query.get("client_protocol", "")
    return ClientOptions(
        auto_subscribe=query.get("auto_subscribe", "1") not in ("0", "false"),
        adaptive_stream=query.get("adaptive_stream") in ("1", "true"),
        client_protocol=int(protocol) if protocol.isascii() and protocol.isdigit() and len(protocol) < 6 else 0,  # noqa: PLR2004 - fits the wire's int32
    )


async def _read(engine: EmbeddedEngine, clock: Clock, client: Client, socket: WebSocket) -> None:
    bucket = TokenBucket(rate=limits.MAX_MESSAGES_PER_SECOND, burst=limits.MAX_MESSAGE_BURST)
    first = True
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            client.connection.going_away = message.get("code") == _GOING_AWAY
            return
        frame: bytes | str = message.get("bytes") or message.get("text") or b""
        if first:
            client.connection.as_json = isinstance(frame, str)
            first = False
        if len(frame) > limits.MAX_MESSAGE_BYTES:
            engine.misbehaved(client, _TOO_LARGE)
        elif not bucket.take(1, clock.monotonic()):
            engine.misbehaved(client, _TOO_MANY)
        else:
            _take(engine, client, frame, bucket)
        # Messages that have already arrived are received without a pause: others, our writing half among them, get their turn here.
        await asyncio.sleep(0)


def _take(engine: EmbeddedEngine, client: Client, frame: bytes | str, bucket: TokenBucket) -> None:
    try:
        request = decode_request(frame)
    except MalformedMessage:
        engine.misbehaved(client, _UNREADABLE)
        return
    if isinstance(request, Trickle):
        bucket.give_back(1 - limits.CANDIDATE_COST)
    engine.received(client, request)
