"""The query parameters that ask for a page of a list."""

from typing import Annotated

from fastapi import Depends, Query

from moothall.api.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_SERIAL, PageRequest


async def page_request(
    start_id: Annotated[int | None, Query(ge=0, le=MAX_SERIAL, description="Begin with this serial.")] = None,
    end_id: Annotated[int | None, Query(ge=0, le=MAX_SERIAL, description="End before this serial.")] = None,
    page_size: Annotated[
        int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of items.")
    ] = DEFAULT_PAGE_SIZE,
) -> PageRequest:
    return PageRequest(page_size, start_id, end_id)


RequestedPage = Annotated[PageRequest, Depends(page_request)]
