"""Serves the routes the framework describes, without what the framework does around each request.

FastAPI stays where a route is declared, documented and tested; what a request passes through is this module: a walk down a tree of path
segments, the dependencies, the endpoint. The framework's own way (a regular expression for every route, six layers, four exit stacks) costs
more CPU than reading a room does; docs/benchmarks-api.md has both.

A route is served here when it needs only what this module can give: the request, path and query parameters, and asynchronous dependencies
that need no more than that. All others go to the framework, and so does every path that is no route with plain ``{parameters}``.

``HEAD`` is ``GET`` without the body, and ``OPTIONS`` names the methods, for every route in the tree.
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

from moothall.api.errors import ApiError, MethodNotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of a route. ``path`` is its template, for the log; ``dependant`` is None when the framework serves it."""

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

    ``framework`` is what serves everything else. ``aliases`` leads from other beginnings of paths to those of the routes; behind an alias
    there is only what is served here.
    """

    def __init__(self, app: FastAPI, framework: ASGIApp, aliases: Mapping[str, str]) -> None:
        self._framework = framework
        # A bug is for the edge, which logs it.
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
        """The methods at this path and the values of its parameters. A literal segment comes before a parameter."""
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
    """Call what the dependant stands for with everything it needs. Raises RequestValidationError, and what the call raises."""
    values: dict[str, Any] = {}
    if dependant.request_param_name:
        values[dependant.request_param_name] = request
    # In the order of declaration, so that nobody learns what is wrong with a parameter before showing who they are.
    for needed in dependant.dependencies:
        result = await _call(request, needed)
        if needed.name is not None:
            values[needed.name] = result
    if dependant.path_params and "\0" in request.scope["path"]:
        # No name of ours has it, and PostgreSQL has no text with it.
        raise NotFound("There is nothing at this address")
    problems: list[Any] = []
    for parameter in dependant.path_params:
        if parameter.field_info.annotation is str and not parameter.field_info.metadata:
            # Any text will do, and text is what a path consists of: nothing to validate.
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
