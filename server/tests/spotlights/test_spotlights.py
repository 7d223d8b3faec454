from hypothesis import given
from hypothesis import strategies as st

from moothall.feeds.model import Entry
from moothall.spotlights import model

PEOPLE = st.sampled_from(["ada", "bob", "carol", "dan", "eve"])


@given(st.lists(st.tuples(st.booleans(), PEOPLE)))
def test_the_newest_three_are_in_the_spotlight(steps: list[tuple[bool, str]]) -> None:
    entries: dict[str, Entry] = {}
    expected: list[str] = []
    for on, who in steps:
        for change in model.show(entries, who, None) if on else model.hide(entries, who):
            entries.pop(change.key, None)
            if change.value is not None:
                entries[change.key] = Entry(0, change.key, change.value, change.participant_id)
        if not on:
            expected = [one for one in expected if one != who]
        elif who not in expected:
            expected = [*expected, who][-model.MOST :]
        assert model.shown(entries) == expected
