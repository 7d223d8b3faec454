import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy.exc import OperationalError
from support.page import Page

T = TypeVar("T")
UNKNOWN = "100000000000"


async def test_a_lookup_shows_the_room(page: Page) -> None:
    await page.engine.join(page.room.id, "ada")

    response = await page.lookup()

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "role": "guest",
        "room": {
            "display_name": "Weekly <b>",
            "meeting_code": page.room.meeting_code,
            "type": "instant",
            "expires_at": None,
            "initial_join_options": {"microphone_state": "default"},
            "join_approval_level": "none",
            "available_features": {
                "is_recording_available": True,
                "is_chat_available": True,
                "is_whiteboard_available": True,
                "is_locale_switcher_available": True,
                "is_captions_available": False,
            },
            "ui_settings": {"language": "default"},
            "theme": None,
        },
        "participants": 1,
        "server_time": "2026-11-22T12:00:00.000Z",
    }


async def test_the_host_link_makes_an_owner(page: Page) -> None:
    assert (await page.lookup(token=page.host_token)).json()["role"] == "owner"


async def test_a_join_answers_with_a_ticket(page: Page) -> None:
    body = {"meeting_code": page.room.meeting_code, "participant_token": None, "name": " Ada "}

    response = await page.post("join", body)

    ticket = response.json()
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert set(ticket) == {"participant_id", "role", "name", "url", "token", "control_token", "rejoin_token"}
    assert (ticket["role"], ticket["name"], ticket["url"]) == ("guest", "Ada", "ws://127.0.0.1:7880")


async def test_the_token_may_be_left_out(page: Page) -> None:
    response = await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Ada"})

    assert response.status_code == 200


async def test_the_host_ends_the_meeting_for_all(page: Page) -> None:
    body = {"meeting_code": page.room.meeting_code, "participant_token": page.host_token, "name": "Ada"}
    ticket = (await page.post("join", body)).json()
    await page.engine.join(page.room.id, ticket["participant_id"], role="owner")

    response = await page.http.post("/page/end", headers={"authorization": f"Bearer {ticket['control_token']}"})

    assert (response.status_code, response.content) == (204, b"")
    assert await page.engine.participants(page.room.id) == []


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Basic x"},
        {"authorization": "Bearer x"},
    ],
)
async def test_ending_needs_a_control_token(page: Page, header: dict[str, str]) -> None:
    response = await page.http.post("/page/end", headers=header)

    assert response.status_code == 403
    assert response.json() == {
        "message": "You may not do that in this meeting",
        "name": "ForbiddenError",
        "status": 403,
        "code": "not_permitted",
    }


async def test_errors_have_the_shape_of_the_contract(page: Page) -> None:
    async def refusal(call: str, **fields: Any) -> tuple[int, str, set[str]]:
        response = await page.post(call, {"meeting_code": page.room.meeting_code, **fields})
        body = response.json()
        assert body["status"] == response.status_code
        return response.status_code, body["code"], set(body)

    plain = {"message", "name", "status", "code"}
    assert await refusal("lookup", meeting_code=UNKNOWN) == (404, "unknown_meeting", plain)
    assert await refusal("lookup", participant_token="x") == (403, "host_link_invalid", plain)
    assert await refusal("join", name="\u200b") == (400, "invalid_input", plain | {"errors"})
    for number in range(250):
        await page.engine.join(page.room.id, f"guest-{number}")
    assert await refusal("join", name="Eve") == (409, "meeting_full", plain)
    await page.engine.delete_room(page.room.id)
    page.clock.advance(minutes=10)
    assert await refusal("lookup") == (410, "meeting_expired", plain)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b"{}",
        b'{"meeting_code": 123456789012}',
        b'{"meeting_code": ""}',
        b'{"meeting_code": "12a"}',
        b'{"meeting_code": "\xd9\xa1\xd9\xa2"}',
        b'{"meeting_code": "1\\n"}',
        b'{"meeting_code": "' + b"1" * 33 + b'"}',
        b'{"meeting_code": "1", "meeting_code": "1"}',
        b'{"meeting_code": "1", "extra": 1}',
        b'{"meeting_code": "1", "participant_token": ""}',
        b'{"meeting_code": "1", "participant_token": 5}',
        b'{"meeting_code": "1", "participant_token": "' + b"x" * 1025 + b'"}',
        b'{"meeting_code": "1"' + b" " * 100_000 + b"}",
        b"[" * 50_000,
        b'{"meeting_code": "\\ud800"}',
        b"\xff\xfe",
    ],
)
async def test_what_does_not_validate_is_refused(page: Page, body: bytes) -> None:
    response = await page.http.post("/page/lookup", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid_input"


@pytest.mark.parametrize("name", [None, 5, "", "x" * 513, ["Ada"]])
async def test_a_name_is_text_of_bounded_length(page: Page, name: Any) -> None:
    response = await page.post("join", {"meeting_code": page.room.meeting_code, "name": name})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""]
)
async def test_a_foreign_page_cannot_make_its_visitors_guess(page: Page, kind: str) -> None:
    """A browser sends these without asking us first; application/json it does not."""
    body = f'{{"meeting_code": "{UNKNOWN}"}}'

    responses = [await page.http.post("/page/lookup", content=body, headers={"content-type": kind}) for _ in range(20)]

    assert {response.status_code for response in responses} == {400}
    assert (await page.lookup()).status_code == 200


async def test_after_300_wrong_codes_a_right_one_looks_like_another_wrong_one(page: Page) -> None:
    assert [(await page.lookup(UNKNOWN)).status_code for _ in range(300)] == [404] * 300

    wrong, right = await page.lookup(UNKNOWN), await page.lookup()

    assert wrong.status_code == right.status_code == 429
    assert wrong.json() == right.json()
    assert wrong.headers["retry-after"] == right.headers["retry-after"] == "20"
    assert wrong.json()["code"] == "too_many_requests"
    page.clock.advance(seconds=20)
    assert (await page.lookup()).status_code == 200


@pytest.mark.parametrize("call", ["lookup", "join"])
async def test_no_answer_of_a_waiting_address_tells_which_codes_exist(page: Page, call: str) -> None:
    for _ in range(300):
        await page.lookup(UNKNOWN)

    answers = set()
    for code in (UNKNOWN, page.room.meeting_code):
        for token in (None, "x"):
            for name in ("Ada", "\u200b"):
                body = {"meeting_code": code, "participant_token": token, **({"name": name} if call == "join" else {})}
                response = await page.post(call, body)
                answers.add((response.status_code, response.content, response.headers["retry-after"]))

    assert len(answers) == 1
    page.clock.advance(minutes=11)  # the room is over, and the address has to wait for some of its guesses still
    for _ in range(40):
        await page.lookup(UNKNOWN)
    assert (await page.lookup()).status_code == 429


async def test_guesses_made_at_the_same_time_are_counted_one_by_one(page: Page) -> None:
    codes = [str(200_000_000_000 + number) for number in range(400)]

    responses = await asyncio.gather(*(page.lookup(code) for code in codes))

    assert sorted(response.status_code for response in responses) == [404] * 300 + [429] * 100


async def test_headers_do_not_make_another_client(page: Page) -> None:
    statuses = []
    for number in range(320):
        spoofed = {
            "x-forwarded-for": f"203.0.113.{number % 256}",
            "x-real-ip": f"203.0.113.{number % 256}",
            "forwarded": f"for=203.0.113.{number % 256}",
            "authorization": "Bearer junk",
        }
        response = await page.post("lookup", {"meeting_code": UNKNOWN}, headers=spoofed)
        statuses.append(response.status_code)

    assert statuses == [404] * 300 + [429] * 20


async def test_the_true_host_is_never_locked_out(page: Page) -> None:
    """Not by wrong codes from the same office, and not by guesses of the link from everywhere."""
    for _ in range(310):
        await page.lookup(UNKNOWN)
    for number in range(30):
        async with page.from_address(f"203.0.113.{number}") as browser:
            body = {"meeting_code": page.room.meeting_code, "participant_token": "guess"}
            await browser.post("/page/lookup", json=body)
    assert (await page.lookup()).status_code == 429

    assert (await page.lookup(token=page.host_token)).status_code == 200
    body = {"meeting_code": page.room.meeting_code, "participant_token": page.host_token, "name": "Ada"}
    assert (await page.post("join", body)).json()["role"] == "owner"


async def test_guesses_of_a_host_link_are_limited_for_all_addresses_together(page: Page) -> None:
    statuses = []
    for number in range(30):
        async with page.from_address(f"203.0.113.{number}") as browser:
            body = {"meeting_code": page.room.meeting_code, "participant_token": "guess"}
            statuses.append((await browser.post("/page/lookup", json=body)).status_code)

    assert statuses == [403] * 20 + [429] * 10


async def test_a_flood_from_one_address_is_slowed_down(page: Page) -> None:
    statuses = [(await page.lookup()).status_code for _ in range(610)]

    assert statuses == [200] * 600 + [429] * 10
    async with page.from_address("203.0.113.1") as browser:
        assert (await browser.post("/page/lookup", json={"meeting_code": page.room.meeting_code})).status_code == 200


async def test_people_who_come_back_are_limited_one_by_one_and_do_not_guess(page: Page) -> None:
    guest = {"meeting_code": page.room.meeting_code, "name": "Bob"}
    known = [{**guest, "rejoin_token": (await page.post("join", guest)).json()["rejoin_token"]} for _ in range(2)]
    for _ in range(300):
        await page.lookup("000000000000")
    while (await page.post("join", guest)).json().get("code") != "too_many_requests":
        pass
    for _ in range(700):
        await page.post("join", {**guest, "meeting_code": 1})
    assert (await page.post("join", guest)).status_code == 429

    returns = [(await page.post("join", known[0])).status_code for _ in range(65)]

    assert returns == [200] * 60 + [429] * 5
    assert (await page.post("join", known[1])).status_code == 200


async def test_a_rejoin_token_of_elsewhere_is_worth_no_guess(page: Page) -> None:
    guest = {"meeting_code": page.room.meeting_code, "name": "Bob"}
    token = (await page.post("join", guest)).json()["rejoin_token"]
    guess = {**guest, "meeting_code": "000000000000", "rejoin_token": token}

    statuses = [(await page.post("join", guess)).status_code for _ in range(310)]

    assert statuses == [404] * 300 + [429] * 10


async def test_without_a_database_the_page_is_told_to_wait(
    page: Page, monkeypatch: pytest.MonkeyPatch, database: Any
) -> None:
    async def fail(_transaction: Callable[[Any], T]) -> T:
        raise OperationalError("SELECT 1", {}, OSError("connection refused"))

    monkeypatch.setattr(database, "read", fail)

    response = await page.lookup()

    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert "refused" not in response.text


@pytest.mark.parametrize("call", ["lookup", "join", "chat"])
async def test_a_body_that_ends_early_is_the_callers_fault(page: Page, call: str) -> None:
    joined = (await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Ada"})).json()
    statuses = []
    pieces = [
        {"type": "http.request", "body": b'{"meeting_code": "12', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if len(pieces) > 1 else pieces[0]

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/page/{call}",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {joined['control_token']}".encode()),
            (b"content-type", b"application/json"),
        ],
        "client": ("198.51.100.1", 40000),
    }
    await page.app(scope, receive, send)

    assert statuses == [400], statuses
