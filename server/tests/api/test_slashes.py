"""Repeated and trailing slashes in API URLs, which SDKs produce when they join URLs."""

import pytest
from support.server import ORIGIN, RunningServer, Tenant

from moothall.api.prefix import canonical_path
from moothall.applications import store


@pytest.mark.parametrize(
    "path",
    [
        "/v1/meetings//rooms",
        "/v1/meetings/rooms/",
        "//v1//meetings///rooms//",
        "/meetings//rooms",
        "/beta/meetings//rooms/",
    ],
)
async def test_a_list_is_found_with_more_slashes_and_links_without_them(acme: Tenant, path: str):
    page = await acme.get(f"{ORIGIN}{path}")

    assert page.status_code == 200
    assert "//" not in page.json()["_links"]["self"]["href"].removeprefix("https://")
    assert "/rooms?" in page.json()["_links"]["self"]["href"]


async def test_every_method_and_name_is_found_with_more_slashes(acme: Tenant):
    room = (await acme.post("//rooms/", json={"display_name": "Weekly"})).json()
    theme = (await acme.post("//themes", json={"main_color": "#123", "brand_text": "x"})).json()

    assert (await acme.get(f"//rooms//{room['id']}/")).status_code == 200
    assert (await acme.get("//themes//logos-upload-urls")).status_code == 200
    assert (await acme.get("//dial-in-numbers")).json() == []
    change = {"update_details": {"default_theme_id": theme["theme_id"]}}
    assert (await acme.patch("//applications/", json=change)).status_code == 200
    assert (await acme.request("OPTIONS", "//rooms/")).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await acme.request("DELETE", f"//themes//{theme['theme_id']}/?force=true")).status_code == 204


async def test_the_application_api_is_found_with_more_slashes(server: RunningServer, acme: Tenant):
    account = await server.server.context.database.read(store.find_first_account)
    assert account is not None
    auth = (account.account_id, account.api_secret)

    listed = await server.http.get("/v2//applications/", auth=auth)
    one = await server.http.get(f"{ORIGIN}//v2/applications//{acme.application_id}", auth=auth)

    assert [found["id"] for found in listed.json()["_embedded"]["applications"]] == [acme.application_id]
    assert one.json()["id"] == acme.application_id


async def test_an_encoded_slash_is_part_of_a_name(acme: Tenant):
    assert (await acme.get("/rooms/%2F")).status_code == 404
    assert (await acme.get("/rooms%2F")).status_code == 404


@pytest.mark.parametrize("path", ["/", "//", "/acme//123456789012", "/meetingsroom//1", "/files//logos", "/docs/"])
def test_other_paths_stay_as_they_are(path: str):
    assert canonical_path(path, path.encode()) == path
