"""The page's calls (docs/page-api.md): read, let the limiter look, call the service, render."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.errors import InputInvalid, PayloadTooLarge
from moothall.features.assembly import Features
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import address_key
from moothall.meeting.assembly import Meeting
from moothall.meeting.errors import HostLinkInvalid, MeetingRefused, MeetingUnknown, NotPermitted
from moothall.meeting.outcome import Denied, Dismissed, Embedders, JoinTicket, Lookup, Wait
from moothall.page.commands import Command
from moothall.page.errors import EXPECTED, SlowDown, render
from moothall.page.limiter import PageRateLimits
from moothall.page.schemas import (
    AnswerBody,
    FeedBody,
    JoinBody,
    LobbyBody,
    LookupBody,
    MessageBody,
    WaitingNameBody,
    render_check_ticket,
    render_lobby_entry,
    render_lookup,
    render_reading,
    render_ticket,
    render_wait,
    render_waiting,
)
from moothall.sessions.model import Role

T = TypeVar("T", Lookup, JoinTicket | Wait, Embedders)
Body = TypeVar("Body", bound=BaseModel)

_NO_STORE = {"cache-control": "no-store"}
# Calls with a token in their body: whoever makes them is limited once that has been read.
_TOKEN_IN_BODY = frozenset({"/page/join", "/page/waiting", "/page/waiting-name"})
# Guesses of one address go one after the other, so that none is made before the last has been
# counted. Addresses share turnstiles.
_TURNSTILES = 64


class PageCalls:
    def __init__(self, meeting: Meeting, features: Features, clock: Clock) -> None:
        self._meeting = meeting
        self._features = features
        self._clock = clock
        self._limiter = PageRateLimits()
        self._turnstiles = [asyncio.Lock() for _ in range(_TURNSTILES)]

    async def lookup(self, request: Request) -> Response:
        return await self._answer(request, self._lookup)

    async def check(self, request: Request) -> Response:
        return await self._answer(request, self._check)

    async def join(self, request: Request) -> Response:
        return await self._answer(request, self._join)

    async def end(self, request: Request) -> Response:
        return await self._answer(request, self._end)

    async def waiting(self, request: Request) -> Response:
        return await self._answer(request, self._waiting)

    async def waiting_name(self, request: Request) -> Response:
        return await self._answer(request, self._waiting_name)

    async def waiting_list(self, request: Request) -> Response:
        return await self._answer(request, self._waiting_list)

    async def admit(self, request: Request) -> Response:
        return await self._answer(request, self._admit)

    async def deny(self, request: Request) -> Response:
        return await self._answer(request, self._deny)

    async def say(self, request: Request) -> Response:
        return await self._answer(request, self._say)

    async def read_feed(self, request: Request) -> Response:
        return await self._answer(request, self._read_feed)

    async def command(self, command: Command, request: Request) -> Response:
        return await self._answer(request, partial(self._command, command))

    async def find_embedders(
        self, request: Request, meeting_code: str, participant_token: str | None
    ) -> tuple[str, ...]:
        """Return the domains that may show this meeting in a frame; none where there is no meeting.

        It counts as a lookup, because the answer may tell that a code exists. Raises SlowDown and
        what an unreachable database raises.
        """
        seconds = self._limiter.wait_for_any(_address(request), self._clock.monotonic())
        if seconds:
            raise SlowDown(seconds)
        self._limit_person(request, None)
        try:
            body = LookupBody(meeting_code=meeting_code, participant_token=participant_token)
            found = await self._guess(
                request, body, lambda: self._meeting.entry.find_embedders(body.meeting_code, body.participant_token)
            )
        except (ValidationError, MeetingRefused):
            return ()
        return found.domains

    async def _command(self, command: Command, request: Request) -> Response:
        token = _control_token(request)
        body = None if command.body is None else await _read(request, command.body)
        caller = await self._meeting.access.identify(token)
        await command.act(self._features, caller, body)
        return Response(status_code=204, headers=_NO_STORE)

    async def _lookup(self, request: Request) -> Response:
        body = await _read(request, LookupBody)
        found = await self._guess(
            request, body, lambda: self._meeting.entry.lookup(body.meeting_code, body.participant_token)
        )
        return JSONResponse(render_lookup(found), headers=_NO_STORE)

    async def _check(self, request: Request) -> Response:
        """Only for people with the code of a meeting: the server's bandwidth is for nobody else."""
        body = await _read(request, LookupBody)
        await self._guess(request, body, lambda: self._meeting.entry.lookup(body.meeting_code, body.participant_token))
        return JSONResponse(render_check_ticket(self._features.checks.open(_address(request))), headers=_NO_STORE)

    async def _join(self, request: Request) -> Response:
        body = await self._read_with_token(request, JoinBody)
        person = await self._meeting.entry.find_returning(body.meeting_code, body.rejoin_token)
        self._limit_person(request, person)
        joined = await self._guess(
            request,
            body,
            lambda: self._meeting.entry.join(
                body.meeting_code,
                body.participant_token,
                body.name,
                body.rejoin_token,
                lobby_token=body.lobby_token,
                address=_address(request),
            ),
            knows_code=person is not None,
        )
        if isinstance(joined, Wait):
            return JSONResponse(render_lobby_entry(joined), 202, headers=_NO_STORE)
        return JSONResponse(render_ticket(joined), headers=_NO_STORE)

    async def _end(self, request: Request) -> Response:
        await self._meeting.moderation.end_as(_control_token(request))
        return Response(status_code=204, headers=_NO_STORE)

    async def _waiting(self, request: Request) -> Response:
        body = await self._read_with_token(request, LobbyBody)
        self._limit_person(request, body.lobby_token if self._meeting.lobby.is_waiting(body.lobby_token) else None)
        match await self._meeting.lobby.ask(body.lobby_token):
            case JoinTicket() as ticket:
                answer = {"status": "admitted", **render_ticket(ticket)}
            case Wait() as wait:
                answer = render_wait(wait)
            case Denied(retry_after):
                answer = {"status": "denied", "retry_after": retry_after}
            case Dismissed():
                answer = {"status": "ended"}
        return JSONResponse(answer, headers=_NO_STORE)

    async def _waiting_name(self, request: Request) -> Response:
        body = await self._read_with_token(request, WaitingNameBody)
        self._limit_person(request, body.lobby_token if self._meeting.lobby.is_waiting(body.lobby_token) else None)
        return JSONResponse({"name": await self._meeting.lobby.rename(body.lobby_token, body.name)}, headers=_NO_STORE)

    async def _waiting_list(self, request: Request) -> Response:
        people = await self._meeting.lobby.list_for(_control_token(request))
        return JSONResponse(render_waiting(people), headers=_NO_STORE)

    async def _admit(self, request: Request) -> Response:
        return await self._answer_waiting(request, admit=True)

    async def _deny(self, request: Request) -> Response:
        return await self._answer_waiting(request, admit=False)

    async def _answer_waiting(self, request: Request, *, admit: bool) -> Response:
        token = _control_token(request)
        body = await _read(request, AnswerBody)
        await self._meeting.lobby.answer_as(token, body.participant_id, admit=admit)
        return Response(status_code=204, headers=_NO_STORE)

    async def _say(self, request: Request) -> Response:
        token = _control_token(request)
        body = await _read(request, MessageBody)
        message = await self._meeting.chat.say(token, body.message, address=_address(request))
        return JSONResponse(message, 201, headers=_NO_STORE)

    async def _read_feed(self, request: Request) -> Response:
        token = _control_token(request)
        body = await _read(request, FeedBody)
        reading = await self._meeting.feeds.read(token, body.feed, body.after)
        return JSONResponse(render_reading(reading), headers=_NO_STORE)

    async def _answer(self, request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        seconds = self._limiter.wait_for_any(_address(request), self._clock.monotonic())
        if seconds:
            return render(SlowDown(seconds))
        try:
            if request.url.path not in _TOKEN_IN_BODY:
                self._limit_person(request, self._find_person(request))
            return await call(request)
        except (SlowDown, *EXPECTED) as error:
            return render(error)

    def _find_person(self, request: Request) -> str | None:
        """Whose call it is: the participant id in a control token; None without a valid one."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._meeting.access.parse(token) if scheme.lower() == "bearer" else None
        return None if claims is None else claims.participant_id

    def _limit_person(self, request: Request, person: str | None) -> None:
        """Count a call against the person who may make it, or else against the address.

        Raises SlowDown.
        """
        now = self._clock.monotonic()
        seconds = self._limiter.wait_for_person(_address(request), person, now)
        if seconds:
            raise SlowDown(seconds)

    async def _read_with_token(self, request: Request, model: type[Body]) -> Body:
        """Read a body that may say whose call it is. One that cannot be read is the address's.

        Raises InputInvalid, PayloadTooLarge, SlowDown.
        """
        try:
            return await _read(request, model)
        except (InputInvalid, PayloadTooLarge):
            self._limit_person(request, None)
            raise

    async def _guess(
        self,
        request: Request,
        body: LookupBody,
        question: Callable[[], Awaitable[T]],
        *,
        knows_code: bool = False,
    ) -> T:
        """Ask the meeting, and count a wrong code or link.

        Somebody who has to wait gets nothing but that for an answer, so that a right guess looks
        like a wrong one; except the host, whose link nobody can guess. ``knows_code``: a token
        says that the caller has been in this meeting.
        """
        address = _address(request)
        code = body.meeting_code
        with_token = body.participant_token is not None
        if knows_code and not with_token:
            return await question()
        async with self._turnstiles[hash(address_key(address)) % _TURNSTILES]:
            seconds = self._limiter.wait_for_guess(address, code, self._clock.monotonic(), with_token=with_token)
            try:
                answer = await question()
            except (MeetingUnknown, HostLinkInvalid) as error:
                if seconds:
                    raise SlowDown(seconds) from None
                exists = isinstance(error, HostLinkInvalid)
                self._limiter.was_wrong(address, code, self._clock.monotonic(), code_exists=exists)
                raise
            except MeetingRefused:
                # A link is checked before all else, so with a token this was the host.
                if seconds and not with_token:
                    raise SlowDown(seconds) from None
                raise
        if seconds and answer.role is not Role.OWNER:
            raise SlowDown(seconds)
        return answer


async def _read(request: Request, model: type[Body]) -> Body:
    """Raises InputInvalid, PayloadTooLarge."""
    # A foreign page could post anything simpler from its visitors' browsers, without asking, and
    # use up their guesses.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        text = "The request body must be application/json"
        raise InputInvalid(text, errors=[text])
    return await read_body(request, model)


def _control_token(request: Request) -> str:
    """Raises NotPermitted when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotPermitted
    return token


def _address(request: Request) -> str:
    """Return the IP address of the client.

    Behind trusted proxies the HTTP server has replaced it by the address they report; no header is
    read here.
    """
    return request.client.host if request.client is not None else ""
