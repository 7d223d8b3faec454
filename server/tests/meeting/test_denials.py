import pytest

from moothall.meeting.denials import AskedEnough, AskedTooSoon, Denial, Denials

ROOM = "room-1"


def test_a_denial_counts_in_its_room_and_session_only() -> None:
    denials = Denials()
    denials.note("token", Denial(ROOM, times=1, session=4, at=100.0))

    with pytest.raises(AskedTooSoon) as refused:
        denials.ask_again("token", ROOM, 4, 100.5)
    assert refused.value.retry_after == 60
    assert denials.ask_again("token", ROOM, 4, 160.0) == 1
    assert denials.ask_again("token", "room-2", 4, 101.0) == 0
    assert denials.ask_again("token", ROOM, 5, 101.0) == 0
    assert denials.ask_again("another", ROOM, 4, 101.0) == 0


def test_the_third_denial_is_final() -> None:
    denials = Denials()
    denials.note("token", Denial(ROOM, times=3, session=4, at=0.0))

    with pytest.raises(AskedEnough):
        denials.ask_again("token", ROOM, 4, 1e4)


def test_what_is_remembered_is_bounded_in_number_and_time() -> None:
    denials = Denials()
    for number in range(10_050):
        denials.note(f"token-{number}", Denial(ROOM, times=3, session=4, at=float(number)))
    assert denials.find("token-49") is None
    assert denials.find("token-50") is not None

    denials.note("late", Denial(ROOM, times=1, session=4, at=1e6))
    assert denials.find("token-10049") is None
