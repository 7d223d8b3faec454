"""Rules of raised hands: entries ``hand:{participant_id}`` of the feed ``state``.

``order`` is the place in the order of raising, which the server gives: it rises, and has gaps where
hands were lowered.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from moothall.feeds.model import Change, Entry, FeedFull
from moothall.kit.clock import render_timestamp

PREFIX = "hand:"
# People who raise a hand, leave and come back as somebody else must not fill the feed in which
# hosts lock the meeting.
MOST = 500


def raise_hand(hands: Mapping[str, Entry], participant_id: str, at: datetime) -> Sequence[Change]:
    """Raise a hand; one that is raised already keeps its place. Raises FeedFull above ``MOST``."""
    key = PREFIX + participant_id
    if key in hands:
        return ()
    if len(hands) >= MOST:
        raise FeedFull
    last = max((entry.value["order"] for entry in hands.values() if entry.value), default=0)
    return [Change(key, {"order": last + 1, "raised_at": render_timestamp(at)}, participant_id)]


def lower_hand(hands: Mapping[str, Entry], participant_id: str) -> Sequence[Change]:
    key = PREFIX + participant_id
    return [Change(key, None)] if key in hands else ()


def lower_all(hands: Mapping[str, Entry]) -> Sequence[Change]:
    return [Change(key, None) for key in hands]


def raised_by(hands: Mapping[str, Entry]) -> list[str]:
    """The participant ids, in the order of raising."""
    raised = sorted((entry.value["order"], key) for key, entry in hands.items() if entry.value)
    return [key.removeprefix(PREFIX) for _, key in raised]
