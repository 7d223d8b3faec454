"""Chat between people in real browsers, and what the application reads of it."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from moothall_process import Application, MoothallProcess
from people import PATIENCE, Person
from playwright.sync_api import Locator, expect

SCRIPT = "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"


def test_people_write_to_one_another_and_the_application_reads_it(
    application: Application,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    ada, mallory = person("Ada"), person("Mallory", width=550)
    ada.open(room["_links"]["host_url"]["href"])
    ada.join()
    mallory.open(room["_links"]["guest_url"]["href"])
    mallory.join()
    mallory.sees_tile_of("Ada")

    mallory.press("Chat")
    mallory.sees("No messages yet")
    _write(mallory, SCRIPT)
    _unread(ada, "1 unread message")
    ada.press("Chat")
    _reads(ada, SCRIPT)
    _write(ada, "Good morning,\nall of you")
    _reads(mallory, re.compile(r"Good morning,\s+all of you"))
    expect(_log(ada).get_by_text("Mallory", exact=True)).to_be_visible()
    expect(_log(ada).get_by_text("You", exact=True)).to_be_visible()

    late = person("Grace")
    late.open(room["_links"]["guest_url"]["href"])
    late.join()
    # Messages from before somebody came are there to read, and are not news.
    _unread(late, "")
    late.press("Chat")
    _reads(late, SCRIPT)
    _reads(late, re.compile(r"Good morning,\s+all of you"))
    assert [someone.page.evaluate("window.hacked") for someone in (ada, mallory, late)] == [None] * 3
    expect(late.page.get_by_role("button", name="Chat", exact=True)).to_be_visible()

    session_id = json.loads(_get(application, f"/rooms/{room['id']}/sessions"))["_embedded"][0]["id"]
    path = f"/sessions/{session_id}/chat"
    read = json.loads(_get(application, path))["_embedded"]
    assert [(one["number"], one["name"], one["type"], one["text"]) for one in read] == [
        (1, "Mallory", "Guest", SCRIPT),
        (2, "Ada", "Owner", "Good morning,\nall of you"),
    ]
    rows = list(csv.DictReader(io.StringIO(_get(application, path, accept="text/csv"), newline="")))
    assert [row["text"] for row in rows] == [SCRIPT, "Good morning,\nall of you"]


def test_what_was_written_while_the_server_was_away_is_there_afterwards(
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    """A crash loses no message: it is there when the page has come back by itself."""
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace = person("Ada"), person("Grace")
    for someone in (ada, grace):
        someone.open(link)
        someone.join()
    grace.sees_tile_of("Ada")
    ada.press("Chat")
    _write(ada, "before")
    server.kill()
    server.start()
    grace.forget_connections()
    grace.wait_for_media()

    _write(ada, "afterwards")
    _unread(grace, "2 unread messages")
    grace.press("Chat")
    _reads(grace, "before")
    _reads(grace, "afterwards")


def test_a_room_without_chat_has_no_button_for_it(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    ada = person("Ada")
    ada.open(create_room(available_features={"is_chat_available": False})["_links"]["guest_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")

    assert ada.page.get_by_role("button", name="Chat").count() == 0


def test_a_host_pins_removes_and_saves_and_late_comers_see_it(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    room = create_room()
    grace, ada = person("Grace"), person("Ada")
    for someone, link in ((grace, "host_url"), (ada, "guest_url")):
        someone.open(room["_links"][link]["href"])
        someone.join()
    ada.sees_tile_of("Grace")
    ada.press("Chat")
    _write(ada, "The agenda: https://example.org/agenda")
    _write(ada, "something rude")
    grace.is_told("something rude")
    grace.press("Chat")
    expect(ada.page.get_by_role("button", name=re.compile("Options for the message"))).to_have_count(0)
    _on_message(grace, "something rude", "Remove message")
    for someone in (grace, ada):
        _reads(someone, "Removed by the host")
        expect(_log(someone).get_by_text("something rude")).to_have_count(0)
    _on_message(grace, "The agenda", "Pin message")
    pinned = ada.page.get_by_role("region", name="Pinned message")
    expect(pinned).to_contain_text("The agenda", timeout=PATIENCE * 1000)
    expect(pinned.get_by_role("button")).to_have_count(0)
    link = pinned.get_by_role("link")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer nofollow")

    late = person("Late", width=360)
    late.open(room["_links"]["guest_url"]["href"])
    late.join()
    late.is_told("Pinned message")
    _unread(late, "")
    late.press("Chat")
    expect(late.page.get_by_role("region", name="Pinned message")).to_contain_text("The agenda")
    _reads(late, "Removed by the host")

    with grace.page.expect_download() as saved:
        grace.press("Save chat as a table")
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text("utf-8-sig"), newline="")))
    assert [(row["number"], row["name"], row["type"], row["text"]) for row in rows] == [
        ("1", "Ada", "Guest", "The agenda: https://example.org/agenda"),
        ("2", "Ada", "Guest", ""),
    ]
    grace.press("Unpin message")
    expect(pinned).to_have_count(0, timeout=PATIENCE * 1000)


def test_what_is_begun_outlasts_the_panel_a_reconnect_and_a_ban_on_writing(
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    grace, ada = person("Grace"), person("Ada")
    for someone, link in ((grace, "host_url"), (ada, "guest_url")):
        someone.open(room["_links"][link]["href"])
        someone.join()
    grace.sees_tile_of("Ada")
    ada.press("Chat")
    field = ada.page.get_by_role("textbox", name="Message")
    field.fill("half a sentence")
    ada.press("Chat")
    expect(field).to_have_count(0)
    server.kill()
    server.start()
    ada.forget_connections()
    ada.wait_for_media()
    ada.press("Chat")
    expect(field).to_have_value("half a sentence")

    grace.press("Settings")
    grace.page.get_by_role("switch", name="Write in the chat").click()
    expect(ada.page.get_by_text("Only hosts can write.").first).to_be_visible(timeout=PATIENCE * 1000)
    expect(field).to_have_count(0)
    grace.page.get_by_role("switch", name="Write in the chat").click()
    expect(field).to_have_value("half a sentence", timeout=PATIENCE * 1000)


def _on_message(host: Person, text: str, action: str) -> None:
    message = _log(host).locator(".group\\/message").filter(has_text=text)
    message.hover()
    message.get_by_role("button", name=re.compile("^Options for the message")).click()
    host.page.get_by_role("menuitem", name=action, exact=True).click()


def _log(someone: Person) -> Locator:
    return someone.page.get_by_role("log", name="Messages")


def _unread(person: Person, words: str) -> None:
    button = person.page.get_by_role("button", name="Chat", exact=True)
    expect(button).to_have_accessible_description(words, timeout=PATIENCE * 1000)


def _write(someone: Person, text: str) -> None:
    field = someone.page.get_by_role("textbox", name="Message")
    field.fill(text)
    field.press("Enter")
    expect(field).to_have_value("", timeout=PATIENCE * 1000)


def _reads(someone: Person, text: str | re.Pattern[str]) -> None:
    expect(_log(someone).get_by_text(text)).to_be_visible(timeout=PATIENCE * 1000)


def _get(application: Application, path: str, accept: str = "application/json") -> str:
    headers = {"Authorization": f"Bearer {application.token()}", "Accept": accept}
    with urlopen(Request(f"{application.url}/v1/meetings{path}", headers=headers)) as response:  # noqa: S310
        return str(response.read().decode())
