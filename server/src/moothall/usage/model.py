"""Use of a period, and its cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from moothall.ledger.model import Kind, Place
from moothall.usage.pricing import TierUse


class Group(StrEnum):
    ROOM = "room"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Sum:
    application_id: str
    day: date
    kind: Kind
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Running:
    """A stay or a recording that has not ended; ``away_since`` as in an attendance."""

    application_id: str
    kind: Kind
    started_at: datetime
    away_since: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days (UTC) from ``first`` until before ``end``."""

    first: date
    end: date


@dataclass(frozen=True, slots=True)
class Amount:
    """Milliseconds of both kinds, and their exact cost."""

    participant: int = 0
    recording: int = 0
    cost: Fraction = Fraction()

    def plus(self, kind: Kind, milliseconds: int, cost: Fraction) -> "Amount":
        if kind is Kind.PARTICIPANT:
            return Amount(self.participant + milliseconds, self.recording, self.cost + cost)
        return Amount(self.participant, self.recording + milliseconds, self.cost + cost)


@dataclass(frozen=True, slots=True)
class Use:
    """The use of one day, application, room or session; ``name`` is its date or its id.

    ``room_id`` is that of a session; ``place`` is that of a room or session in their list.
    """

    name: str
    amount: Amount
    room_id: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """The use of a period, in parts, with the currency of their costs."""

    period: Period
    currency: str
    parts: Sequence[Use]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement. ``application_name`` is None when the application was deleted."""

    application_id: str
    application_name: str | None
    kind: Kind
    milliseconds: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """The bill of a month. The lines sum up to exactly ``total``, and so do the tiers.

    ``tiers`` is None for the part of one application, because the account's use counts for tiers.
    ``is_final``: nothing will change it: the month is over, and everything in it has ended.
    """

    month: date
    account_id: str
    application_id: str | None
    currency: str
    is_final: bool
    lines: Sequence[Line]
    tiers: Sequence[tuple[TierUse, Decimal]] | None
    total: Decimal
