"""The OpenAPI document is accurate, and the reference page needs no external resources."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from support.server import RunningServer, Tenant


@pytest.fixture
async def document(server: RunningServer) -> dict[str, Any]:
    response = await server.http.get("/openapi.json")
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_rooms_are_described_once(document: dict[str, Any]):
    found = {(method, path) for method, path, _ in operations(document)}

    assert {
        ("get", "/v1/meetings/rooms"),
        ("post", "/v1/meetings/rooms"),
        ("get", "/v1/meetings/rooms/{room_id}"),
        ("patch", "/v1/meetings/rooms/{room_id}"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/version"),
    } <= found
    assert not [path for _, path in found if path.startswith(("/meetings", "/beta", "/page", "/rtc"))]


def test_every_operation_is_named_tagged_and_summed_up(document: dict[str, Any]):
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert set(operation["tags"]) <= tags, (method, path)


def test_every_room_operation_needs_a_token_and_says_how_it_refuses(document: dict[str, Any]):
    for method, path, operation in operations(document):
        if "/rooms" in path:
            assert operation["security"] == [{"applicationToken": []}], (method, path)
            assert {"401", "500"} <= set(operation["responses"]), (method, path)
        # 422 is never the framework's: what does not validate is 400 here.
        assert "422" not in operation["responses"] or method == "post", (method, path)
        assert "ValidationError" not in str(operation["responses"].get("422")), (method, path)
    scheme = document["components"]["securitySchemes"]["applicationToken"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_every_reference_leads_somewhere(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/([A-Za-z0-9_-]+)", str(document)))

    assert used <= set(schemas)
    assert "HTTPValidationError" not in schemas


def validator(document: dict[str, Any], schema: str) -> Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return Draft202012Validator(root)


async def test_answers_are_as_described(document: dict[str, Any], acme: Tenant):
    room = await acme.create_room(type="long_term", expires_at="2026-12-24 18:00:00", theme_id=None)
    page = (await acme.get("/rooms")).json()
    error = (await acme.post("/rooms", json={})).json()
    refused = (await acme.http.get("/v1/meetings/rooms")).json()

    validator(document, "Room").validate(room)
    validator(document, "RoomPage").validate(page)
    validator(document, "ErrorBody").validate(error)
    validator(document, "AuthenticationErrorBody").validate(refused)
    described = document["components"]["schemas"]["Room"]
    assert set(room) == set(described["properties"])
    assert set(room) - set(described["required"]) == {"expires_at"}
    assert described["properties"]["expires_at"]["type"] == "string"


async def test_examples_are_accepted_as_described(document: dict[str, Any], acme: Tenant):
    create = document["paths"]["/v1/meetings/rooms"]["post"]["requestBody"]["content"]["application/json"]
    update = document["paths"]["/v1/meetings/rooms/{room_id}"]["patch"]["requestBody"]["content"]["application/json"]

    for example in create["examples"].values():
        validator(document, "CreateRoom").validate(example["value"])
        assert (await acme.post("/rooms", json=example["value"])).status_code == 201
    room = await acme.create_room(type="long_term", expires_at="2026-12-24 18:00:00")
    for example in update["examples"].values():
        validator(document, "UpdateRoom").validate(example["value"])
        assert (await acme.patch(f"/rooms/{room['id']}", json=example["value"])).status_code == 200


async def test_reference_page_needs_nothing_from_elsewhere(server: RunningServer):
    page = await server.http.get("/docs")
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.status_code == 200
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert "<script>" not in page.text
    assert files
    for file in files:
        if not file.startswith("data:"):
            assert (await server.http.get(file)).status_code == 200, file
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "http" not in policy


async def test_only_the_files_of_the_reference_are_served(server: RunningServer):
    for name in ("redoc.standalone.js", "..%2f__init__.py", "favicon.png", "%2e%2e"):
        assert (await server.http.get(f"/docs/{name}")).status_code == 404, name


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"])
async def test_it_is_compressed_and_not_sent_again_to_those_who_have_it(server: RunningServer, path: str):
    plain = await server.http.get(path, headers={"accept-encoding": "identity"})
    packed = await server.http.get(path, headers={"accept-encoding": "gzip"})
    again = await server.http.get(path, headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 1.5
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == "accept-encoding"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers.get("content-security-policy") == plain.headers.get("content-security-policy")
