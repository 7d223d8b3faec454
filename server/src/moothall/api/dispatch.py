"""Serves the routes declared with the framework, without the framework's work around each request.

Routes are declared, documented and tested with FastAPI, but a request passes through this module
only: it walks down a tree of path segments, resolves the dependencies and calls the endpoint. The
framework's own path (a regular expression per route, six layers, four exit stacks) costs more CPU
time than reading a room; docs/benchmarks-api.md has both figures.

A route is served here when it needs nothing but the request, path and query parameters, and
asynchronous dependencies that need no more than that. Other routes go to the framework, and so does
every path that matches no route with plain ``{parameters}``.

``HEAD`` is ``GET`` without the body, and ``OPTIONS`` names the methods, for every route in the
tree. A path or query that contains NUL is refused on all routes: PostgreSQL cannot store it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moothall.api.errors import ApiError, InputInvalid, MethodNotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of a route.

    ``path`` is the route's template, for the log; ``dependant`` is None when the framework serves
    it.
    """

    path: str
    operation_id: str | None
    parameters: tuple[str, ...]
    dependant: Dependant | None


@dataclass(slots=True)
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    methods: dict[str, Endpoint] = field(default_factory=dict)


class Dispatcher:
    """ASGI application; see the top of this file.

    ``framework`` serves all other requests. ``aliases`` maps other path prefixes to those of the
    routes; under an alias only the routes served here exist.
    """

    def __init__(self, app: FastAPI, framework: ASGIApp, aliases: Mapping[str, str]) -> None:
        self._framework = framework
        # A bug is raised to the edge, which logs it.
        self._handlers: Mapping[Any, Callable[..., Any]] = {
            kind: handler for kind, handler in app.exception_handlers.items() if kind is not Exception
        }
        self._root = _Node()
        for route in iter_route_contexts(app.routes):
            if route.path and route.methods and _has_plain_segments(route.path):
                self._add(route)
        for alias, path in aliases.items():
            self._give_alias(alias.split("/")[1:], path.split("/")[1:])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"]
            if "\0" in scope["path"] or b"%00" in query or not query.isascii():
                await self._refuse_characters(scope, receive, send)
                return
        found = None if scope["type"] != "http" else self._find(scope["path"])
        if found is None:
            await self._framework(scope, receive, send)
            return
        methods, values = found
        method = scope["method"]
        endpoint = methods.get(method)
        if endpoint is None and method == "HEAD":
            endpoint = methods.get("GET")
            send = _without_body(send)
            if endpoint is not None and endpoint.dependant is None:
                scope = {**scope, "method": "GET"}
        if endpoint is None:
            await self._answer_without_endpoint(methods, scope, receive, send)
        elif endpoint.dependant is None:
            await self._framework(scope, receive, send)
        else:
            scope["route"] = endpoint
            scope["path_params"] = dict(zip(endpoint.parameters, values, strict=True))
            request = Request(scope, receive, send)
            response = await self._respond(request, endpoint.dependant)
            await response(scope, receive, send)

    async def _respond(self, request: Request, dependant: Dependant) -> Response:
        try:
            response: Response = await _call(request, dependant)
        except Exception as error:
            handler = next((self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers), None)
            if handler is None:
                raise
            response = await handler(request, error)
        return response

    async def _refuse_characters(self, scope: Scope, receive: Receive, send: Send) -> None:
        error: ApiError = NotFound("There is nothing at this address")
        if "\0" not in scope["path"]:
            # Only ASCII may stand in a URL, and the framework fails over the rest (RFC 3986).
            is_ascii = scope["query_string"].isascii()
            error = InputInvalid("The query must not contain NUL" if is_ascii else "The query must be percent-encoded")
        response = await self._handlers[ApiError](Request(scope), error)
        await response(scope, receive, send)

    async def _answer_without_endpoint(
        self, methods: dict[str, Endpoint], scope: Scope, receive: Receive, send: Send
    ) -> None:
        scope["route"] = next(iter(methods.values()))
        allowed = set(methods) | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        allow = {"allow": ", ".join(sorted(allowed))}
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers=allow)
        else:
            error = MethodNotAllowed(f"{scope['method'][:16]} is not possible here", headers=allow)
            response = await self._handlers[ApiError](Request(scope), error)
        await response(scope, receive, send)

    def _add(self, route: Any) -> None:
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node())
        parameters = tuple(part[1:-1] for part in route.path.split("/") if part.startswith("{"))
        simple = type(route.original_route) is APIRoute and _is_simple(route.dependant)
        endpoint = Endpoint(
            route.path,
            getattr(route, "operation_id", None),
            parameters,
            route.dependant if simple else None,
        )
        for method in route.methods:
            node.methods.setdefault(method, endpoint)

    def _give_alias(self, alias: list[str], path: list[str]) -> None:
        target = self._root
        for segment in path:
            target = target.children[segment]
        node = self._root
        for segment in alias[:-1]:
            node = node.children.setdefault(segment, _Node())
        node.children[alias[-1]] = target

    def _find(self, path: str) -> tuple[dict[str, Endpoint], list[str]] | None:
        """Return the methods at this path and its parameters.

        A literal segment precedes a parameter.
        """
        node = self._root
        values = []
        for segment in path.split("/")[1:]:
            child = node.children.get(segment)
            if child is None:
                child = node.parameter
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        return (node.methods, values) if node.methods else None


async def _call(request: Request, dependant: Dependant) -> Any:
    """Call the dependant with its parameters.

    Raises RequestValidationError and the call's own errors.
    """
    values: dict[str, Any] = {}
    if dependant.request_param_name:
        values[dependant.request_param_name] = request
    # Resolved in declaration order, so that authentication fails before parameters are validated.
    for needed in dependant.dependencies:
        result = await _call(request, needed)
        if needed.name is not None:
            values[needed.name] = result
    problems: list[Any] = []
    for parameter in dependant.path_params:
        if parameter.field_info.annotation is str and not parameter.field_info.metadata:
            # Any text is valid, so nothing needs validation.
            values[parameter.name] = request.path_params[parameter.alias]
        else:
            solved, errors = request_params_to_args([parameter], request.path_params)
            values.update(solved)
            problems += errors
    if dependant.query_params:
        solved, errors = request_params_to_args(dependant.query_params, request.query_params)
        values.update(solved)
        problems += errors
    if problems:
        raise RequestValidationError(problems)
    call: Any = dependant.call
    return await call(**values)


def _has_plain_segments(path: str) -> bool:
    return all(
        "{" not in segment or (segment[0] == "{" and segment[1:-1].isidentifier()) for segment in path.split("/")
    )


def _is_simple(dependant: Dependant) -> bool:
    return (
        _is_coroutine_function(dependant.call)
        and not (dependant.header_params or dependant.cookie_params or dependant.body_params)
        and not (dependant.response_param_name or dependant.background_tasks_param_name)
        and not (dependant.http_connection_param_name or dependant.security_scopes_param_name)
        and all(map(_is_simple, dependant.dependencies))
    )


def _is_coroutine_function(call: Callable[..., Any] | None) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004 - is it asynchronous?


def _without_body(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
