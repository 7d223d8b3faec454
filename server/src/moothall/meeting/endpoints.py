"""``/rooms/{room_id}/live``.

Additions to the original API, to see and moderate a running meeting from the application's server.
"""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import AuthenticatedCall
from moothall.api.errors import NotFound, shown
from moothall.api.paging import MAX_SERIAL, render_log
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_body, documented_errors
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.meeting import schemas
from moothall.meeting.errors import LobbyEntryUnknown, ParticipantUnknown
from moothall.meeting.live import LiveRooms
from moothall.meeting.tickets import TOKENS_ARE_DEAD

_MINUTES = round(TOKENS_ARE_DEAD.total_seconds() / 60)
_MUTE_EXAMPLES = {"audio": {"summary": "Silence somebody", "value": {"tracks": "audio"}}}
_MAX_LIMIT = 500

T = TypeVar("T")
ParticipantId = Annotated[str, Path(min_length=1, max_length=64)]


def live_router(live: LiveRooms) -> APIRouter:
    router = APIRouter(prefix=f"{API_PREFIX}/rooms/{{room_id}}/live", tags=["Additions"])

    @router.get(
        "",
        operation_id="get_live_room",
        summary="See a running meeting",
        description=addition(
            "The session that goes on, who is connected with which tracks, and who waits to be let in."
        ),
        response_model=schemas.LiveRoomBody,
        responses=documented_errors(401, 404),
    )
    async def get_live_room(call: AuthenticatedCall, room_id: str) -> Response:
        return JSONResponse(schemas.render_live_room(await live.get(call.application_id, room_id)))

    @router.post(
        "/end",
        operation_id="end_live_session",
        summary="End the session for everybody",
        description=addition(
            "Everybody is disconnected. The room stays open: who has its link can begin another session."
        ),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 422),
        openapi_extra=repeatable(),
    )
    async def end_live_session(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(live.end(call.application_id, room_id))
        )

    @router.post(
        "/participants/{participant_id}/remove",
        operation_id="remove_participant",
        summary="Remove a participant",
        description=addition(
            f"The participant is disconnected and cannot come back as the same participant for {_MINUTES} minutes. "
            "Who joins anew, in another browser, is a new participant: let guests wait for approval to keep somebody out."
        ),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 422),
        openapi_extra=repeatable(),
    )
    async def remove_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(live.remove(call.application_id, room_id, participant_id), participant_id)
        )

    @router.post(
        "/participants/{participant_id}/mute",
        operation_id="mute_participant",
        summary="Mute a participant",
        description=addition("Nobody's microphone or camera can be opened from afar: there is no opposite of this."),
        response_model=schemas.MutedBody,
        responses=documented_errors(400, 401, 404, 409, 413, 422),
        openapi_extra=repeatable(documented_body(schemas.MuteBody, _MUTE_EXAMPLES)),
    )
    async def mute_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        body = await read_body(request, schemas.MuteBody)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _count(live.mute(call.application_id, room_id, participant_id, body.tracks), participant_id)
        )

    @router.post(
        "/waiting/{participant_id}/admit",
        operation_id="admit_participant",
        summary="Let somebody in who waits",
        description=addition("Where the room's `join_approval_level` makes guests wait."),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 422),
        openapi_extra=repeatable(),
    )
    async def admit_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(live.answer_waiting(call.application_id, room_id, participant_id, admit=True), participant_id)
        )

    @router.post(
        "/waiting/{participant_id}/deny",
        operation_id="deny_participant",
        summary="Turn somebody away who waits",
        description=addition(
            "The guest is told so, and may ask again twice, a minute after each answer; the third is final."
        ),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 422),
        openapi_extra=repeatable(),
    )
    async def deny_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(
                live.answer_waiting(call.application_id, room_id, participant_id, admit=False), participant_id
            )
        )

    return router


def live_sessions_router(live: LiveRooms) -> APIRouter:
    router = APIRouter(prefix=f"{API_PREFIX}/live", tags=["Additions"])

    @router.get(
        "",
        operation_id="list_live_sessions",
        summary="List the sessions that go on",
        description=addition(
            "The sessions of all rooms, in the order of their start. Keep `after` from the answer and send it with the "
            "next request. A room in which people only wait has no session yet."
        ),
        response_model=schemas.LiveMeetingsBody,
        responses=documented_errors(400, 401),
    )
    async def list_live_sessions(
        call: AuthenticatedCall,
        after: Annotated[
            int, Query(ge=0, le=MAX_SERIAL, description="`after` of the answer before this one; 0: the first.")
        ] = 0,
        limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT, description="Maximum number of items.")] = 100,
    ) -> Response:
        found = await live.list(call.application_id, after=after, limit=limit + 1)
        return JSONResponse(
            render_log(
                found,
                after=after,
                limit=limit,
                position=lambda meeting: meeting.live.session.serial,
                render=schemas.render_live_meeting,
            )
        )

    return router


async def _done(command: Awaitable[None], participant_id: str = "") -> Response:
    await _translated(command, participant_id)
    return Response(status_code=204)


async def _count(muting: Awaitable[int], participant_id: str) -> Response:
    return JSONResponse({"muted": await _translated(muting, participant_id)})


async def _translated(command: Awaitable[T], participant_id: str) -> T:
    """The one place where the errors of ``meeting/`` become those of the API."""
    try:
        return await command
    except ParticipantUnknown:
        raise NotFound(f"Participant {shown(participant_id)} is not in this room") from None
    except LobbyEntryUnknown:
        raise NotFound(f"Participant {shown(participant_id)} does not wait in this room") from None
