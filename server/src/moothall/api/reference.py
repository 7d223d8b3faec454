"""The API's own description: ``/openapi.json``, and ``/docs``, a reference page that needs nothing from elsewhere."""

import html
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from moothall import __version__
from moothall.api import errors
from moothall.api.links import add_links

_TITLE = "Moothall Meetings API"
_SUMMARY = "Rooms for meetings, on your own server."
_DESCRIPTION = """
Create a room, give its owner the host link and everybody else the guest link, and hear about what happens in it through callbacks.

Timestamps are ISO 8601; those without a zone are taken as UTC, all that we send are UTC with milliseconds. Choices are accepted in upper
and lower case. Unknown keys in a body are refused. Errors are `{message, name, status}`, with `errors` where there is more to say.
"""
_TAGS = [
    {
        "name": "Rooms",
        "description": "What people meet in. An instant room is for now, a long-term room for as long as you say.",
    },
    {"name": "Applications", "description": "What belongs to the application as a whole."},
    {"name": "Themes", "description": "How meetings look: colours, texts and logos."},
    {"name": "Themes", "description": "How rooms look: colour, text, logos, and the company's part of their links."},
    {
        "name": "Logos",
        "description": "Where images are uploaded to with a signed form, and where everybody loads them from.",
    },
    {"name": "Recordings", "description": "What was kept of sessions, behind links that end."},
    {
        "name": "Applications",
        "description": "What talks to the API, with keys and webhooks; and the application's defaults.",
    },
    {"name": "Numbers", "description": "Phone numbers that lead into meetings."},
    {
        "name": "Additions",
        "description": "What the original API did not have: reading events again, attendance, chat, live meetings, usage.",
    },
    {"name": "Server", "description": "Whether this server works, and which one it is."},
]
# What Swagger UI needs: its own files, images it carries as data: URLs, and the style attributes it sets.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMPONENT = "#/components/schemas/{model}"
# The models of request bodies by their names. Their schemas are worked out when somebody asks for the document.
_bodies: dict[str, type[BaseModel]] = {}
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
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


class ErrorBody(BaseModel):
    """Every error but 401."""

    message: str
    name: str
    status: int
    errors: list[Any] | None = Field(None, description="One entry for each thing that is wrong.")


class AuthenticationErrorBody(BaseModel):
    title: str
    detail: str


def documented_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route for these statuses, for 500, and for 429 where somebody has to show who they are."""
    limited = (429,) if 401 in statuses else ()  # noqa: PLR2004 - statuses
    return {status: _documented_error(status) for status in (*statuses, *limited, 500)}


def documented_body(model: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that reads its body with ``api.body.read_body``."""
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
    """The description of a route that the original API does not have."""
    return f"**Addition to the original.** {description}"


def install_reference(app: FastAPI) -> None:
    """Replace the framework's document and pages by ours."""
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(_build_document(app))
        return document

    async def serve_document(_request: Any) -> Response:
        return JSONResponse(app.openapi())

    async def serve_page(_request: Any) -> Response:
        return HTMLResponse(_page(), headers={"content-security-policy": _CONTENT_SECURITY_POLICY})

    app.openapi = openapi  # type: ignore[method-assign] # the way the framework documents
    app.router.routes.extend(
        [
            Route("/openapi.json", serve_document, include_in_schema=False),
            Route("/docs", serve_page, include_in_schema=False),
            Route("/docs/{name}", _serve_asset, include_in_schema=False),
        ]
    )


async def _serve_asset(request: Any) -> Response:
    name = request.path_params["name"]
    cached = {"cache-control": "public, max-age=3600"}
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=cached)
    if name == "reference.css":
        return Response(_STYLE, media_type="text/css", headers=cached)
    if name not in _ASSETS:
        raise errors.NotFound("There is nothing at this address")
    return FileResponse(_asset_folder() / name, media_type=_ASSETS[name], headers=cached)


def _asset_folder() -> Path:
    """Where the package that carries Swagger UI keeps it; the package itself is not imported."""
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
            # The framework would answer 422 to what does not validate; we answer 400 in the contract's shape.
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
    """Add the schema of a model, and of those it uses, to the components."""
    # As the framework does it: that the default is null says nothing where null may not be sent.
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
    400: "The request does not validate, or asks for what makes no sense for this object.",
    401: "No credentials, or not the right ones.",
    403: "A limit is reached.",
    404: "There is no such object, or it is another application's.",
    409: "It conflicts with what is there.",
    412: "`If-Match` does not name the `ETag` it has now: somebody changed it.",
    413: "The body is too large.",
    422: "The `Idempotency-Key` was used for another request.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A bug on our side, with the id of its report.",
    503: "The server cannot answer now; `Retry-After` says when to come back.",
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
    # Named and not handed over as ``model``: the framework would make a validator for each status of each route.
    return {
        "description": _MEANINGS[status],
        "content": {"application/json": {"example": example, "schema": _reference_to(model.__name__)}},
    }
