"""``/dial-in-numbers`` of the Meetings API.

No credentials are needed, because the numbers are public.
"""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.call import ApiContext
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import documented_errors

router = APIRouter(prefix=API_PREFIX, tags=["Numbers"])


class DialInNumber(BaseModel):
    number: str = Field(examples=["17323338801"])
    locale: str = Field(examples=["en-US"])
    display_name: str = Field(examples=["United States"])


@router.get(
    "/dial-in-numbers",
    operation_id="list_dial_in_numbers",
    summary="List the dial-in numbers",
    description="The numbers configured on this server, possibly none.",
    response_model=list[DialInNumber],
    responses=documented_errors(),
)
async def list_dial_in_numbers(request: Request) -> Response:
    context: ApiContext = request.app.state.api
    return JSONResponse([number.model_dump() for number in context.settings.dial_in_numbers])
