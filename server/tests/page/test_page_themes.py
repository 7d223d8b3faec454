"""Effects of a theme on the page: its links, and the answer of the lookup."""

import pytest
from support import pictures
from support.server import ORIGIN, RunningServer, Tenant

THEME = {"main_color": "#12f64e", "brand_text": "Acme Inc.", "short_company_url": "acme"}


async def test_the_lookup_tells_the_theme(acme: Tenant):
    theme = (await acme.post("/themes", json=THEME)).json()
    upload = (await acme.get("/themes/logos-upload-urls")).json()[0]
    parts = [(name, (None, value)) for name, value in upload["fields"].items()]
    await acme.http.post(upload["url"], files=[*parts, ("file", pictures.logo())])
    path = f"/themes/{theme['theme_id']}/finalizeLogos"
    theme = (await acme.request("PUT", path, json={"keys": [upload["fields"]["key"]]})).json()
    room = await acme.create_room(theme_id=theme["theme_id"])

    found = (await acme.http.post("/page/lookup", json={"meeting_code": room["meeting_code"]})).json()

    assert found["room"]["theme"] == {
        "main_color": "#12f64e",
        "brand_text": "Acme Inc.",
        "brand_image_colored_url": None,
        "brand_image_white_url": theme["brand_image_white_url"].removeprefix(ORIGIN),
        "branded_favicon_url": None,
        "short_company_url": "acme",
        "background_urls": [],
    }


async def test_the_lookup_tells_the_default_theme_of_a_room_without_one(acme: Tenant):
    room = await acme.create_room()
    plain = (await acme.http.post("/page/lookup", json={"meeting_code": room["meeting_code"]})).json()
    theme = (await acme.post("/themes", json=THEME)).json()
    await acme.patch("/applications", json={"update_details": {"default_theme_id": theme["theme_id"]}})

    found = (await acme.http.post("/page/lookup", json={"meeting_code": room["meeting_code"]})).json()

    assert plain["room"]["theme"] is None
    assert found["room"]["theme"]["brand_text"] == "Acme Inc."


@pytest.mark.parametrize(
    "path", ["/acme/123456789012", "/acme/?room_token=1&participant_token=x", "/a-1_~/123", "/1a/1"]
)
async def test_links_with_a_companys_name_open_the_page(server: RunningServer, path: str):
    page = await server.http.get("/")
    themed = await server.http.get(path)

    assert themed.status_code == page.status_code
    assert themed.content == page.content
    assert themed.headers["content-security-policy"] == page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/v1/123456789012", "/meetings/1", "/files/", "/123/456", "/a.b/123", "/acme/rooms", "/ä/1"]
)
async def test_other_addresses_do_not(server: RunningServer, path: str):
    assert (await server.http.get(path)).status_code == 404
