"""The shared state of a running meeting, as its application sees it.

A table: each key of the feed ``state`` has its field in the answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moothall.feeds.model import Entry
from moothall.hands import model as hands
from moothall.meeting.chat import PINNED
from moothall.meeting.rights import ALLOWED, HOST, LOCK, PERMISSIONS
from moothall.permissions import model as permissions
from moothall.spotlights import model as spotlights


@dataclass(frozen=True, slots=True)
class View:
    """``key`` is a whole key, or the beginning of keys where it ends with a colon.

    ``render`` makes the value of the field from their entries, which may be none.
    """

    key: str
    field: str
    render: Callable[[Mapping[str, Entry]], Any]

    def shows(self, key: str) -> bool:
        return key.startswith(self.key) if self.key.endswith(":") else key == self.key


def _render_allowed(entries: Mapping[str, Entry]) -> list[dict[str, Any]]:
    return [
        {"participant_id": key.removeprefix(ALLOWED), "rights": entry.value["rights"]}
        for key, entry in sorted(entries.items())
        if entry.value
    ]


def _render_pinned(entries: Mapping[str, Entry]) -> dict[str, Any] | None:
    value = entries[PINNED].value if PINNED in entries else None
    if value is None:
        return None
    return {"number": value["number"], "name": value["name"], "message": value["message"], "pinned_by": value["by"]}


VIEWS = (
    View(hands.PREFIX, "hands", hands.raised_by),
    View(PERMISSIONS, "guests_may", permissions.permitted),
    View(ALLOWED, "allowed", _render_allowed),
    View(LOCK, "locked", bool),
    View(spotlights.PREFIX, "spotlight", spotlights.shown),
    View(HOST, "promoted", lambda entries: sorted(key.removeprefix(HOST) for key in entries)),
    View(PINNED, "pinned_message", _render_pinned),
)


def render_state(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """``entries``: the present ones of the feed ``state``, by key."""
    return {
        view.field: view.render({key: entry for key, entry in entries.items() if view.shows(key)}) for view in VIEWS
    }
