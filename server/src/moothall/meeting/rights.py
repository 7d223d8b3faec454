"""The rights that a host may take from guests, and give back to one. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from moothall.engine import Source
from moothall.sessions.model import Role

# Keys of the feed ``state``. The first holds what guests may do, as far as it was ever changed; the
# others the rights that one person has been given back, by participant id.
PERMISSIONS = "permissions"
ALLOWED = "allowed:"
# In the value of the first: whether a screen is shared by one person at a time, hosts included.
ONE_SHARE = "one_share_at_a_time"
# Nobody new is let in while it has a value.
LOCK = "lock"
# By participant id: a guest whom a host has made one.
HOST = "host:"


class Right(StrEnum):
    """The rights that guests have unless a host takes them."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN_SHARE = "screen_share"
    CHAT = "chat"
    REACTIONS = "reactions"


_SOURCES: Mapping[Right, tuple[Source, ...]] = {
    Right.MICROPHONE: ("microphone",),
    Right.CAMERA: ("camera",),
    Right.SCREEN_SHARE: ("screen_share", "screen_share_audio"),
}
SOURCES: tuple[Source, ...] = ("camera", "microphone", "screen_share", "screen_share_audio")


def rights_of(role: Role, participant_id: str, values: Mapping[str, Any]) -> frozenset[Right]:
    """``values``: those of the keys above."""
    if role is Role.OWNER:
        return frozenset(Right)
    permissions = values.get(PERMISSIONS) or {}
    allowed = values.get(ALLOWED + participant_id) or {}
    return frozenset(right for right in Right if permissions.get(right, True) or right in allowed.get("rights", ()))


def sources_of(rights: Collection[Right]) -> tuple[Source, ...]:
    """Return the sources that a person with these rights may publish."""
    published = {source for right in rights for source in _SOURCES.get(right, ())}
    return tuple(source for source in SOURCES if source in published)
