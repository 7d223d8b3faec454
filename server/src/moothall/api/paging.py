"""Pages of a list, as the contract defines them: by a hidden ascending serial, ``end_id`` excluded.

Links are absolute, because clients parse them. Two kinds of clients loop over pages: one stops when
``next`` is missing, the other when an answer's ``page_size`` is less than requested, and it needs a
``next`` until then. Both terminate because a full page always has a ``next``, even to an empty
page, a page that is not full has none, and ``page_size`` is the number of items on the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 1000
MAX_SERIAL = 2**63 - 1

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Asks for items with ``start_id <= serial < end_id``, at most ``page_size`` of them."""

    page_size: int
    start_id: int | None
    end_id: int | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list with ``total`` items.

    ``previous_start`` and ``next_start`` are the first serials of the adjacent pages, or None.
    """

    items: Sequence[Item]
    total: int
    previous_start: int | None
    next_start: int | None


def read_page(
    request: PageRequest,
    *,
    find: Callable[[int, int, int], Sequence[Item]],
    serial: Callable[[Item], int],
    before: Callable[[int, int], Sequence[int]],
    total: int,
) -> Page[Item]:
    """Read one page of a list.

    ``find(start, end, limit)`` returns the items with ``start <= serial < end`` in ascending order;
    ``before(serial, limit)`` the nearest serials below one, in descending order.
    """
    start = request.start_id or 0
    items = find(start, MAX_SERIAL if request.end_id is None else request.end_id, request.page_size)
    earlier = before(serial(items[0]) if items else start, request.page_size)
    is_full = len(items) == request.page_size
    return Page(
        items,
        total,
        previous_start=earlier[-1] if earlier else None,
        next_start=serial(items[-1]) + 1 if is_full else None,
    )


def render_page(
    url: str,
    request: PageRequest,
    page: Page[Item],
    render: Callable[[Item], dict[str, Any]],
    choice: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the body of a page; ``url`` is the absolute address of the list without a query.

    ``choice``: the parameters that say which items are in the list; its links repeat them.
    """

    def link(start_id: int | None) -> dict[str, str]:
        query = {**(choice or {}), "page_size": request.page_size, "start_id": start_id, "end_id": request.end_id}
        return {"href": f"{url}?{urlencode({name: value for name, value in query.items() if value is not None})}"}

    links = {"first": link(None), "self": link(request.start_id)}
    if page.previous_start is not None:
        links["prev"] = link(page.previous_start)
    if page.next_start is not None:
        links["next"] = link(page.next_start)
    return {
        "page_size": len(page.items),
        "total_items": page.total,
        "_embedded": [render(item) for item in page.items],
        "_links": links,
    }


def render_log(
    found: Sequence[Item],
    *,
    after: int,
    limit: int,
    position: Callable[[Item], int],
    render: Callable[[Item], dict[str, Any]],
) -> dict[str, Any]:
    """Return the body of a log page after ``after``.

    ``found`` has up to one item more than ``limit``.
    """
    shown = found[:limit]
    return {
        "_embedded": [render(item) for item in shown],
        "after": position(shown[-1]) if shown else after,
        "has_more": len(found) > limit,
    }


class Link(BaseModel):
    href: str = Field(examples=["https://meet.example/v1/meetings/rooms?page_size=20"])


class PageLinks(BaseModel):
    model_config = ConfigDict(title="PageLinks")

    first: Link
    self: Link
    prev: Link | SkipJsonSchema[None] = Field(default=None, description="Absent on the first page.")
    next: Link | SkipJsonSchema[None] = Field(
        default=None, description="Absent on a page that is not full: it is the last one."
    )


class PageBody(BaseModel):
    """The fields common to all pages; ``_embedded`` depends on the list."""

    page_size: int = Field(description="Number of items on this page.")
    total_items: int = Field(description="Number of items in the whole list.")
    links: PageLinks = Field(alias="_links")
