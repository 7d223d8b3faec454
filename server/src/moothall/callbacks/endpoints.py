"""``/events`` and ``/callbacks``: additions to the original API for receivers that missed some."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import AuthenticatedCall
from moothall.api.fields import LINE_PATTERN
from moothall.api.paging import MAX_SERIAL, render_log
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_body, documented_errors
from moothall.callbacks import schemas, service, store
from moothall.callbacks.model import DeliveryStatus
from moothall.db import Connection
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable

router = APIRouter(prefix=API_PREFIX, tags=["Additions"])

_MAX_LIMIT = 500
_REDELIVER_EXAMPLES = {
    "range": {
        "summary": "Events of a time in which the receiver was down",
        "value": {"from": "2026-11-22T12:00:00.000Z", "to": "2026-11-22T14:30:00.000Z"},
    },
    "events": {"summary": "Single events", "value": {"event_ids": ["msg_0b3e7a52-5a0c-4d4e-9f50-1df4f8a2f0de"]}},
}
_TEST_EXAMPLES = {"sessions": {"summary": "The webhook for sessions", "value": {"webhook": "session_changed"}}}

After = Annotated[
    int, Query(ge=0, le=MAX_SERIAL, description="Start after this one; 0 starts with the oldest that is kept.")
]
Limit = Annotated[int, Query(ge=1, le=_MAX_LIMIT, description="Maximum number of items.")]
DeliveryId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]


@router.get(
    "/events",
    operation_id="list_events",
    summary="Read events again",
    description=addition(
        "The events of the application's rooms in order, whether or not callbacks were sent. Keep `after` from the answer and "
        "send it with the next request."
    ),
    response_model=schemas.EventsBody,
    responses=documented_errors(400, 401),
)
async def list_events(call: AuthenticatedCall, after: After = 0, limit: Limit = 100) -> Response:
    found = await call.database.read(
        lambda connection: store.list_events(connection, call.application_id, after=after, limit=limit + 1)
    )
    return JSONResponse(
        render_log(found, after=after, limit=limit, position=lambda event: event.position, render=schemas.render_event)
    )


@router.get(
    "/callbacks/deliveries",
    operation_id="list_deliveries",
    summary="List deliveries",
    description=addition(
        "The state of the delivery of callbacks, in the order in which they were written, or the newest first."
    ),
    response_model=schemas.DeliveriesBody,
    responses=documented_errors(400, 401),
)
async def list_deliveries(
    call: AuthenticatedCall,
    *,
    room_id: Annotated[str | None, Query(max_length=64, pattern=LINE_PATTERN)] = None,
    status: DeliveryStatus | None = None,
    event: Annotated[str | None, Query(max_length=64, pattern=LINE_PATTERN, examples=["session:started"])] = None,
    newest_first: Annotated[bool, Query(description="The order; `after` then starts before that one.")] = False,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    found = await call.database.read(
        lambda connection: store.list_deliveries(
            connection,
            call.application_id,
            room_id=None if room_id is None else room_id.lower(),
            status=status,
            event=event,
            newest_first=newest_first,
            after=after,
            limit=limit + 1,
        )
    )
    return JSONResponse(
        render_log(
            found, after=after, limit=limit, position=lambda delivery: delivery.id, render=schemas.render_delivery
        )
    )


@router.get(
    "/callbacks/deliveries/{delivery_id}",
    operation_id="get_delivery",
    summary="Get a delivery and its attempts",
    description=addition("The delivery with the body that is sent and the answer to each attempt."),
    response_model=schemas.DeliveryWithAttemptsBody,
    responses=documented_errors(400, 401, 404),
)
async def get_delivery(call: AuthenticatedCall, delivery_id: DeliveryId) -> Response:
    details = await call.database.read(
        lambda connection: service.get_delivery(connection, call.application_id, delivery_id)
    )
    return JSONResponse(schemas.render_details(details))


@router.post(
    "/callbacks/deliveries/{delivery_id}/redeliver",
    operation_id="redeliver",
    summary="Redeliver a callback",
    description=addition(
        "The callback is sent again soon, to its original URL, with the same `webhook-id` and the full retry schedule."
    ),
    status_code=202,
    response_model=schemas.DeliveryWithAttemptsBody,
    responses=documented_errors(400, 401, 404, 409, 422),
    openapi_extra=repeatable(),
)
async def redeliver(call: AuthenticatedCall, request: Request, delivery_id: DeliveryId) -> Response:
    return await Once.of(request, call.application_id, call.now).write(
        lambda connection: service.redeliver(connection, call.application_id, delivery_id, call.now),
        lambda details: JSONResponse(schemas.render_details(details), 202),
    )


@router.post(
    "/callbacks/redeliver",
    operation_id="redeliver_many",
    summary="Redeliver many callbacks",
    description=addition(
        f"Redelivers the callbacks of a period (at most {service.MOST_REDELIVERED}) or of single events. Pending deliveries are unaffected."
    ),
    status_code=202,
    response_model=schemas.RedeliveredBody,
    responses=documented_errors(400, 401, 409, 413, 422),
    openapi_extra=repeatable(documented_body(schemas.RedeliverBody, _REDELIVER_EXAMPLES)),
)
async def redeliver_many(call: AuthenticatedCall, request: Request) -> Response:
    body = await read_body(request, schemas.RedeliverBody)
    start, end, event_ids = body.from_, body.to, body.event_ids

    def transaction(connection: Connection) -> int:
        if start is not None and end is not None:
            return service.redeliver_between(connection, call.application_id, start, end, call.now)
        return service.redeliver_events(connection, call.application_id, event_ids or [], call.now)

    return await Once.of(request, call.application_id, call.now, body).write(
        transaction, lambda count: JSONResponse({"redelivered": count}, 202)
    )


@router.post(
    "/callbacks/test",
    operation_id="send_test_callback",
    summary="Send a test event",
    description=addition(
        "An event `callback:test`, with `test` true, is sent to one of the application's webhooks like any other callback: signed, "
        "retried and logged. Its `room_id` in the log is that of no room. 409 without such a webhook."
    ),
    status_code=202,
    response_model=schemas.DeliveryWithAttemptsBody,
    responses=documented_errors(400, 401, 409, 413, 422),
    openapi_extra=repeatable(documented_body(schemas.SendTestBody, _TEST_EXAMPLES)),
)
async def send_test_callback(call: AuthenticatedCall, request: Request) -> Response:
    body = await read_body(request, schemas.SendTestBody)
    return await Once.of(request, call.application_id, call.now, body).write(
        lambda connection: service.send_test(connection, call.application_id, body.webhook, call.now),
        lambda details: JSONResponse(schemas.render_details(details), 202),
    )
