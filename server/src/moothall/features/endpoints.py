"""``/rooms/{room_id}/live``: what people in a running meeting share.

Additions to the original API. The commands are a table, ``live_commands.COMMANDS``.
"""

from collections.abc import Awaitable

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import AuthenticatedCall, Call
from moothall.api.errors import Conflict, NotFound, TooManyRequests, shown
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_body, documented_errors
from moothall.features import schemas
from moothall.features.assembly import Features
from moothall.features.live_commands import COMMANDS, LiveCommand
from moothall.features.live_state import render_state
from moothall.feeds.model import STATE, FeedFull
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.meeting.access import Application
from moothall.meeting.endpoints import ParticipantId
from moothall.meeting.errors import MessageUnknown, ParticipantUnknown, SessionUnknown, TooFast
from moothall.meeting.feeds import Feeds
from moothall.rooms import service as rooms


def features_router(features: Features, feeds: Feeds) -> APIRouter:
    router = APIRouter(prefix=f"{API_PREFIX}/rooms/{{room_id}}/live", tags=["Additions"])

    @router.get(
        "/state",
        operation_id="get_live_state",
        summary="See what a running meeting shares",
        description=addition("Empty while nobody is in the room: it ends with the session."),
        response_model=schemas.LiveStateBody,
        responses=documented_errors(401, 404),
    )
    async def get_live_state(call: AuthenticatedCall, room_id: str) -> Response:
        room = await _find(call, room_id)
        return JSONResponse(render_state(await feeds.find(room.room_id, feed=STATE, prefix="")))

    for command in COMMANDS:
        _add_command(router, features, command)
    return router


def _add_command(router: APIRouter, features: Features, command: LiveCommand) -> None:
    async def carry_out(call: Call, request: Request, room_id: str, participant_id: str = "") -> Response:
        body = None if command.body is None else await read_body(request, command.body)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(command.act(features, room, participant_id, body), room_id, participant_id, body)
        )

    async def to_meeting(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        return await carry_out(call, request, room_id)

    async def to_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        return await carry_out(call, request, room_id, participant_id)

    documented = (
        {}
        if command.body is None
        else documented_body(command.body, {"example": {"summary": command.summary, "value": command.example}})
    )
    router.add_api_route(
        command.path,
        to_participant if "{participant_id}" in command.path else to_meeting,
        methods=["POST"],
        operation_id=command.name,
        summary=command.summary,
        description=addition(command.description),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, *(() if command.body is None else (413,)), 422),
        openapi_extra=repeatable(documented),
    )


async def _find(call: Call, room_id: str) -> Application:
    """The application as it commands in this room of its own. Raises NotFound."""
    room = await call.database.read(lambda connection: rooms.get_room(connection, call.application_id, room_id))
    return Application(room.id)


async def _done(command: Awaitable[object], room_id: str, participant_id: str, body: BaseModel | None) -> Response:
    """The one place where the errors of features become those of the API."""
    try:
        await command
    except SessionUnknown:
        raise NotFound(f"Nobody is in room {shown(room_id)}") from None
    except ParticipantUnknown:
        raise NotFound(f"Participant {shown(participant_id)} is not in this room") from None
    except MessageUnknown:
        raise NotFound(f"There is no chat message {getattr(body, 'number', None)} in this session") from None
    except TooFast as error:
        raise TooManyRequests("This was asked a moment ago", retry_after=error.retry_after) from None
    except FeedFull:
        raise Conflict("There is no room for more in this meeting") from None
    return Response(status_code=204)
