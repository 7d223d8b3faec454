"""The upload of a logo, from the form to the image everybody loads."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from support import pictures
from support.server import ORIGIN, RunningServer, Tenant

from moothall.themes import service

THEME = {"main_color": "#12f64e", "brand_text": "Acme Inc."}
KINDS = (service.UPLOAD_SWEEP_JOB, service.LOGO_SWEEP_JOB)
FIELD = {"white": "brand_image_white", "colored": "brand_image_colored", "favicon": "branded_favicon"}


async def new_theme(tenant: Tenant) -> str:
    theme_id: str = (await tenant.post("/themes", json=THEME)).json()["theme_id"]
    return theme_id


async def form(tenant: Tenant, logo_type: str = "white") -> dict[str, Any]:
    forms = (await tenant.get("/themes/logos-upload-urls")).json()
    return next(found for found in forms if found["fields"]["logoType"] == logo_type)


async def send(tenant: Tenant, upload: dict[str, Any], image: bytes, **fields: str) -> httpx2.Response:
    parts = [(name, (None, value)) for name, value in {**upload["fields"], **fields}.items()]
    return await tenant.http.post(upload["url"], files=[*parts, ("file", ("logo.png", image, "image/png"))])


async def uploaded(tenant: Tenant, logo_type: str = "white", image: bytes | None = None) -> str:
    """The key of an image that waits to be finalised."""
    upload = await form(tenant, logo_type)
    response = await send(tenant, upload, image or (pictures.favicon() if logo_type == "favicon" else pictures.logo()))
    assert (response.status_code, response.content) == (204, b""), response.text
    key: str = upload["fields"]["key"]
    return key


async def finalize(tenant: Tenant, theme_id: str, *keys: Any) -> httpx2.Response:
    return await tenant.request("PUT", f"/themes/{theme_id}/finalizeLogos", json={"keys": list(keys)})


def files(server: RunningServer) -> set[str]:
    folder = server.server.context.settings.data_dir / "logos"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def readable_by_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]


def xml_code(response: httpx2.Response) -> str | None:
    assert response.headers["content-type"].startswith("application/xml")
    return ET.fromstring(response.text).findtext("Code")  # noqa: S314 - our own answer


async def test_there_is_a_form_for_each_type(acme: Tenant):
    forms = (await acme.get("/themes/logos-upload-urls")).json()

    assert [found["fields"]["logoType"] for found in forms] == ["white", "colored", "favicon"]
    assert {found["url"] for found in forms} == {f"{ORIGIN}/files/logo-uploads"}
    assert len({found["fields"]["key"] for found in forms}) == 3


@pytest.mark.parametrize("logo_type", ["white", "colored", "favicon"])
async def test_a_logo_gets_from_the_form_to_everybody(acme: Tenant, server: RunningServer, logo_type: str):
    theme_id = await new_theme(acme)
    key = await uploaded(acme, logo_type)

    response = await finalize(acme, theme_id, key)

    theme = response.json()
    assert response.status_code == 200
    assert theme == (await acme.get(f"/themes/{theme_id}")).json()
    assert theme[FIELD[logo_type]].startswith("logos/")
    url = theme[f"{FIELD[logo_type]}_url"]
    assert url.startswith(f"{ORIGIN}/files/logos/")
    served = await server.http.get(url)
    assert served.status_code == 200
    assert Image.open(io.BytesIO(served.content)).format == "PNG"
    assert served.headers["content-type"] == "image/png"
    assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
    head = await server.http.head(url)
    assert (head.status_code, head.content) == (200, b"")


async def test_fields_may_be_sent_as_files(acme: Tenant):
    upload = await form(acme)

    response = await acme.http.post(
        upload["url"],
        files={
            **{name: (name, value.encode()) for name, value in upload["fields"].items()},
            "file": ("logo.png", pictures.logo()),
        },
    )

    assert response.status_code == 204
    assert (await finalize(acme, await new_theme(acme), upload["fields"]["key"])).status_code == 200


async def test_several_logos_at_once_in_either_notation(acme: Tenant):
    theme_id = await new_theme(acme)
    white, colored, favicon = [await uploaded(acme, logo_type) for logo_type in ("white", "colored", "favicon")]

    theme = (await finalize(acme, theme_id, white, {"key": colored}, {"key": favicon})).json()

    assert all(theme[f"{name}_url"] for name in FIELD.values())


async def test_a_new_logo_replaces_the_old_one_and_its_file(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    first = (await finalize(acme, theme_id, await uploaded(acme))).json()["brand_image_white_url"]

    second = (await finalize(acme, theme_id, await uploaded(acme))).json()["brand_image_white_url"]
    await server.run_due_jobs()

    assert first != second
    assert (await server.http.get(first)).status_code == 404
    assert (await server.http.get(second)).status_code == 200
    assert files(server) == {second.rpartition("/")[2]}


async def test_files_are_for_the_servers_user_alone(acme: Tenant, server: RunningServer):
    await finalize(acme, await new_theme(acme), await uploaded(acme))
    await uploaded(acme)

    assert readable_by_others(server.server.context.settings.data_dir / "logos") == []


@pytest.mark.parametrize(
    ("logo_type", "image", "problem"),
    [
        ("white", pictures.opaque_logo(), "transparent_bg"),
        ("white", pictures.logo(301, 20), "dimensions"),
        ("favicon", pictures.favicon(64), "dimensions"),
        ("colored", pictures.logo(mode="RGB", format_name="JPEG"), "type"),
        ("colored", pictures.animation(), "type"),
        ("colored", pictures.logo()[:100], "type"),
        ("white", pictures.bomb(60_000, 60_000), "dimensions"),
        ("white", pictures.logo() + b"\0" * 1024 * 1024, "exceeds_size"),
    ],
    ids=["opaque", "wide", "large icon", "jpeg", "animation", "truncated", "bomb", "heavy"],
)
async def test_what_cannot_be_a_logo_is_refused_by_name(
    acme: Tenant, server: RunningServer, logo_type: str, image: bytes, problem: str
):
    theme_id = await new_theme(acme)
    key = await uploaded(acme, logo_type, image)

    response = await finalize(acme, theme_id, key)

    assert response.status_code == 400
    assert response.json() == {
        "message": "could not finalize logos",
        "name": "BadRequestError",
        "status": 400,
        "errors": [{"logoKey": key, "code": "invalid_logo_properties", "invalidProperty": problem}],
    }
    assert (await acme.get(f"/themes/{theme_id}")).json()[FIELD[logo_type]] is None


async def test_either_all_logos_are_taken_or_none(acme: Tenant):
    theme_id = await new_theme(acme)
    good, bad = await uploaded(acme, "white"), await uploaded(acme, "colored", pictures.opaque_logo())

    refused = await finalize(acme, theme_id, good, bad, "no-such-key")

    assert refused.json()["errors"] == [
        {"logoKey": bad, "code": "invalid_logo_properties", "invalidProperty": "transparent_bg"},
        {"logoKey": "no-such-key", "code": "key_not_found"},
    ]
    assert (await acme.get(f"/themes/{theme_id}")).json()["brand_image_white"] is None
    assert (await finalize(acme, theme_id, good)).status_code == 200


async def test_a_key_nobody_uploaded_to_is_not_found(acme: Tenant):
    key = (await form(acme))["fields"]["key"]

    response = await finalize(acme, await new_theme(acme), key)

    assert response.status_code == 400
    assert response.json()["errors"] == [{"logoKey": key, "code": "key_not_found"}]


async def test_finalising_can_be_repeated(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    white = await uploaded(acme)
    first = await finalize(acme, theme_id, white)
    await server.run_due_jobs()

    again = await finalize(acme, theme_id, white)
    acme.clock.advance(hours=2)
    await server.run_due_jobs()
    later = await finalize(acme, theme_id, white)

    assert (first.status_code, again.status_code, later.status_code) == (200, 200, 200)
    assert first.json() == again.json() == later.json()
    assert (await server.http.get(first.json()["brand_image_white_url"])).status_code == 200


async def test_what_is_finalised_already_does_not_keep_the_rest_from_it(acme: Tenant):
    theme_id = await new_theme(acme)
    white, colored = await uploaded(acme), await uploaded(acme, "colored")
    before = (await finalize(acme, theme_id, white)).json()

    after = await finalize(acme, theme_id, white, colored)

    assert after.status_code == 200
    assert after.json()["brand_image_white"] == before["brand_image_white"]
    assert after.json()["brand_image_colored"] is not None


async def test_an_upload_becomes_the_logo_of_one_theme_only(acme: Tenant):
    key = await uploaded(acme)
    await finalize(acme, await new_theme(acme), key)

    response = await finalize(acme, await new_theme(acme), key)

    assert response.json()["errors"] == [{"logoKey": key, "code": "key_not_found"}]


async def test_a_form_that_is_used_again_does_not_change_what_is_served(acme: Tenant, server: RunningServer):
    theme_id, upload = await new_theme(acme), await form(acme)
    assert (await send(acme, upload, pictures.logo())).status_code == 204
    first = (await finalize(acme, theme_id, upload["fields"]["key"])).json()["brand_image_white_url"]

    assert (await send(acme, upload, pictures.logo())).status_code == 204
    same = (await finalize(acme, theme_id, upload["fields"]["key"])).json()["brand_image_white_url"]
    assert (await send(acme, upload, pictures.logo(width=7))).status_code == 204
    other = (await finalize(acme, theme_id, upload["fields"]["key"])).json()["brand_image_white_url"]

    assert first == same != other
    assert (await server.http.get(other)).status_code == 200


async def test_another_applications_upload_is_not_found(acme: Tenant, globex: Tenant):
    key = await uploaded(acme)

    response = await finalize(globex, await new_theme(globex), key)

    assert response.json()["errors"] == [{"logoKey": key, "code": "key_not_found"}]
    assert (await finalize(acme, await new_theme(acme), key)).status_code == 200


async def test_another_applications_theme_gets_no_logo(acme: Tenant, globex: Tenant):
    theme_id = await new_theme(acme)

    response = await finalize(globex, theme_id, await uploaded(globex))

    assert response.status_code == 404
    assert response.json()["message"] == f"could not find theme {theme_id}"


@pytest.mark.parametrize(
    "body", [{}, {"keys": []}, {"keys": [1]}, {"keys": ["x"] * 11}, {"keys": [{"key": "x", "y": 1}]}]
)
async def test_keys_are_a_list_of_texts(acme: Tenant, body: dict[str, Any]):
    response = await acme.request("PUT", f"/themes/{await new_theme(acme)}/finalizeLogos", json=body)

    assert response.status_code == 400
    assert response.json()["name"] == "InputValidationError"
    assert response.json()["message"].startswith('"keys')


@pytest.mark.parametrize(
    "name", ["key", "logoType", "Content-Type", "Policy", "X-Amz-Signature", "X-Amz-Security-Token"]
)
async def test_a_changed_form_is_refused(acme: Tenant, server: RunningServer, name: str):
    upload = await form(acme)

    response = await send(acme, upload, pictures.logo(), **{name: "x"})

    assert response.status_code == 403
    assert xml_code(response) in ("AccessDenied", "SignatureDoesNotMatch")
    assert files(server) == set()


async def test_an_old_form_is_refused(acme: Tenant, server: RunningServer):
    upload = await form(acme)
    acme.clock.advance(minutes=15)

    response = await send(acme, upload, pictures.logo())

    assert (response.status_code, xml_code(response)) == (403, "AccessDenied")
    assert files(server) == set()


async def test_a_form_leads_nowhere_else(acme: Tenant, server: RunningServer):
    upload = await form(acme)

    for key in ("../../secrets.json", "/etc/passwd", upload["fields"]["key"] + "/../x", "a\0b"):
        response = await send(acme, upload, pictures.logo(), key=key)
        assert response.status_code == 403

    assert files(server) == set()


async def test_a_file_over_two_megabytes_is_not_kept(acme: Tenant, server: RunningServer):
    response = await send(acme, await form(acme), b"\0" * (2 * 1024 * 1024 + 1))

    assert (response.status_code, xml_code(response)) == (400, "EntityTooLarge")
    assert files(server) == set()


async def test_an_empty_file_is_refused(acme: Tenant):
    response = await send(acme, await form(acme), b"")

    assert (response.status_code, xml_code(response)) == (400, "EntityTooSmall")


async def test_a_form_without_a_file_is_refused(acme: Tenant):
    upload = await form(acme)

    parts = [(name, (None, value)) for name, value in upload["fields"].items()]
    response = await acme.http.post(upload["url"], files=parts)

    assert (response.status_code, xml_code(response)) == (400, "InvalidArgument")


@pytest.mark.parametrize("content", [b"", b"{}", b"key=x"])
async def test_what_is_not_a_form_is_refused(acme: Tenant, content: bytes):
    response = await acme.http.post((await form(acme))["url"], content=content)

    assert (response.status_code, xml_code(response)) == (400, "MalformedPOSTRequest")


async def test_of_a_strangers_upload_only_the_beginning_is_read(acme: Tenant):
    upload = await form(acme)
    sent = 0

    async def body() -> Any:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        for _ in range(100):
            sent += 65536
            yield b"\0" * 65536

    response = await acme.http.post(
        upload["url"], content=body(), headers={"content-type": "multipart/form-data; boundary=x"}
    )

    assert (response.status_code, xml_code(response)) == (403, "AccessDenied")
    assert sent <= 2 * 65536


async def test_an_upload_that_is_not_finalised_goes_after_an_hour(acme: Tenant, server: RunningServer):
    theme_id = await new_theme(acme)
    key = await uploaded(acme)
    acme.clock.advance(minutes=59)
    await server.run_due_jobs()
    assert len(files(server)) == 1

    acme.clock.advance(minutes=1)
    await server.run_due_jobs()

    assert files(server) == set()
    assert (await finalize(acme, theme_id, key)).json()["errors"][0]["code"] == "key_not_found"


async def test_a_logo_stays_when_the_sweeper_comes_by(acme: Tenant, server: RunningServer):
    theme = (await finalize(acme, await new_theme(acme), await uploaded(acme))).json()

    acme.clock.advance(hours=2)
    await server.run_due_jobs()

    assert (await server.http.get(theme["brand_image_white_url"])).status_code == 200


async def test_the_logos_of_a_deleted_theme_go(acme: Tenant, server: RunningServer):
    theme = (await finalize(acme, await new_theme(acme), await uploaded(acme))).json()

    await acme.request("DELETE", f"/themes/{theme['theme_id']}")
    await server.run_due_jobs()

    assert files(server) == set()
    assert (await server.http.get(theme["brand_image_white_url"])).status_code == 404


async def test_what_was_written_before_a_crash_goes(
    acme: Tenant, server: RunningServer, monkeypatch: pytest.MonkeyPatch
):
    theme_id, key = await new_theme(acme), await uploaded(acme)

    def power_failure(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(service, "attach_logos", power_failure)
        assert (await finalize(acme, theme_id, key)).status_code == 500
    assert len(files(server)) == 2

    acme.clock.advance(hours=1)
    await server.run_due_jobs()

    assert files(server) == set()


async def test_a_hundred_uploads_may_wait(acme: Tenant, server: RunningServer, globex: Tenant):
    for _ in range(34):
        for upload in (await acme.get("/themes/logos-upload-urls")).json():
            response = await send(acme, upload, b"x")
    assert (response.status_code, xml_code(response)) == (503, "SlowDown")

    await uploaded(globex)
    acme.clock.advance(hours=1)
    await server.run_due_jobs()
    await uploaded(acme)


@pytest.mark.parametrize(
    "path",
    [
        "/files/logos/ef2b46f3-8ebb-437e-a671-272e4990fbc8.png",
        "/files/logos/..%2f..%2fsecrets.json.png",
        "/files/logos/%2e%2e%2fmoothall.db.png",
        "/files/logos/x.png",
        "/files/logos/.png",
        "/files/logos/ef2b46f3-8ebb-437e-a671-272e4990fbc8",
        "/files/logos/ef2b46f3-8ebb-437e-a671-272e4990fbc8.png.png",
    ],
)
async def test_nothing_else_is_served(acme: Tenant, server: RunningServer, path: str):
    await uploaded(acme)

    assert (await server.http.get(path)).status_code == 404


async def test_an_upload_is_not_served(acme: Tenant, server: RunningServer):
    key = await uploaded(acme)

    assert (await server.http.get(f"/files/logos/{key.rpartition('/')[2]}.png")).status_code == 404
