"""The result of a check, which the page sends once somebody is inside."""

from typing import Any

import pytest
from support.page import Page

from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance

GOOD: dict[str, Any] = {
    "age_s": 30,
    "verdict": "good",
    "camera": "granted",
    "microphone": "prompt",
    "udp": True,
    "tcp": None,
    "relayed": False,
    "round_trip_ms": 24,
    "jitter_ms": 3,
    "upload_kbps": 1650,
    "download_kbps": 1500,
    "upload_loss_percent": 0,
    "download_loss_percent": 0.4,
}


async def stays(page: Page) -> list[Attendance]:
    [session] = await page.database.read(
        lambda connection: sessions.list_sessions(connection, page.room.id, offset=0, limit=5)
    )
    return await page.database.read(
        lambda connection: sessions.list_attendances(connection, session.id, offset=0, limit=10)
    )


async def test_it_is_kept_with_the_stay_of_whoever_sends_it(page: Page) -> None:
    ada, _ = [await page.enter(name) for name in ("Ada", "Bob")]
    began = page.clock.now()
    page.clock.advance(seconds=10)

    assert (await page.post("connection-check", GOOD, headers=ada.headers)).status_code == 204

    of_ada, of_bob = await stays(page)
    assert of_ada.connection_check is not None
    assert (of_ada.connection_check.measured_at - began).total_seconds() == -20
    findings = of_ada.connection_check.findings
    assert (findings.verdict, findings.udp, findings.tcp, findings.download_loss_percent) == ("good", True, None, 0.4)
    assert of_bob.connection_check is None


async def test_it_stays_with_its_stay_when_people_reconnect_and_a_new_stay_has_none(page: Page) -> None:
    ada, _ = [await page.enter(name) for name in ("Ada", "Bob")]
    await page.post("connection-check", GOOD, headers=ada.headers)
    again = {"meeting_code": page.room.meeting_code, "name": "Ada", "rejoin_token": ada.ticket["rejoin_token"]}

    # A newer connection takes over.
    assert (await page.post("join", again)).json()["participant_id"] == ada.id
    await page.engine.join(page.room.id, ada.id, name="Ada")
    assert [one.connection_check is not None for one in await stays(page)] == [True, False]

    await page.engine.leave(page.room.id, ada.id)
    await page.engine.join(page.room.id, ada.id, name="Ada")
    assert [(one.participant_id == ada.id, one.connection_check is not None) for one in await stays(page)] == [
        (True, True),
        (False, False),
        (True, False),
    ]


async def test_nobody_outside_sends_one(page: Page) -> None:
    ada = await page.enter("Ada")
    await page.enter("Bob")
    await page.engine.leave(page.room.id, ada.id)

    refused = await page.post("connection-check", GOOD, headers=ada.headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    assert (await page.post("connection-check", GOOD)).status_code == 403
    assert [one.connection_check for one in await stays(page)] == [None, None]


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "excellent"},
        {"camera": "yes"},
        {"microphone": None},
        {"udp": "true"},
        {"udp": 1},
        {"relayed": None},
        {"age_s": -1},
        {"age_s": 86_401},
        {"age_s": 1.5},
        {"round_trip_ms": 60_001},
        {"jitter_ms": -1},
        {"upload_kbps": 10_001},
        {"download_kbps": "1500"},
        {"upload_loss_percent": 100.1},
        {"download_loss_percent": -0.1},
        {"participant_id": "somebody else"},
        {"reported_by": "server"},
        {"note": "x" * 1000},
    ],
)
async def test_other_bodies_are_refused(page: Page, change: dict[str, Any]) -> None:
    ada = await page.enter("Ada")

    assert (await page.post("connection-check", {**GOOD, **change}, headers=ada.headers)).status_code == 400
    assert [one.connection_check for one in await stays(page)] == [None]


@pytest.mark.parametrize("missing", list(GOOD))
async def test_every_field_is_there(page: Page, missing: str) -> None:
    ada = await page.enter("Ada")
    body = {name: value for name, value in GOOD.items() if name != missing}

    assert (await page.post("connection-check", body, headers=ada.headers)).status_code == 400


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_numbers_are_finite(page: Page, number: str) -> None:
    ada = await page.enter("Ada")
    headers = {**ada.headers, "content-type": "application/json"}
    text = '{"upload_loss_percent": %s}' % number  # noqa: UP031 - braces

    answer = await page.http.post("/page/connection-check", content=text, headers=headers)

    assert answer.status_code == 400
