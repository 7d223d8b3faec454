"""Walking through the list of rooms."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.server import ORIGIN, RunningServer, Tenant


@pytest.fixture
async def rooms(acme: Tenant, globex: Tenant) -> list[str]:
    """Five rooms, with another application's in between."""
    made = []
    for number in range(5):
        made.append((await acme.create_room(display_name=f"Room {number}"))["id"])
        await globex.create_room()
    return made


def ids(page: dict[str, Any]) -> list[str]:
    return [room["id"] for room in page["_embedded"]]


def start_of(page: dict[str, Any], link: str) -> int:
    return int(parse_qs(urlsplit(page["_links"][link]["href"]).query)["start_id"][0])


async def test_one_page_has_no_neighbours(acme: Tenant, rooms: list[str]):
    page = (await acme.get("/rooms")).json()

    assert page["page_size"] == 5
    assert page["total_items"] == 5
    assert ids(page) == rooms
    assert page["_links"] == {
        "first": {"href": f"{ORIGIN}/v1/meetings/rooms?page_size=20"},
        "self": {"href": f"{ORIGIN}/v1/meetings/rooms?page_size=20"},
    }


async def test_next_leads_to_the_end_and_prev_back_to_the_start(acme: Tenant, rooms: list[str]):
    pages = [(await acme.get("/rooms?page_size=2")).json()]
    while "next" in pages[-1]["_links"]:
        pages.append((await acme.get(pages[-1]["_links"]["next"]["href"])).json())
    assert [ids(page) for page in pages] == [rooms[:2], rooms[2:4], rooms[4:]]
    assert "prev" not in pages[0]["_links"]

    back = [pages[-1]]
    while "prev" in back[-1]["_links"]:
        back.append((await acme.get(back[-1]["_links"]["prev"]["href"])).json())
    assert [ids(page) for page in back] == [rooms[4:], rooms[2:4], rooms[:2]]
    assert (await acme.get(pages[-1]["_links"]["first"]["href"])).json() == pages[0]
    assert (await acme.get(pages[1]["_links"]["self"]["href"])).json() == pages[1]


async def test_end_id_is_excluded_and_kept_by_the_links(acme: Tenant, rooms: list[str]):
    first = (await acme.get("/rooms?page_size=2")).json()
    fourth = start_of((await acme.get(f"/rooms?page_size=1&start_id={start_of(first, 'next')}")).json(), "next")

    page = (await acme.get(f"/rooms?end_id={fourth}&page_size=2")).json()
    rest = (await acme.get(page["_links"]["next"]["href"])).json()

    assert ids(page) == rooms[:2]
    assert ids(rest) == [rooms[2]]
    assert rest["page_size"] == 1
    assert "next" not in rest["_links"]


async def test_a_last_page_that_is_full_is_followed_by_an_empty_one(acme: Tenant, rooms: list[str]):
    page = (await acme.get("/rooms?page_size=5")).json()
    after = (await acme.get(page["_links"]["next"]["href"])).json()

    assert ids(page) == rooms
    assert page["page_size"] == 5
    assert (after["_embedded"], after["page_size"], after["total_items"]) == ([], 0, 5)
    assert "next" not in after["_links"]
    assert ids((await acme.get(after["_links"]["prev"]["href"])).json()) == rooms


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("of_theme", [False, True])
async def test_both_ways_of_looping_over_pages_end(acme: Tenant, page_size: int, of_theme: bool):
    """Loop as the Node SDK (while there is a next) and the Java SDK (until a page is short)."""
    theme = (await acme.post("/themes", json={"main_color": "#123", "brand_text": "x"})).json()["theme_id"]
    for number in range(5):
        await acme.create_room(display_name=f"Room {number}", theme_id=theme)
    address = f"/themes/{theme}/rooms" if of_theme else "/rooms"

    pages = [(await acme.get(f"{address}?page_size={page_size}")).json()]
    while "next" in pages[-1]["_links"]:
        pages.append((await acme.get(pages[-1]["_links"]["next"]["href"])).json())

    first = (await acme.get(f"{address}?page_size={page_size}")).json()
    by_size = [first]
    if first["total_items"] > first["page_size"]:
        while True:
            start = start_of(by_size[-1], "next")
            by_size.append((await acme.get(f"{address}?page_size={page_size}&start_id={start}")).json())
            if by_size[-1]["page_size"] < page_size:
                break

    for walked in (pages, by_size):
        assert [room["display_name"] for page in walked for room in page["_embedded"]] == [
            f"Room {number}" for number in range(5)
        ]


async def test_start_beyond_the_end_is_an_empty_page(acme: Tenant, rooms: list[str]):
    page = (await acme.get("/rooms?start_id=9999&page_size=2")).json()

    assert page["_embedded"] == []
    assert page["total_items"] == 5
    assert "next" not in page["_links"]
    assert ids((await acme.get(page["_links"]["prev"]["href"])).json()) == rooms[3:]


async def test_no_rooms_is_an_empty_page(acme: Tenant):
    page = (await acme.get("/rooms")).json()

    assert page["_embedded"] == []
    assert page["total_items"] == 0
    assert set(page["_links"]) == {"first", "self"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("page_size=0", '"page_size" must be greater than or equal to 1'),
        ("page_size=1001", '"page_size" must be less than or equal to 1000'),
        ("page_size=many", '"page_size" must be an integer'),
        ("page_size=", '"page_size" must be an integer'),
        ("start_id=-1", '"start_id" must be greater than or equal to 0'),
        ("end_id=9223372036854775808", '"end_id" must be less than or equal to 9223372036854775807'),
        ("start_id=1e3", '"start_id" must be an integer'),
    ],
)
async def test_page_that_makes_no_sense_is_refused(acme: Tenant, query: str, error: str):
    response = await acme.get(f"/rooms?{query}")

    assert response.status_code == 400
    assert response.json()["message"] == error


async def _names(acme: Tenant, query: str) -> list[str]:
    """The display names of all pages of a list, by its links."""
    address, seen = f"/rooms?{query}", []
    while address:
        page = (await acme.get(address)).json()
        seen += [room["display_name"] for room in page["_embedded"]]
        address = page["_links"].get("next", {}).get("href", "")
    return seen


async def test_rooms_are_found_by_name_type_and_state(server: RunningServer, acme: Tenant, globex: Tenant):
    for name in ("Weekly 100%", "weekly sync", "1009 weekly"):
        await acme.create_room(display_name=name)
    await globex.create_room(display_name="Weekly of others")
    server.clock.advance(minutes=11)
    await server.server.jobs.run_due()
    await acme.create_room(display_name="Weekly", type="long_term", expires_at="2026-12-24T18:00:00Z")
    await acme.create_room(display_name="Retro é")

    assert await _names(acme, "name=WEEKLY&page_size=1") == ["Weekly 100%", "weekly sync", "1009 weekly", "Weekly"]
    assert await _names(acme, "name=100%25") == ["Weekly 100%"]
    assert await _names(acme, "name=_") == []
    assert await _names(acme, "name=e%CC%81") == ["Retro é"]
    assert await _names(acme, "type=long_term") == ["Weekly"]
    assert await _names(acme, "state=open") == ["Weekly", "Retro é"]
    assert await _names(acme, "name=weekly&state=ended&sort=newest") == ["1009 weekly", "weekly sync", "Weekly 100%"]
    assert (await acme.get("/rooms?name=weekly&page_size=2")).json()["total_items"] == 4


async def test_a_list_with_the_newest_first_stays_put_while_rooms_are_created(acme: Tenant):
    for number in range(5):
        await acme.create_room(display_name=f"Room {number}")

    first = (await acme.get("/rooms?sort=newest&page_size=2")).json()
    await acme.create_room(display_name="Later")
    second = (await acme.get(first["_links"]["next"]["href"])).json()
    third = (await acme.get(second["_links"]["next"]["href"])).json()
    back = (await acme.get(third["_links"]["prev"]["href"])).json()

    pages = [[room["display_name"] for room in page["_embedded"]] for page in (first, second, third, back)]
    assert pages == [["Room 4", "Room 3"], ["Room 2", "Room 1"], ["Room 0"], ["Room 2", "Room 1"]]
    assert "next" not in third["_links"]


@pytest.mark.parametrize("query", ["name=", f"name={'x' * 201}", "name=%00", "type=other", "state=other", "sort=name"])
async def test_a_choice_that_does_not_exist_is_refused(acme: Tenant, query: str):
    assert (await acme.get(f"/rooms?{query}")).status_code == 400
