"""Rules of permissions: entries ``permissions`` and ``allowed:{participant_id}`` of ``state``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moothall.feeds.model import Change, Entry
from moothall.meeting.access import By
from moothall.meeting.rights import ALLOWED, ONE_SHARE, PERMISSIONS, Right


def permit(entries: Mapping[str, Entry], wanted: Mapping[str, bool], by: By | None) -> Sequence[Change]:
    """Change what guests may do; settings that are not ``wanted`` stay as they are."""
    now = permitted(entries)
    after = {name: wanted.get(name, value) for name, value in now.items()}
    return [] if after == now else [Change(PERMISSIONS, {**after, "by": by})]


def permitted(entries: Mapping[str, Entry]) -> dict[str, bool]:
    """Return the present settings for guests, by right, and ``ONE_SHARE``."""
    known = entries.get(PERMISSIONS)
    values: Mapping[str, Any] = (known.value if known is not None else None) or {}
    rights = {right.value: bool(values.get(right.value, True)) for right in Right}
    return {**rights, ONE_SHARE: bool(values.get(ONE_SHARE, False))}


def allow(
    entries: Mapping[str, Entry], participant_id: str, rights: Collection[Right], by: By | None
) -> Sequence[Change]:
    """Give one guest these rights although guests lack them; an empty list takes them back."""
    key = ALLOWED + participant_id
    if not rights:
        return [Change(key, None)]
    names = [right.value for right in Right if right in rights]
    known = entries.get(key)
    if known is not None and known.value is not None and known.value["rights"] == names:
        return ()
    return [Change(key, {"rights": names, "by": by}, participant_id)]
