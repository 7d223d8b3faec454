"""Who waits before the door, and who opens it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from people import Person

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
