"""The two calls of ``/themes`` that need the rooms of a theme."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from moothall.api.call import AuthenticatedCall
from moothall.api.page_parameters import RequestedPage
from moothall.api.paging import render_page
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import documented_errors
from moothall.api.responses import json_response
from moothall.rooms import schemas, theme_service
from moothall.rooms.rendering import RoomRenderer

router = APIRouter(prefix=f"{API_PREFIX}/themes", tags=["Themes"])


@router.get(
    "/{theme_id}/rooms",
    operation_id="list_rooms_of_theme",
    summary="List the rooms with a theme",
    description="Rooms with this theme of their own, in order of creation, including ended ones.",
    response_model=schemas.RoomPage,
    responses=documented_errors(400, 401, 404),
)
async def list_rooms_of_theme(
    call: AuthenticatedCall, request: Request, theme_id: str, page: RequestedPage
) -> Response:
    rooms = await call.database.read(
        lambda connection: theme_service.list_rooms_of_theme(connection, call.application_id, theme_id, page)
    )
    render = RoomRenderer(call.base_url, call.secrets.host_token, call.now)
    url = call.base_url + request.scope["path"]
    return json_response(render_page(url, page, rooms, render))


@router.delete(
    "/{theme_id}",
    operation_id="delete_theme",
    summary="Delete a theme",
    description="A theme in use, by rooms that have not ended or as the application's default, is deleted only with "
    "`force`, which removes it from them; `errors` lists its users.",
    status_code=204,
    response_class=Response,
    responses=documented_errors(400, 401, 404),
)
async def delete_theme(
    call: AuthenticatedCall,
    theme_id: str,
    force: Annotated[bool, Query(description="Delete the theme even if it is in use.")] = False,
) -> Response:
    await call.database.write_long(
        lambda connection: theme_service.delete_theme(
            connection, call.application_id, theme_id, force=force, now=call.now
        )
    )
    return Response(status_code=204)
