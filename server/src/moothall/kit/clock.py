"""Time as an input: nothing below the composition root reads the system clock."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock: timezone-aware UTC, whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Monotonic seconds, for durations and deadlines inside one process."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()


def to_milliseconds(moment: datetime) -> datetime:
    """Return the time cut to whole milliseconds, the precision of the API and the database."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def render_timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``: ``2023-06-06T06:55:07.134Z``."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds')[:-6]}Z"


def render_dates(**moments: datetime | None) -> dict[str, str]:
    """Render the dates that exist; clients with typed models cannot parse null as a date."""
    return {name: render_timestamp(moment) for name, moment in moments.items() if moment is not None}
