from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.callbacks.schedule import (
    TRIES,
    Answered,
    Delivered,
    GaveUp,
    Outcome,
    Stopped,
    TryAgain,
    Unanswered,
    judge,
    parse_retry_after,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _delay(outcome: Outcome, attempts: int, spread: float = 0.0) -> timedelta:
    verdict = judge(outcome, attempts=attempts, now=NOW, spread=spread)
    assert isinstance(verdict, TryAgain)
    return verdict.at - NOW


def test_the_steps_are_those_of_standard_webhooks_with_half_a_minute_more() -> None:
    delays = [_delay(Answered(500), attempts) for attempts in range(1, TRIES)]

    assert delays == [
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    ]


@given(spreads=st.lists(st.floats(0, 1), min_size=TRIES - 1, max_size=TRIES - 1))
def test_a_dead_receiver_is_tried_for_72_hours_at_least_and_84_at_most(spreads: list[float]) -> None:
    total = sum(
        (_delay(Unanswered("dead"), attempts, spread) for attempts, spread in enumerate(spreads, start=1)), timedelta()
    )

    assert timedelta(hours=72) <= total <= timedelta(hours=84)
    assert judge(Unanswered("dead"), attempts=TRIES, now=NOW, spread=0.0) == GaveUp()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 205, 299])
def test_every_2xx_is_delivered(status: int) -> None:
    assert judge(Answered(status), attempts=1, now=NOW, spread=0.0) == Delivered()


@pytest.mark.parametrize(
    "status", [100, 199, 300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 409, 422, 429, 500, 503, 599]
)
def test_everything_else_is_tried_again(status: int) -> None:
    assert _delay(Answered(status), 1) == timedelta(seconds=5)


@pytest.mark.parametrize("attempts", [1, 5, TRIES])
def test_gone_stops_whenever_it_comes(attempts: int) -> None:
    assert judge(Answered(410), attempts=attempts, now=NOW, spread=0.0) == Stopped()


def test_a_receiver_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() -> None:
    assert _delay(Answered(429, "120"), 1) == timedelta(seconds=120)
    assert _delay(Answered(503, "120"), 1) == timedelta(seconds=120)
    assert _delay(Answered(503, "1"), 5) == timedelta(hours=2)


def test_a_pause_is_a_day_at_most() -> None:
    assert _delay(Answered(503, "999999999"), 1) == timedelta(hours=24)


def test_only_429_and_503_may_ask_for_a_pause() -> None:
    assert _delay(Answered(500, "120"), 1) == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("٥", 0),  # ARABIC-INDIC DIGIT FIVE is a digit to Python
        ("5", 5),
        (" 5 ", 5),
        ("9" * 4000, 0),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sunday, 22-Nov-26 12:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 99 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:02:00 -0000", 120),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int) -> None:
    assert parse_retry_after(text, NOW) == timedelta(seconds=seconds)


@given(text=st.text())
def test_no_retry_after_breaks_anything(text: str) -> None:
    assert parse_retry_after(text, NOW) >= timedelta()
