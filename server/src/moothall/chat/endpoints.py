"""``/sessions/{id}/chat``: an addition to the original API."""

from collections.abc import AsyncIterator
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from moothall.api.accept import asks_for
from moothall.api.call import AuthenticatedCall, Call
from moothall.api.page_parameters import RequestedPage
from moothall.api.paging import PageRequest, render_page
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_errors
from moothall.chat import schemas, service, table
from moothall.chat.model import MOST_KEPT

_CSV = "text/csv"
_ROWS_AT_ONCE = 500

router = APIRouter(prefix=f"{API_PREFIX}/sessions/{{session_id}}/chat", tags=["Additions"])


@router.get(
    "",
    operation_id="list_chat_messages",
    summary="Read the chat of a session",
    description=addition(
        f"Works during the session and afterwards; the newest {MOST_KEPT} messages are kept. With `Accept: {_CSV}` the answer is one "
        "table of everything from `start_id` to `end_id`, whatever the `page_size`; names and texts that a spreadsheet would take for a "
        "formula have an apostrophe before them."
    ),
    response_model=schemas.ChatPage,
    responses={
        **documented_errors(400, 401, 404),
        200: {"content": {_CSV: {"schema": {"type": "string"}}}},
    },
)
async def list_chat_messages(
    call: AuthenticatedCall, request: Request, session_id: str, page: RequestedPage
) -> Response:
    if asks_for(request, _CSV):
        await call.database.read(lambda connection: service.get_session(connection, call.application_id, session_id))
        headers = {"content-disposition": 'attachment; filename="chat.csv"', "vary": "accept"}
        return StreamingResponse(_table(call, session_id, page), media_type=f"{_CSV}; charset=utf-8", headers=headers)
    messages = await call.database.read(
        lambda connection: service.page_of_messages(connection, call.application_id, session_id, page)
    )
    url = call.base_url + request.scope["path"]
    return JSONResponse(render_page(url, page, messages, schemas.render_message), headers={"vary": "accept"})


async def _table(call: Call, session_id: str, page: PageRequest) -> AsyncIterator[str]:
    yield table.render_heading()
    start = page.start_id or 0
    while True:
        messages = await call.database.read(
            partial(service.messages_between, session_id=session_id, start=start, end=page.end_id, limit=_ROWS_AT_ONCE)
        )
        if not messages:
            return
        yield table.render_rows(messages)
        start = messages[-1].number + 1
