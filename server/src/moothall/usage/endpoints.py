"""``/usage``: additions to the original API."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from moothall.api.accept import asks_for
from moothall.api.call import AuthenticatedCall, Call
from moothall.api.paging import render_log
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.kit.spreadsheet import as_text, csv_lines
from moothall.ledger import store as ledger
from moothall.ledger.model import Place
from moothall.usage import schemas, service
from moothall.usage.model import Group, Period
from moothall.usage.parameters import (
    CSV,
    DAYS,
    STATEMENT_FORMS,
    STATEMENT_RULES,
    After,
    Limit,
    Month,
    Prices,
    RequestedPeriod,
    first_day,
    statement_response,
)
from moothall.usage.pricing import PriceBook

_ROWS_AT_ONCE = 500
router = APIRouter(prefix=f"{API_PREFIX}/usage", tags=["Additions"])


@router.get(
    "",
    operation_id="get_usage",
    summary="Get the usage per day",
    description=addition(
        f"Minutes of participants and of recordings per day and their cost. {DAYS} What goes on counts until now. "
        "Prices depend on what the account has used earlier in the month."
    ),
    response_model=schemas.UsageBody,
    responses=documented_errors(400, 401),
)
async def get_usage(call: AuthenticatedCall, period: RequestedPeriod, prices: Prices) -> Response:
    uses = await call.database.read(
        partial(
            service.usage_of_days,
            book=prices,
            account_id=call.account_id,
            application_id=call.application_id,
            period=period,
            now=call.now,
        )
    )
    return JSONResponse(schemas.render_days(uses))


@router.get(
    "/rooms",
    operation_id="list_usage_of_rooms",
    summary="List the usage of rooms",
    description=addition(
        f"Rooms in which something has ended on these days, in the order of their first entries, also those deleted since. {DAYS} "
        "Keep `after` from the answer and send it with the next request. Each cost is rounded by itself."
    ),
    response_model=schemas.RoomsUsageBody,
    responses=documented_errors(400, 401),
)
async def list_usage_of_rooms(
    call: AuthenticatedCall, period: RequestedPeriod, prices: Prices, after: After = 0, limit: Limit = 100
) -> Response:
    return JSONResponse(await _of_group(call, Group.ROOM, period, prices, after=after, limit=limit))


@router.get(
    "/sessions",
    operation_id="list_usage_of_sessions",
    summary="List the usage of sessions",
    description=addition(
        f"Sessions in which something has ended on these days, in the order of their first entries, also those deleted since. {DAYS} "
        "Keep `after` from the answer and send it with the next request. Each cost is rounded by itself."
    ),
    response_model=schemas.SessionsUsageBody,
    responses=documented_errors(400, 401),
)
async def list_usage_of_sessions(
    call: AuthenticatedCall, period: RequestedPeriod, prices: Prices, after: After = 0, limit: Limit = 100
) -> Response:
    return JSONResponse(await _of_group(call, Group.SESSION, period, prices, after=after, limit=limit))


@router.get(
    "/entries",
    operation_id="list_usage_entries",
    summary="Read the ledger",
    description=addition(
        f"The source of what is billed: the entries of these days, by day, and each day's in the order of writing. {DAYS} "
        "A stay or a recording has an entry for each day (UTC), written when it ends; a correction is an entry, too. "
        f"Keep `after` from the answer and send it with the next request. With `Accept: {CSV}` the answer is one table "
        "of everything after `after`, whatever the `limit`."
    ),
    response_model=schemas.LedgerBody,
    responses={**documented_errors(400, 401), 200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def list_usage_entries(
    call: AuthenticatedCall,
    request: Request,
    period: RequestedPeriod,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    if asks_for(request, CSV):
        headers = {"content-disposition": 'attachment; filename="ledger.csv"', "vary": "accept"}
        table = _table(call, period, after)
        return StreamingResponse(table, media_type=f"{CSV}; charset=utf-8", headers=headers)
    found = await call.database.read(
        lambda connection: ledger.entries_after(
            connection, call.application_id, period.first, period.end, after=Place.of_number(after), limit=limit + 1
        )
    )
    body = render_log(
        found, after=after, limit=limit, position=lambda entry: entry.place.as_number(), render=schemas.render_entry
    )
    return JSONResponse(body, headers={"vary": "accept"})


@router.get(
    "/statement",
    operation_id="get_usage_statement",
    summary="Get the statement of a month",
    description=addition(f"This application's lines of its account's statement. {STATEMENT_RULES}"),
    response_model=schemas.StatementBody,
    responses={**documented_errors(400, 401), 200: STATEMENT_FORMS},
)
async def get_usage_statement(
    call: AuthenticatedCall, request: Request, prices: Prices, month: Month = None
) -> Response:
    statement = await call.database.read(
        partial(
            service.make_statement,
            book=prices,
            account_id=call.account_id,
            application_id=call.application_id,
            month=first_day(month, call.now),
            now=call.now,
        )
    )
    return statement_response(request, statement)


async def _of_group(
    call: Call, group: Group, period: Period, prices: PriceBook, *, after: int, limit: int
) -> dict[str, Any]:
    uses = await call.database.read(
        partial(
            service.usage_of_group,
            book=prices,
            account_id=call.account_id,
            application_id=call.application_id,
            period=period,
            now=call.now,
            group=group,
            after=Place.of_number(after),
            limit=limit + 1,
        )
    )
    return schemas.render_group(uses, f"{group.value}_id", after=after, limit=limit)


async def _table(call: Call, period: Period, after: int) -> AsyncIterator[str]:
    place = Place.of_number(after)
    yield csv_lines([tuple(schemas.LedgerEntryBody.model_fields)])
    while True:
        entries = await call.database.read(
            partial(
                ledger.entries_after,
                application_id=call.application_id,
                first=period.first,
                end=period.end,
                after=place,
                limit=_ROWS_AT_ONCE,
            )
        )
        if not entries:
            return
        yield csv_lines(
            [as_text(value) if isinstance(value, str) else value for value in schemas.render_entry(entry).values()]
            for entry in entries
        )
        place = entries[-1].place
