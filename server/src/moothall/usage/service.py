"""Usage day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from moothall.api.errors import InputInvalid
from moothall.db import Connection
from moothall.usage import store
from moothall.usage.pricing import PARTICIPANT_MINUTES, RECORDING_MINUTES, price

MOST_DAYS = 92

_DAY = timedelta(days=1)
_MILLISECONDS_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class DayOfUsage:
    """Minutes of one day (UTC), and their cost."""

    day: date
    participant_minutes: Decimal
    recording_minutes: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class _Minutes:
    participant: Decimal = Decimal()
    recording: Decimal = Decimal()


def month_start(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def list_usage(
    connection: Connection, application_id: str, start: datetime, end: datetime, now: datetime
) -> list[DayOfUsage]:
    """Return the days from ``start`` until before ``end``, without the future.

    Raises InputInvalid for an empty period or one that is too long.
    """
    if start >= end:
        raise InputInvalid('"from" must be before "to"', errors=['"from" must be before "to"'])
    if end - start > MOST_DAYS * _DAY:
        text = f'"to" must be at most {MOST_DAYS} days after "from"'
        raise InputInvalid(text, errors=[text])

    def count(first: datetime, last: datetime) -> _Minutes:
        return _Minutes(
            _minutes(store.attended_ms(connection, application_id, first, last, now)),
            _minutes(store.recorded_ms(connection, application_id, first, last, now)),
        )

    days: list[DayOfUsage] = []
    used = _Minutes()
    for first, last in _days(start, min(end, now)):
        # The price depends on the usage earlier in the month.
        if not days:
            used = count(month_start(first), first)
        elif first.day == 1:
            used = _Minutes()
        of_day = count(first, last)
        cost = price(PARTICIPANT_MINUTES, used=used.participant, minutes=of_day.participant) + price(
            RECORDING_MINUTES, used=used.recording, minutes=of_day.recording
        )
        used = _Minutes(used.participant + of_day.participant, used.recording + of_day.recording)
        days.append(DayOfUsage(first.date(), of_day.participant, of_day.recording, cost))
    return days


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    first = start
    while first < end:
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        yield first, min(midnight, end)
        first = midnight


def _minutes(milliseconds: int) -> Decimal:
    return Decimal(milliseconds) / _MILLISECONDS_PER_MINUTE
