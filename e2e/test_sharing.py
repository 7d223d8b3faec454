"""Screens are shared, seen large by the others, and stopped in every way there is."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from api_client import ApiClient
from moothall_process import Application, MoothallProcess
from people import Person, wait_for
from playwright.sync_api import Locator, expect

# Keeps what the picker gave, to end it as the browser's own button does.
_KEEP_SCREENS = """
(() => {
  const original = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
  window.__screens = [];
  navigator.mediaDevices.getDisplayMedia = async (wish) => {
    const stream = await original(wish);
    window.__screens.push(...stream.getTracks());
    return stream;
  };
})();
"""
_END_FROM_OUTSIDE = """
() => {
  for (const track of window.__screens) { track.stop(); track.dispatchEvent(new Event('ended')); }
}
"""
_ALL_ENDED = "() => window.__screens.every(({ readyState }) => readyState === 'ended')"
_PATIENCE_MS = 30_000


def _enter(person: Callable[..., Person], link: str, *names: str) -> list[Person]:
    people = [person(name) for name in names]
    for one in people:
        one.context.add_init_script(_KEEP_SCREENS)
        one.open(link)
        one.join()
    for one in people:
        for name in names:
            one.sees_tile_of(name)
    return people


def _screen(viewer: Person, name: str) -> Locator:
    return viewer.page.locator(f'[data-kind="screen"][data-participant-name="{name}"]')


def _sees_screen_of(viewer: Person, name: str) -> None:
    """The picture moves: frames of it are decoded."""
    video = _screen(viewer, name).locator("video")
    expect(video).to_be_visible(timeout=_PATIENCE_MS)
    moves = "video => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 3"
    wait_for(lambda: video.evaluate(moves), f"{viewer.name} sees the screen of {name}")


def _sees_no_screen_of(viewer: Person, name: str) -> None:
    expect(_screen(viewer, name)).to_have_count(0, timeout=_PATIENCE_MS)


def _width(element: Locator) -> float:
    box = element.bounding_box()
    return box["width"] if box else 0


def _toolbar(one: Person) -> Locator:
    return one.page.get_by_role("toolbar")


def test_a_screen_is_shared_seen_large_and_stopped(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace = _enter(person, link, "Ada", "Grace")

    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")
    screen, camera = _screen(grace, "Ada"), grace.page.locator('[data-kind="camera"][data-participant-name="Grace"]')
    wait_for(lambda: _width(screen) > 2 * _width(camera), "the screen is large")
    card = ada.page.locator('[data-kind="screen"]')
    expect(card.get_by_role("button", name="Stop sharing")).to_be_visible()
    assert card.locator("video").count() == 0, "no mirror without end"

    katherine = person("Katherine")
    katherine.open(link)
    katherine.join()
    _sees_screen_of(katherine, "Ada")

    _toolbar(ada).get_by_role("button", name="Stop sharing").click()
    for viewer in (grace, katherine):
        _sees_no_screen_of(viewer, "Ada")

    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")
    ada.page.evaluate(_END_FROM_OUTSIDE)
    _sees_no_screen_of(grace, "Ada")
    expect(_toolbar(ada).get_by_role("button", name="Share screen")).to_be_visible(timeout=_PATIENCE_MS)

    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")
    ada.page.locator('[data-kind="screen"]').get_by_role("button", name="Stop sharing").click()
    _sees_no_screen_of(grace, "Ada")


def test_a_share_goes_on_after_the_connection_was_lost(
    server: MoothallProcess, create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace = _enter(person, link, "Ada", "Grace")
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")

    server.kill()
    grace.sees("Reconnecting")
    server.start()
    expect(grace.page.get_by_test_id("connection-banner")).to_have_count(0, timeout=60_000)
    _sees_screen_of(grace, "Ada")
    assert ada.page.evaluate("() => window.__screens.length") <= 2, "the picker was shown once"
    _toolbar(ada).get_by_role("button", name="Stop sharing").click()
    _sees_no_screen_of(grace, "Ada")


def test_of_two_shares_the_newest_is_large_and_the_other_a_tab(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    link = create_room()["_links"]["guest_url"]["href"]
    ada, grace, bo = _enter(person, link, "Ada", "Grace", "Bo")
    ada.press("Share screen")
    _sees_screen_of(bo, "Ada")
    grace.press("Share screen")
    _sees_screen_of(bo, "Grace")
    _sees_no_screen_of(bo, "Ada")

    bo.press("Ada’s screen")
    _sees_screen_of(bo, "Ada")
    _sees_no_screen_of(bo, "Grace")
    _toolbar(ada).get_by_role("button", name="Stop sharing").click()
    _sees_screen_of(bo, "Grace")
    expect(bo.page.get_by_role("group", name="Shared screens")).to_have_count(0, timeout=_PATIENCE_MS)
    # A person who shares sees the other's screen large and has a card of their own.
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")
    _sees_screen_of(bo, "Ada")


def test_who_loses_the_right_to_share_reads_it_and_shares_no_more(
    server: MoothallProcess,
    application: Application,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    ada, grace = _enter(person, room["_links"]["guest_url"]["href"], "Ada", "Grace")
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")

    with closing(ApiClient(server.port, application.token())) as api:
        api.api("POST", f"/rooms/{room['id']}/live/permissions", 204, {"screen_share": False})
    _sees_no_screen_of(grace, "Ada")
    ada.sees("Your screen is no longer shared")
    for one in (ada, grace):
        expect(one.page.get_by_role("button", name="Share screen")).to_have_count(0, timeout=_PATIENCE_MS)
    wait_for(lambda: ada.page.evaluate(_ALL_ENDED), "nothing is captured any more")


def _one_at_a_time(server: MoothallProcess, application: Application, room: dict[str, Any], *, on: bool) -> None:
    with closing(ApiClient(server.port, application.token())) as api:
        api.api("POST", f"/rooms/{room['id']}/live/permissions", 204, {"one_share_at_a_time": on})


def _no_screen_was_picked(one: Person) -> None:
    assert one.page.evaluate("() => window.__screens.length") == 0


def test_where_one_shares_at_a_time_a_guest_reads_whom_to_wait_for(
    server: MoothallProcess,
    application: Application,
    create_room: Callable[..., dict[str, Any]],
    person: Callable[..., Person],
) -> None:
    room = create_room()
    ada, grace = _enter(person, room["_links"]["guest_url"]["href"], "Ada", "Grace")
    _one_at_a_time(server, application, room, on=True)
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")

    grace.press("Share screen")
    grace.sees("Wait until Ada stops sharing")
    _no_screen_was_picked(grace)
    _sees_no_screen_of(ada, "Grace")
    _toolbar(ada).get_by_role("button", name="Stop sharing").click()
    _sees_no_screen_of(grace, "Ada")
    grace.press("Share screen")
    _sees_screen_of(ada, "Grace")
    _one_at_a_time(server, application, room, on=False)
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")


def test_of_two_hosts_who_replace_a_share_the_second_is_asked_again(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    room = create_room()
    links = room["_links"]
    (ada,) = _enter(person, links["guest_url"]["href"], "Ada")
    grace, heidi = _enter(person, links["host_url"]["href"], "Grace", "Heidi")
    ada.sees_tile_of("Heidi")
    # The switch of the hosts, and no longer three at once.
    grace.press("Settings")
    one_screen = grace.page.get_by_role("switch", name="One screen at a time")
    one_screen.click()
    expect(one_screen).to_be_checked(timeout=_PATIENCE_MS)
    grace.page.keyboard.press("Escape")
    ada.press("Share screen")
    for host in (grace, heidi):
        _sees_screen_of(host, "Ada")

    for host in (grace, heidi):
        host.press("Share screen")
        question = host.page.get_by_role("alertdialog", name="Ada is sharing. Replace it?")
        expect(question).to_be_visible(timeout=_PATIENCE_MS)
        _no_screen_was_picked(host)
    grace.page.get_by_role("alertdialog").get_by_role("button", name="Replace").click()
    for viewer in (ada, heidi):
        _sees_screen_of(viewer, "Grace")
        _sees_no_screen_of(viewer, "Ada")
    ada.is_told("Grace shares instead")
    wait_for(lambda: ada.page.evaluate(_ALL_ENDED), "nothing is captured any more")

    # Her question is about a share that is over: she is asked about the one that goes on.
    heidi.page.get_by_role("alertdialog").get_by_role("button", name="Replace").click()
    question = heidi.page.get_by_role("alertdialog", name="Grace is sharing. Replace it?")
    expect(question).to_be_visible(timeout=_PATIENCE_MS)
    question.get_by_role("button", name="Replace").click()
    _sees_screen_of(ada, "Heidi")
    _sees_no_screen_of(ada, "Grace")
    assert heidi.page.evaluate("() => window.__screens.length") <= 2, "the picker was shown once"

    # Back to several: nobody is asked.
    grace.press("Settings")
    one_screen.click()
    expect(one_screen).not_to_be_checked(timeout=_PATIENCE_MS)
    grace.page.keyboard.press("Escape")
    ada.press("Share screen")
    _sees_screen_of(grace, "Ada")
    expect(heidi.page.locator('[data-kind="screen"]').get_by_role("button", name="Stop sharing")).to_be_visible()
