"""Query parameters of usage, and the form of a statement that a client asks for."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.accept import asks_for
from moothall.api.call import ApiContext
from moothall.api.fields import Moment
from moothall.api.paging import MAX_SERIAL
from moothall.usage import service, statement_pages
from moothall.usage.model import Period, Statement
from moothall.usage.pricing import PriceBook
from moothall.usage.schemas import render_statement

CSV, HTML = "text/csv", "text/html"
MAX_LIMIT = 500

_Start = Annotated[
    Moment | None,
    Query(alias="from", description="The first day is the one with this moment; default: the first of the month."),
]
_End = Annotated[
    Moment | None,
    Query(alias="to", description="The last day is the one before this moment (exclusive); default: now."),
]
Month = Annotated[
    str | None,
    Query(
        pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$",
        description="The month (UTC); default: the current one.",
        examples=["2026-11"],
    ),
]
After = Annotated[
    int, Query(ge=0, le=MAX_SERIAL, description="`after` of the answer before this one; 0 starts at the beginning.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of items.")]


async def _period(request: Request, start: _Start = None, end: _End = None) -> Period:
    context: ApiContext = request.app.state.api
    return service.period_of(start, end, context.clock.now())


async def _prices(request: Request) -> PriceBook:
    context: ApiContext = request.app.state.api
    return PriceBook(context.settings.price_tables)


RequestedPeriod = Annotated[Period, Depends(_period)]
Prices = Annotated[PriceBook, Depends(_prices)]

DAYS = f"Whole days (UTC), at most {service.MOST_DAYS}, and all in months of one currency."
STATEMENT_FORMS: dict[str, Any] = {
    "content": {CSV: {"schema": {"type": "string"}}, HTML: {"schema": {"type": "string"}}}
}
STATEMENT_RULES = (
    "Only what has ended is in it; `is_final` says whether it may still change. "
    f"With `Accept: {CSV}` it is a table, with `Accept: {HTML}` a page to print."
)


def first_day(month: str | None, now: datetime) -> date:
    return now.date().replace(day=1) if month is None else date.fromisoformat(f"{month}-01")


def statement_response(request: Request, statement: Statement) -> Response:
    headers = {"vary": "accept"}
    match asks_for(request, CSV, HTML):
        case "text/csv":
            headers["content-disposition"] = f'attachment; filename="statement-{statement.month:%Y-%m}.csv"'
            return Response(statement_pages.render_csv(statement), 200, headers, f"{CSV}; charset=utf-8")
        case "text/html":
            headers["content-security-policy"] = statement_pages.CONTENT_SECURITY_POLICY
            return Response(statement_pages.render_html(statement), 200, headers, f"{HTML}; charset=utf-8")
        case _:
            return JSONResponse(render_statement(statement), 200, headers)
