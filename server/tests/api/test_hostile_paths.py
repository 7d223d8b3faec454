"""Names in addresses that can be no name of ours are not found, whatever database is asked."""

import re
from base64 import urlsafe_b64encode as b64encode
from typing import Any
from urllib.parse import quote

import pytest
from support.server import RunningServer

from moothall.applications import store
from moothall.applications.keys import KeyPair


@pytest.mark.parametrize("name", ["\0", "a\0b", "x" * 3000, "é" * 300, "%", "'; --", "\N{REPLACEMENT CHARACTER}", "-1"])
async def test_a_hostile_name_is_not_found(any_server: RunningServer, keys: KeyPair, name: str):
    tenant = await any_server.tenant(keys)
    account = await any_server.server.context.database.read(store.find_first_account)
    assert account is not None
    document = (await any_server.http.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        if "{" not in path:
            continue
        url = re.sub(r"\{\w+\}", quote(name, safe=""), path)
        for method, operation in item.items():
            asked = {"json": {"update_details": {"brand_text": "x"}}} if method in ("post", "patch", "put") else {}
            if path.startswith("/v2/"):
                auth = (account.account_id, account.api_secret)
                answer = await any_server.http.request(method, url, auth=auth, **asked)
            else:
                answer = await tenant.request(method, f"https://meet.example{url}", **asked)
            assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
            assert answer.status_code in (400, 403, 404), (method, path, answer.text)


async def test_a_hostile_query_finds_nothing(any_server: RunningServer, keys: KeyPair):
    tenant = await any_server.tenant(keys)

    answer = await tenant.get("/callbacks/deliveries", params={"room_id": "a\0b"})

    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "\\udc00\\ud800", "x" * 60, "' OR '1'='1", "\\u0000" * 36])
async def test_an_unsigned_token_never_reaches_the_database(any_server: RunningServer, text: str):
    payload = f'{{"application_id":"{text}","iat":1,"exp":2,"jti":"one"}}'
    token = ".".join(b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', payload.encode(), b"x"))

    answer = await any_server.http.get("/v1/meetings/rooms", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 401


@pytest.mark.parametrize("user", ["a\0b", "\x7f", "é" * 40, "' OR '1'='1"])
async def test_a_hostile_account_is_refused(any_server: RunningServer, user: str):
    credentials = b64encode(f"{user}:secret".encode()).decode()

    answer = await any_server.http.get("/v2/applications", headers={"authorization": f"Basic {credentials}"})

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/v1/meetings/rooms", "/healthz", "/docs", "/files/logos/x.png"])
async def test_nul_in_a_query_is_refused_everywhere(any_server: RunningServer, keys: KeyPair, path: str):
    tenant = await any_server.tenant(keys)

    answer = await tenant.get(f"https://meet.example{path}?start_id=%00")

    assert answer.status_code == 400
    assert answer.json()["message"] == "The query must not contain NUL"


@pytest.mark.parametrize("path", ["/v1/meetings/rooms", "/healthz", "/docs", "/page/lookup", "/"])
async def test_a_query_that_is_not_ascii_is_refused_everywhere(server: RunningServer, path: str):
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    for query in (b"\xff", b"\xc3\xa9", b"a=\x80&b"):
        scope = {
            "type": "http",
            "method": "POST" if path.startswith("/page/") else "GET",
            "scheme": "http",
            "path": path,
            "query_string": query,
            "headers": [],
            "client": ("198.51.100.1", 40_000),
        }
        await server.server.app(scope, receive, send)

    assert statuses == [400, 400, 400]
