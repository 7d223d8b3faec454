from moothall.meeting.arrivals import Arrivals


def test_who_was_let_in_is_on_the_way_until_inside_or_overdue() -> None:
    arrivals = Arrivals()
    arrivals.expect("room-1", "ada", 0.0)
    arrivals.expect("room-1", "bob", 10.0)
    arrivals.expect("room-2", "eve", 10.0)

    assert arrivals.expected("room-1", 64.9).keys() == {"ada", "bob"}
    assert arrivals.expected("room-1", 65.0).keys() == {"bob"}
    arrivals.forget("room-1", "bob")
    assert arrivals.expected("room-1", 65.0) == {}
    assert arrivals.expected("room-2", 65.0).keys() == {"eve"}


def test_nothing_is_kept_about_rooms_nobody_is_on_the_way_to() -> None:
    arrivals = Arrivals()
    for number in range(1000):
        arrivals.expect(f"room-{number}", "ada", 0.0)
        arrivals.forget(f"room-{number}", "ada")
        arrivals.forget(f"room-{number}", "bob")

    assert arrivals._expected == {}
