"""In any order of events, a room asks only for what can be done."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support.chaos import Chaos


def acts() -> st.SearchStrategy[tuple[str, int, int, int]]:
    """Something to do, and three numbers to choose with."""
    names = [name.removeprefix("do_") for name in dir(Chaos) if name.startswith("do_")]
    number = st.integers(0, 11)
    return st.tuples(st.sampled_from(names), number, number, number)


@settings(max_examples=300, deadline=None)
@given(st.lists(acts(), max_size=80))
def test_any_order_of_events_asks_only_for_what_can_be_done(script: list[tuple[str, int, int, int]]) -> None:
    chaos = Chaos()
    chaos.begin()

    for act in script:
        chaos.act(*act)
    chaos.end()
