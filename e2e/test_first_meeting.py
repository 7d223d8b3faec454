"""The main job, whole: one API call, two links, two browsers, live media, callbacks in order."""

import re
import time
from collections.abc import Callable
from typing import Any

from moothall_process import MoothallProcess
from people import Person, wait_for
from playwright.sync_api import expect
from receiver import Receiver

FRAMES_PER_SECOND = 20


def links(room: dict[str, Any]) -> tuple[str, str]:
    return room["_links"]["host_url"]["href"], room["_links"]["guest_url"]["href"]


def test_two_people_see_and_hear_each_other(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], receiver: Receiver
) -> None:
    host_link, guest_link = links(create_room(metadata="order=42"))
    ada, grace = person("Ada"), person("Grace")

    ada.open(host_link)
    ada.join()
    grace.open(guest_link)
    pressed = grace.join()
    grace.wait_for_media()
    print(f"guest: media {time.monotonic() - pressed:.2f} s after pressing join")
    ada.wait_for_media()
    ada.sees_tile_of("Grace")
    grace.sees_tile_of("Ada")

    for someone in (ada, grace):
        wait_for(lambda someone=someone: someone.received().width >= 640, f"{someone.name} gets 640 wide")
        # Other work on the machine costs frames, but at least one second of ten is undisturbed.
        rates = (someone.frames_per_second() for _ in range(10))
        rate = next((rate for rate in rates if rate >= FRAMES_PER_SECOND), 0.0)
        print(f"{someone.name}: {rate:.1f} frames/s, {someone.received()}")
        assert rate >= FRAMES_PER_SECOND

    assert "participant_token" not in ada.page.url, "the host token stays out of the address bar"
    grace.press("Leave")
    ada.sees_no_tile_of("Grace")
    wait_for(lambda: receiver.names().count("session:participant:left") == 1, "the leave is called back")

    grace.press("Rejoin")
    grace.join() if grace.page.get_by_role("button", name="Join meeting").count() else None
    grace.wait_for_media()

    ada.press("End for all")
    ada.page.get_by_role("alertdialog").get_by_role("button", name="End for all").click()
    grace.sees(re.compile("meeting has ended", re.IGNORECASE))
    ada.sees(re.compile("meeting has ended", re.IGNORECASE))

    wait_for(lambda: "session:ended" in receiver.names(), "the end is called back")
    assert receiver.names()[:4] == [
        "session:started",
        "session:participant:joined",
        "session:participant:joined",
        "session:participant:left",
    ]
    assert receiver.names()[-1] == "session:ended"
    assert (
        receiver.names().count("session:participant:joined") == receiver.names().count("session:participant:left") == 3
    )
    assert [event["sequence"] for event in receiver.events] == list(range(1, len(receiver.events) + 1))
    joined = [event for event in receiver.events if event["event"] == "session:participant:joined"]
    assert [(event["name"], event["type"], event["is_host"]) for event in joined] == [
        ("Ada", "Owner", True),
        ("Grace", "Guest", False),
        ("Grace", "Guest", False),
    ]


def test_an_ordinary_meeting_gives_the_browsers_nothing_to_complain_of(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    host_link, guest_link = links(create_room())
    ada, grace = person("Ada"), person("Grace")
    ada.open(host_link)
    ada.join()
    grace.open(guest_link)
    grace.join()
    for someone in (ada, grace):
        someone.wait_for_media()
    for panel, role in (("Chat", "region"), ("People", "region"), ("Settings", "dialog")):
        ada.press(panel)
        opened = ada.page.get_by_role(role, name=panel, exact=True)
        expect(opened).to_be_visible()
        ada.page.keyboard.press("Escape")
        expect(opened).to_have_count(0)
    ada.press("Mute microphone")
    ada.press("Unmute microphone")
    ada.press("Turn camera off")
    ada.press("Turn camera on")
    grace.wait_for_media(more_than=grace.received())
    grace.press("Leave")
    ada.sees_no_tile_of("Grace")
    grace.press("Rejoin")
    grace.wait_for_media()
    ada.press("End for all")
    ada.page.get_by_role("alertdialog").get_by_role("button", name="End for all").click()
    for someone in (ada, grace):
        someone.sees(re.compile("meeting has ended", re.IGNORECASE))

    # The server closes the transports of a meeting that it ends, which livekit-client logs.
    complaints = [
        (someone.name, each)
        for someone in (ada, grace)
        for each in someone.complaints
        if not re.match("console: publisher data channel '.*' closed unexpectedly", each)
    ]
    assert not complaints


def test_the_meeting_heals_itself_after_kill_9(
    server: MoothallProcess,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
    receiver: Receiver,
) -> None:
    receiver.answer = lambda event: 500 if event["event"] == "session:participant:joined" else 200
    host_link, guest_link = links(create_room())
    ada, grace = person("Ada"), person("Grace")
    ada.open(host_link)
    ada.join()
    grace.open(guest_link)
    grace.join()
    ada.wait_for_media()
    grace.wait_for_media()
    assert "session:participant:joined" not in receiver.names(), "still undelivered when the server dies"

    # Media of the old process must not count: only new connections do.
    for someone in (ada, grace):
        someone.forget_connections()
    killed = time.monotonic()
    server.kill()
    receiver.answer = lambda _event: 200
    server.start()

    ada.wait_for_media(patience=60)
    grace.wait_for_media(patience=60)
    print(f"both see and hear {time.monotonic() - killed:.1f} s after kill -9")
    ada.sees_tile_of("Grace")
    grace.sees_tile_of("Ada")

    wait_for(
        lambda: receiver.names().count("session:participant:joined") >= 2, "callbacks from before the crash arrive", 60
    )
    assert receiver.names()[0] == "session:started"
    assert receiver.names().count("session:started") == 1, "the session went on"
    assert server.stop() == 0
