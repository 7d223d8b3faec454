"""The WebSocket driver: sockets on one side, the engine on the other.

A client with two peer connections uses ``/rtc`` and query parameters (v0 of the protocol). A client
with one sends a single parameter, ``join_request``, with its first offer in it, to ``/rtc/v1`` or
to ``/rtc``; 404 from the former tells it to use the latter. Any origin may connect: the access
token is the only authority, and no cookie is looked at.

The one place where a client's mistakes become close codes:

* 1007: a message that cannot be read
* 1008: too many messages
* 1009: a message too large
* 1013: a client too slow to read
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected
from websockets import http11

from moothall.engine import Refusal
from moothall.engines.embedded.admission import Consent
from moothall.engines.embedded.connection import Connection, closed_is_disconnected
from moothall.engines.embedded.engine import Client, ClientOptions, EmbeddedEngine
from moothall.engines.embedded.redaction import redact_queries
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import RateLimit
from moothall.livekit import limits
from moothall.livekit.codec import MalformedMessage, decode_join_request, decode_request
from moothall.livekit.model import DisconnectReason, LeaveAction
from moothall.livekit.requests import JoinRequest, Trickle
from moothall.livekit.requests import Request as ClientRequest
from moothall.livekit.responses import Leave
from moothall.livekit.tokens import AccessToken, TokenRejected

_UNREADABLE = 1007
_TOO_MANY = 1008
_TOO_LARGE = 1009
_TOO_SLOW = 1013
_GOING_AWAY = 1001
# Browsers show the answer of the validate endpoint to the client only with this.
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_UNAVAILABLE_RETRY_S = "2"
_CLOSE_DEADLINE = 1.0
# SDKs on the Rust one. It writes a start bitrate into every video section of its offers, so
# libwebrtc builds the decoders anew when something is published; a packet that comes in that moment
# leaves its track without a picture for good (docs/decisions/0010).
_NEED_TWO_CONNECTIONS = frozenset({"rust", "python", "node", "cpp", "unity"})


def routes(engine: EmbeddedEngine, clock: Clock) -> Sequence[BaseRoute]:
    """The routes LiveKit clients use, to be mounted at the root of the server.

    From now on no query string reaches its access log.
    """
    redact_queries()
    # The library's own limit is an eighth of that, and it reads this one at each request.
    http11.MAX_LINE_LENGTH = limits.MAX_REQUEST_LINE_BYTES

    def serve(read: _ReadWishes) -> Callable[[WebSocket], Awaitable[None]]:
        async def serve(socket: WebSocket) -> None:
            await _serve(engine, clock, socket, read)

        return serve

    def validate(read: _ReadWishes) -> Callable[[Request], Awaitable[Response]]:
        async def validate(request: Request) -> Response:
            entrant = await _authorise(engine, request, read, connects=False)
            return entrant if isinstance(entrant, Response) else PlainTextResponse("success", headers=_ANY_ORIGIN)

        return validate

    return [
        WebSocketRoute("/rtc", serve(_read_either)),
        Route("/rtc/validate", validate(_read_either), methods=["GET"], include_in_schema=False),
        WebSocketRoute("/rtc/v1", serve(_read_single)),
        Route("/rtc/v1/validate", validate(_read_single), methods=["GET"], include_in_schema=False),
    ]


class _NeedsTwoConnections(Exception):
    """This client is better off on ``/rtc``."""

    def __init__(self) -> None:
        # The text matters: clients take certain others for "the room does not exist" and give up.
        super().__init__("not found")


_STATUSES: dict[type[Exception], int] = {TokenRejected: 401, MalformedMessage: 400, _NeedsTwoConnections: 404}


@dataclass(frozen=True, slots=True)
class _Wishes:
    """The parameters with which a client connects.

    ``resumes``: the sid it had, or ``None`` when it is new.
    """

    options: ClientOptions
    resumes: str | None
    # The first message of the client.
    requests: tuple[ClientRequest, ...] = ()


# Raises MalformedMessage and _NeedsTwoConnections.
_ReadWishes = Callable[[HTTPConnection], _Wishes]


@dataclass(frozen=True, slots=True)
class _Entrant:
    """A client with a valid token. ``consent`` is the meeting's consent; a resume needs none."""

    token: AccessToken
    wishes: _Wishes
    address: str
    consent: Consent | None


async def _authorise(
    engine: EmbeddedEngine, connection: HTTPConnection, read: _ReadWishes, *, connects: bool
) -> _Entrant | Response:
    """Return the client that may connect now, or the answer that says why not.

    ``connects`` False: a client that only asks.
    """
    address = connection.client.host if connection.client else ""
    if seconds := engine.wait_for_request(address):
        return _too_many(seconds)
    try:
        token = engine.authenticate(_bearer(connection))
        wishes = read(connection)
    except (TokenRejected, MalformedMessage, _NeedsTwoConnections) as error:
        return PlainTextResponse(str(error), status_code=_STATUSES[type(error)], headers=_ANY_ORIGIN)
    if seconds := engine.wait_for_entry(token, address):
        return _too_many(seconds)
    if wishes.resumes is not None:
        return _Entrant(token, wishes, address, None)
    consent = await engine.admissions.ask(token, address, connects=connects)
    return _refusal(consent) if isinstance(consent, Refusal) else _Entrant(token, wishes, address, consent)


def _too_many(seconds: int) -> Response:
    """Clients try again after this status, as they do not after 401, 403 and 404."""
    headers = {**_ANY_ORIGIN, "Retry-After": str(seconds)}
    return PlainTextResponse("too many connections", status_code=429, headers=headers)


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


def _read_query(connection: HTTPConnection) -> _Wishes:
    query = connection.query_params
    protocol = query.get("client_protocol", "")
    options = ClientOptions(
        auto_subscribe=query.get("auto_subscribe", "1") not in ("0", "false"),
        adaptive_stream=query.get("adaptive_stream") in ("1", "true"),
        client_protocol=int(protocol) if protocol.isascii() and protocol.isdigit() and len(protocol) < 6 else 0,  # noqa: PLR2004 - fits the wire's int32
    )
    is_resume = query.get("reconnect") in ("1", "true")
    return _Wishes(options, query.get("sid", "") if is_resume else None)


def _read_either(connection: HTTPConnection) -> _Wishes:
    """On ``/rtc``: a client that sends a join request has one connection, as on ``/rtc/v1``."""
    join_request = connection.query_params.get("join_request", "")
    return _read_join_request(decode_join_request(join_request)) if join_request else _read_query(connection)


def _read_single(connection: HTTPConnection) -> _Wishes:
    request = decode_join_request(connection.query_params.get("join_request", ""))
    if request.sdk in _NEED_TWO_CONNECTIONS:
        raise _NeedsTwoConnections
    return _read_join_request(request)


def _read_join_request(request: JoinRequest) -> _Wishes:
    options = ClientOptions(
        auto_subscribe=request.auto_subscribe,
        adaptive_stream=request.adaptive_stream,
        client_protocol=request.client_protocol,
        is_single=True,
    )
    return _Wishes(options, request.resumes, request.requests)


async def _serve(engine: EmbeddedEngine, clock: Clock, socket: WebSocket, read: _ReadWishes) -> None:
    entrant = await _authorise(engine, socket, read, connects=True)
    if isinstance(entrant, Response):
        await socket.send_denial_response(entrant)
        return
    await socket.accept()
    client = await _enter(engine, entrant)
    connection = client.connection
    largest = limits.MAX_OFFERING_MESSAGE_BYTES if entrant.wishes.options.is_single else limits.MAX_MESSAGE_BYTES
    try:
        for request in entrant.wishes.requests:
            engine.received(client, request)
        # Whichever ends first ends the others: the client went, we closed, or it does not keep up.
        async with asyncio.TaskGroup() as tasks:
            halves = [
                tasks.create_task(_read(engine, clock, client, socket, largest)),
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
                with closed_is_disconnected():
                    await socket.close(_TOO_SLOW)


async def _enter(engine: EmbeddedEngine, entrant: _Entrant) -> Client:
    """Resume, join, or send away with a ``leave``."""
    token, connection = entrant.token, Connection()
    if entrant.consent is None:
        resumed = engine.resume(token, entrant.wishes.resumes or "", connection)
        return resumed or _send_away(token, connection, DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT)
    consent: Consent | Refusal = entrant.consent
    while isinstance(consent, Consent) and not engine.admissions.is_current(consent, token):
        # Since the meeting agreed somebody was removed, this one perhaps, or others took the last
        # places.
        consent = await engine.admissions.ask(token, entrant.address, connects=True)
    if isinstance(consent, Refusal):
        return _send_away(token, connection, DisconnectReason.JOIN_FAILURE, LeaveAction.DISCONNECT)
    return engine.connect(token, entrant.wishes.options, connection, entrant.address, consent)


def _send_away(token: AccessToken, connection: Connection, reason: DisconnectReason, action: LeaveAction) -> Client:
    connection.send(Leave(reason, action))
    connection.close(1000)
    return Client(token, "", connection)


async def _read(engine: EmbeddedEngine, clock: Clock, client: Client, socket: WebSocket, largest: int) -> None:
    rate_limit = RateLimit(per_second=limits.MAX_MESSAGES_PER_SECOND, burst=limits.MAX_MESSAGE_BURST)
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
        if len(frame) > largest:
            engine.misbehaved(client, _TOO_LARGE)
        elif not rate_limit.take(clock.monotonic(), 1 + len(frame) // limits.MESSAGE_UNIT_BYTES):
            engine.misbehaved(client, _TOO_MANY)
        else:
            _take(engine, client, frame, rate_limit)
        # Messages that have already arrived are received without a pause: others, our writing half
        # among them, get their turn here.
        await asyncio.sleep(0)


def _take(engine: EmbeddedEngine, client: Client, frame: bytes | str, rate_limit: RateLimit) -> None:
    try:
        request = decode_request(frame)
    except MalformedMessage:
        engine.misbehaved(client, _UNREADABLE)
        return
    if isinstance(request, Trickle):
        rate_limit.give_back(1 - limits.CANDIDATE_COST)
    engine.received(client, request)
