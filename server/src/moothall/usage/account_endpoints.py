"""``/v2/usage``: what all applications of an account have used; an addition to the original API."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.prefix import USAGE_PATH
from moothall.api.reference import addition
from moothall.applications.account_call import AuthenticatedAccount
from moothall.applications.problems import ProblemRoute, documented_problems
from moothall.usage import schemas, service
from moothall.usage.parameters import (
    DAYS,
    STATEMENT_FORMS,
    STATEMENT_RULES,
    Month,
    Prices,
    RequestedPeriod,
    first_day,
    statement_response,
)

_MAX_PAGE = 1_000_000
_MAX_PAGE_SIZE = 1000
router = APIRouter(prefix=USAGE_PATH, tags=["Additions"], route_class=ProblemRoute)


@router.get(
    "",
    operation_id="get_account_usage",
    summary="Get the usage of an account per day",
    description=addition(f"The applications together, also those deleted since. {DAYS} What goes on counts until now."),
    response_model=schemas.UsageBody,
    responses=documented_problems(429, 400, 401),
)
async def get_account_usage(call: AuthenticatedAccount, period: RequestedPeriod, prices: Prices) -> Response:
    uses = await call.database.read(
        partial(
            service.usage_of_days,
            book=prices,
            account_id=call.account.account_id,
            application_id=None,
            period=period,
            now=call.now,
        )
    )
    return JSONResponse(schemas.render_days(uses))


@router.get(
    "/applications",
    operation_id="list_usage_of_applications",
    summary="List the usage of applications",
    description=addition(
        f"Applications that have used something, in the order of their ids, also those deleted since. {DAYS} "
        "What goes on counts until now."
    ),
    response_model=schemas.ApplicationsUsageBody,
    responses=documented_problems(429, 400, 401),
)
async def list_usage_of_applications(
    call: AuthenticatedAccount,
    period: RequestedPeriod,
    prices: Prices,
    page: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 1,
    page_size: Annotated[int, Query(ge=1, le=_MAX_PAGE_SIZE)] = 100,
) -> Response:
    uses = await call.database.read(
        partial(
            service.usage_of_applications,
            book=prices,
            account_id=call.account.account_id,
            period=period,
            now=call.now,
        )
    )
    return JSONResponse(schemas.render_applications(uses, page=page, page_size=page_size))


@router.get(
    "/prices",
    operation_id="get_account_prices",
    summary="Get the prices of an account",
    description=addition("All tiers that are valid on the last day of the month, or today in the current one."),
    response_model=schemas.PricesBody,
    responses=documented_problems(429, 400, 401),
)
async def get_account_prices(call: AuthenticatedAccount, prices: Prices, month: Month = None) -> Response:
    day, table = service.prices_of(prices, call.account.account_id, first_day(month, call.now), call.now)
    return JSONResponse(schemas.render_prices(table, day))


@router.get(
    "/statement",
    operation_id="get_account_statement",
    summary="Get the statement of an account for a month",
    description=addition(f"What the applications of the account have used and what it costs. {STATEMENT_RULES}"),
    response_model=schemas.StatementBody,
    responses={**documented_problems(429, 400, 401), 200: STATEMENT_FORMS},
)
async def get_account_statement(
    call: AuthenticatedAccount, request: Request, prices: Prices, month: Month = None
) -> Response:
    statement = await call.database.read(
        partial(
            service.make_statement,
            book=prices,
            account_id=call.account.account_id,
            application_id=None,
            month=first_day(month, call.now),
            now=call.now,
        )
    )
    return statement_response(request, statement)
