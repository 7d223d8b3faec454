"""``/rooms`` of the Meetings API."""

import unicodedata
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from moothall.api.body import read_body
from moothall.api.call import AuthenticatedCall
from moothall.api.etags import check_if_match, if_unchanged, tagged, tagged_change, unless_known
from moothall.api.fields import LINE_PATTERN
from moothall.api.page_parameters import RequestedPage
from moothall.api.paging import DEFAULT_PAGE_SIZE, render_page
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import documented_body, documented_errors
from moothall.api.responses import json_response
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.rooms import model, schemas, service
from moothall.rooms.model import RoomChoice, RoomOrder, RoomState, RoomType
from moothall.rooms.rendering import RoomRenderer

router = APIRouter(prefix=f"{API_PREFIX}/rooms", tags=["Rooms"])

_CREATE_EXAMPLES = {
    "instant": {"summary": "An instant room", "value": {"display_name": "Stand-up"}},
    "long_term": {
        "summary": "A long-term room",
        "value": {
            "display_name": "Weekly",
            "type": "long_term",
            "expires_at": "2027-01-31T12:00:00.000Z",
            "join_approval_level": "after_owner_only",
            "initial_join_options": {"microphone_state": "off"},
        },
    },
}
_UPDATE_EXAMPLES = {
    "postpone": {
        "summary": "Move the end of the room",
        "value": {"update_details": {"expires_at": "2027-02-28T12:00:00.000Z"}},
    }
}

_Name = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=model.MAX_DISPLAY_NAME,
        pattern=LINE_PATTERN,
        description="Only rooms with this text in their `display_name`. The case of the letters A to Z does not matter.",
        examples=["Weekly"],
    ),
]


@router.get(
    "",
    operation_id="list_rooms",
    summary="List rooms",
    description="The application's rooms in order of creation, including ended ones. The parameters `name`, `type`, `state` and "
    "`sort` are additions to the original; the links of the answer repeat them.",
    response_model=schemas.RoomPage,
    responses=documented_errors(400, 401),
)
async def list_rooms(
    call: AuthenticatedCall,
    request: Request,
    page: RequestedPage,
    *,
    name: _Name = None,
    room_type: Annotated[RoomType | None, Query(alias="type", description="Only rooms of this type.")] = None,
    state: Annotated[RoomState | None, Query(description="Only rooms that are open, or have ended.")] = None,
    sort: Annotated[RoomOrder, Query(description="Which rooms come first.")] = RoomOrder.OLDEST,
) -> Response:
    choice = RoomChoice(None if name is None else unicodedata.normalize("NFC", name), room_type, state, sort)
    if choice == RoomChoice():
        look_up = call.database.peek if page.page_size <= DEFAULT_PAGE_SIZE else call.database.read
        rooms = await look_up(lambda connection: service.list_rooms(connection, call.application_id, page))
    else:
        rooms = await call.database.read(
            lambda connection: service.list_chosen_rooms(connection, call.application_id, page, choice)
        )
    render = RoomRenderer(call.base_url, call.secrets.host_token, call.now)
    url = call.base_url + request.scope["path"]
    given = {"name": name, "type": room_type, "state": state, "sort": sort if sort is RoomOrder.NEWEST else None}
    repeated = {key: str(value) for key, value in given.items() if value is not None}
    return json_response(render_page(url, page, rooms, render, repeated))


@router.post(
    "",
    operation_id="create_room",
    summary="Create a room",
    description=f"An application can have at most {model.MAX_ROOMS} rooms that have not ended.",
    status_code=201,
    response_model=schemas.Room,
    responses=documented_errors(400, 401, 403, 409, 413, 422),
    openapi_extra=repeatable(documented_body(schemas.CreateRoom, _CREATE_EXAMPLES)),
)
async def create_room(call: AuthenticatedCall, request: Request) -> Response:
    body = await read_body(request, schemas.CreateRoom)
    render = RoomRenderer(call.base_url, call.secrets.host_token, call.now)
    return await Once.of(request, call.application_id, call.now, body).write(
        lambda connection: service.create_room(
            connection,
            call.application_id,
            display_name=body.display_name,
            room_type=body.type or RoomType.INSTANT,
            expires_at=body.expires_at,
            options=body.options(),
            now=call.now,
        ),
        lambda room: tagged_change(render(room), 201),
    )


@router.get(
    "/{room_id}",
    operation_id="get_room",
    summary="Get a room",
    description="With `If-None-Match` and the `ETag` of an earlier answer: 304 if nothing has changed.",
    response_model=schemas.Room,
    responses={304: {"description": "The room has not changed."}, **documented_errors(401, 404)},
    openapi_extra=unless_known(),
)
async def get_room(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
    room = await call.database.peek(lambda connection: service.get_room(connection, call.application_id, room_id))
    return tagged(request, RoomRenderer(call.base_url, call.secrets.host_token, call.now)(room))


@router.patch(
    "/{room_id}",
    operation_id="update_room",
    summary="Update a long-term room",
    description="`update_options` is accepted as a synonym of `update_details`. Instant rooms cannot be updated. "
    "With `If-Match` and the `ETag` of an answer, the update is refused if the room has changed since.",
    response_model=schemas.Room,
    responses=documented_errors(400, 401, 404, 412, 413),
    openapi_extra=if_unchanged(documented_body(schemas.UpdateRoom, _UPDATE_EXAMPLES)),
)
async def update_room(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
    body = await read_body(request, schemas.UpdateRoom)
    changes = body.update_details.given()
    render = RoomRenderer(call.base_url, call.secrets.host_token, call.now)

    room = await call.database.write(
        lambda connection: service.update_room(
            connection,
            call.application_id,
            room_id,
            changes,
            call.now,
            check=lambda room: check_if_match(request, lambda: render(room)),
        )
    )
    return tagged_change(render(room))
