import pytest
from support.clock import START

from moothall.meeting.lobby_entries import MOST_PER_ROOM, LobbyEntries, LobbyEntry, LobbyFull


def _person(number: int, room: str = "weekly", at: float = 0.0) -> LobbyEntry:
    return LobbyEntry(
        token=f"token-{room}-{number}",
        room_id=room,
        participant_id=f"guest-{number}",
        name="Ada",
        since=START,
        asked_at=at,
        network=f"network-{number}",
    )


def _names(entries: LobbyEntries, now: float, room: str = "weekly") -> list[str]:
    return [person.participant_id for person in entries.in_room(room, now)]


def test_people_wait_in_the_order_of_coming_and_by_room() -> None:
    entries = LobbyEntries()
    for person in (_person(2), _person(1), _person(3, room="daily")):
        entries.add(person)

    assert _names(entries, 1.0) == ["guest-2", "guest-1"]
    assert _names(entries, 1.0, "daily") == ["guest-3"]


def test_who_does_not_ask_for_fifteen_seconds_is_gone() -> None:
    entries = LobbyEntries()
    entries.add(_person(1))
    entries.add(_person(2))

    assert entries.ask("token-weekly-1", 14.9) is not None
    assert _names(entries, 15.0) == ["guest-1"]
    assert entries.ask("token-weekly-2", 15.0) is None
    assert entries.ask("token-weekly-1", 29.9) is None


def test_people_are_found_by_their_participant_id_in_their_room() -> None:
    entries = LobbyEntries()
    entries.add(_person(1))

    assert entries.find_participant("daily", "guest-1", 1.0) is None
    assert entries.find_participant("weekly", "guest-2", 1.0) is None
    assert entries.find_participant("weekly", "guest-1", 1.0) is entries.ask("token-weekly-1", 2.0)


def test_a_room_has_so_many_seats_and_those_who_left_free_theirs() -> None:
    entries = LobbyEntries()
    for number in range(MOST_PER_ROOM):
        entries.add(_person(number))

    with pytest.raises(LobbyFull):
        entries.add(_person(1000))
    entries.add(_person(1000, room="daily"))
    entries.add(_person(1000, at=15.0))

    assert _names(entries, 15.0) == ["guest-1000"]


def test_the_server_has_so_many_seats_in_all() -> None:
    entries = LobbyEntries()
    for number in range(10_000):
        entries.add(_person(number, room=f"room-{number % 100}"))

    with pytest.raises(LobbyFull):
        entries.add(_person(1, room="one more"))
    entries.add(_person(1, room="one more", at=15.0))

    assert _names(entries, 15.0, "room-7") == []


def test_going_twice_changes_nothing() -> None:
    entries = LobbyEntries()
    person = _person(1)
    entries.add(person)

    entries.remove(person)
    entries.remove(person)

    assert entries.ask(person.token, 1.0) is None
    assert _names(entries, 1.0) == []
