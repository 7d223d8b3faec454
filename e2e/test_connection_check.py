"""The check of the connection before joining: what it says, and what the application reads."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from api_client import ApiClient
from moothall_process import Application, MoothallProcess
from people import FAKE_DEVICES, PATIENCE, Person, wait_for
from playwright.sync_api import Locator, expect

# A policy of enterprises: the browser then uses no UDP.
NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
# A check takes up to 28 s, and the machine may be busy.
CHECK_S = 2 * PATIENCE


def check_connection(somebody: Person) -> Locator:
    """Press the button and wait for the result."""
    somebody.press("Check connection")
    expect(somebody.page.get_by_role("button", name="Stop checking")).to_be_visible()
    result = somebody.page.get_by_test_id("check-result")
    expect(result).to_be_visible(timeout=CHECK_S * 1000)
    expect(somebody.page.get_by_role("button", name="Check again")).to_be_visible()
    return result


def stays(api: ApiClient, room: dict[str, Any]) -> list[dict[str, Any]]:
    [session] = api.everything(f"/rooms/{room['id']}/sessions")
    return api.everything(f"/rooms/{room['id']}/sessions/{session['id']}/participants")


def result_of(api: ApiClient, room: dict[str, Any]) -> dict[str, Any]:
    """Return the result with the only stay, once it is there."""
    found: dict[str, Any] = wait_for(lambda: stays(api, room)[-1].get("connection_check"), "the result is stored")
    return found


@pytest.fixture
def api(server: MoothallProcess, application: Application) -> Iterator[ApiClient]:
    with closing(ApiClient(server.port, application.token())) as client:
        yield client


def test_the_check_says_how_the_connection_is_and_the_application_reads_it(
    api: ApiClient,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    ada = person("Ada")
    ada.open(room["_links"]["guest_url"]["href"])

    join = ada.page.get_by_role("button", name="Join meeting")
    expect(join).to_be_visible()
    before = join.bounding_box()
    result = check_connection(ada)
    assert join.bounding_box() == before, "the button stays under the pointer"

    said = result.inner_text()
    assert re.search(r"good for video|is fair|is weak", said), said
    assert "blocks UDP" not in said
    for name in ("Camera", "Microphone", "UDP", "TCP", "Round trip", "Upload", "Download", "Packet loss"):
        expect(result.get_by_text(name, exact=True)).to_be_visible()
    assert api.everything(f"/rooms/{room['id']}/sessions") == []
    ada.join()
    ada.sees_tile_of("Ada")
    told = result_of(api, room)
    assert told["reported_by"] == "participant"
    assert told["verdict"] == result_word(said)
    assert (told["camera"], told["microphone"]) == ("granted", "granted")
    assert (told["udp"], told["tcp"], told["relayed"]) == (True, True, False)
    assert 0 <= told["round_trip_ms"] < 2_000
    assert 0 <= told["jitter_ms"] < 2_000
    assert 50 < told["upload_kbps"] <= 2_000
    assert 50 < told["download_kbps"] <= 2_000
    assert 0 <= told["download_loss_percent"] <= 100
    assert len(stays(api, room)) == 1


def result_word(said: str) -> str:
    words = {"good for video": "good", "is fair": "fair", "is weak": "poor"}
    return next(word for text, word in words.items() if text in said)


def test_without_udp_it_says_so_and_what_helps(
    api: ApiClient,
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    grace = person("Grace", arguments=[*FAKE_DEVICES, NO_UDP])
    grace.open(room["_links"]["guest_url"]["href"])

    result = check_connection(grace)

    expect(result).to_contain_text("This network blocks UDP.")
    expect(result).to_contain_text(f"allow UDP {server.udp_port} to localhost")
    grace.join()
    grace.sees_tile_of("Grace")
    told = result_of(api, room)
    assert (told["udp"], told["tcp"]) == (False, True)
    assert told["verdict"] in ("fair", "poor")
    assert told["download_kbps"] > 50


def test_joining_does_not_wait_for_a_check_and_one_that_is_stopped_leaves_nothing(
    api: ApiClient,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    ada = person("Ada")
    ada.open(room["_links"]["guest_url"]["href"])
    ada.press("Check connection")
    ada.press("Stop checking")
    expect(ada.page.get_by_role("button", name="Check connection")).to_be_focused()
    ada.press("Check connection")
    ada.sees(re.compile("Measuring your connection"))

    ada.join()

    ada.sees_tile_of("Ada")
    [stay] = wait_for(lambda: stays(api, room), "Ada is inside")
    assert "connection_check" not in stay
