"""A person who comes back keeps the identity, and two hosts are two people."""

import re
from collections.abc import Callable
from typing import Any

from people import Person, wait_for
from receiver import Receiver

HELD = re.compile("will let you in", re.IGNORECASE)


def test_who_was_let_in_comes_back_without_asking_again_and_is_who_they_were(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], receiver: Receiver
) -> None:
    links = create_room(join_approval_level="explicit_approval")["_links"]
    ada, grace = person("Ada"), person("Grace")
    ada.open(links["host_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    grace.open(links["guest_url"]["href"])
    grace.join()
    ada.press("Admit Grace")
    ada.sees_tile_of("Grace")

    grace.page.reload()
    grace.join()
    grace.sees_tile_of("Ada")
    grace.wait_for_media()
    assert grace.page.get_by_text(HELD).count() == 0

    joins = wait_for(lambda: _joined(receiver, "Grace"), "the join is told")
    assert len({event["participant_id"] for event in joins}) == 1


def test_two_people_with_the_host_link_are_both_there(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person], receiver: Receiver
) -> None:
    link = create_room()["_links"]["host_url"]["href"]
    ada, bob = person("Ada"), person("Bob")
    ada.open(link)
    ada.join()
    ada.sees_tile_of("Ada")
    bob.open(link)
    bob.join()
    bob.sees_tile_of("Ada")
    ada.sees_tile_of("Bob")
    ada.wait_for_media()

    wait_for(lambda: _joined(receiver, "Ada") and _joined(receiver, "Bob"), "both are told")
    joined = [event for event in receiver.events if event["event"] == "session:participant:joined"]
    assert len({event["participant_id"] for event in joined}) == 2
    assert {event["type"] for event in joined} == {"Owner"}
    bob.press("End for all")
    bob.page.get_by_role("alertdialog").get_by_role("button", name="End for all").click()
    ada.sees("The meeting has ended")


def _joined(receiver: Receiver, name: str) -> list[dict[str, Any]]:
    return [
        event for event in receiver.events if event["event"] == "session:participant:joined" and event["name"] == name
    ]
