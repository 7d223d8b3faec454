"""Pages of other origins read answers only where an application says so."""

import re
from typing import Any

import httpx2
import pytest
from sqlalchemy.exc import OperationalError
from support.server import RunningServer, Tenant

from moothall.api.cors import parse_origin
from moothall.applications import service, store
from moothall.db import Connection

APP = "https://app.example"
OTHERS = "https://others.example"
STRANGER = "https://stranger.example"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


@pytest.fixture
async def acme(server: RunningServer, acme: Tenant) -> Tenant:
    """It lists an origin."""
    await allow(server, acme, APP)
    return acme


@pytest.fixture
async def globex(server: RunningServer, globex: Tenant) -> Tenant:
    await allow(server, globex, OTHERS)
    return globex


async def allow(server: RunningServer, tenant: Tenant, *origins: str) -> None:
    await server.server.context.database.write(
        lambda connection: service.allow_origins(connection, tenant.application_id, origins)
    )
    server.clock.advance(seconds=6)


def readable_by(response: httpx2.Response) -> str | None:
    """The origin whose pages may read the answer. Never those of all, never with cookies."""
    assert "access-control-allow-credentials" not in response.headers
    found: str | None = response.headers.get("access-control-allow-origin")
    assert found != "*"
    return found


async def test_answers_are_read_where_the_application_says(acme: Tenant, globex: Tenant):
    mine = await acme.get("/rooms", headers={"origin": APP})
    others = await acme.get("/rooms", headers={"origin": OTHERS})
    nobodys = await acme.get("/rooms", headers={"origin": STRANGER})
    no_page = await acme.get("/rooms")

    assert [readable_by(answer) for answer in (mine, others, nobodys, no_page)] == [APP, None, None, None]
    for answer in (mine, others, nobodys, no_page):
        assert answer.status_code == 200
        assert answer.headers["vary"] == "Origin"
    exposed = set(mine.headers["access-control-expose-headers"].lower().split(", "))
    assert {"etag", "retry-after", "ratelimit-remaining", "idempotent-replayed", "x-request-id"} <= exposed


async def test_without_a_list_there_is_nothing(server: RunningServer, acme: Tenant):
    await allow(server, acme)

    answer = await acme.get("/rooms", headers={"origin": APP})
    preflight = await acme.http.options("/v1/meetings/rooms", headers={"origin": APP, **PREFLIGHT})

    for response in (answer, preflight):
        assert not [name for name in response.headers if name.startswith("access-control")]


async def test_errors_are_read_too(
    server: RunningServer, acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
):
    page = {"origin": APP}
    unknown = await acme.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80", headers=page)
    invalid = await acme.post("/rooms", json={}, headers=page)
    no_route = await acme.get("/nothing", headers=page)
    wrong_method = await acme.request("DELETE", "/rooms", headers=page)
    no_token = await acme.http.get("/v1/meetings/rooms", headers=page)
    with monkeypatch.context() as broken:
        broken.setattr(store, "find_first_account", None)
        broken.setattr("moothall.rooms.service.list_rooms", None)
        crashed = await acme.get("/rooms", headers=page)
    others_token = await globex.get("/rooms", headers=page)

    assert [answer.status_code for answer in (unknown, invalid, no_route, wrong_method, no_token, crashed)] == [
        404,
        400,
        404,
        405,
        401,
        500,
    ]
    for answer in (unknown, invalid, no_route, wrong_method, no_token, crashed):
        assert readable_by(answer) == APP
        assert answer.headers["vary"] == "Origin"
    assert readable_by(others_token) is None


async def test_every_operation_answers_preflights(server: RunningServer, acme: Tenant):
    document = (await server.http.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        url = re.sub(r"\{\w+\}", "x", path)
        for method in item:
            asked = {"access-control-request-method": method.upper(), "access-control-request-headers": "authorization"}
            listed = await server.http.options(url, headers={"origin": APP, **asked})
            stranger = await server.http.options(url, headers={"origin": STRANGER, **asked})

            assert listed.status_code == 204, path
            assert readable_by(stranger) is None, path
            if path.startswith(("/v1/meetings/", "/files/")):
                check_preflight(listed, method.upper())
                assert stranger.headers["vary"] == "Origin", path
            else:
                assert readable_by(listed) is None, path


def check_preflight(response: httpx2.Response, method: str) -> None:
    assert readable_by(response) == APP
    assert response.headers["vary"] == "Origin"
    assert method in response.headers["access-control-allow-methods"].split(", ")
    headers = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match"} <= set(headers)
    assert int(response.headers["access-control-max-age"]) <= 3600


@pytest.mark.parametrize("prefix", ["/meetings", "/beta/meetings"])
async def test_old_addresses_are_the_same(acme: Tenant, prefix: str):
    preflight = await acme.http.options(f"{prefix}/rooms", headers={"origin": APP, **PREFLIGHT})
    answer = await acme.http.get(f"{prefix}/rooms", headers={"origin": APP, "authorization": f"Bearer {acme.token()}"})

    check_preflight(preflight, "POST")
    assert readable_by(answer) == APP


@pytest.mark.parametrize("path", ["/", "/page/join", "/healthz", "/docs", "/openapi.json", "/v2/applications"])
async def test_what_is_not_for_pages_of_applications_is_not_read_there(acme: Tenant, path: str):
    answer = await acme.http.get(path, headers={"origin": APP})
    preflight = await acme.http.options(path, headers={"origin": APP, **PREFLIGHT})

    assert readable_by(answer) is None
    assert readable_by(preflight) is None


@pytest.mark.parametrize(
    "origin",
    ["null", "*", "https://app.example.evil.example", "http://app.example", "https://app.example:444", "x" * 5000],
)
async def test_only_the_very_origin_is_listed(acme: Tenant, origin: str):
    assert readable_by(await acme.get("/rooms", headers={"origin": origin})) is None
    assert readable_by(await acme.http.options("/v1/meetings/rooms", headers={"origin": origin, **PREFLIGHT})) is None


async def test_removed_origins_are_gone_within_seconds(server: RunningServer, acme: Tenant):
    assert readable_by(await acme.get("/rooms", headers={"origin": APP})) == APP

    await allow(server, acme, "https://new.example")

    assert readable_by(await acme.get("/rooms", headers={"origin": APP})) is None
    assert readable_by(await acme.http.get("/v1/meetings/rooms", headers={"origin": APP})) is None
    assert readable_by(await acme.get("/rooms", headers={"origin": "https://new.example"})) == "https://new.example"


async def test_a_database_that_does_not_answer_lists_nothing(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> bool:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(store, "is_origin_listed", away)
    answer = await acme.http.get("/v1/meetings/rooms", headers={"origin": "https://unknown.example"})

    assert answer.status_code == 401
    assert readable_by(answer) is None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example:8443", "https://app.example:8443"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("http://例え.テスト:8080", "http://xn--r8jz45g.xn--zckzah:8080"),
        ("https://bücher.example:443", "https://xn--bcher-kva.example"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(text: str, origin: str):
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "app.example",
        "https://",
        "https://*.app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?x",
        "https://user@app.example",
        "https://app.example:0",
        "https://app.example:65536",
        "https://app.example:",
        "https://app..example",
        "ftp://app.example",
        "https://bü cher.example",
        "https://bücher.example/",
        "https://user@bücher.example",
        "https://bücher.example:80x",
        "https://" + "ü" * 64 + ".example",
        "https://app.example\n",
        "https://" + "x" * 248,
    ],
)
def test_what_is_no_origin(text: str):
    with pytest.raises(ValueError, match="must be a scheme and a host, such as https"):
        parse_origin(text)


class TestApplicationApi:
    """The list is a part of the application."""

    @pytest.fixture
    async def auth(self, server: RunningServer) -> dict[str, Any]:
        account = await server.server.context.database.read(store.find_first_account)
        assert account is not None
        return {"auth": (account.account_id, account.api_secret)}

    async def test_origins_are_set_kept_and_removed(self, server: RunningServer, acme: Tenant, auth: dict[str, Any]):
        path = f"/v2/applications/{acme.application_id}"
        two = {"meetings": {"allowed_origins": ["https://b.example", "HTTPS://A.example", "https://a.example"]}}

        changed = await server.http.put(path, json={"name": "Acme", "capabilities": two}, **auth)
        at_once = readable_by(await acme.get("/rooms", headers={"origin": "https://a.example"}))
        not_named = await server.http.put(path, json={"name": "Acme"}, **auth)
        listed = (await server.http.get("/v2/applications", **auth)).json()["_embedded"]["applications"]
        none = {"meetings": {"allowed_origins": []}}
        removed = await server.http.put(path, json={"name": "Acme", "capabilities": none}, **auth)

        origins = ["https://a.example", "https://b.example"]
        assert changed.json()["capabilities"] == {"meetings": {"webhooks": {}, "allowed_origins": origins}}
        assert at_once == "https://a.example"
        assert not_named.json()["capabilities"] == changed.json()["capabilities"]
        assert [one["capabilities"] for one in listed] == [changed.json()["capabilities"]]
        assert removed.json()["capabilities"] == {}

    async def test_a_new_application_may_have_some(self, server: RunningServer, auth: dict[str, Any]):
        body = {"name": "New", "capabilities": {"meetings": {"allowed_origins": [APP]}}}

        created = (await server.http.post("/v2/applications", json=body, **auth)).json()

        found = await server.http.get(f"/v2/applications/{created['id']}", **auth)
        assert found.json()["capabilities"] == {"meetings": {"webhooks": {}, "allowed_origins": [APP]}}

    @pytest.mark.parametrize("origins", [["*"], ["null"], [f"https://a{number}.example" for number in range(21)]])
    async def test_unusable_lists_are_refused(self, server: RunningServer, auth: dict[str, Any], origins: list[str]):
        body = {"name": "New", "capabilities": {"meetings": {"allowed_origins": origins}}}

        refused = await server.http.post("/v2/applications", json=body, **auth)

        assert refused.status_code == 400
        assert "allowed_origins" in refused.json()["detail"]

    async def test_origins_go_with_the_application(self, server: RunningServer, acme: Tenant, auth: dict[str, Any]):
        deleted = await server.http.delete(f"/v2/applications/{acme.application_id}", **auth)

        def left(connection: Connection) -> bool:
            return store.is_origin_listed(connection, APP)

        assert deleted.status_code == 204
        assert await server.server.context.database.read(left) is False
