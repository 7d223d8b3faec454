"""Sessions of a room and their attendance: additions to the original API."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.call import AuthenticatedCall
from moothall.api.page_parameters import RequestedPage
from moothall.api.paging import render_page
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.sessions import attendance, schemas

router = APIRouter(prefix=f"{API_PREFIX}/rooms/{{room_id}}/sessions", tags=["Additions"])


@router.get(
    "",
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
    "/{session_id}/participants",
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
