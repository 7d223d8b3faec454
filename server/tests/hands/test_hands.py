"""The rules of raised hands, whatever people press in whatever order."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import START

from moothall.feeds.model import Change, Entry, FeedFull
from moothall.hands import model

PEOPLE = st.sampled_from(["ada", "bob", "carol", "dan"])
STEPS = st.lists(st.tuples(st.sampled_from(["raise", "lower", "lower all"]), PEOPLE))


def _apply(hands: dict[str, Entry], changes: "list[Change] | tuple[Change, ...]") -> dict[str, Entry]:
    after = dict(hands)
    for change in changes:
        after.pop(change.key, None)
        if change.value is not None:
            after[change.key] = Entry(0, change.key, change.value, change.participant_id)
    return after


@given(STEPS)
def test_hands_are_in_the_order_of_raising_and_nobody_is_there_twice(steps: list[tuple[str, str]]) -> None:
    hands: dict[str, Entry] = {}
    expected: list[str] = []
    for number, (what, who) in enumerate(steps):
        if what == "raise":
            hands = _apply(hands, [*model.raise_hand(hands, who, START + timedelta(seconds=number))])
            expected += [] if who in expected else [who]
        elif what == "lower":
            hands = _apply(hands, [*model.lower_hand(hands, who)])
            expected = [one for one in expected if one != who]
        else:
            hands = _apply(hands, [*model.lower_all(hands)])
            expected = []
        assert model.raised_by(hands) == expected
        orders = [entry.value["order"] for entry in hands.values() if entry.value]
        assert len(set(orders)) == len(orders)


@given(STEPS, PEOPLE)
def test_what_changes_nothing_is_no_change(steps: list[tuple[str, str]], who: str) -> None:
    hands: dict[str, Entry] = {}
    for what, other in steps:
        if what == "raise":
            hands = _apply(hands, [*model.raise_hand(hands, other, START)])
    if model.PREFIX + who in hands:
        assert model.raise_hand(hands, who, START) == ()
    else:
        assert model.lower_hand(hands, who) == ()


def test_so_many_hands_and_no_more() -> None:
    hands: dict[str, Entry] = {}
    for number in range(model.MOST):
        hands = _apply(hands, [*model.raise_hand(hands, f"somebody {number}", START)])
    with pytest.raises(FeedFull):
        model.raise_hand(hands, "one more", START)
    assert model.raise_hand(hands, "somebody 0", START) == ()
