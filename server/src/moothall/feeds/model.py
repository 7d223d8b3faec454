"""Feeds: their entries, changes and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = Mapping[str, Any]

# Shared state that fits in a few hundred keys: hands, permissions, the spotlight.
STATE = "state"
CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Entry:
    """The present value of one key; ``number`` is that of the change that made it so.

    ``value`` None: the key has none any more. ``participant_id``: the entry goes when this
    participant has left.
    """

    number: int
    key: str
    value: Value | None
    participant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The decision of a rule: a new value for a key, or None to take its value away."""

    key: str
    value: Value | None
    participant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a feed stands.

    ``number``: that of its newest change, 0 before the first. ``generation`` rises when keys
    without a value are forgotten: a reader of an earlier one begins anew.
    """

    number: int = 0
    generation: int = 0
    keys: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one feed: ``keys`` includes those without a value; sizes are bytes of JSON."""

    keys: int
    value_size: int
    size: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A page of a feed, in the order of numbers.

    ``number``: the reader has everything up to there. ``has_more``: more follows it.
    """

    session_id: str
    head: Head
    number: int
    entries: tuple[Entry, ...]
    has_more: bool


class FeedFull(Exception):
    """The value is too large, or the feed has no room for another key."""
