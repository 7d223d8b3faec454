from moothall.meeting.admissions import Admissions


def test_who_was_let_in_is_on_the_way_until_inside_or_overdue() -> None:
    admissions = Admissions()
    admissions.note("room-1", "ada", 0.0)
    admissions.note("room-1", "bob", 10.0)
    admissions.note("room-2", "eve", 10.0)

    assert admissions.on_the_way("room-1", 29.9) == {"ada", "bob"}
    assert admissions.on_the_way("room-1", 30.0) == {"bob"}
    admissions.forget("room-1", "bob")
    assert admissions.on_the_way("room-1", 30.0) == set()
    assert admissions.on_the_way("room-2", 30.0) == {"eve"}


def test_nothing_is_kept_about_rooms_nobody_is_on_the_way_to() -> None:
    admissions = Admissions()
    for number in range(1000):
        admissions.note(f"room-{number}", "ada", 0.0)
        admissions.forget(f"room-{number}", "ada")
        admissions.forget(f"room-{number}", "bob")

    assert admissions._until == {}
