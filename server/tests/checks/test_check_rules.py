"""The rules of checks that are under way."""

from hypothesis import given
from hypothesis import strategies as st

from moothall.checks.model import LIFE_S, MOST_AT_ONCE, MOST_CONNECTIONS, MOST_OF_NETWORK, TICKET_S, RunningChecks

NETWORKS = st.sampled_from([f"198.51.100.{number}" for number in range(10)])


@given(st.lists(st.tuples(NETWORKS, st.floats(0, 20), st.booleans())))
def test_there_are_never_too_many_and_none_outlives_its_time(steps: list[tuple[str, float, bool]]) -> None:
    checks = RunningChecks()
    now = 0.0
    open_now: dict[str, tuple[str, float]] = {}
    for number, (network, passed, begins) in enumerate(steps):
        now += passed
        for room in checks.take_overdue(now):
            assert open_now.pop(room)[1] <= now
        assert all(ends_at > now for _, ends_at in open_now.values())
        room = f"check:{number}"
        of_network = sum(other == network for other, _ in open_now.values())
        has_place = len(open_now) < MOST_AT_ONCE and of_network < MOST_OF_NETWORK
        assert checks.open(room, network, now) == has_place
        if has_place:
            open_now[room] = (network, now + (LIFE_S if begins else TICKET_S))
            if begins:
                assert checks.admit(room, network, now, connects=True)
        assert len(checks) == len(open_now)


def test_a_check_lasts_from_its_first_connection_and_no_longer_for_more_of_them() -> None:
    checks = RunningChecks()
    checks.open("check:1", "a", 0.0)

    assert checks.admit("check:1", "a", TICKET_S - 1, connects=True)
    end = TICKET_S - 1 + LIFE_S
    assert checks.admit("check:1", "a", end - 0.1, connects=True)
    assert not checks.admit("check:1", "a", end, connects=True)
    assert checks.take_overdue(end) == ["check:1"]
    assert not checks.admit("check:1", "a", end - 1, connects=True)


def test_asking_whether_one_could_connect_begins_nothing_and_counts_for_nothing() -> None:
    checks = RunningChecks()
    checks.open("check:1", "a", 0.0)

    for _ in range(2 * MOST_CONNECTIONS):
        assert checks.admit("check:1", "a", 30.0, connects=False)
    for _ in range(MOST_CONNECTIONS):
        assert checks.admit("check:1", "a", 30.0, connects=True)
    assert not checks.admit("check:1", "a", 30.0, connects=True)


def test_nobody_enters_from_elsewhere_or_into_another_room() -> None:
    checks = RunningChecks()
    checks.open("check:1", "a", 0.0)

    assert not checks.admit("check:1", "b", 0.0, connects=True)
    assert not checks.admit("check:2", "a", 0.0, connects=True)
