"""Sessions of a room and their attendance: additions to the original API."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.call import AuthenticatedCall
from moothall.api.fields import LINE_PATTERN
from moothall.api.page_parameters import RequestedPage
from moothall.api.paging import MAX_SERIAL, render_log, render_page
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.sessions import attendance, schemas, store

_MAX_LIMIT = 500
router = APIRouter(tags=["Additions"])
_OF_A_ROOM = f"{API_PREFIX}/rooms/{{room_id}}/sessions"


@router.get(
    f"{API_PREFIX}/sessions",
    operation_id="list_all_sessions",
    summary="List the sessions of all rooms",
    description=addition(
        "The newest first. Keep `after` from the answer and send it with the next request. Sessions stay in the list "
        "when their room is deleted."
    ),
    response_model=schemas.SessionsBody,
    responses=documented_errors(400, 401),
)
async def list_all_sessions(
    call: AuthenticatedCall,
    room_id: Annotated[str | None, Query(max_length=64, pattern=LINE_PATTERN)] = None,
    after: Annotated[
        int, Query(ge=0, le=MAX_SERIAL, description="`after` of the answer before this one; 0: the newest.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT, description="Maximum number of items.")] = 100,
) -> Response:
    found = await call.database.read(
        partial(
            store.newest_sessions,
            application_id=call.application_id,
            room_id=None if room_id is None else room_id.lower(),
            after=after,
            limit=limit + 1,
        )
    )
    return JSONResponse(
        render_log(
            found,
            after=after,
            limit=limit,
            position=lambda session: session.serial,
            render=lambda session: schemas.render_session(session, call.now),
        )
    )


@router.get(
    _OF_A_ROOM,
    operation_id="list_sessions",
    summary="List the sessions of a room",
    description=addition("A session lasts from the first join to the last leave; the list is in order of start."),
    response_model=schemas.SessionPage,
    responses=documented_errors(400, 401, 404),
)
async def list_sessions(call: AuthenticatedCall, request: Request, room_id: str, page: RequestedPage) -> Response:
    sessions = await call.database.read(
        lambda connection: attendance.page_of_sessions(connection, call.application_id, room_id, page)
    )
    url = call.base_url + request.scope["path"]
    return JSONResponse(render_page(url, page, sessions, lambda session: schemas.render_session(session, call.now)))


@router.get(
    f"{_OF_A_ROOM}/{{session_id}}/participants",
    operation_id="list_session_participants",
    summary="List the attendance of a session",
    description=addition("Every stay, in order of joining. A participant who leaves and comes back has two."),
    response_model=schemas.AttendancePage,
    responses=documented_errors(400, 401, 404),
)
async def list_session_participants(
    call: AuthenticatedCall, request: Request, room_id: str, session_id: str, page: RequestedPage
) -> Response:
    stays = await call.database.read(
        lambda connection: attendance.page_of_participants(connection, call.application_id, room_id, session_id, page)
    )
    url = call.base_url + request.scope["path"]
    return JSONResponse(render_page(url, page, stays, lambda stay: schemas.render_attendance(stay, call.now)))
