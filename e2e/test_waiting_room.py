"""Guests in the waiting room, and their admission by an owner."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from people import Person
from playwright.sync_api import expect

HELD = re.compile("will let you in|asked to join|let you in", re.IGNORECASE)


def test_the_host_lets_a_guest_in_and_turns_one_away(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    links = create_room(type="long_term", expires_at=soon, join_approval_level="explicit_approval")["_links"]
    ada, grace, mallory = person("Ada"), person("Grace"), person("Mallory")
    ada.open(links["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")

    grace.open(links["guest_url"]["href"])
    grace.join()
    grace.sees(HELD)
    ada.sees("Grace")
    ada.press("Admit Grace")
    ada.sees_tile_of("Grace")
    grace.wait_for_media()

    mallory.open(links["guest_url"]["href"])
    mallory.join()
    mallory.sees(HELD)
    ada.press("Deny Mallory")
    mallory.sees(re.compile("did not let|denied|not let you in", re.IGNORECASE))
    ada.sees_no_tile_of("Mallory")


def test_a_guest_changes_the_name_they_wait_under_and_asks_again_only_after_a_minute(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    links = create_room(type="long_term", expires_at=soon, join_approval_level="explicit_approval")["_links"]
    ada, mallory = person("Ada"), person("Mallory", width=360)
    ada.open(links["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    mallory.open(links["guest_url"]["href"])
    mallory.join()
    ada.sees("Mallory would like to come in")
    expect(ada.page).to_have_title(re.compile(r"^\(1\) Weekly"))
    expect(ada.page.get_by_text("1 person is waiting").first).to_be_visible()

    mallory.press("Change name")
    mallory.page.get_by_role("textbox", name="Your name").fill("Mal")
    mallory.press("Save name")
    mallory.sees(re.compile("You are waiting as"))
    ada.sees("Mal would like to come in")
    ada.press("Deny Mal")
    mallory.sees("The host did not let you in")
    again = mallory.page.get_by_role("button", name="Ask again")
    expect(again).to_be_disabled()
    # A reload does not help.
    mallory.page.reload()
    mallory.join()
    mallory.sees("The host did not let you in")
    expect(again).to_be_disabled()
    mallory.page.wait_for_timeout(61_000)
    again.click()
    ada.sees("Mallory would like to come in")
    expect(ada.page).to_have_title(re.compile(r"^\(1\) Weekly"))
    ada.press("Admit Mallory")
    ada.sees_tile_of("Mallory")
    expect(ada.page).to_have_title(re.compile("^Weekly"))
