import pytest
from support.clock import START

from moothall.meeting.waiting import MOST_PER_ROOM, Waiting, WaitingRoomFull, WaitingRooms


def _person(number: int, room: str = "weekly", at: float = 0.0) -> Waiting:
    return Waiting(
        token=f"token-{room}-{number}",
        room_id=room,
        participant_id=f"guest-{number}",
        name="Ada",
        since=START,
        asked_at=at,
    )


def _names(rooms: WaitingRooms, now: float, room: str = "weekly") -> list[str]:
    return [person.participant_id for person in rooms.in_room(room, now)]


def test_people_wait_in_the_order_of_coming_and_by_room() -> None:
    rooms = WaitingRooms()
    for person in (_person(2), _person(1), _person(3, room="daily")):
        rooms.add(person)

    assert _names(rooms, 1.0) == ["guest-2", "guest-1"]
    assert _names(rooms, 1.0, "daily") == ["guest-3"]


def test_who_does_not_ask_for_fifteen_seconds_is_gone() -> None:
    rooms = WaitingRooms()
    rooms.add(_person(1))
    rooms.add(_person(2))

    assert rooms.ask("token-weekly-1", 14.9) is not None
    assert _names(rooms, 15.0) == ["guest-1"]
    assert rooms.ask("token-weekly-2", 15.0) is None
    assert rooms.ask("token-weekly-1", 29.9) is None


def test_an_answer_is_kept_and_can_be_changed() -> None:
    rooms = WaitingRooms()
    rooms.add(_person(1))

    assert rooms.answer("daily", "guest-1", 1.0, yes=True) is None
    assert rooms.answer("weekly", "guest-2", 1.0, yes=True) is None
    rooms.answer("weekly", "guest-1", 1.0, yes=False)
    rooms.answer("weekly", "guest-1", 1.0, yes=True)

    found = rooms.ask("token-weekly-1", 2.0)
    assert found is not None
    assert found.answer is True


def test_a_room_has_so_many_seats_and_those_who_left_free_theirs() -> None:
    rooms = WaitingRooms()
    for number in range(MOST_PER_ROOM):
        rooms.add(_person(number))

    with pytest.raises(WaitingRoomFull):
        rooms.add(_person(1000))
    rooms.add(_person(1000, room="daily"))
    rooms.add(_person(1000, at=15.0))

    assert _names(rooms, 15.0) == ["guest-1000"]


def test_the_server_has_so_many_seats_in_all() -> None:
    rooms = WaitingRooms()
    for number in range(10_000):
        rooms.add(_person(number, room=f"room-{number % 100}"))

    with pytest.raises(WaitingRoomFull):
        rooms.add(_person(1, room="one more"))
    rooms.add(_person(1, room="one more", at=15.0))

    assert _names(rooms, 15.0, "room-7") == []


def test_going_twice_changes_nothing() -> None:
    rooms = WaitingRooms()
    person = _person(1)
    rooms.add(person)

    rooms.remove(person)
    rooms.remove(person)

    assert rooms.ask(person.token, 1.0) is None
    assert _names(rooms, 1.0) == []
