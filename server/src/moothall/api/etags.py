"""Entity tags (RFC 9110 sections 8.8.3 and 13.1): conditional reads and guarded writes."""

import hashlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from moothall.api.errors import PreconditionFailed
from moothall.api.responses import render_json


def tagged(request: Request, content: dict[str, Any]) -> Response:
    """Return the content with its tag, or 304 when ``If-None-Match`` names that tag."""
    body = render_json(content)
    tag = _tag(body)
    if _names(request.headers.get("if-none-match"), tag, weak=True):
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, headers={"etag": tag}, media_type="application/json")


def tagged_change(content: dict[str, Any], status: int = 200) -> Response:
    """Return an object that was just created or changed, with its tag."""
    body = render_json(content)
    return Response(body, status, {"etag": _tag(body)}, media_type="application/json")


def check_if_match(request: Request, content: Callable[[], dict[str, Any]]) -> None:
    """Raise PreconditionFailed when ``If-Match`` does not name the object's current tag."""
    wanted = request.headers.get("if-match")
    if wanted is not None and not _names(wanted, _tag(render_json(content())), weak=False):
        raise PreconditionFailed("It has changed since you read it")


def unless_known(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return ``openapi_extra`` for a route that answers with ``tagged``, merged with ``extra``."""
    return _with_header("If-None-Match", "Tags of the versions that the caller already has.", extra)


def if_unchanged(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return ``openapi_extra`` for a route with ``check_if_match``, merged with ``extra``."""
    return _with_header(
        "If-Match", "The tag of the version that the caller has read. If the object has changed since: 412.", extra
    )


def _with_header(name: str, description: str, extra: dict[str, Any] | None) -> dict[str, Any]:
    parameter = {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }
    return {**(extra or {}), "parameters": [parameter]}


def _tag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _names(header: str | None, tag: str, *, weak: bool) -> bool:
    if header is None:
        return False
    tags = [part.strip() for part in header.split(",")]
    return tags == ["*"] or tag in tags or (weak and f"W/{tag}" in tags)
