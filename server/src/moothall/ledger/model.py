"""Entries of the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

_DAY = timedelta(days=1)
_FIRST_DAY = date(1970, 1, 1).toordinal()
_BITS_OF_IDS = 38


class Kind(StrEnum):
    PARTICIPANT = "participant"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Entry:
    """The time of one stay or recording on one day (UTC), or a correction.

    Nothing ever changes or deletes an entry. ``source`` is the id of the stay or recording in its
    session, or the key of the correction. ``corrects`` and ``note`` are those of a correction:
    the id of the entry it corrects, and the reason; its ``milliseconds`` may be negative.
    """

    id: int
    account_id: str
    application_id: str
    room_id: str
    session_id: str
    kind: Kind
    source: str
    day: date
    started_at: datetime
    ended_at: datetime
    milliseconds: int
    corrects: int | None = None
    note: str | None = None

    @property
    def place(self) -> "Place":
        return Place(self.day, self.id)


class Place(NamedTuple):
    """The place of an entry in the ledger of an application, which is ordered by days."""

    day: date
    entry_id: int

    def as_number(self) -> int:
        """Return the place as a number of the same order, which a double can hold."""
        return (self.day.toordinal() - _FIRST_DAY << _BITS_OF_IDS) | self.entry_id

    @classmethod
    def of_number(cls, number: int) -> "Place":
        day, entry_id = number >> _BITS_OF_IDS, number & ((1 << _BITS_OF_IDS) - 1)
        return cls(date.fromordinal(min(day + _FIRST_DAY, date.max.toordinal())), entry_id)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a period that lies on one day."""

    day: date
    started_at: datetime
    ended_at: datetime


def parts(start: datetime, end: datetime) -> Iterator[Part]:
    """Divide a period at every midnight (UTC); the parts together are exactly the period.

    A period of no length is one part.
    """
    while True:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        yield Part(start.date(), start, min(midnight, end))
        if end <= midnight:
            return
        start = midnight
