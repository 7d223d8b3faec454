"""People who put the page in the background of their phone."""

import pytest
from support.page import Page


async def test_somebody_is_away_and_comes_back(page: Page) -> None:
    ada = await page.enter("Ada")
    assert (await page.post("away", {"away": True}, headers=ada.headers)).status_code == 204
    assert page.engine.attributes[ada.id]["away"] == "true"

    assert (await page.post("away", {"away": False}, headers=ada.headers)).status_code == 204
    assert page.engine.attributes[ada.id]["away"] == ""


async def test_nobody_else_is_marked_and_nobody_outside_marks(page: Page) -> None:
    ada, bob = [await page.enter(name) for name in ("Ada", "Bob")]
    await page.post("away", {"away": True}, headers=ada.headers)
    assert bob.id not in page.engine.attributes

    refused = await page.post("away", {"away": True, "participant_id": bob.id}, headers=ada.headers)
    assert refused.status_code == 400
    await page.engine.leave(page.room.id, ada.id)
    page.clock.advance(seconds=120)
    refused = await page.post("away", {"away": False}, headers=ada.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


@pytest.mark.parametrize("body", [{}, {"away": "yes"}, {"away": 1}, {"away": None}, []])
async def test_other_bodies_are_refused(page: Page, body: object) -> None:
    ada = await page.enter("Ada")

    assert (await page.post("away", body, headers=ada.headers)).status_code == 400
    assert ada.id not in page.engine.attributes
