"""The page's calls (docs/page-api.md): read, let the limiter look, call the service, render."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.errors import InputInvalid
from moothall.kit.allowances import address_key
from moothall.kit.clock import Clock
from moothall.meeting.chat import render_packet
from moothall.meeting.errors import HostLinkInvalid, MeetingRefused, MeetingUnknown, NotPermitted
from moothall.meeting.service import Denied, Lookup, MeetingService, Ticket, Wait
from moothall.page.errors import EXPECTED, SlowDown, render
from moothall.page.limiter import GuessLimiter
from moothall.page.schemas import (
    AnswerBody,
    HistoryBody,
    JoinBody,
    LookupBody,
    MessageBody,
    WaitingBody,
    render_history,
    render_lookup,
    render_ticket,
    render_wait,
    render_waiting,
)
from moothall.sessions.model import Role

T = TypeVar("T", Lookup, Ticket | Wait)
Body = TypeVar("Body", bound=BaseModel)

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

    async def waiting(self, request: Request) -> Response:
        return await self._answer(request, self._waiting)

    async def waiting_list(self, request: Request) -> Response:
        return await self._answer(request, self._waiting_list)

    async def admit(self, request: Request) -> Response:
        return await self._answer(request, self._admit)

    async def deny(self, request: Request) -> Response:
        return await self._answer(request, self._deny)

    async def say(self, request: Request) -> Response:
        return await self._answer(request, self._say)

    async def chat_history(self, request: Request) -> Response:
        return await self._answer(request, self._chat_history)

    async def _lookup(self, request: Request) -> Response:
        body = await _read(request, LookupBody)
        found = await self._guess(
            request, body, lambda: self._meeting.lookup(body.meeting_code, body.participant_token)
        )
        return JSONResponse(render_lookup(found), headers=_NO_STORE)

    async def _join(self, request: Request) -> Response:
        body = await _read(request, JoinBody)
        joined = await self._guess(
            request,
            body,
            lambda: self._meeting.join(body.meeting_code, body.participant_token, body.name, body.control_token),
        )
        if isinstance(joined, Wait):
            return JSONResponse({**render_wait(joined), "waiting_token": joined.token}, 202, headers=_NO_STORE)
        return JSONResponse(render_ticket(joined), headers=_NO_STORE)

    async def _end(self, request: Request) -> Response:
        await self._meeting.end_for_all(_control_token(request))
        return Response(status_code=204, headers=_NO_STORE)

    async def _waiting(self, request: Request) -> Response:
        body = await _read(request, WaitingBody)
        match await self._meeting.ask_waiting(body.waiting_token):
            case Ticket() as ticket:
                answer = {"status": "admitted", **render_ticket(ticket)}
            case Wait() as wait:
                answer = render_wait(wait)
            case Denied():
                answer = {"status": "denied"}
        return JSONResponse(answer, headers=_NO_STORE)

    async def _waiting_list(self, request: Request) -> Response:
        people = await self._meeting.waiting_list(_control_token(request))
        return JSONResponse(render_waiting(people), headers=_NO_STORE)

    async def _admit(self, request: Request) -> Response:
        return await self._answer_waiting(request, yes=True)

    async def _deny(self, request: Request) -> Response:
        return await self._answer_waiting(request, yes=False)

    async def _answer_waiting(self, request: Request, *, yes: bool) -> Response:
        token = _control_token(request)
        body = await _read(request, AnswerBody)
        await self._meeting.answer_waiting(token, body.participant_id, yes=yes)
        return Response(status_code=204, headers=_NO_STORE)

    async def _say(self, request: Request) -> Response:
        token = _control_token(request)
        body = await _read(request, MessageBody)
        message = await self._meeting.chat.say(token, body.message)
        return JSONResponse(render_packet(message), 201, headers=_NO_STORE)

    async def _chat_history(self, request: Request) -> Response:
        token = _control_token(request)
        body = await _read(request, HistoryBody)
        history = await self._meeting.chat.history(token, body.after)
        return JSONResponse(render_history(history), headers=_NO_STORE)

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


def _control_token(request: Request) -> str:
    """Raises NotPermitted when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotPermitted
    return token


def _address(request: Request) -> str:
    """Who is asking. Behind trusted proxies the HTTP server has replaced it by the address they report; no header is read here."""
    return request.client.host if request.client is not None else ""
