from datetime import UTC, datetime, timedelta, timezone

from moothall.kit.clock import SystemClock, render_timestamp, to_milliseconds


def test_timestamps_are_rendered_in_utc_with_milliseconds() -> None:
    moment = datetime(2023, 6, 6, 8, 55, 7, 134999, tzinfo=timezone(timedelta(hours=2)))

    assert render_timestamp(moment) == "2023-06-06T06:55:07.134Z"


def test_the_system_clock_ticks_in_whole_milliseconds() -> None:
    now = SystemClock().now()

    assert now == to_milliseconds(now)
    assert now.tzinfo is UTC
