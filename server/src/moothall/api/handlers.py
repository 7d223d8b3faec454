"""The translation of errors to responses, and the outermost layer around every HTTP request.

The layer gives each request an id, adds the CORS headers and the security headers that the route
has not set, writes the access log, and turns a bug into a 500 that shows only a report id. The log
has route templates, never paths or query strings: a path may hold a meeting code, a query a token.
"""

import os
import time
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moothall.api.body import describe
from moothall.api.cors import cors_headers
from moothall.api.dispatch import Dispatcher
from moothall.api.errors import (
    ApiError,
    BadRequest,
    InputInvalid,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unavailable,
)
from moothall.api.prefix import canonical_path
from moothall.db import UNREACHABLE

_log = structlog.get_logger("moothall.http")
_SERVER_ERROR = 500

_DEFAULT_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
# One year (RFC 6797). Browsers that have seen it never use plain http with this host.
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_SECURE_SCHEMES = ("https", "wss")
_START_OF_ANSWERS = ("http.response.start", "websocket.http.response.start", "websocket.accept")


def install_edge(
    app: FastAPI, aliases: Mapping[str, str], not_found: Callable[[Request], Response | None] = lambda _request: None
) -> None:
    """Install the layer and the error handlers; call it after adding all routes.

    ``aliases`` as for the dispatcher. ``not_found``: the answer to a request to an unknown address,
    or None for the API's own.
    """
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(HTTPException, partial(_http_exception, not_found))
    app.add_exception_handler(RequestValidationError, _validation_error)
    for unavailable in (*UNREACHABLE, TimeoutError):
        app.add_exception_handler(unavailable, _database_unavailable)
    app.add_exception_handler(Exception, _bug)
    # Placed in front of the framework's own layers, which the dispatcher bypasses.
    edge = RequestEdge(Dispatcher(app, app.build_middleware_stack(), aliases))
    public_url: str | None = app.state.api.settings.public_url
    # Headers of an untrusted TLS proxy are ignored, but the operator's public URL counts.
    app.middleware_stack = StrictTransport(edge, always=(public_url or "").startswith("https:"))


def render_error(error: ApiError) -> Response:
    return JSONResponse(error.body(), error.status, headers=error.headers)


async def _api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class only
    return render_error(error)


async def _http_exception(
    not_found: Callable[[Request], Response | None], request: Request, error: Exception
) -> Response:
    """Render the framework's own refusals: unknown paths, wrong methods, bodies over the limit."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    headers = dict(error.headers or {})
    match error.status_code:
        case 404:
            if (page := not_found(request)) is not None:
                return page
            refusal: ApiError = NotFound("There is nothing at this address", headers=headers)
        case 405:
            refusal = MethodNotAllowed(f"{request.method[:16]} is not possible here", headers=headers)
        case 413:
            refusal = PayloadTooLarge("The request body is too large", headers=headers)
        case _:
            refusal = BadRequest(str(error.detail), headers=headers)
    return render_error(refusal)


async def _validation_error(_request: Request, error: Exception) -> Response:
    """Render errors in path and query parameters; ``api.body`` reads the bodies."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    texts = [describe(problem, problem["loc"][1:]) for problem in error.errors()]
    return render_error(InputInvalid(texts[0], errors=texts))


async def _database_unavailable(request: Request, error: Exception) -> Response:
    _log.error("database_unavailable", error=type(error).__name__, request_id=request.scope.get("request_id"))
    return render_error(Unavailable("The database does not answer"))


async def _bug(request: Request, _error: Exception) -> Response:
    """Render a bug; the error is raised again afterwards, and the edge logs it."""
    request_id = request.scope.get("request_id")
    body = {
        "message": f"Something went wrong on our side. Report id: {request_id}",
        "name": "InternalError",
        "status": _SERVER_ERROR,
    }
    return JSONResponse(body, _SERVER_ERROR)


class StrictTransport:
    """Adds HSTS (RFC 6797) to every answer over TLS, including refused WebSockets.

    ``always``: add it to answers over plain http, too, because a proxy encrypts them.
    """

    def __init__(self, app: ASGIApp, *, always: bool = False) -> None:
        self.app = app
        self.always = always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.always and scope.get("scheme") not in _SECURE_SCHEMES:
            await self.app(scope, receive, send)
            return

        async def send_with_header(message: Message) -> None:
            if message["type"] in _START_OF_ANSWERS:
                headers = message.get("headers", ())
                message["headers"] = [
                    *(header for header in headers if header[0] != _STRICT_TRANSPORT[0]),
                    _STRICT_TRANSPORT,
                ]
            await send(message)

        await self.app(scope, receive, send_with_header)


class RequestEdge:
    """ASGI middleware; see the top of this file."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["path"] = canonical_path(scope["path"], scope.get("raw_path") or b"")
        request_id = os.urandom(8).hex()
        scope["request_id"] = request_id
        id_header = (b"x-request-id", request_id.encode())
        started = time.perf_counter()
        status = 0
        complete = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message["headers"])
                names = {name for name, _ in headers}
                headers += [header for header in _DEFAULT_HEADERS if header[0] not in names]
                headers += scope.get("more_headers", ())
                headers += await cors_headers(scope, status, headers, scope["app"].state.api.origins)
                headers.append(id_header)
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # Log the error, and show the caller only the report id.
            _log.error("request_crashed", request_id=request_id, route=_route(scope), exc_info=error)
            if not status:
                response = await _bug(Request(scope), error)
                await response(scope, receive, send_with_headers)
            elif not complete:
                raise
        finally:
            _log.info(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id,
                application_id=scope.get("application_id"),
            )


def _route(scope: MutableMapping[str, Any]) -> str | None:
    return getattr(scope.get("route"), "path", None)
