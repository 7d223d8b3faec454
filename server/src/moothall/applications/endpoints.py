"""``/v2/applications``: the Application API v2, as far as meetings need it."""

import functools
from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Annotated, Any
from urllib.parse import urlencode

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import ApiContext
from moothall.api.prefix import APPLICATIONS_PATH as _PATH
from moothall.api.reference import documented_body
from moothall.applications import schemas, service, store
from moothall.applications.account_call import AuthenticatedAccount
from moothall.applications.keys import generate_key_pair
from moothall.applications.problems import ProblemRoute, documented_problems
from moothall.db import Connection
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable

DEFAULT_PAGE_SIZE = 10
# The Java SDK asks for this many to get all applications at once.
MAX_PAGE_SIZE = 1000
_MAX_PAGE = 1_000_000

# Deletes an application and everything it owns, in the transaction of the connection.
RemoveApplication = Callable[[Connection, str, datetime], None]

_CREATE_EXAMPLES = {
    "with webhooks": {
        "summary": "With webhooks and a generated key pair",
        "value": {
            "name": "My meetings",
            "capabilities": {
                "meetings": {
                    "webhooks": {
                        "room_changed": {"address": "https://example.com/rooms", "http_method": "POST"},
                        "session_changed": {"address": "https://example.com/sessions", "http_method": "POST"},
                        "recording_changed": {"address": "https://example.com/recordings", "http_method": "POST"},
                    }
                }
            },
        },
    },
}
_UPDATE_EXAMPLES = {"rename": {"summary": "Another name, no webhooks", "value": {"name": "Our meetings"}}}


def applications_router(remove: RemoveApplication, wake: Callable[[], None]) -> APIRouter:
    """``wake`` is called after a transaction that has left jobs due."""
    router = APIRouter(tags=["Applications"], route_class=ProblemRoute)
    # Generating a key takes a CPU core some tenths of a second, so only one is made at a time.
    key_maker = CapacityLimiter(1)

    @router.get(
        _PATH,
        operation_id="list_applications",
        summary="List applications",
        description="The account's applications in order of creation.",
        response_model=schemas.ApplicationPage,
        responses=documented_problems(429, 400, 401),
    )
    async def list_applications(
        call: AuthenticatedAccount,
        page: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 1,
        page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE,
    ) -> Response:
        found, total = await call.database.read(
            functools.partial(
                _read_page, account_id=call.account.account_id, offset=(page - 1) * page_size, limit=page_size
            )
        )
        pages = max(1, ceil(total / page_size))
        return JSONResponse(
            {
                "page_size": page_size,
                "page": page,
                "total_items": total,
                "total_pages": pages,
                "_embedded": {
                    "applications": [
                        schemas.render_application(application, base_url=call.base_url) for application in found
                    ]
                },
                "_links": _page_links(call.base_url + _PATH, page, pages, page_size),
            }
        )

    @router.post(
        _PATH,
        operation_id="create_application",
        summary="Create an application",
        description="Without `keys.public_key` a key pair is generated. `keys.private_key` is in this answer and nowhere "
        "else, unless the same request is repeated with the same `Idempotency-Key`.",
        status_code=201,
        response_model=schemas.NewApplication,
        responses=documented_problems(429, 400, 401, 409, 413, 422),
        openapi_extra=repeatable(documented_body(schemas.CreateApplication, _CREATE_EXAMPLES)),
    )
    async def create_application(call: AuthenticatedAccount, request: Request) -> Response:
        body = await read_body(request, schemas.CreateApplication)
        once = Once.of(request, call.account.account_id, call.now, body)
        # Checked first, so that no key pair is generated in vain.
        if (found := await once.find()) is not None:
            return found
        public_key, private_key = body.public_key(), None
        if public_key is None:
            made = await anyio.to_thread.run_sync(generate_key_pair, limiter=key_maker)
            public_key, private_key = made.public, made.private
        return await once.write(
            lambda connection: service.create_application(
                connection,
                call.account,
                name=body.name,
                public_key=public_key,
                now=call.now,
                webhooks=body.webhooks(),
                allowed_origins=body.allowed_origins() or (),
                allowed_domains=body.allowed_domains() or (),
            ),
            lambda application: JSONResponse(
                schemas.render_application(application, base_url=call.base_url, private_key=private_key), 201
            ),
        )

    @router.get(
        _PATH + "/{application_id}",
        operation_id="get_application",
        summary="Get an application",
        response_model=schemas.ApplicationShape,
        responses=documented_problems(429, 401, 404),
    )
    async def get_application(call: AuthenticatedAccount, application_id: str) -> Response:
        application = await call.database.read(
            lambda connection: service.get_application_of(connection, call.account, application_id)
        )
        return JSONResponse(schemas.render_application(application, base_url=call.base_url))

    @router.put(
        _PATH + "/{application_id}",
        operation_id="update_application",
        summary="Update an application",
        description="The body replaces the application: webhooks it does not name are removed. Only the key "
        "is kept without `keys`, the origins without `allowed_origins`, and the domains without `embedding`.",
        response_model=schemas.ApplicationShape,
        responses=documented_problems(429, 400, 401, 404, 413),
        openapi_extra=documented_body(schemas.UpdateApplication, _UPDATE_EXAMPLES),
    )
    async def update_application(call: AuthenticatedAccount, request: Request, application_id: str) -> Response:
        context: ApiContext = request.app.state.api
        body = await read_body(request, schemas.UpdateApplication)
        application = await call.database.write(
            lambda connection: service.update_application(
                connection,
                call.account,
                application_id,
                given_id=body.id,
                name=body.name,
                public_key=body.public_key(),
                webhooks=body.webhooks(),
                allowed_origins=body.allowed_origins(),
                allowed_domains=body.allowed_domains(),
            )
        )
        context.authenticator.forget(application.application_id)
        return JSONResponse(schemas.render_application(application, base_url=call.base_url))

    @router.delete(
        _PATH + "/{application_id}",
        operation_id="delete_application",
        summary="Delete an application",
        description="Everything it owns is deleted, too: rooms, even while people are inside, themes, sessions, recordings, events.",
        status_code=204,
        response_class=Response,
        responses=documented_problems(429, 401, 404),
    )
    async def delete_application(call: AuthenticatedAccount, request: Request, application_id: str) -> Response:
        context: ApiContext = request.app.state.api

        def transaction(connection: Connection) -> str:
            application = service.lock_application_of(connection, call.account, application_id)
            remove(connection, application.application_id, call.now)
            return application.application_id

        context.authenticator.forget(await call.database.write_long(transaction))
        wake()
        return Response(status_code=204)

    return router


def _read_page(connection: Connection, *, account_id: str, offset: int, limit: int) -> tuple[list[Any], int]:
    found = store.list_applications(connection, account_id, offset=offset, limit=limit)
    return found, store.count_applications(connection, account_id)


def _page_links(url: str, page: int, pages: int, page_size: int) -> dict[str, dict[str, str]]:
    numbers = {"self": page, "first": 1, "last": pages}
    if page > 1:
        numbers["prev"] = min(page - 1, pages)
    if page < pages:
        numbers["next"] = page + 1
    return {
        name: {"href": f"{url}?{urlencode({'page': number, 'page_size': page_size})}"}
        for name, number in numbers.items()
    }
