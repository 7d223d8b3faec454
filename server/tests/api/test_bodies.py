"""Request bodies that are not what they should be."""

import json
from collections.abc import AsyncIterator

import pytest
from support.server import Tenant

GOOD = json.dumps({"display_name": "Weekly"}).encode()


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/json; charset=utf-8"}, {"content-type": "x"}],
)
async def test_content_type_is_no_reason_to_refuse(acme: Tenant, headers: dict[str, str]):
    response = await acme.post("/rooms", content=GOOD, headers=headers)

    assert response.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b"'display_name'",
        b'{"display_name": NaN}',
        b'{"display_name": "\xff"}',
        b'{"display_name": "\\ud800"}',
        b'{"\\ud800": 1, "display_name": "x"}',
        b'{"display_name": "\\u0000"}',
        b'{"display_name": "x\x00"}',
        b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"display_name": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf" + GOOD,
    ],
)
async def test_what_is_not_json_is_refused(acme: Tenant, body: bytes):
    response = await acme.post("/rooms", content=body)

    assert response.status_code == 400
    assert response.json() == {
        "message": "The request body is not valid JSON",
        "name": "InputValidationError",
        "status": 400,
        "errors": ["The request body is not valid JSON"],
    }


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"true"])
async def test_what_is_no_object_is_refused(acme: Tenant, body: bytes):
    response = await acme.post("/rooms", content=body)

    assert response.status_code == 400
    assert response.json()["message"] == '"value" must be of type object'


async def test_key_given_twice_is_refused(acme: Tenant):
    body = b'{"display_name": "a", "ui_settings": {"language": "en", "language": "fr"}}'

    response = await acme.post("/rooms", content=body)

    assert response.status_code == 400
    assert response.json()["message"] == '"language" appears twice'


async def test_emoji_escaped_as_a_surrogate_pair_is_an_emoji(acme: Tenant):
    response = await acme.post("/rooms", content=b'{"display_name": "\\ud83d\\ude80"}')

    assert response.json()["display_name"] == "🚀"


async def test_body_over_the_limit_is_refused_before_it_is_read(acme: Tenant):
    response = await acme.post("/rooms", content=b" " * (64 * 1024 - len(GOOD) + 1) + GOOD)

    assert response.status_code == 413
    assert response.json()["name"] == "PayloadTooLargeError"
    assert response.json()["status"] == 413


async def test_body_at_the_limit_is_taken(acme: Tenant):
    response = await acme.post("/rooms", content=b" " * (64 * 1024 - len(GOOD)) + GOOD)

    assert response.status_code == 201


async def test_body_that_does_not_announce_its_size_is_bounded_too(acme: Tenant):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    response = await acme.post("/rooms", content=endless())

    assert response.status_code == 413
    assert response.json()["name"] == "PayloadTooLargeError"


async def test_errors_are_bounded(acme: Tenant):
    body = {f"key{number}": 1 for number in range(2000)}

    response = await acme.post("/rooms", json=body)

    assert response.status_code == 400
    assert len(response.json()["errors"]) <= 20


async def test_long_keys_come_back_cut(acme: Tenant):
    response = await acme.post("/rooms", json={"x" * 10_000: 1, "display_name": "a"})

    assert response.status_code == 400
    assert len(response.content) < 1000
