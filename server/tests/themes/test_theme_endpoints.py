"""``/themes`` as a client sees it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from support.server import ORIGIN, RunningServer, Tenant

from moothall.kit.ids import new_uuid
from moothall.themes import model, store
from moothall.themes.model import Theme

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLAIN = {"main_color": "#12f64e", "brand_text": "Acme Inc."}
LONG_TERM = {"type": "long_term", "expires_at": "2026-12-24T18:00:00.000Z"}


async def create_theme(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    response = await tenant.post("/themes", json={**PLAIN, **fields})
    assert response.status_code == 201, response.text
    theme: dict[str, Any] = response.json()
    return theme


async def test_theme_has_every_key_and_the_defaults(acme: Tenant):
    response = await acme.post("/themes", json=PLAIN)

    theme = response.json()
    assert response.status_code == 201
    assert UUID.fullmatch(theme.pop("theme_id"))
    assert UUID.fullmatch(theme.pop("theme_name"))
    assert theme == {
        "domain": "VCP",
        "account_id": acme.account_id,
        "application_id": acme.application_id,
        "main_color": "#12f64e",
        "short_company_url": None,
        "brand_text": "Acme Inc.",
        "brand_image_colored": None,
        "brand_image_white": None,
        "branded_favicon": None,
        "brand_image_colored_url": None,
        "brand_image_white_url": None,
        "branded_favicon_url": None,
    }


async def test_everything_a_theme_can_say_is_kept(acme: Tenant):
    said = {"main_color": "#aBc", "brand_text": "Ünïted 🚀", "theme_name": "Größe", "short_company_url": "a_c~m-e1"}

    created = await create_theme(acme, **said)
    found = (await acme.get(f"/themes/{created['theme_id'].upper()}")).json()

    assert found == created
    assert {name: found[name] for name in said} == said


async def test_themes_are_listed_in_the_order_of_their_creation(acme: Tenant, globex: Tenant):
    await create_theme(globex)
    themes = []
    for name in ("one", "two", "three"):
        themes.append(await create_theme(acme, theme_name=name))
        acme.clock.advance(seconds=1)

    assert (await acme.get("/themes")).json() == themes


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"brand_text": "x"}, '"main_color" is required'),
        ({"main_color": "#fff"}, '"brand_text" is required'),
        ({**PLAIN, "main_color": None}, '"main_color" must be a string'),
        ({**PLAIN, "main_color": "fff"}, '"main_color" fails to match the required pattern'),
        ({**PLAIN, "main_color": "#ffff"}, '"main_color" fails to match the required pattern'),
        ({**PLAIN, "main_color": "#fff\n"}, '"main_color" fails to match the required pattern'),
        ({**PLAIN, "main_color": "#ggg"}, '"main_color" fails to match the required pattern'),
        ({**PLAIN, "brand_text": ""}, '"brand_text" is not allowed to be empty'),
        ({**PLAIN, "brand_text": "x" * 201}, '"brand_text" length must be less than or equal to 200 characters long'),
        ({**PLAIN, "theme_name": "x" * 201}, '"theme_name" length must be less than or equal to 200 characters long'),
        ({**PLAIN, "short_company_url": "123"}, '"short_company_url" fails to match the required pattern'),
        ({**PLAIN, "short_company_url": "a/b"}, '"short_company_url" fails to match the required pattern'),
        ({**PLAIN, "short_company_url": "a.b"}, '"short_company_url" fails to match the required pattern'),
        ({**PLAIN, "short_company_url": "ä"}, '"short_company_url" fails to match the required pattern'),
        ({**PLAIN, "short_company_url": "a\n"}, '"short_company_url" fails to match the required pattern'),
        ({**PLAIN, "short_company_url": "a" * 129}, '"short_company_url" length must be less than or equal to 128'),
        ({**PLAIN, "brand_image_white": "x"}, '"brand_image_white" is not allowed'),
        ([], '"value" must be of type object'),
    ],
)
async def test_an_unusable_theme_is_refused_by_name(acme: Tenant, body: Any, text: str):
    response = await acme.post("/themes", json=body)

    assert response.status_code == 400
    assert response.json()["name"] == "InputValidationError"
    assert response.json()["message"].startswith(text)


async def test_a_theme_can_be_changed(acme: Tenant):
    theme = await create_theme(acme, theme_name="one")

    for key in ("update_details", "update_options"):
        changes = {"main_color": "#000", "theme_name": key, "short_company_url": "acme", "brand_text": "New"}
        response = await acme.patch(f"/themes/{theme['theme_id']}", json={key: changes})

        assert response.status_code == 200
        assert response.json() == theme | changes
    assert (await acme.get(f"/themes/{theme['theme_id']}")).json() == response.json()


async def test_null_takes_name_and_short_url_away_again(acme: Tenant):
    theme = await create_theme(acme, theme_name="one", short_company_url="acme")

    changes = {"theme_name": None, "short_company_url": None}
    changed = (await acme.patch(f"/themes/{theme['theme_id']}", json={"update_details": changes})).json()

    assert UUID.fullmatch(changed["theme_name"])
    assert changed["short_company_url"] is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"update_details": {}}, '"update_details" must have at least 1 key'),
        ({"update_details": {"main_color": None}}, '"update_details.main_color" must be a string'),
        ({"update_details": {"brand_text": None}}, '"update_details.brand_text" must be a string'),
        ({"update_details": {"main_color": ""}}, '"update_details.main_color" fails to match the required pattern'),
        ({"update_details": {"domain": "x"}}, '"update_details.domain" is not allowed'),
        ({}, '"update_details" is required'),
        ({"update_details": {"main_color": "#fff"}, "update_options": {}}, '"update_options" is not allowed'),
    ],
)
async def test_an_unusable_change_is_refused_by_name(acme: Tenant, body: Any, text: str):
    theme = await create_theme(acme)

    response = await acme.patch(f"/themes/{theme['theme_id']}", json=body)

    assert response.status_code == 400
    assert response.json()["message"].startswith(text)
    assert (await acme.get(f"/themes/{theme['theme_id']}")).json() == theme


async def test_a_name_is_unique_in_its_application(acme: Tenant, globex: Tenant):
    await create_theme(acme, theme_name="Blue")
    await create_theme(globex, theme_name="Blue")
    other = await create_theme(acme, theme_name="Red")

    created = await acme.post("/themes", json={**PLAIN, "theme_name": "Blue"})
    changed = await acme.patch(f"/themes/{other['theme_id']}", json={"update_details": {"theme_name": "Blue"}})

    conflict = {"message": "theme_name already exists in application", "name": "ConflictError", "status": 409}
    assert (created.status_code, created.json()) == (409, conflict)
    assert (changed.status_code, changed.json()) == (409, conflict)


async def test_a_short_url_is_unique_on_the_server(acme: Tenant, globex: Tenant):
    await create_theme(acme, short_company_url="blue")
    other = await create_theme(globex, theme_name="Red")

    created = await globex.post("/themes", json={**PLAIN, "short_company_url": "blue"})
    changed = await globex.patch(f"/themes/{other['theme_id']}", json={"update_details": {"short_company_url": "blue"}})

    conflict = {"message": "short_company_url already exists", "name": "ConflictError", "status": 409}
    assert (created.status_code, created.json()) == (409, conflict)
    assert (changed.status_code, changed.json()) == (409, conflict)


@pytest.mark.parametrize("name", ["v1", "page", "Files", "rtc", "assets"])
async def test_our_own_paths_are_taken(acme: Tenant, name: str):
    response = await acme.post("/themes", json={**PLAIN, "short_company_url": name})

    assert response.status_code == 409


async def test_a_theme_may_keep_its_own_name_and_short_url(acme: Tenant):
    theme = await create_theme(acme, theme_name="Blue", short_company_url="blue")

    details = {"theme_name": "Blue", "short_company_url": "blue"}
    response = await acme.patch(f"/themes/{theme['theme_id']}", json={"update_details": details})

    assert response.json() == theme


async def test_a_thousand_themes_are_enough(acme: Tenant, server: RunningServer, globex: Tenant):
    def fill(connection: Any) -> None:
        for number in range(model.MAX_THEMES):
            theme = Theme(new_uuid(), acme.application_id, f"{number}", "#fff", "x", None, acme.clock.now())
            store.insert_theme(connection, theme)

    await server.server.context.database.write(fill)

    response = await acme.post("/themes", json=PLAIN)

    assert response.status_code == 403
    assert response.json() == {
        "message": "Maximum number of themes for owner (1000) exceeded",
        "name": "ForbiddenError",
        "status": 403,
    }
    assert len((await acme.get("/themes")).json()) == 1000
    await create_theme(globex)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_another_applications_theme_is_not_found(acme: Tenant, globex: Tenant, method: str):
    theme = await create_theme(acme)
    body = {"update_details": {"main_color": "#fff"}} if method == "PATCH" else None

    response = await globex.request(method, f"/themes/{theme['theme_id']}", json=body)

    assert response.status_code == 404
    assert response.json() == {
        "message": f"could not find theme {theme['theme_id']}",
        "name": "NotFoundError",
        "status": 404,
    }
    assert (await acme.get(f"/themes/{theme['theme_id']}")).json() == theme


async def test_a_theme_nobody_uses_can_be_deleted(acme: Tenant):
    theme = await create_theme(acme)

    response = await acme.request("DELETE", f"/themes/{theme['theme_id']}?force=False")

    assert (response.status_code, response.content) == (204, b"")
    assert (await acme.get(f"/themes/{theme['theme_id']}")).status_code == 404
    assert (await acme.get("/themes")).json() == []


async def test_a_theme_in_use_is_deleted_only_by_force(acme: Tenant):
    theme_id = (await create_theme(acme, short_company_url="acme"))["theme_id"]
    room = await acme.create_room(theme_id=theme_id)

    refused = await acme.request("DELETE", f"/themes/{theme_id}")
    second = await acme.create_room(theme_id=theme_id)
    refused_again = await acme.request("DELETE", f"/themes/{theme_id}")
    forced = await acme.request("DELETE", f"/themes/{theme_id}?force=true")

    assert refused.status_code == 400
    assert refused.json() == {
        "message": "could not delete theme",
        "name": "BadRequestError",
        "status": 400,
        "errors": [f"Theme {theme_id} is used by 1 room"],
    }
    assert refused_again.json()["errors"] == [f"Theme {theme_id} is used by 2 rooms"]
    assert forced.status_code == 204
    for created in (room, second):
        found = (await acme.get(f"/rooms/{created['id']}")).json()
        assert found["theme_id"] is None
        assert found["_links"]["guest_url"]["href"] == f"{ORIGIN}/{created['meeting_code']}"


async def test_an_ended_room_does_not_keep_its_theme(acme: Tenant, server: RunningServer):
    theme_id = (await create_theme(acme))["theme_id"]
    room = await acme.create_room(theme_id=theme_id)
    acme.clock.advance(minutes=11)
    await server.run_due_jobs()

    response = await acme.request("DELETE", f"/themes/{theme_id}")

    assert response.status_code == 204
    assert (await acme.get(f"/rooms/{room['id']}")).json()["theme_id"] is None


async def test_what_is_not_a_boolean_is_no_force(acme: Tenant):
    theme_id = (await create_theme(acme))["theme_id"]

    response = await acme.request("DELETE", f"/themes/{theme_id}?force=maybe")

    assert response.status_code == 400
    assert response.json()["message"].startswith('"force" ')


async def test_links_of_a_room_begin_with_the_companys_name(acme: Tenant):
    theme_id = (await create_theme(acme, short_company_url="acme"))["theme_id"]

    room = await acme.create_room(theme_id=theme_id)

    links = room["_links"]
    assert links["guest_url"]["href"] == f"{ORIGIN}/acme/{room['meeting_code']}"
    assert links["host_url"]["href"].startswith(
        f"{ORIGIN}/acme/?room_token={room['meeting_code']}&participant_token=ey"
    )
    assert (await acme.get(f"/rooms/{room['id']}")).json()["_links"] == links
    assert (await acme.get("/rooms")).json()["_embedded"][0]["_links"] == links


async def test_links_follow_the_theme(acme: Tenant):
    theme_id = (await create_theme(acme, short_company_url="acme"))["theme_id"]
    room = await acme.create_room(**LONG_TERM)
    plain = room["_links"]["guest_url"]["href"]

    changed = await acme.patch(f"/rooms/{room['id']}", json={"update_details": {"theme_id": theme_id}})
    assert changed.json()["theme_id"] == theme_id
    assert changed.json()["_links"]["guest_url"]["href"] == f"{ORIGIN}/acme/{room['meeting_code']}"

    await acme.patch(f"/themes/{theme_id}", json={"update_details": {"short_company_url": "acme-2"}})
    renamed = (await acme.get(f"/rooms/{room['id']}")).json()
    assert renamed["_links"]["guest_url"]["href"] == f"{ORIGIN}/acme-2/{room['meeting_code']}"

    back = await acme.patch(f"/rooms/{room['id']}", json={"update_details": {"theme_id": None}})
    assert back.json()["_links"]["guest_url"]["href"] == plain


async def test_a_room_takes_only_themes_of_its_application(acme: Tenant, globex: Tenant):
    foreign = (await create_theme(globex))["theme_id"]
    room = await acme.create_room(**LONG_TERM)

    created = await acme.post("/rooms", json={"display_name": "x", "theme_id": foreign})
    changed = await acme.patch(f"/rooms/{room['id']}", json={"update_details": {"theme_id": foreign}})

    assert created.status_code == 400
    assert created.json()["message"] == f"Failed to create room because theme id {foreign} not found"
    assert changed.status_code == 400
    assert changed.json()["message"] == f"Failed to update room because theme id {foreign} not found"


async def test_the_rooms_of_a_theme_come_in_pages(acme: Tenant):
    theme_id = (await create_theme(acme))["theme_id"]
    rooms = []
    for _ in range(5):
        rooms.append(await acme.create_room(theme_id=theme_id))
        await acme.create_room()

    seen = []
    url = f"/themes/{theme_id}/rooms?page_size=2"
    while url:
        page = (await acme.get(url)).json()
        assert page["page_size"] == len(page["_embedded"])
        assert page["total_items"] == 5
        seen += page["_embedded"]
        assert ("prev" in page["_links"]) == (page["_embedded"][0] != rooms[0])
        url = page["_links"].get("next", {}).get("href")
        assert url is None or url.startswith(f"{ORIGIN}/v1/meetings/themes/{theme_id}/rooms?")

    assert seen == rooms


async def test_the_rooms_of_an_unknown_theme_are_not_found(acme: Tenant, globex: Tenant):
    foreign = (await create_theme(globex))["theme_id"]

    for theme_id in (foreign, "no-such-theme"):
        response = await acme.get(f"/themes/{theme_id}/rooms")

        assert response.status_code == 404
        assert response.json()["message"] == f"Failed to get rooms because theme id {theme_id} not found"


async def test_the_default_theme_makes_the_links_of_rooms_without_one(acme: Tenant):
    default = await create_theme(acme, short_company_url="acme")
    other = await create_theme(acme, short_company_url="other")
    room = await acme.create_room()

    response = await acme.patch("/applications", json={"update_details": {"default_theme_id": default["theme_id"]}})
    found = (await acme.get(f"/rooms/{room['id']}")).json()
    themed = await acme.create_room(theme_id=other["theme_id"])
    fresh = await acme.create_room()

    assert response.status_code == 200
    assert response.json() == {
        "application_id": acme.application_id,
        "account_id": acme.account_id,
        "default_theme_id": default["theme_id"],
    }
    assert (await acme.get("/applications")).json() == response.json()
    assert found["theme_id"] is None
    assert found["_links"]["guest_url"]["href"] == f"{ORIGIN}/acme/{room['meeting_code']}"
    assert themed["_links"]["guest_url"]["href"] == f"{ORIGIN}/other/{themed['meeting_code']}"
    assert fresh["_links"]["guest_url"]["href"] == f"{ORIGIN}/acme/{fresh['meeting_code']}"


async def test_the_default_theme_goes_when_it_is_deleted_or_taken_back(acme: Tenant):
    first = (await create_theme(acme, theme_name="1", short_company_url="one"))["theme_id"]
    second = (await create_theme(acme, theme_name="2", short_company_url="two"))["theme_id"]
    room = await acme.create_room()

    await acme.patch("/applications", json={"update_details": {"default_theme_id": first}})
    assert (await acme.request("DELETE", f"/themes/{first}?force=true")).status_code == 204
    assert (await acme.get(f"/rooms/{room['id']}")).json() == room

    await acme.patch("/applications", json={"update_details": {"default_theme_id": second}})
    back = await acme.patch("/applications", json={"update_details": {"default_theme_id": None}})
    assert back.json()["default_theme_id"] is None
    assert (await acme.get(f"/rooms/{room['id']}")).json() == room


async def test_the_default_theme_is_in_use(acme: Tenant):
    theme = (await create_theme(acme))["theme_id"]
    await acme.patch("/applications", json={"update_details": {"default_theme_id": theme}})

    by_application = await acme.request("DELETE", f"/themes/{theme}")
    await acme.create_room(theme_id=theme)
    by_both = await acme.request("DELETE", f"/themes/{theme}?force=false")

    default = f"Theme {theme} is used by the application as its default theme"
    assert by_application.status_code == 400
    assert by_application.json() == {
        "message": "could not delete theme",
        "name": "BadRequestError",
        "status": 400,
        "errors": [default],
    }
    assert by_both.json()["errors"] == [f"Theme {theme} is used by 1 room", default]
    await acme.patch("/applications", json={"default_theme_id": None})
    assert (await acme.request("DELETE", f"/themes/{theme}?force=true")).status_code == 204


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"update_details": it}, lambda it: {"update_options": it}])
async def test_the_default_theme_is_set_with_and_without_a_wrapper(acme: Tenant, wrap: Callable[[Any], Any]):
    theme = (await create_theme(acme))["theme_id"]

    response = await acme.patch("/applications", json=wrap({"default_theme_id": theme}))

    assert response.status_code == 200
    assert response.json()["default_theme_id"] == theme


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, '"update_details.default_theme_id" is required'),
        ({"name": "x"}, '"update_details.default_theme_id" is required'),
        ({"default_theme_id": 1}, '"update_details.default_theme_id" must be a string'),
        ({"update_details": None}, '"update_details" must be of type object'),
        ({"update_details": {"default_theme_id": None}, "default_theme_id": None}, '"default_theme_id" is not allowed'),
    ],
)
async def test_a_change_of_the_application_that_makes_no_sense_is_refused(acme: Tenant, body: Any, message: str):
    response = await acme.patch("/applications", json=body)

    assert response.status_code == 400
    assert response.json()["message"] == message


async def test_only_a_theme_of_the_application_can_be_its_default(acme: Tenant, globex: Tenant):
    foreign = (await create_theme(globex))["theme_id"]

    response = await acme.patch("/applications", json={"update_details": {"default_theme_id": foreign}})

    assert response.status_code == 400
    assert response.json() == {
        "message": f"Failed to update application because theme id {foreign} not found",
        "name": "BadRequestError",
        "status": 400,
    }


@pytest.mark.parametrize("prefix", ["/meetings", "/beta/meetings"])
async def test_older_addresses_serve_themes_too(acme: Tenant, prefix: str):
    theme = await create_theme(acme)

    response = await acme.get(f"{ORIGIN}{prefix}/themes/{theme['theme_id']}")

    assert response.json() == theme


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/themes"),
        ("POST", "/themes"),
        ("GET", "/themes/logos-upload-urls"),
        ("GET", "/themes/x"),
        ("PATCH", "/themes/x"),
        ("DELETE", "/themes/x"),
        ("GET", "/themes/x/rooms"),
        ("PUT", "/themes/x/finalizeLogos"),
        ("PATCH", "/applications"),
    ],
)
async def test_nothing_works_without_a_token(server: RunningServer, method: str, path: str):
    response = await server.http.request(method, f"/v1/meetings{path}")

    assert response.status_code == 401
    assert response.json() == {"title": "Missing Auth", "detail": "Auth header is required"}
