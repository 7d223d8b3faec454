"""Obstacles on the way in: wrong codes, ended rooms, no permission, no devices."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pysqlite3
from moothall_process import MoothallProcess
from people import FAKE_DEVICES, Person, wait_for
from receiver import Receiver

NO_FAKE_UI = [flag for flag in FAKE_DEVICES if "fake-ui" not in flag]


def test_an_unknown_code_says_so_and_offers_a_way_out(server: MoothallProcess, person: Callable[..., Person]) -> None:
    guest = person("Grace")
    guest.open(f"{server.url}/123456789012")
    guest.sees(re.compile("no meeting|not find|does not exist|check the", re.IGNORECASE))
    guest.page.get_by_role("button", name="Enter another code").or_(
        guest.page.get_by_role("link", name="Enter another code")
    ).click()
    guest.page.get_by_role("textbox").fill("210987654321")


def test_a_room_that_ended_while_the_server_was_down_says_so(
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    receiver: Receiver,
) -> None:
    """Timers survive a restart: the deadline passes while nobody watches."""
    room = create_room(metadata="order=42")
    server.stop()
    let_time_pass(server.data_dir / "moothall.db", room["id"], timedelta(minutes=11))
    server.start()

    expired = wait_for(
        lambda: [event for event in receiver.events if event["event"] == "room:expired"], "room:expired arrives"
    )
    assert expired[0]["room_id"] == room["id"]
    guest = person("Grace")
    guest.open(room["_links"]["guest_url"]["href"])
    guest.sees(re.compile("ended|expired|over", re.IGNORECASE))
    assert guest.page.get_by_label("Your name").count() == 0


def let_time_pass(database: Path, room_id: str, by: timedelta) -> None:
    """Move the room and its timer into the past, as if the machine had been off for that long."""
    milliseconds = by // timedelta(milliseconds=1)
    connection = pysqlite3.connect(database)
    connection.execute("UPDATE rooms SET created_at = created_at - ? WHERE id = ?", (milliseconds, room_id))
    connection.execute("UPDATE jobs SET run_at = run_at - ? WHERE key = ?", (milliseconds, room_id))
    connection.commit()
    connection.close()


def test_a_host_token_of_another_room_opens_nothing(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    first, second = create_room(), create_room()
    stolen = first["_links"]["host_url"]["href"].split("participant_token=")[1]
    guest = person("Mallory")
    guest.open(f"{server.url}/?room_token={second['meeting_code']}&participant_token={stolen}")
    guest.sees(re.compile("host link", re.IGNORECASE))
    assert guest.page.get_by_role("button", name="End for all").count() == 0


def test_people_get_in_without_permission(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    grace = person("Grace", arguments=NO_FAKE_UI)
    grace.open(link)
    grace.sees(re.compile("blocked|permission|allow", re.IGNORECASE))
    grace.join()
    grace.sees_tile_of("Grace")


def test_people_get_in_without_devices(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace = person("Ada"), person("Grace", arguments=[])
    grace.context.grant_permissions(["camera", "microphone"])
    grace.open(link)
    grace.sees(re.compile("no camera|no microphone|not find", re.IGNORECASE))
    grace.join()
    ada.open(link)
    ada.join()
    grace.wait_for_media()
    ada.sees_tile_of("Grace")


def test_the_microphone_starts_as_the_room_says(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    off = person("Grace")
    off.open(create_room(initial_join_options={"microphone_state": "off"})["_links"]["guest_url"]["href"])
    off.join()
    wait_for(lambda: off.page.get_by_role("button", name="Unmute microphone").count(), "the microphone is off")
    on = person("Ada")
    on.open(create_room(initial_join_options={"microphone_state": "on"})["_links"]["guest_url"]["href"])
    on.join()
    wait_for(lambda: on.page.get_by_role("button", name="Mute microphone").count(), "the microphone is on")
