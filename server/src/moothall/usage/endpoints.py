"""``/usage``: an addition to the original API."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from moothall.api.call import AuthenticatedCall
from moothall.api.fields import Moment
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.usage import schemas, service

router = APIRouter(prefix=API_PREFIX, tags=["Additions"])


@router.get(
    "/usage",
    operation_id="get_usage",
    summary="Get the usage per day",
    description=addition(
        f"Minutes of participants and of recordings per day (UTC), at most {service.MOST_DAYS} days, and their "
        "cost at the original's prices, which depend on the usage earlier in the month. Deleted recordings do not count."
    ),
    response_model=schemas.UsageBody,
    responses=documented_errors(400, 401),
)
async def get_usage(
    call: AuthenticatedCall,
    start: Annotated[
        Moment | None, Query(alias="from", description="Start of the period; default: the beginning of the month.")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="End of the period (exclusive); default: now.")] = None,
) -> Response:
    last = end or call.now
    first = start or service.month_start(last)
    days = await call.database.read(
        lambda connection: service.list_usage(connection, call.application_id, first, last, call.now)
    )
    return JSONResponse(schemas.render_usage(days, first, last))
