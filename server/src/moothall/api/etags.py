"""Entity tags (RFC 9110 sections 8.8.3 and 13.1): to read again only what has changed, and to change only what one has read."""

import hashlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from moothall.api.errors import PreconditionFailed
from moothall.api.responses import render_json


def tagged(request: Request, content: dict[str, Any]) -> Response:
    """The content with its tag; 304 without it when the caller says with ``If-None-Match`` that they have it already."""
    body = render_json(content)
    tag = _tag(body)
    if _names(request.headers.get("if-none-match"), tag, weak=True):
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, headers={"etag": tag}, media_type="application/json")


def tagged_change(content: dict[str, Any], status: int = 200) -> Response:
    """What has just been made or changed, with its tag."""
    body = render_json(content)
    return Response(body, status, {"etag": _tag(body)}, media_type="application/json")


def check_if_match(request: Request, content: Callable[[], dict[str, Any]]) -> None:
    """Raises PreconditionFailed when the caller wants to change something (``If-Match``) that is not like this any more."""
    wanted = request.headers.get("if-match")
    if wanted is not None and not _names(wanted, _tag(render_json(content())), weak=False):
        raise PreconditionFailed("It has changed since you read it")


def unless_known(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that answers with ``tagged``; ``extra`` is what else is in it."""
    return _with_header("If-None-Match", "Tags of what the caller has already.", extra)


def if_unchanged(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that calls ``check_if_match``; ``extra`` is what else is in it."""
    return _with_header("If-Match", "The tag of what the caller has read. Something else is not changed: 412.", extra)


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
