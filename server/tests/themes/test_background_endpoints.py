"""Backgrounds of a theme, from the upload to the page that offers them."""

from contextlib import ExitStack
from typing import Any

import pytest
from support import pictures
from support.server import ORIGIN, RunningServer, Tenant

from moothall.api.errors import TooManyRequests
from moothall.themes import service
from moothall.themes.backgrounds import Uploads

THEME = {"main_color": "#12f64e", "brand_text": "Acme Inc."}


async def new_theme(tenant: Tenant) -> str:
    theme_id: str = (await tenant.post("/themes", json=THEME)).json()["theme_id"]
    return theme_id


async def added(tenant: Tenant, theme_id: str, picture: bytes | None = None) -> dict[str, Any]:
    response = await tenant.post(f"/themes/{theme_id}/backgrounds", content=picture or pictures.photo(640, 360))
    assert response.status_code == 201, response.text
    background: dict[str, Any] = response.json()
    return background


def files(server: RunningServer) -> set[str]:
    folder = server.server.context.settings.data_dir / "backgrounds"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


async def offered(server: RunningServer, room: dict[str, Any]) -> list[str]:
    answer = await server.http.post("/page/lookup", json={"meeting_code": room["meeting_code"]})
    urls: list[str] = answer.json()["room"]["theme"]["background_urls"]
    return urls


async def test_a_picture_is_added_listed_loaded_by_anybody_and_deleted(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    first = await added(acme, theme_id)
    acme.clock.advance(seconds=1)
    second = await added(acme, theme_id, pictures.photo(800, 600, "PNG"))

    assert (await acme.get(f"/themes/{theme_id}/backgrounds")).json() == [first, second]
    assert first["url"] == f"{ORIGIN}/files/backgrounds/{first['background_id']}.jpg"
    loaded = await server.http.get(first["url"])
    assert (loaded.status_code, loaded.headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in loaded.headers["cache-control"]
    assert loaded.headers["content-security-policy"] == "default-src 'none'; sandbox"

    path = f"/themes/{theme_id}/backgrounds/{first['background_id']}"
    assert (await acme.request("DELETE", path)).status_code == 204
    assert (await acme.request("DELETE", path)).status_code == 404
    await server.run_due_jobs()
    assert (await server.http.get(first["url"])).status_code == 404
    assert (await acme.get(f"/themes/{theme_id}/backgrounds")).json() == [second]


async def test_people_in_a_room_with_the_theme_are_offered_its_pictures(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    background = await added(acme, theme_id)
    room = await acme.create_room(theme_id=theme_id)
    other = await acme.create_room(theme_id=await new_theme(acme))

    assert await offered(server, room) == [background["url"].removeprefix(ORIGIN)]
    assert await offered(server, other) == []


async def test_a_theme_has_six_at_most(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    for _ in range(6):
        await added(acme, theme_id)

    refused = await acme.post(f"/themes/{theme_id}/backgrounds", content=pictures.photo(640, 360))

    assert refused.status_code == 409
    assert "The theme has 6 backgrounds, the maximum; delete one first" in refused.text
    assert len(files(server)) == 6


async def test_the_themes_of_an_application_together_have_a_limit(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "MAX_BACKGROUNDS_OF_APPLICATION", 2)
    await added(acme, await new_theme(acme))
    await added(acme, await new_theme(acme))

    refused = await acme.post(f"/themes/{await new_theme(acme)}/backgrounds", content=pictures.photo(640, 360))

    assert refused.status_code == 403


def test_an_application_uploads_four_at_once_and_the_others_go_on():
    uploads = Uploads()
    with ExitStack() as running:
        for _ in range(4):
            running.enter_context(uploads.slot("acme"))
        with pytest.raises(TooManyRequests), uploads.slot("acme"):
            pass
        with uploads.slot("globex"):
            pass

    with pytest.raises(ZeroDivisionError), uploads.slot("acme"):
        raise ZeroDivisionError
    with ExitStack() as running:
        for _ in range(4):
            running.enter_context(uploads.slot("acme"))


async def test_a_repeated_upload_adds_one_picture(acme: Tenant):
    theme_id = await new_theme(acme)
    path, headers = f"/themes/{theme_id}/backgrounds", {"Idempotency-Key": "one"}
    for _ in range(5):
        await added(acme, theme_id)
    first = await acme.post(path, content=pictures.photo(640, 360), headers=headers)
    again = await acme.post(path, content=pictures.photo(640, 360), headers=headers)
    other = await acme.post(path, content=pictures.photo(800, 600), headers=headers)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert len((await acme.get(path)).json()) == 6


async def test_an_unusable_file_is_refused_in_words_and_nothing_is_kept(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)

    async def refusal(content: bytes) -> tuple[int, str]:
        answer = await acme.post(f"/themes/{theme_id}/backgrounds", content=content)
        return answer.status_code, answer.json()["message"]

    assert await refusal(b"GIF89a") == (400, "The file is not a JPEG, PNG or WebP picture, or it is damaged")
    assert await refusal(b"") == (400, "The file is not a JPEG, PNG or WebP picture, or it is damaged")
    assert await refusal(pictures.photo(320, 180)) == (400, "The picture has 320 × 180 pixels, fewer than 640 × 360")
    assert (await refusal(bytes(8 * 1024 * 1024 + 1)))[0] == 413
    assert files(server) == set()


async def test_a_name_of_another_kind_is_not_found(server: RunningServer):
    for name in ("x.jpg", "../logos/x.png", "ef2b46f3-8ebb-437e-a671-272e4990fbc8.png", "."):
        assert (await server.http.get(f"/files/backgrounds/{name}")).status_code == 404, name


async def test_the_pictures_of_a_deleted_theme_go(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    await added(acme, theme_id)

    assert (await acme.request("DELETE", f"/themes/{theme_id}")).status_code == 204
    await server.run_due_jobs()

    assert files(server) == set()


async def test_a_picture_stays_when_the_sweeper_comes_by(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    background = await added(acme, theme_id)

    acme.clock.advance(hours=2)
    await server.run_due_jobs()

    assert (await server.http.get(background["url"])).status_code == 200


async def test_a_file_that_was_written_before_a_crash_goes(
    acme: Tenant, server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    theme_id = await new_theme(acme)

    def power_failure(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(service, "add_background", power_failure)
        answer = await acme.post(f"/themes/{theme_id}/backgrounds", content=pictures.photo(640, 360))
        assert answer.status_code == 500
    assert len(files(server)) == 1

    acme.clock.advance(hours=1)
    await server.run_due_jobs()

    assert files(server) == set()
