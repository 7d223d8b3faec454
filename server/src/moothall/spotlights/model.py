"""Rules of the spotlight: entries ``spotlight:{participant_id}`` of the feed ``state``."""

from collections.abc import Mapping, Sequence

from moothall.feeds.model import Change, Entry
from moothall.meeting.access import By

PREFIX = "spotlight:"
MOST = 3


def show(entries: Mapping[str, Entry], participant_id: str, by: By | None) -> Sequence[Change]:
    """Put a person in the spotlight; the one who has been there longest makes room."""
    key = PREFIX + participant_id
    if key in entries:
        return ()
    first = shown(entries)[: max(0, len(entries) - MOST + 1)]
    last = max((entry.value["order"] for entry in entries.values() if entry.value), default=0)
    gone = [Change(PREFIX + one, None) for one in first]
    return [*gone, Change(key, {"order": last + 1, "by": by}, participant_id)]


def hide(entries: Mapping[str, Entry], participant_id: str) -> Sequence[Change]:
    key = PREFIX + participant_id
    return [Change(key, None)] if key in entries else ()


def shown(entries: Mapping[str, Entry]) -> list[str]:
    """The participant ids, the longest there first."""
    ordered = sorted((entry.value["order"], key) for key, entry in entries.items() if entry.value)
    return [key.removeprefix(PREFIX) for _, key in ordered]
