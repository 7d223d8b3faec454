"""Pages of a list, as the contract has them: by a hidden ascending serial, ``end_id`` excluded.

Links are absolute, because clients parse them. ``next`` is absent on the last page (clients loop until it is), ``prev`` on the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 1000
MAX_SERIAL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Rooms with ``start_id <= serial < end_id``, at most ``page_size`` of them."""

    page_size: int
    start_id: int | None
    end_id: int | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What lies around a page: the serials where the previous and the next page begin, or None where there is none."""

    previous_start: int | None
    next_start: int | None


def render_page(
    url: str, request: PageRequest, items: Sequence[dict[str, Any]], total: int, around: Neighbours
) -> dict[str, Any]:
    """The body of one page; ``url`` is the absolute address of the list without a query."""

    def link(start_id: int | None, end_id: int | None = request.end_id) -> dict[str, str]:
        query = {"page_size": request.page_size, "start_id": start_id, "end_id": end_id}
        return {"href": f"{url}?{urlencode({name: value for name, value in query.items() if value is not None})}"}

    links = {"first": link(None, None), "self": link(request.start_id)}
    if around.previous_start is not None:
        links["prev"] = link(around.previous_start)
    if around.next_start is not None:
        links["next"] = link(around.next_start)
    return {"page_size": request.page_size, "total_items": total, "_embedded": items, "_links": links}


class Link(BaseModel):
    href: str = Field(examples=["https://meet.example/v1/meetings/rooms?page_size=20"])


class PageLinks(BaseModel):
    model_config = ConfigDict(title="PageLinks")

    first: Link
    self: Link
    prev: Link | None = Field(default=None, description="Absent on the first page.")
    next: Link | None = Field(default=None, description="Absent on the last page.")
