"""``/themes`` and ``/applications`` of the Meetings API.

Calls that need the rooms of a theme are in rooms.theme_endpoints.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import ApiContext, AuthenticatedCall, Call
from moothall.api.etags import check_if_match, if_unchanged, tagged, tagged_change, unless_known
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_body, documented_errors
from moothall.applications.model import Application
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.kit.ids import new_uuid
from moothall.themes import schemas, service, store
from moothall.themes.logo_endpoints import UPLOAD_PATH, upload_signing_key
from moothall.themes.logos import logos_in
from moothall.themes.model import MAX_THEMES, LogoType, Theme
from moothall.themes.rendering import render_theme
from moothall.themes.upload_form import FORM_LIFETIME, UploadGrant, upload_fields

router = APIRouter(prefix=API_PREFIX)

_CREATE_EXAMPLES = {
    "plain": {"summary": "Colour and text", "value": {"main_color": "#12f64e", "brand_text": "Acme Inc."}},
    "named": {
        "summary": "With the company's name in the links",
        "value": {
            "theme_name": "Acme",
            "main_color": "#12f64e",
            "brand_text": "Acme Inc.",
            "short_company_url": "acme",
        },
    },
}
_UPDATE_EXAMPLES = {
    "color": {"summary": "Another colour", "value": {"update_details": {"main_color": "#0af"}}},
}
_FINALIZE_EXAMPLES = {
    "one": {
        "summary": "One logo",
        "value": {"keys": ["auto-expiring-temp/logos/white/ef2b46f3-8ebb-437e-a671-272e4990fbc8"]},
    },
}
_APPLICATION_EXAMPLES = {
    "default": {
        "summary": "Set the default theme",
        "value": {"update_details": {"default_theme_id": "ef2b46f3-8ebb-437e-a671-272e4990fbc8"}},
    },
    "bare": {
        "summary": "The same without the wrapper",
        "value": {"default_theme_id": "ef2b46f3-8ebb-437e-a671-272e4990fbc8"},
    },
}


@router.get(
    "/themes",
    tags=["Themes"],
    operation_id="list_themes",
    summary="List themes",
    description=f"All themes of the application, at most {MAX_THEMES}, in order of creation.",
    response_model=list[schemas.Theme],
    responses=documented_errors(401),
)
async def list_themes(call: AuthenticatedCall) -> Response:
    themes = await call.database.read(lambda connection: store.list_themes(connection, call.application_id))
    return JSONResponse([_render(theme, call) for theme in themes])


@router.post(
    "/themes",
    tags=["Themes"],
    operation_id="create_theme",
    summary="Create a theme",
    status_code=201,
    response_model=schemas.Theme,
    responses=documented_errors(400, 401, 403, 409, 413, 422),
    openapi_extra=repeatable(documented_body(schemas.CreateTheme, _CREATE_EXAMPLES)),
)
async def create_theme(call: AuthenticatedCall, request: Request) -> Response:
    body = await read_body(request, schemas.CreateTheme)
    return await Once.of(request, call.application_id, call.now, body).write(
        lambda connection: service.create_theme(connection, call.application_id, body.given(), call.now),
        lambda theme: tagged_change(_render(theme, call), 201),
    )


@router.get(
    "/themes/logos-upload-urls",
    tags=["Themes"],
    operation_id="get_logo_upload_urls",
    summary="Get forms to upload logos with",
    description="One form for each type of logo. Send all its fields and then the image as `file`, as multipart/form-data, to its "
    f"`url` within {FORM_LIFETIME.seconds // 60} minutes; then finalise the logo with the form's `key`.",
    response_model=list[schemas.LogoUploadForm],
    responses=documented_errors(401),
)
async def get_logo_upload_urls(call: AuthenticatedCall, request: Request) -> Response:
    context: ApiContext = request.app.state.api
    signing_key = upload_signing_key(context.secrets)
    grants = [UploadGrant(call.application_id, logo_type, new_uuid()) for logo_type in LogoType]
    url = call.base_url + UPLOAD_PATH
    return JSONResponse([{"url": url, "fields": upload_fields(grant, call.now, signing_key)} for grant in grants])


@router.get(
    "/themes/{theme_id}",
    tags=["Themes"],
    operation_id="get_theme",
    summary="Get a theme",
    description="With `If-None-Match` and the `ETag` of an earlier answer: 304 if nothing has changed.",
    response_model=schemas.Theme,
    responses={304: {"description": "The theme has not changed."}, **documented_errors(401, 404)},
    openapi_extra=unless_known(),
)
async def get_theme(call: AuthenticatedCall, request: Request, theme_id: str) -> Response:
    theme = await call.database.read(lambda connection: service.get_theme(connection, call.application_id, theme_id))
    return tagged(request, _render(theme, call))


@router.patch(
    "/themes/{theme_id}",
    tags=["Themes"],
    operation_id="update_theme",
    summary="Update a theme",
    description="`update_options` is accepted as a synonym of `update_details`. "
    "With `If-Match` and the `ETag` of an answer, the update is refused if the theme has changed since.",
    response_model=schemas.Theme,
    responses=documented_errors(400, 401, 404, 409, 412, 413),
    openapi_extra=if_unchanged(documented_body(schemas.UpdateTheme, _UPDATE_EXAMPLES)),
)
async def update_theme(call: AuthenticatedCall, request: Request, theme_id: str) -> Response:
    changes = (await read_body(request, schemas.UpdateTheme)).update_details.given()
    theme = await call.database.write(
        lambda connection: service.update_theme(
            connection,
            call.application_id,
            theme_id,
            changes,
            check=lambda theme: check_if_match(request, lambda: _render(theme, call)),
        )
    )
    return tagged_change(_render(theme, call))


@router.put(
    "/themes/{theme_id}/finalizeLogos",
    tags=["Themes"],
    operation_id="finalize_logos",
    summary="Make uploaded images the logos of a theme",
    description="PNG with a transparent background, at most 1 MB; logos 1 to 300 pixels per side, the favicon square with 16 to 32 pixels. "
    "The request can be repeated. Either all images are accepted or none, and then `errors` gives the reasons: `[{logoKey, code, invalidProperty}]` with the codes "
    "`key_not_found` and `invalid_logo_properties` (`exceeds_size`, `type`, `dimensions`, `transparent_bg`).",
    response_model=schemas.Theme,
    responses=documented_errors(400, 401, 404, 413),
    openapi_extra=documented_body(schemas.FinalizeLogos, _FINALIZE_EXAMPLES),
)
async def finalize_logos(call: AuthenticatedCall, request: Request, theme_id: str) -> Response:
    body = await read_body(request, schemas.FinalizeLogos)
    context: ApiContext = request.app.state.api
    logos = logos_in(context.settings.data_dir, call.database)
    theme = await logos.finalize(call.application_id, theme_id, body.keys, call.now)
    return tagged_change(_render(theme, call))


@router.get(
    "/applications",
    tags=["Additions"],
    operation_id="get_default_theme",
    summary="Get the application's default theme",
    description=addition("What `PATCH` sets."),
    response_model=schemas.ApplicationDefaults,
    responses=documented_errors(401),
)
async def get_default_theme(call: AuthenticatedCall) -> Response:
    application = await call.database.read(lambda connection: service.get_application(connection, call.application_id))
    return JSONResponse(_render_defaults(application))


@router.patch(
    "/applications",
    tags=["Applications"],
    operation_id="set_default_theme",
    summary="Set the application's default theme",
    description="It applies to rooms without a theme of their own.",
    response_model=schemas.ApplicationDefaults,
    responses=documented_errors(400, 401, 413),
    openapi_extra=documented_body(schemas.UpdateDefaultsBody, _APPLICATION_EXAMPLES),
)
async def set_default_theme(call: AuthenticatedCall, request: Request) -> Response:
    change = (await read_body(request, schemas.UpdateDefaults)).update_details
    application = await call.database.write(
        lambda connection: service.set_default_theme(connection, call.application_id, change.default_theme_id)
    )
    return JSONResponse(_render_defaults(application))


def _render_defaults(application: Application) -> dict[str, object]:
    return {
        "application_id": application.application_id,
        "account_id": application.account_id,
        "default_theme_id": application.default_theme_id,
    }


def _render(theme: Theme, call: Call) -> dict[str, object]:
    return render_theme(theme, account_id=call.account_id, base_url=call.base_url)
