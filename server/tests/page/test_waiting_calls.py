"""The waiting room as the page and the owner's page see it."""

from typing import Any

import pytest
from support.page import Page

from moothall.rooms.model import JoinApprovalLevel


@pytest.fixture
def approval_level() -> JoinApprovalLevel:
    return JoinApprovalLevel.EXPLICIT_APPROVAL


async def _knock(page: Page, name: str = "Bob") -> str:
    response = await page.post("join", {"meeting_code": page.room.meeting_code, "name": name})
    assert response.status_code == 202, response.text
    assert response.headers["cache-control"] == "no-store"
    token: str = response.json()["lobby_token"]
    assert response.json() == {
        "status": "waiting",
        "reason": "approval",
        "lobby_token": token,
        "waiting_token": token,
    }
    return token


async def _host(page: Page) -> dict[str, str]:
    """The owner is inside. Returns the headers of the owner's calls."""
    body = {"meeting_code": page.room.meeting_code, "participant_token": page.host_token, "name": "Ada"}
    ticket = (await page.post("join", body)).json()
    await page.engine.join(page.room.id, ticket["participant_id"], role="owner")
    return {"authorization": f"Bearer {ticket['control_token']}"}


async def _list(page: Page, headers: dict[str, str]) -> list[dict[str, Any]]:
    response = await page.http.get("/page/waiting-list", headers=headers)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["waiting"]
    return found


async def test_the_owner_sees_who_waits_and_lets_them_in(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)

    (person,) = await _list(page, headers)
    assert (person["name"], person["since"]) == ("Bob", "2026-11-22T12:00:00.000Z")
    still = await page.post("waiting", {"lobby_token": token})
    assert still.json() == {"status": "waiting", "reason": "approval"}

    admitted = await page.post("admit", {"participant_id": person["participant_id"]}, headers=headers)
    assert admitted.status_code == 204
    told = (await page.post("waiting", {"lobby_token": token})).json()

    assert set(told) == {"status", "participant_id", "role", "name", "url", "token", "control_token", "rejoin_token"}
    assert (told["status"], told["role"], told["name"]) == ("admitted", "guest", "Bob")
    assert told["participant_id"] == person["participant_id"]
    used = await page.post("waiting", {"lobby_token": token})
    assert (used.status_code, used.json()["code"]) == (404, "unknown_waiting")


async def test_the_owner_turns_somebody_away(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    (person,) = await _list(page, headers)

    assert (await page.post("deny", {"participant_id": person["participant_id"]}, headers=headers)).status_code == 204

    assert (await page.post("waiting", {"lobby_token": token})).json() == {"status": "denied", "retry_after": 60}
    again = await page.post("deny", {"participant_id": person["participant_id"]}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_waiting")


async def test_a_guest_inside_cannot_moderate(page: Page) -> None:
    host = await _host(page)
    token = await _knock(page)
    (person,) = await _list(page, host)
    body = {"participant_id": person["participant_id"]}
    await page.post("admit", body, headers=host)
    guest = (await page.post("waiting", {"lobby_token": token})).json()
    await page.engine.join(page.room.id, guest["participant_id"])
    await _knock(page, "Carol")

    for headers in ({}, {"authorization": f"Bearer {guest['control_token']}"}, {"authorization": "Basic x"}):
        refused = [
            await page.http.get("/page/waiting-list", headers=headers),
            await page.post("admit", body, headers=headers),
            await page.post("deny", body, headers=headers),
        ]
        assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "not_permitted")] * 3


@pytest.mark.parametrize(
    ("call", "body"),
    [("waiting", {}), ("waiting", {"lobby_token": ""}), ("waiting", {"lobby_token": "x", "name": "Ada"})],
)
async def test_questions_are_checked(page: Page, call: str, body: dict[str, Any]) -> None:
    response = await page.post(call, body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


async def test_a_host_who_was_removed_is_told(page: Page) -> None:
    await _host(page)
    await page.meeting.moderation.remove(page.room.id, page.room.owner_participant_id)

    body = {"meeting_code": page.room.meeting_code, "participant_token": page.host_token, "name": "Ada"}
    response = await page.post("join", body)

    assert (response.status_code, response.json()["code"]) == (403, "removed")


async def test_a_page_of_the_version_before_still_waits_and_comes_back(page: Page) -> None:
    """It was opened before the server was upgraded, and uses the names of that time."""
    headers = await _host(page)
    token = await _knock(page)
    (person,) = await _list(page, headers)
    await page.post("admit", {"participant_id": person["participant_id"]}, headers=headers)
    ticket = (await page.post("waiting", {"waiting_token": token})).json()
    await page.engine.join(page.room.id, ticket["participant_id"])

    body = {"meeting_code": page.room.meeting_code, "name": "Bob", "control_token": ticket["control_token"]}
    again = (await page.post("join", body)).json()

    assert again["participant_id"] == person["participant_id"]


async def _deny(page: Page, headers: dict[str, str], token: str) -> dict[str, Any]:
    """Deny the only person who waits. Returns what they are told."""
    (person,) = await _list(page, headers)
    await page.post("deny", {"participant_id": person["participant_id"]}, headers=headers)
    told: dict[str, Any] = (await page.post("waiting", {"lobby_token": token})).json()
    return told


async def _knock_again(page: Page, token: str, name: str = "Bob") -> Any:
    return await page.post("join", {"meeting_code": page.room.meeting_code, "name": name, "lobby_token": token})


async def test_somebody_denied_may_ask_again_twice_a_minute_apart(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    for retry_after in (60, 60, None):
        assert await _deny(page, headers, token) == {"status": "denied", "retry_after": retry_after}
        # Another name is no way around it.
        early = await _knock_again(page, token, "Robert")
        assert (early.status_code, early.json()["code"]) == (403, "denied")
        assert await _list(page, headers) == []
        page.clock.advance(seconds=30)
        early = await _knock_again(page, token)
        assert early.headers.get("retry-after") == (None if retry_after is None else "31")
        page.clock.advance(seconds=31)
        again = await _knock_again(page, token)
        assert again.status_code == (202 if retry_after else 403)
        token = again.json().get("lobby_token", token)
    page.clock.advance(seconds=3600)
    assert (await _knock_again(page, token)).json()["code"] == "denied"

    # Nobody else pays for it.
    await _knock(page, "Carol")


async def test_the_next_session_forgets_who_was_denied(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    await _deny(page, headers, token)
    await page.meeting.moderation.end(page.room.id)
    await _host(page)

    assert (await _knock_again(page, token)).status_code == 202


async def test_a_page_that_is_loaded_again_waits_once_and_keeps_its_denials(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    await _deny(page, headers, token)
    page.clock.advance(seconds=61)
    token = (await _knock_again(page, token)).json()["lobby_token"]
    token = (await _knock_again(page, token)).json()["lobby_token"]

    assert len(await _list(page, headers)) == 1
    await _deny(page, headers, token)
    page.clock.advance(seconds=61)
    token = (await _knock_again(page, token)).json()["lobby_token"]
    assert (await _deny(page, headers, token))["retry_after"] is None


async def test_somebody_who_waits_changes_their_name(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    changed = await page.post("waiting-name", {"lobby_token": token, "name": "  Robert "})
    assert (changed.status_code, changed.json()) == (200, {"name": "Robert"})
    (person,) = await _list(page, headers)
    assert person["name"] == "Robert"

    for body, code in (
        ({"lobby_token": "another", "name": "Eve"}, "unknown_waiting"),
        ({"lobby_token": token, "name": "   "}, "invalid_input"),
        ({"lobby_token": token, "name": "x" * 65}, "invalid_input"),
        ({"lobby_token": token, "name": "x" * 513}, "invalid_input"),
        ({"lobby_token": token}, "invalid_input"),
    ):
        assert (await page.post("waiting-name", body)).json()["code"] == code
    answers = [(await page.post("waiting-name", {"lobby_token": token, "name": f"N{n}"})).status_code for n in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    (person,) = await _list(page, headers)
    assert person["name"] == "N3"
    await page.post("admit", {"participant_id": person["participant_id"]}, headers=headers)
    assert (await page.post("waiting", {"lobby_token": token})).json()["name"] == "N3"
