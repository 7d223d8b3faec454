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
    application: Application, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
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
    ada.press("Chat · 1 unread message")
    _reads(ada, SCRIPT)
    _write(ada, "Good morning,\nall of you")
    _reads(mallory, re.compile(r"Good morning,\s+all of you"))
    expect(_log(ada).get_by_text("Mallory", exact=True)).to_be_visible()
    expect(_log(ada).get_by_text("You", exact=True)).to_be_visible()

    late = person("Grace")
    late.open(room["_links"]["guest_url"]["href"])
    late.join()
    late.press("Chat · 2 unread messages")
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
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
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
    grace.press("Chat · 2 unread messages")
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


def _log(someone: Person) -> Locator:
    return someone.page.get_by_role("log", name="Messages")


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
