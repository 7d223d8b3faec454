"""The .NET SDK (7.x) and the PHP SDK (4.x), which do not run here.

Their requests are replayed from facts of their sources.

Each answer is read as their models read it.
"""

import base64
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from support import pictures
from support.server import ORIGIN, RunningServer, Tenant

from moothall.kit.ids import new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording, RecordingStatus
from moothall.sessions import store as sessions

from . import dotnet_models as models

FIELDS = (
    "Content-Type",
    "key",
    "logoType",
    "bucket",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "Policy",
    "X-Amz-Signature",
)
FEATURES = {
    "is_captions_available": False,
    "is_chat_available": True,
    "is_locale_switcher_available": True,
    "is_recording_available": True,
    "is_whiteboard_available": True,
}


class DotNet:
    """Sends what the .NET SDK sends, and reads the answers into its models."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def token(self) -> str:
        # No exp, and 64 random bytes in base64 as jti.
        claims = {
            "iat": int(self.tenant.clock.now().timestamp()),
            "application_id": self.tenant.application_id,
            "jti": base64.b64encode(bytes(range(64))).decode(),
        }
        return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(self.tenant.keys.private))

    async def send(self, method: str, path: str, model: models.Reader | None = None, body: Any = None) -> Any:
        headers = {
            "authorization": f"Bearer {self.token()}",
            "accept": "application/json",
            "user-agent": "vonage-dotnet",
        }
        options = {} if body is None else {"json": body}
        answer = await self.tenant.http.request(method, f"{ORIGIN}/v1/meetings{path}", headers=headers, **options)
        assert answer.is_success, answer.text
        if model is None:
            return None
        model(answer.json())
        return answer.json()

    async def upload(self, form: dict[str, Any], image: bytes) -> httpx2.Response:
        boundary = "6f7c9a3e-1f4b-4f57-8f39-0a4d5c1f9d1e"
        parts = [
            f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Disposition: form-data; name={name}\r\n\r\n{form['fields'][name]}\r\n"
            for name in FIELDS
        ]
        file = f"--{boundary}\r\nContent-Disposition: form-data; name=file\r\n\r\n".encode()
        body = "".join(parts).encode() + file + image + f"\r\n--{boundary}--\r\n".encode()
        headers = {"content-type": f'multipart/form-data; boundary="{boundary}"'}
        return await self.tenant.http.post(form["url"], content=body, headers=headers)


class Php:
    """Send requests of the PHP SDK.

    Its base URL ends in a slash, and it adds a path that begins with one.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {self.tenant.token()}", "content-type": "application/json"}
        options = {} if body is None else {"json": body}
        answer = await self.tenant.http.request(method, f"{ORIGIN}/v1/meetings/{path}", headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def upload(self, form: dict[str, Any], image: bytes) -> httpx2.Response:
        boundary = "0e1b8f0a5e7d4a52b1f7c4f8a7c5d2b3e9f6a1c0"
        body = b""
        for name, value in [*((name, form["fields"][name].encode()) for name in FIELDS), ("file", image)]:
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Length: {len(value)}\r\n\r\n'
            )
            body += head.encode() + value + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        # Without the boundary, and with PUT.
        return await self.tenant.http.put(form["url"], content=body, headers={"content-type": "multipart/form-data"})


async def record(server: RunningServer, tenant: Tenant, room_id: str) -> Recording:
    """A recording that goes on, of a session with somebody inside."""
    await server.engine.join(room_id, "ada", name="Ada")
    database = server.server.context.database
    session = await database.read(lambda connection: sessions.lock_open_session(connection, room_id))
    assert session is not None
    recording = Recording(new_uuid(), tenant.application_id, room_id, session.id, tenant.clock.now())
    await database.write(lambda connection: recordings.insert_recording(connection, recording))
    return recording


@pytest.fixture
def dotnet(acme: Tenant) -> DotNet:
    return DotNet(acme)


@pytest.fixture
def php(acme: Tenant) -> Php:
    return Php(acme)


async def test_every_call_of_the_dotnet_sdk(dotnet: DotNet, acme: Tenant, server: RunningServer):
    theme = await dotnet.send(
        "POST", "/themes", models.THEME, {"brand_text": "Brand", "main_color": "#FF00FF", "theme_name": "Theme1"}
    )
    plain = {
        "available_features": FEATURES,
        "display_name": "string",
        "initial_join_options": {"microphone_state": "default"},
        "type": "instant",
        "ui_settings": {"language": "en"},
    }
    instant = await dotnet.send("POST", "/rooms", models.ROOM, plain)
    long_term = await dotnet.send(
        "POST",
        "/rooms",
        models.ROOM,
        plain | {"type": "long_term", "expire_after_use": True, "expires_at": "2027-02-07 20:10:05"},
    )
    change = {
        "available_features": FEATURES | {"is_captions_available": True, "is_chat_available": False},
        "callback_urls": {
            "recordings_callback_url": "https://example.com",
            "rooms_callback_url": None,
            "sessions_callback_url": "https://example.com",
        },
        "expire_after_use": True,
        "expires_at": "2027-08-24T00:00:00",
        "initial_join_options": {"microphone_state": "default"},
        "join_approval_level": "none",
        "theme_id": theme["theme_id"],
        "ui_settings": {"language": "de"},
    }
    updated = await dotnet.send("PATCH", f"/rooms/{long_term['id']}", models.ROOM, {"update_details": change})
    assert long_term["expires_at"] == "2027-02-07T20:10:05.000Z"
    assert updated["expires_at"] == "2027-08-24T00:00:00.000Z"
    recording = await record(server, acme, instant["id"])
    await dotnet.send("GET", f"/rooms/{instant['id']}", models.ROOM)
    assert len((await dotnet.send("GET", "/rooms", models.ROOMS))["_embedded"]) == 2
    page = await dotnet.send("GET", "/rooms?start_id=1&end_id=99&page_size=1", models.ROOMS)
    assert page["_links"]["next"]
    await dotnet.send("GET", f"/themes/{theme['theme_id']}/rooms", models.ROOMS)
    await dotnet.send(
        "PATCH", f"/themes/{theme['theme_id']}", models.THEME, {"update_details": {"main_color": "#FF00FF"}}
    )
    await dotnet.send("GET", f"/themes/{theme['theme_id']}", models.THEME)
    await dotnet.send("GET", "/themes", models.THEMES)
    await dotnet.send(
        "PATCH", "/applications", models.APPLICATION, {"update_details": {"default_theme_id": theme["theme_id"]}}
    )
    await dotnet.send("GET", "/dial-in-numbers", models.NUMBERS)
    await dotnet.send("GET", f"/recordings/{recording.id}", models.RECORDING)
    ended = replace(recording, status=RecordingStatus.UPLOADED, ended_at=acme.clock.now())
    await server.server.context.database.write(lambda connection: recordings.save_recording(connection, ended))
    found = await dotnet.send("GET", f"/sessions/{recording.session_id}/recordings", models.RECORDINGS)
    assert [each["id"] for each in found["_embedded"]["recordings"]] == [recording.id]
    await dotnet.send("DELETE", f"/recordings/{recording.id}")
    await dotnet.send("DELETE", f"/themes/{theme['theme_id']}?force=true")


async def test_the_dotnet_sdk_uploads_a_logo(dotnet: DotNet):
    theme = await dotnet.send("POST", "/themes", models.THEME, {"brand_text": "Brand", "main_color": "#FF00FF"})
    forms = await dotnet.send("GET", "/themes/logos-upload-urls", models.UPLOADS)

    assert (await dotnet.upload(forms[0], pictures.logo())).status_code == 204

    await dotnet.send("PUT", f"/themes/{theme['theme_id']}/finalizeLogos", body={"keys": [forms[0]["fields"]["key"]]})
    assert (await dotnet.send("GET", f"/themes/{theme['theme_id']}", models.THEME))["brand_image_white_url"]


async def test_every_call_of_the_php_sdk(php: Php, acme: Tenant, server: RunningServer):
    room = await php.send("POST", "/rooms", {"display_name": "Weekly"})
    kept = await php.send(
        "POST", "/rooms", {"display_name": "x", "type": "long_term", "expires_at": "2027-01-01T00:00:00Z"}
    )
    changed = await php.send("PATCH", f"/rooms/{kept['id']}", {"update_details": {"expire_after_use": True}})
    assert changed["expire_after_use"] is True
    assert (await php.send("GET", f"/rooms/{room['id']}"))["display_name"] == "Weekly"
    assert (await php.send("GET", "/rooms?page_size=20"))["total_items"] == 2
    assert (await php.send("GET", "/rooms?start_id=1&end_id=99&page_size=1"))["_links"]["next"]
    theme = await php.send("POST", "/themes", {"theme_name": "x", "main_color": "#123", "brand_text": "y"})
    await php.send("PATCH", f"/themes/{theme['theme_id']}", {"update_details": {"brand_text": "z"}})
    assert [each["theme_id"] for each in await php.send("GET", "/themes")] == [theme["theme_id"]]
    assert (await php.send("GET", f"/themes/{theme['theme_id']}/rooms?page_size=20"))["_embedded"] == []
    application = await php.send("PATCH", "/applications", {"default_theme_id": theme["theme_id"]})
    assert application["default_theme_id"] == theme["theme_id"]
    assert await php.send("GET", "/dial-in-numbers") == []
    recording = await record(server, acme, room["id"])
    assert (await php.send("GET", f"/recordings/{recording.id}"))["status"] == "started"
    # Its loop over the answer makes a model of each value: all of them must be arrays.
    found = await php.send("GET", f"/sessions/{recording.session_id}/recordings")
    assert all(isinstance(value, list | dict) for value in found.values())
    await php.send("DELETE", f"/themes/{theme['theme_id']}?force=true")


async def test_the_php_sdk_uploads_a_logo(php: Php):
    theme = await php.send("POST", "/themes", {"theme_name": "x", "main_color": "#123", "brand_text": "y"})
    forms = await php.send("GET", "/themes/logos-upload-urls")
    form = next(form for form in forms if form["fields"]["logoType"] == "white")

    assert (await php.upload(form, pictures.logo())).status_code == 204

    await php.send("PUT", f"/themes/{theme['theme_id']}/finalizeLogos", {"keys": [form["fields"]["key"]]})
    assert (await php.send("GET", f"/themes/{theme['theme_id']}"))["brand_image_white_url"]


def test_the_models_refuse_what_dotnet_could_not_read():
    for model, value in [
        (models.ROOM, {"expires_at": None}),
        (models.RECORDING, {"ended_at": None}),
        (models.APPLICATION, {"default_theme_id": None}),
        (models.ROOM, {"callback_urls": None}),
        (models.ROOMS, {"_embedded": {"rooms": []}}),
    ]:
        with pytest.raises((AssertionError, TypeError, AttributeError)):
            model(value)
