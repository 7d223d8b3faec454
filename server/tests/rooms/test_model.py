"""When a room ends."""

from datetime import UTC, datetime, timedelta

import pytest

from moothall.rooms import model
from moothall.rooms.model import Room, RoomType

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def instant() -> Room:
    return Room("id", "app", "Weekly", RoomType.INSTANT, "123456789012", "owner", NOON)


def long_term(*, expire_after_use: bool = False) -> Room:
    return Room(
        "id",
        "app",
        "Weekly",
        RoomType.LONG_TERM,
        "123456789012",
        "owner",
        NOON,
        expires_at=NOON + 60 * MINUTE,
        expire_after_use=expire_after_use,
    )


def test_instant_room_nobody_enters_lives_ten_minutes():
    room = instant()

    assert model.deadline(room) == NOON + 10 * MINUTE
    assert not model.has_ended(room, NOON + 10 * MINUTE - timedelta(milliseconds=1))
    assert model.has_ended(room, NOON + 10 * MINUTE)


def test_instant_room_lives_while_people_are_inside():
    room = model.enter(instant())

    assert model.deadline(room) is None
    assert model.shown_expiry(room) is None
    assert not model.has_ended(room, NOON + timedelta(days=400))


def test_instant_room_lives_ten_minutes_after_the_last_participant_left():
    room = model.leave(model.enter(instant()), NOON + 90 * MINUTE)

    assert model.deadline(room) == NOON + 100 * MINUTE
    assert model.shown_expiry(room) == NOON + 100 * MINUTE


def test_somebody_coming_back_saves_an_instant_room():
    room = model.enter(model.leave(model.enter(instant()), NOON + 5 * MINUTE))

    assert model.deadline(room) is None


def test_long_term_room_lives_to_its_date_whoever_comes_and_goes():
    room = long_term()

    for changed in (room, model.enter(room), model.leave(model.enter(room), NOON + 20 * MINUTE)):
        assert model.deadline(changed) == NOON + 60 * MINUTE
        assert model.shown_expiry(changed) == NOON + 60 * MINUTE


def test_long_term_room_expiring_after_use_lives_to_its_date_until_it_is_used():
    room = long_term(expire_after_use=True)

    assert model.deadline(room) == NOON + 60 * MINUTE
    assert model.deadline(model.enter(room)) == NOON + 60 * MINUTE


@pytest.mark.parametrize(("left", "ends"), [(20, 30), (55, 60)])
def test_long_term_room_expiring_after_use_ends_ten_minutes_after_it_but_not_later_than_its_date(left: int, ends: int):
    room = model.leave(model.enter(long_term(expire_after_use=True)), NOON + left * MINUTE)

    assert model.deadline(room) == NOON + ends * MINUTE
    assert model.shown_expiry(room) == NOON + 60 * MINUTE


def test_room_whose_timer_ran_late_ended_on_time():
    ended = model.end(instant(), NOON + 60 * MINUTE)

    assert ended.ended_at == NOON + 10 * MINUTE
    assert model.shown_expiry(ended) == NOON + 10 * MINUTE
    assert model.has_ended(ended, NOON)


def test_leap_day_counts_to_the_first_of_march():
    assert model.a_year_after(datetime(2028, 2, 29, 12, 0, tzinfo=UTC)) == datetime(2029, 3, 1, 12, 0, tzinfo=UTC)


def test_groups_change_key_by_key():
    room = model.apply_changes(instant(), {"available_features": {"is_chat_available": False}})
    room = model.apply_changes(room, {"available_features": {"is_captions_available": True}})

    assert not room.available_features.is_chat_available
    assert room.available_features.is_captions_available
    assert model.apply_changes(room, {"available_features": None}) == instant()
