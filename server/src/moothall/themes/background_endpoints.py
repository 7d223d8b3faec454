"""The backgrounds of a theme, and the public endpoint that serves their pictures."""

from hashlib import sha256

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_bytes
from moothall.api.call import ApiContext, AuthenticatedCall, Call
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.idempotency.model import HEADER
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.kit.clock import render_timestamp
from moothall.themes import schemas, service
from moothall.themes.background_image import MAX_BACKGROUND_BYTES, MAX_SIDE, MIN_SIZE
from moothall.themes.backgrounds import MAX_SERVED_BYTES, Uploads, backgrounds_in
from moothall.themes.model import BACKGROUND_PATH, MAX_BACKGROUNDS, ThemeBackground, background_url
from moothall.themes.public_files import serve_picture

_PATH = f"{API_PREFIX}/themes/{{theme_id}}/backgrounds"
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {f"image/{kind}": _PICTURE for kind in ("jpeg", "png", "webp")}}}

router = APIRouter(tags=["Themes", "Additions"])
_uploads = Uploads()
files_router = APIRouter(tags=["Themes"])


class _Picture(BaseModel):
    """Tells two uploads apart."""

    sha256: str


@router.get(
    _PATH,
    operation_id="list_theme_backgrounds",
    summary="List the backgrounds of a theme",
    description=addition(
        "The pictures that people in meetings with this theme can put in the place of their background."
    ),
    response_model=list[schemas.Background],
    responses=documented_errors(401, 404),
)
async def list_theme_backgrounds(call: AuthenticatedCall, theme_id: str) -> Response:
    found = await call.database.read(
        lambda connection: service.list_backgrounds(connection, call.application_id, theme_id)
    )
    return JSONResponse([_render(background, call) for background in found])


@router.post(
    _PATH,
    operation_id="add_theme_background",
    summary="Add a background to a theme",
    description=addition(
        f"The body is a JPEG, PNG or WebP picture of at most {MAX_BACKGROUND_BYTES // 1024**2} MiB, at least "
        f"{MIN_SIZE[0]} × {MIN_SIZE[1]} pixels, with no side longer than {MAX_SIDE}. The server keeps a JPEG of at most "
        f"1920 × 1080 pixels without metadata. A theme has at most {MAX_BACKGROUNDS} backgrounds."
    ),
    status_code=201,
    response_model=schemas.Background,
    responses=documented_errors(400, 401, 403, 404, 409, 413, 422, 429),
    openapi_extra=repeatable(_BODY),
)
async def add_theme_background(call: AuthenticatedCall, request: Request, theme_id: str) -> Response:
    context: ApiContext = request.app.state.api
    if HEADER not in request.headers:
        # Before the body is read, so that nothing is sent in vain. A repeated request may have
        # added the last background that the theme can have.
        await call.database.read(
            lambda connection: service.check_new_background(
                connection, service.get_theme(connection, call.application_id, theme_id)
            )
        )
    backgrounds = backgrounds_in(context.settings.data_dir, call.database)
    with _uploads.slot(call.application_id):
        file = await read_bytes(request, MAX_BACKGROUND_BYTES)
        once = Once.of(request, call.application_id, call.now, _Picture(sha256=sha256(file).hexdigest()))
        background_id = await backgrounds.store(file, call.now)
    return await once.write(
        lambda connection: service.add_background(connection, call.application_id, theme_id, background_id, call.now),
        lambda added: JSONResponse(_render(added, call), 201),
    )


@router.delete(
    f"{_PATH}/{{background_id}}",
    operation_id="delete_theme_background",
    summary="Delete a background of a theme",
    description=addition("People who use it now keep it until they leave; afterwards their background is blurred."),
    status_code=204,
    response_class=Response,
    responses=documented_errors(401, 404),
)
async def delete_theme_background(call: AuthenticatedCall, theme_id: str, background_id: str) -> Response:
    await call.database.write(
        lambda connection: service.remove_background(connection, call.application_id, theme_id, background_id, call.now)
    )
    return Response(status_code=204)


@files_router.get(
    f"{BACKGROUND_PATH}/{{file_name}}",
    operation_id="get_background",
    summary="Load a background picture",
    description="Public. The picture at a URL never changes.",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 404: {"description": "There is no such picture."}},
)
async def get_background(request: Request, file_name: str) -> Response:
    context: ApiContext = request.app.state.api
    pictures = backgrounds_in(context.settings.data_dir, context.database).pictures
    return await serve_picture(
        pictures, file_name, media_type="image/jpeg", limit=MAX_SERVED_BYTES, missing="There is no such picture"
    )


def _render(background: ThemeBackground, call: Call) -> dict[str, str]:
    return {
        "background_id": background.background_id,
        "url": background_url(call.base_url, background.background_id),
        "added_at": render_timestamp(background.added_at),
    }
