"""The endpoint for uploads of logos, compatible with S3, and the public one that serves logos.

Neither needs credentials: the form of an upload is signed.
"""

from typing import Any
from xml.sax.saxutils import escape

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from moothall.api.call import ApiContext
from moothall.kit.keys import derive_key
from moothall.settings import ServerSecrets
from moothall.themes.logos import logos_in
from moothall.themes.model import LOGO_PATH
from moothall.themes.multipart import FileTooLarge, FormMalformed, FormReader
from moothall.themes.public_files import serve_picture
from moothall.themes.upload_form import MAX_UPLOAD_BYTES, UploadGrant, UploadRefused, check_form

UPLOAD_PATH = "/files/logo-uploads"

# More bytes than 300 × 300 pixels can take.
_MAX_SERVED_BYTES = 1024 * 1024
_XML_ERROR = {
    "content": {
        "application/xml": {
            "schema": {"type": "string"},
            "example": "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        }
    }
}
_UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["key", "Policy", "X-Amz-Signature", "file"],
                    "properties": {
                        "key": {"type": "string"},
                        "Policy": {"type": "string"},
                        "X-Amz-Signature": {"type": "string"},
                        "file": {"type": "string", "format": "binary"},
                    },
                    "additionalProperties": {"type": "string"},
                }
            }
        },
    }
}

_UPLOAD_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"description": "The form is malformed, or the image is too large.", **_XML_ERROR},
    403: {"description": "The form was not signed by this server, has been changed, or has expired.", **_XML_ERROR},
    503: {"description": "Too many uploads of the application are waiting to be finalised.", **_XML_ERROR},
}

router = APIRouter(tags=["Logos"])


def upload_signing_key(secrets: ServerSecrets) -> bytes:
    return derive_key(secrets.control_token, "logo upload forms")


@router.put(
    UPLOAD_PATH,
    operation_id="put_logo",
    summary="Upload an image, as the PHP SDK does",
    status_code=204,
    responses=_UPLOAD_RESPONSES,
    openapi_extra=_UPLOAD_BODY,
)
@router.post(
    UPLOAD_PATH,
    operation_id="upload_logo",
    summary="Upload an image with a form of logos-upload-urls",
    status_code=204,
    responses=_UPLOAD_RESPONSES,
    openapi_extra=_UPLOAD_BODY,
)
async def upload_logo(request: Request) -> Response:
    context: ApiContext = request.app.state.api
    try:
        grant, content = await _read_form(request, context)
        await logos_in(context.settings.data_dir, context.database).store_upload(grant, content, context.clock.now())
    except UploadRefused as refused:
        return _render_refusal(request, refused)
    return Response(status_code=204)


@router.get(
    f"{LOGO_PATH}/{{file_name}}",
    operation_id="get_logo",
    summary="Load a logo",
    description="Public. The image at a URL never changes.",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 404: {"description": "There is no such logo."}},
)
async def get_logo(request: Request, file_name: str) -> Response:
    context: ApiContext = request.app.state.api
    images = logos_in(context.settings.data_dir, context.database).images
    return await serve_picture(
        images, file_name, media_type="image/png", limit=_MAX_SERVED_BYTES, missing="There is no such logo"
    )


async def _read_form(request: Request, context: ApiContext) -> tuple[UploadGrant, bytes]:
    """Read the upload form and its file. Raises UploadRefused.

    The signature is checked when the file begins, so at most the fields of an unsigned form are
    kept in memory.
    """
    try:
        reader = FormReader(request.headers.get("content-type", "")[:256], max_file_bytes=MAX_UPLOAD_BYTES)
        grant: UploadGrant | None = None
        async for piece in request.stream():
            reader.feed(piece)
            if grant is None and reader.file_begun:
                grant = check_form(reader.fields, context.clock.now(), upload_signing_key(context.secrets))
        reader.finish()
    except FormMalformed as malformed:
        raise UploadRefused(
            "MalformedPOSTRequest", f"The body of your POST request is not well-formed: {malformed}.", status=400
        ) from None
    except FileTooLarge:
        raise UploadRefused(
            "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", status=400
        ) from None
    except ClientDisconnect:
        raise UploadRefused("IncompleteBody", "The body is incomplete.", status=400) from None
    if grant is None or reader.file is None:
        raise UploadRefused("InvalidArgument", "POST requires exactly one file upload per request.", status=400)
    if not reader.file:
        raise UploadRefused(
            "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", status=400
        )
    return grant, bytes(reader.file)


def _render_refusal(request: Request, refused: UploadRefused) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message>"
        f"<RequestId>{escape(str(request.scope.get('request_id', '')))}</RequestId></Error>"
    )
    return Response(body, refused.status, media_type="application/xml")
