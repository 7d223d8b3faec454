"""Hands, muting and the rights of guests between people in real browsers."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from moothall_process import Application
from people import PATIENCE, Person
from playwright.sync_api import Locator, expect


def _button(someone: Person, name: str) -> Locator:
    return someone.page.get_by_role("button", name=name, exact=True)


def _shown(locator: Locator) -> None:
    expect(locator).to_be_visible(timeout=PATIENCE * 1000)


def _open_people(someone: Person) -> None:
    if someone.page.get_by_role("region", name="People").count() == 0:
        _button(someone, "People").click()


def _choose(host: Person, name: str, item: str) -> None:
    _open_people(host)
    # The tile has the same menu.
    people = host.page.get_by_role("region", name="People")
    people.get_by_role("button", name=f"Options for {name}", exact=True).click()
    host.page.get_by_role("menuitem", name=item, exact=True).click()


def _row(someone: Person, name: str) -> Locator:
    return someone.page.get_by_role("region", name="People").get_by_role("listitem").filter(has_text=name)


def _meeting(create_room: Callable[..., dict[str, Any]], people: list[Person]) -> dict[str, Any]:
    """The first is the host; all are inside when this returns."""
    room = create_room()
    for number, someone in enumerate(people):
        someone.open(room["_links"]["host_url" if number == 0 else "guest_url"]["href"])
        someone.join()
        _shown(_button(someone, "Leave"))
    for someone in people:
        for other in people:
            if other is not someone:
                someone.sees_tile_of(other.name)
    return room


def test_hands_have_one_order_that_outlasts_a_reload(
    application: Application,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    grace, ada, bo = person("Grace"), person("Ada"), person("Bo", width=550)
    room = _meeting(create_room, [grace, ada, bo])
    ada.press("Raise hand")
    _shown(_button(ada, "Lower hand"))
    # Below 600 px the button is in the menu.
    bo.press("More")
    bo.page.get_by_role("menuitem", name="Raise hand").click()
    for someone in (grace, ada, bo):
        _open_people(someone)
        expect(_row(someone, "Ada")).to_contain_text("Hand raised, number 1", timeout=PATIENCE * 1000)
        expect(_row(someone, "Bo")).to_contain_text("Hand raised, number 2", timeout=PATIENCE * 1000)

    ada.page.reload()
    ada.join()
    _shown(_button(ada, "Lower hand"))
    _open_people(ada)
    expect(_row(ada, "Ada")).to_contain_text("Hand raised, number 1", timeout=PATIENCE * 1000)

    _choose(grace, "Ada", "Lower hand")
    ada.sees("Grace lowered your hand")
    expect(_row(bo, "Bo")).to_contain_text("Hand raised, number 1", timeout=PATIENCE * 1000)
    url = f"{application.url}/v1/meetings/rooms/{room['id']}/live/lower-hands"
    request = Request(url, b"", {"Authorization": f"Bearer {application.token()}"}, method="POST")  # noqa: S310
    with urlopen(request) as response:  # noqa: S310
        assert response.status == 204
    bo.sees("Your hand was lowered")


def test_hosts_mute_ask_lock_and_let_speak(
    application: Application,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    grace, ada, bo = person("Grace"), person("Ada"), person("Bo")
    room = _meeting(create_room, [grace, ada, bo])
    _shown(_button(ada, "Mute microphone"))

    _choose(grace, "Ada", "Mute")
    ada.sees("Grace muted you")
    _shown(_button(ada, "Unmute microphone").first)
    _choose(grace, "Ada", "Ask to unmute")
    ada.sees("Grace asks you to unmute")
    assert _button(ada, "Mute microphone").count() == 0
    _button(ada, "Unmute").click()
    _shown(_button(ada, "Mute microphone"))

    _button(grace, "Mute everyone").click()
    dialog = grace.page.get_by_role("dialog", name="Mute everyone else?")
    dialog.get_by_role("switch", name="People can unmute themselves").click()
    dialog.get_by_role("button", name="Mute everyone").click()
    for someone in (ada, bo):
        someone.sees("The host turned off microphones")
        expect(_button(someone, "Unmute microphone")).to_be_disabled(timeout=PATIENCE * 1000)
    _shown(_button(grace, "Mute microphone"))
    # The server holds them to it over a reload, too.
    bo.page.reload()
    bo.join()
    expect(_button(bo, "Unmute microphone")).to_be_disabled(timeout=PATIENCE * 1000)
    assert _rights(application, room)["microphone"] is False

    _choose(grace, "Ada", "Let speak")
    ada.sees("You can unmute now")
    _button(ada, "Unmute microphone").first.click()
    _shown(_button(ada, "Mute microphone"))
    before = grace.received()
    grace.wait_for_media(more_than=before)
    expect(_button(bo, "Unmute microphone")).to_be_disabled()


def test_reactions_reach_everybody_and_a_guest_who_is_made_a_host_locks_and_removes(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    grace, ada, bo = person("Grace"), person("Ada"), person("Bo")
    room = _meeting(create_room, [grace, ada, bo])
    bo.press("Reactions")
    bo.page.get_by_role("button", name="Applause").click()
    for someone in (grace, ada, bo):
        expect(someone.page.locator('[data-reaction="clap"]')).to_contain_text("Bo", timeout=PATIENCE * 1000)

    _choose(grace, "Ada", "Make host")
    _shown(_button(ada, "End for all"))
    _choose(ada, "Bo", "Spotlight for everyone")
    ada.press("More")
    ada.page.get_by_role("menuitem", name="Lock meeting").click()
    late = person("Late")
    late.open(room["_links"]["guest_url"]["href"])
    late.join()
    late.sees("The meeting is locked")
    grace.sees("Late tried to join")
    # Those who have been inside come back.
    bo.page.reload()
    bo.join()
    bo.sees_tile_of("Grace")

    ada.sees_tile_of("Bo")
    _choose(ada, "Bo", "Remove")
    ada.page.get_by_role("dialog", name="Remove Bo?").get_by_role("button", name="Remove").click()
    bo.sees("You were removed from the meeting")
    grace.sees_no_tile_of("Bo")


def _rights(application: Application, room: dict[str, Any]) -> dict[str, bool]:
    url = f"{application.url}/v1/meetings/rooms/{room['id']}/live/state"
    request = Request(url, headers={"Authorization": f"Bearer {application.token()}"})  # noqa: S310
    with urlopen(request) as response:  # noqa: S310
        rights: dict[str, bool] = json.load(response)["guests_may"]
        return rights
