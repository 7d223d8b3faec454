"""Common properties of all answers: headers, errors, and the access log."""

import json
from collections.abc import MutableMapping

import pytest
from sqlalchemy.exc import OperationalError
from starlette.types import Send
from structlog.testing import capture_logs
from support.server import RunningServer, Tenant

from moothall.api.handlers import StrictTransport
from moothall.rooms import service


@pytest.mark.parametrize(
    "path", ["/v1/meetings/rooms", "/v1/meetings/none", "/healthz", "/openapi.json", "/v1/meetings/rooms/x", "/docs"]
)
async def test_every_answer_has_the_security_headers(acme: Tenant, path: str):
    response = await acme.http.get(path)

    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    # The reference is the same for everybody and has a tag; an answer about data is never kept.
    is_reference = path in ("/openapi.json", "/docs")
    assert response.headers["cache-control"] == ("no-cache" if is_reference else "no-store")
    assert ("etag" in response.headers) == is_reference
    assert len(response.headers["x-request-id"]) == 16
    assert "server" not in response.headers


async def test_answers_have_different_ids(acme: Tenant):
    ids = {
        (await acme.http.get("/healthz", headers={"x-request-id": "mine"})).headers["x-request-id"] for _ in range(3)
    }

    assert len(ids) == 3
    assert "mine" not in ids


async def test_unknown_address_is_not_found(acme: Tenant):
    response = await acme.get("/nothing")

    assert response.status_code == 404
    assert response.json()["name"] == "NotFoundError"
    assert response.json()["status"] == 404


async def test_wrong_method_names_the_right_ones(acme: Tenant):
    response = await acme.request("DELETE", "/rooms")

    assert response.status_code == 405
    assert response.json()["name"] == "MethodNotAllowedError"
    assert {method.strip() for method in response.headers["allow"].split(",")} >= {"GET"}


async def test_bug_shows_a_report_id_and_nothing_else(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(service, "get_room", broken)
    with capture_logs() as logs:
        response = await acme.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")

    report_id = response.headers["x-request-id"]
    assert response.status_code == 500
    assert response.json() == {
        "message": f"Something went wrong on our side. Report id: {report_id}",
        "name": "InternalError",
        "status": 500,
    }
    crash = next(entry for entry in logs if entry["event"] == "request_crashed")
    assert crash["request_id"] == report_id
    assert isinstance(crash["exc_info"], ZeroDivisionError)


async def test_database_that_does_not_answer_is_said_so(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(service, "get_room", away)
    response = await acme.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")

    assert response.status_code == 503
    assert response.json()["name"] == "ServiceUnavailableError"
    assert int(response.headers["retry-after"]) > 0
    assert "SELECT" not in response.text


async def test_log_tells_routes_and_never_paths_queries_or_tokens(acme: Tenant):
    room = await acme.create_room()
    with capture_logs() as logs:
        await acme.http.get(f"/{room['meeting_code']}")
        await acme.http.get("/", params={"room_token": room["meeting_code"], "participant_token": "eyJhbGciOi.a.b"})
        await acme.get(f"/rooms/{room['id']}", params={"token": "canary"})
        await acme.http.get("/v1/meetings/rooms", headers={"authorization": "Bearer eyJhbGciOi.a.b"})

    text = json.dumps(logs, default=str)
    assert len([entry for entry in logs if entry["event"] == "request"]) == 4
    for secret in (room["meeting_code"], "eyJ", "canary"):
        assert secret not in text
    assert {entry["application_id"] for entry in logs} == {None, acme.application_id}


async def test_health(server: RunningServer):
    health = await server.http.get("/healthz")
    ready = await server.http.get("/readyz")
    version = await server.http.get("/version")

    assert health.json() == {"status": "ok"}
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert ready.json()["checks"]["database"]["ok"] is True
    assert ready.json()["checks"]["sfu"]["ok"] is True
    assert version.json()["name"] == "moothall"


async def test_not_ready_when_a_part_does_not_work(server: RunningServer):
    async def broken() -> dict[str, str]:
        raise OSError("/secret/path")

    server.server.app.state.probes["sfu"] = broken
    with capture_logs():
        ready = await server.http.get("/readyz")

    assert ready.status_code == 503
    assert ready.json()["status"] == "not ready"
    assert ready.json()["checks"]["sfu"]["error"] == "OSError"
    assert ready.json()["checks"]["database"]["ok"] is True
    assert "secret" not in ready.text


TLS_PATHS = ["/v1/meetings/rooms", "/v1/meetings/none", "/healthz", "/docs", "/nothing", "/123456789012", "/?x=%00"]


@pytest.mark.parametrize("path", TLS_PATHS)
async def test_every_answer_over_tls_asks_for_tls_from_now_on(acme: Tenant, path: str):
    response = await acme.http.get(path)

    assert response.headers.get_list("strict-transport-security") == ["max-age=31536000"]


async def test_an_unexpected_failure_over_tls_does_so_too(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "get_room", lambda *_: 1 / 0)

    response = await acme.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")

    assert response.status_code == 500
    assert response.headers.get_list("strict-transport-security") == ["max-age=31536000"]


@pytest.mark.parametrize(
    ("scheme", "always", "told"), [("ws", False, 0), ("wss", False, 1), ("http", False, 0), ("http", True, 1)]
)
async def test_who_is_told_to_use_tls(scheme: str, always: bool, told: int):
    sent: list[dict[str, object]] = []
    kind = "websocket.http.response.start" if scheme.startswith("ws") else "http.response.start"

    async def app(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": kind, "status": 403, "headers": [(b"strict-transport-security", b"x")] * told})

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(dict(message))

    async def receive() -> dict[str, object]:
        return {}

    await StrictTransport(app, always=always)({"type": "x", "scheme": scheme}, receive, send)

    assert sent[0]["headers"] == [(b"strict-transport-security", b"max-age=31536000")] * told


async def test_the_document_is_written_once(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    first = await acme.http.get("/openapi.json")
    monkeypatch.setattr(json, "dumps", None)

    second = await acme.http.get("/openapi.json")

    assert second.content == first.content
    assert second.headers["content-type"] == "application/json"
