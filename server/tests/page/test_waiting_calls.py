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
    assert {**response.json(), "waiting_token": ""} == {"status": "waiting", "reason": "approval", "waiting_token": ""}
    token: str = response.json()["waiting_token"]
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
    still = await page.post("waiting", {"waiting_token": token})
    assert still.json() == {"status": "waiting", "reason": "approval"}

    admitted = await page.post("admit", {"participant_id": person["participant_id"]}, headers=headers)
    assert admitted.status_code == 204
    told = (await page.post("waiting", {"waiting_token": token})).json()

    assert set(told) == {"status", "participant_id", "role", "name", "url", "token", "control_token"}
    assert (told["status"], told["role"], told["name"]) == ("admitted", "guest", "Bob")
    assert told["participant_id"] == person["participant_id"]
    used = await page.post("waiting", {"waiting_token": token})
    assert (used.status_code, used.json()["code"]) == (404, "unknown_waiting")


async def test_the_owner_turns_somebody_away(page: Page) -> None:
    headers = await _host(page)
    token = await _knock(page)
    (person,) = await _list(page, headers)

    assert (await page.post("deny", {"participant_id": person["participant_id"]}, headers=headers)).status_code == 204

    assert (await page.post("waiting", {"waiting_token": token})).json() == {"status": "denied"}
    again = await page.post("deny", {"participant_id": person["participant_id"]}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_waiting")


async def test_a_guest_inside_cannot_moderate(page: Page) -> None:
    host = await _host(page)
    token = await _knock(page)
    (person,) = await _list(page, host)
    body = {"participant_id": person["participant_id"]}
    await page.post("admit", body, headers=host)
    guest = (await page.post("waiting", {"waiting_token": token})).json()
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
    [("waiting", {}), ("waiting", {"waiting_token": ""}), ("waiting", {"waiting_token": "x", "name": "Ada"})],
)
async def test_questions_are_checked(page: Page, call: str, body: dict[str, Any]) -> None:
    response = await page.post(call, body)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


async def test_a_host_who_was_removed_is_told(page: Page) -> None:
    await _host(page)
    await page.meeting.remove(page.room.id, page.room.owner_participant_id)

    body = {"meeting_code": page.room.meeting_code, "participant_token": page.host_token, "name": "Ada"}
    response = await page.post("join", body)

    assert (response.status_code, response.json()["code"]) == (403, "removed")
