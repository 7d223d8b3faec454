"""The page's calls (docs/page-api.md): read, let the limiter look, call the service, render."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.errors import InputInvalid
from moothall.kit.clock import Clock
from moothall.meeting.errors import HostLinkInvalid, MeetingRefused, MeetingUnknown, NotPermitted
from moothall.meeting.service import Lookup, MeetingService, Ticket
from moothall.page.errors import EXPECTED, SlowDown, render
from moothall.page.limiter import GuessLimiter, address_key
from moothall.page.schemas import JoinBody, LookupBody, render_lookup, render_ticket
from moothall.sessions.model import Role

T = TypeVar("T", Lookup, Ticket)
Body = TypeVar("Body", bound=LookupBody)

_NO_STORE = {"cache-control": "no-store"}
# Guesses of one address go one after the other, so that none is made before the last has been counted. Addresses share turnstiles.
_TURNSTILES = 64


class PageCalls:
    def __init__(self, meeting: MeetingService, clock: Clock) -> None:
        self._meeting = meeting
        self._clock = clock
        self._limiter = GuessLimiter()
        self._turnstiles = [asyncio.Lock() for _ in range(_TURNSTILES)]

    async def lookup(self, request: Request) -> Response:
        return await self._answer(request, self._lookup)

    async def join(self, request: Request) -> Response:
        return await self._answer(request, self._join)

    async def end(self, request: Request) -> Response:
        return await self._answer(request, self._end)

    async def _lookup(self, request: Request) -> Response:
        body = await _read(request, LookupBody)
        found = await self._guess(
            request, body, lambda: self._meeting.lookup(body.meeting_code, body.participant_token)
        )
        return JSONResponse(render_lookup(found), headers=_NO_STORE)

    async def _join(self, request: Request) -> Response:
        body = await _read(request, JoinBody)
        ticket = await self._guess(
            request, body, lambda: self._meeting.join(body.meeting_code, body.participant_token, body.name)
        )
        return JSONResponse(render_ticket(ticket), headers=_NO_STORE)

    async def _end(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotPermitted
        await self._meeting.end_for_all(token)
        return Response(status_code=204, headers=_NO_STORE)

    async def _answer(self, request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        seconds = self._limiter.wait_for_request(_address(request), self._clock.monotonic())
        if seconds:
            return render(SlowDown(seconds))
        try:
            return await call(request)
        except (SlowDown, *EXPECTED) as error:
            return render(error)

    async def _guess(self, request: Request, body: LookupBody, question: Callable[[], Awaitable[T]]) -> T:
        """Ask the meeting, and count a wrong code or link.

        Somebody who has to wait gets nothing but that for an answer, so that a right guess looks like a wrong one; except the host, whose link
        nobody can guess.
        """
        address = _address(request)
        code = body.meeting_code
        with_token = body.participant_token is not None
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
    # A foreign page could post anything simpler from its visitors' browsers, without asking, and use up their guesses.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        text = "The request body must be application/json"
        raise InputInvalid(text, errors=[text])
    return await read_body(request, model)


def _address(request: Request) -> str:
    """Who is asking. Behind trusted proxies the HTTP server has replaced it by the address they report; no header is read here."""
    return request.client.host if request.client is not None else ""
