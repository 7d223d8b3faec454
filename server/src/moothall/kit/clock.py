"""Time as an input: nothing below the composition root asks the operating system what time it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock: timezone-aware UTC, whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, for durations and deadlines inside one process."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()


def to_milliseconds(moment: datetime) -> datetime:
    """The moment cut to whole milliseconds, which is what the API shows and the database keeps."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def render_timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``: ``2023-06-06T06:55:07.134Z``."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds')[:-6]}Z"
