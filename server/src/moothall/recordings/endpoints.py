"""``/recordings`` and ``/sessions/{id}/recordings`` of the Meetings API, and the files."""

import asyncio
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from moothall.api.call import ApiContext, AuthenticatedCall, Call
from moothall.api.errors import Forbidden, NotFound
from moothall.api.fields import LINE_PATTERN
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.kit.clock import render_dates
from moothall.kit.keys import derive_key
from moothall.recordings import schemas, service, store
from moothall.recordings.files import recording_files_in
from moothall.recordings.links import RECORDING_PATH, is_valid, recording_url
from moothall.recordings.model import MEDIA_TYPES, Recording, RecordingStatus
from moothall.settings import ServerSecrets

router = APIRouter(prefix=API_PREFIX, tags=["Recordings"])
files_router = APIRouter(tags=["Recordings"])

_FILE_HEADERS = {
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    # The link grants access, so pages of the application may embed the file.
    "cross-origin-resource-policy": "cross-origin",
}
_RANGE_NOT_SATISFIABLE = 416
_MAX_LIMIT = 500


@router.get(
    "/recordings",
    tags=["Additions"],
    operation_id="list_all_recordings",
    summary="List the recordings of all sessions",
    description=addition("The newest first. Keep `after` from the answer and send it with the next request."),
    response_model=schemas.AllRecordings,
    responses=documented_errors(400, 401),
)
async def list_all_recordings(
    call: AuthenticatedCall,
    after: Annotated[str | None, Query(max_length=64, pattern=LINE_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_LIMIT, description="Maximum number of items.")] = 100,
) -> Response:
    found = await call.database.read(
        partial(store.newest_recordings, application_id=call.application_id, after=after, limit=limit + 1)
    )
    shown = found[:limit]
    return JSONResponse(
        {
            "_embedded": [{**_render(recording, call), "room_id": recording.room_id} for recording in shown],
            "after": shown[-1].id if shown else after,
            "has_more": len(found) > limit,
        }
    )


@router.get(
    "/recordings/{recording_id}",
    operation_id="get_recording",
    summary="Get a recording",
    response_model=schemas.Recording,
    responses=documented_errors(401, 404),
)
async def get_recording(call: AuthenticatedCall, recording_id: str) -> Response:
    recording = await call.database.read(
        lambda connection: service.get_recording(connection, call.application_id, recording_id)
    )
    return JSONResponse(_render(recording, call))


@router.delete(
    "/recordings/{recording_id}",
    operation_id="delete_recording",
    summary="Delete a recording",
    description="Only recordings with the status `uploaded` can be deleted. The file is deleted, too, and links to it become invalid.",
    status_code=204,
    response_class=Response,
    responses=documented_errors(401, 404, 409),
)
async def delete_recording(call: AuthenticatedCall, recording_id: str) -> Response:
    await call.database.write(
        lambda connection: service.delete_recording(connection, call.application_id, recording_id, call.now)
    )
    return Response(status_code=204)


@router.get(
    "/sessions/{session_id}/recordings",
    operation_id="list_session_recordings",
    summary="List the recordings of a session",
    response_model=schemas.SessionRecordings,
    responses=documented_errors(401, 404),
)
async def list_session_recordings(call: AuthenticatedCall, session_id: str) -> Response:
    return await _list_recordings(call, session_id)


@router.get(
    "/sessions/{session_id}",
    operation_id="get_session",
    summary="List the recordings of a session",
    description="A synonym of `/sessions/{session_id}/recordings`, which a known client uses.",
    response_model=schemas.SessionRecordings,
    responses=documented_errors(401, 404),
)
async def get_session(call: AuthenticatedCall, session_id: str) -> Response:
    return await _list_recordings(call, session_id)


@files_router.head(f"{RECORDING_PATH}/{{recording_id}}", include_in_schema=False)
@files_router.get(
    f"{RECORDING_PATH}/{{recording_id}}",
    operation_id="load_recording",
    summary="Download the file of a recording",
    description="The signed URL comes from the recording's `_links`. A request for a single byte range is possible.",
    response_class=Response,
    responses={
        200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}},
        206: {"description": "The range of bytes."},
        416: {"description": "The range is not satisfiable, or there is more than one."},
        **documented_errors(400, 403, 404),
    },
)
async def load_recording(
    request: Request,
    recording_id: str,
    expires: Annotated[str, Query(max_length=16)],
    signature: Annotated[str, Query(max_length=64)],
) -> Response:
    context: ApiContext = request.app.state.api
    if not is_valid(recording_id, expires, signature, context.clock.now(), _signing_key(context.secrets)):
        raise Forbidden("The link is invalid or has expired")
    recording = await context.database.read(lambda connection: store.find_recording(connection, recording_id))
    if recording is None or recording.file is None or recording.status is not RecordingStatus.UPLOADED:
        raise NotFound(f"Recording {recording_id} was not found")
    files = recording_files_in(context.settings.data_dir)
    stat = await asyncio.to_thread(files.stat, recording.file)
    if stat is None:
        raise NotFound(f"Recording {recording_id} was not found")
    if "," in request.headers.get("range", ""):
        headers = {"content-range": f"bytes */{stat.st_size}", **_FILE_HEADERS}
        return Response(status_code=_RANGE_NOT_SATISFIABLE, headers=headers)
    return FileResponse(
        files.path(recording.file),
        media_type=MEDIA_TYPES[PurePath(recording.file).suffix],
        filename=recording.file,
        stat_result=stat,
        headers=_FILE_HEADERS,
    )


async def _list_recordings(call: Call, session_id: str) -> Response:
    recordings = await call.database.read(
        lambda connection: service.list_recordings(connection, call.application_id, session_id)
    )
    return JSONResponse({"_embedded": {"recordings": [_render(recording, call) for recording in recordings]}})


def _render(recording: Recording, call: Call) -> dict[str, Any]:
    href = None
    if recording.status is RecordingStatus.UPLOADED:
        href = recording_url(call.base_url, recording.id, call.now, _signing_key(call.secrets))
    return {
        "id": recording.id,
        "session_id": recording.session_id,
        **render_dates(started_at=recording.started_at, ended_at=recording.ended_at),
        "status": recording.status.value,
        "_links": {"url": {"href": href}},
    }


def _signing_key(secrets: ServerSecrets) -> bytes:
    return derive_key(secrets.control_token, "recording links")
