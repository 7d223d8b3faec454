"""Errors of the Application API: problem details (RFC 9457) with ``invalid_parameters``."""

import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import describe
from moothall.api.errors import ApiError, InputInvalid

_NAMED = re.compile(r'"([^"]*)" (.*)', re.DOTALL)
_SERVER_ERROR = 500


class InvalidParameter(BaseModel):
    name: str = Field(examples=["capabilities.meetings.webhooks.room_changed.address"])
    reason: str = Field(examples=["is required"])


class Problem(BaseModel):
    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    detail: str = Field(examples=['"name" is required'])
    instance: str = Field(description="The id of the request.")
    invalid_parameters: list[InvalidParameter] | None = Field(None, description="The invalid parameters.")


class ProblemRoute(APIRoute):
    """A route whose refusals are rendered as problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_problems(request: Request) -> Response:
            try:
                return await handle(request)
            except ApiError as error:
                return _render(request, error)
            except RequestValidationError as error:
                texts = [describe(problem, problem["loc"][1:]) for problem in error.errors()]
                return _render(request, InputInvalid(texts[0], errors=texts))

        return handle_with_problems


def documented_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route for these statuses."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def _render(request: Request, error: ApiError) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "detail": error.message,
        "instance": request.scope.get("request_id", ""),
    }
    named = [_NAMED.fullmatch(text) for text in error.errors if isinstance(text, str)]
    parameters = [{"name": match[1], "reason": match[2]} for match in named if match is not None]
    if parameters:
        body["invalid_parameters"] = parameters
    return JSONResponse(body, error.status, headers=error.headers)
