"""The API reference: ``/openapi.json``, and ``/docs``, a page without external resources."""

import asyncio
import html
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from moothall import __version__
from moothall.api import errors
from moothall.api.kept import Kept, respond
from moothall.api.links import add_links

_TITLE = "Moothall Meetings API"
_SUMMARY = "Rooms for meetings, on your own server."
_DESCRIPTION = """
Create a room, give its owner the host link and everybody else the guest link, and receive events about the room through callbacks.

Timestamps are ISO 8601. Timestamps without a zone are read as UTC; answers always use UTC with milliseconds. Enumerated values are case-insensitive. Unknown keys in a body are rejected. Errors are `{message, name, status}`, with `errors` for details.
"""
_TAGS = [
    {
        "name": "Rooms",
        "description": "Rooms where people meet. An instant room is for immediate use; a long-term room exists until a date you choose.",
    },
    {
        "name": "Themes",
        "description": "The appearance of rooms: colour, text, logos, and the company's part of the room links.",
    },
    {
        "name": "Logos",
        "description": "The endpoints for uploading images with a signed form and for serving them to everybody.",
    },
    {"name": "Recordings", "description": "Recordings of sessions, behind links that expire."},
    {
        "name": "Applications",
        "description": "Applications with their keys and webhooks, and the defaults of an application.",
    },
    {"name": "Numbers", "description": "Phone numbers that lead into meetings."},
    {
        "name": "Additions",
        "description": "Calls that the original API did not have: event log, attendance, chat, live meetings, usage.",
    },
    {"name": "Server", "description": "The state and the version of this server."},
]
# Swagger UI needs its own files, images in data: URLs, and style attributes.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMPONENT = "#/components/schemas/{model}"
# The models of request bodies by name. Their schemas are generated with the document.
_bodies: dict[str, type[BaseModel]] = {}
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
    "reference.css": "text/css",
}
_START = """\
window.addEventListener('load', () => {
  SwaggerUIBundle({
    url: '/openapi.json', dom_id: '#reference', deepLinking: true, docExpansion: 'list',
    validatorUrl: null, persistAuthorization: false, defaultModelsExpandDepth: 0,
  })
})
"""
_STYLE = """\
body { margin: 0; background: #fff; }
.topbar { display: none; }
@media (prefers-color-scheme: dark) {
  html { background: #1b1b1f; filter: invert(0.9) hue-rotate(180deg); }
}
"""
_TEXTS = {"start.js": _START, "reference.css": _STYLE}
_ASK_AGAIN = "no-cache"


class ErrorBody(BaseModel):
    """Every error but 401."""

    message: str
    name: str
    status: int
    errors: list[Any] | None = Field(None, description="One entry for each problem.")


class AuthenticationErrorBody(BaseModel):
    title: str
    detail: str


def documented_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return ``responses`` of a route: these statuses, 500, and 429 if it authenticates."""
    limited = (429,) if 401 in statuses else ()  # noqa: PLR2004 - statuses
    return {status: _documented_error(status) for status in (*statuses, *limited, 500)}


def documented_body(model: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route that reads its body with ``api.body.read_body``."""
    title = model.model_config.get("title") or model.__name__
    if _bodies.setdefault(title, model) is not model:
        raise ValueError(f"two different bodies are called {title}")
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference_to(title), "examples": examples}},
        }
    }


def addition(description: str) -> str:
    """Return the description of a route that the original API does not have."""
    return f"**Addition to the original.** {description}"


def install_reference(app: FastAPI) -> None:
    """Replace the framework's document and pages with ours."""
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(_build_document(app))
        return document

    # Kept, because building and serialising the document takes tens of milliseconds.
    written: list[Kept] = []
    page = Kept(_page().encode(), "text/html", _ASK_AGAIN)

    async def serve_document(request: Request) -> Response:
        if not written:
            written.append(Kept(bytes(JSONResponse(app.openapi()).body), "application/json", _ASK_AGAIN))
        return respond(written[0], request, {})

    async def serve_page(request: Request) -> Response:
        return respond(page, request, {"content-security-policy": _CONTENT_SECURITY_POLICY})

    app.openapi = openapi  # type: ignore[method-assign] # the way the framework documents
    app.router.routes.extend(
        [
            Route("/openapi.json", serve_document, include_in_schema=False),
            Route("/docs", serve_page, include_in_schema=False),
            Route("/docs/{name}", _serve_asset, include_in_schema=False),
        ]
    )


async def _serve_asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise errors.NotFound("There is nothing at this address")
    # Reading and compressing the largest takes a tenth of a second, once.
    return respond(await asyncio.to_thread(_asset, name), request, {})


@cache
def _asset(name: str) -> Kept:
    text = _TEXTS.get(name)
    body = (_asset_folder() / name).read_bytes() if text is None else text.encode()
    kept = Kept(body, _ASSETS[name], "public, max-age=3600")
    assert kept.gzip is None or len(kept.gzip) < len(body)  # noqa: S101 - compresses here, on this thread
    return kept


def _asset_folder() -> Path:
    """Return the folder of Swagger UI in the package that ships it; the package is not imported."""
    package = find_spec("fastapi_offline")
    if package is None or package.origin is None:
        raise RuntimeError("the package fastapi-offline is not installed")
    return Path(package.origin).parent / "static"


def _page() -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(_TITLE)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<div id="reference"></div>
<noscript>This page needs JavaScript; the same description is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


def _build_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=_TITLE,
        version=__version__,
        summary=_SUMMARY,
        description=_DESCRIPTION.strip(),
        routes=app.routes,
        tags=_TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/", "description": "This server"}],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for path in document["paths"].values():
        for operation in path.values():
            # The framework would answer 422 to invalid input; we answer 400 in the contract's
            # shape.
            if "HTTPValidationError" in json.dumps(operation["responses"].get("422")):
                del operation["responses"]["422"]
    add_links(document["paths"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    models: list[type[BaseModel]] = [*_bodies.values(), ErrorBody, AuthenticationErrorBody]
    for model in models:
        _describe(model, schemas)
    return document


def _describe(model: type[BaseModel], schemas: dict[str, Any]) -> None:
    """Add the schemas of a model and of the models it uses to the components."""
    # As in the framework: a default of null is left out where the client may not send null.
    schema = jsonable_encoder(model.model_json_schema(ref_template=_COMPONENT), exclude_none=True)
    for name, part in {**schema.pop("$defs", {}), schema["title"]: schema}.items():
        if schemas.setdefault(name, part) != part:
            raise ValueError(f"two different schemas are called {name}")


def _reference_to(name: str) -> dict[str, str]:
    return {"$ref": _COMPONENT.format(model=name)}


_EXAMPLES: dict[int, errors.ApiError] = {
    400: errors.InputInvalid('"display_name" is required', errors=['"display_name" is required']),
    401: errors.Unauthorized.refused(),
    403: errors.Forbidden("Maximum number of rooms for owner (1000) exceeded"),
    404: errors.NotFound("Failed to find room by id: 7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"),
    409: errors.Conflict("short_company_url already exists"),
    412: errors.PreconditionFailed("It has changed since you read it"),
    413: errors.PayloadTooLarge("The request body is larger than 65536 bytes"),
    422: errors.Unprocessable("The Idempotency-Key was used for another request"),
    429: errors.TooManyRequests("Too many requests", retry_after=1),
    503: errors.Unavailable("The database does not answer"),
}
_MEANINGS = {
    400: "The request is invalid, or does not apply to this object.",
    401: "The credentials are missing or wrong.",
    403: "A limit has been reached.",
    404: "The object does not exist, or belongs to another application.",
    409: "The request conflicts with the current state.",
    412: "`If-Match` does not match the current `ETag`: the object has been changed.",
    413: "The request body is too large.",
    422: "The `Idempotency-Key` was used for a different request.",
    429: "Too many requests; `Retry-After` says when to try again.",
    500: "An internal error, with the id of its report in the log.",
    503: "The server cannot answer now; `Retry-After` says when to try again.",
}


def _documented_error(status: int) -> dict[str, Any]:
    if status == 500:  # noqa: PLR2004 - a status
        example = {
            "message": "Something went wrong on our side. Report id: 9f8c2d…",
            "name": "InternalError",
            "status": 500,
        }
    else:
        example = _EXAMPLES[status].body()
    model = AuthenticationErrorBody if status == 401 else ErrorBody  # noqa: PLR2004 - a status
    # Referenced by name instead of as ``model``: the framework would build a validator for each
    # status of each route.
    return {
        "description": _MEANINGS[status],
        "content": {"application/json": {"example": example, "schema": _reference_to(model.__name__)}},
    }
