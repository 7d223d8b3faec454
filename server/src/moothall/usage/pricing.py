"""Price tables, and what minutes cost. Pure.

The price of a minute depends on the minutes used before it in the calendar month (UTC), by all
applications of the account. Within a day all minutes of a kind cost the same: if the month crosses
a border between two tiers on that day, their price lies between the prices of the two. So costs do
not depend on the order of events within a day, and the costs of any parts of a day sum up to the
cost of the day.

Amounts are exact (fractions) until ``rounded`` makes money of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

from moothall.ledger.model import Kind
from moothall.settings.prices import DEFAULT_MONEY, PriceTable, PriceTier, valid_table

_MILLISECONDS_PER_MINUTE = 60_000


def _tiers(*tiers: tuple[int | None, str]) -> tuple[PriceTier, ...]:
    return tuple(PriceTier(up_to=up_to, price=Decimal(price)) for up_to, price in tiers)


ORIGINAL = PriceTable(
    currency=DEFAULT_MONEY[0],
    decimals=DEFAULT_MONEY[1],
    participant_minutes=_tiers(
        (100_000, "0.00475"),
        (1_000_000, "0.00428"),
        (5_000_000, "0.00385"),
        (15_000_000, "0.00327"),
        (None, "0.00262"),
    ),
    recording_minutes=_tiers(
        (50_000, "0.025"),
        (250_000, "0.018"),
        (500_000, "0.015"),
        (1_000_000, "0.012"),
        (2_000_000, "0.01"),
        (None, "0.0085"),
    ),
)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """The tables of the operator; where none is valid, the original's is."""

    tables: Sequence[PriceTable] = ()

    def valid(self, account_id: str, day: date) -> PriceTable:
        return valid_table(self.tables, account_id, day) or ORIGINAL


def tiers_of(table: PriceTable, kind: Kind) -> Sequence[PriceTier]:
    return table.participant_minutes if kind is Kind.PARTICIPANT else table.recording_minutes


@dataclass(frozen=True, slots=True)
class TierUse:
    """The use of a tier in a month; the tier begins ``above`` so many minutes."""

    kind: Kind
    above: int
    tier: PriceTier
    milliseconds: int
    cost: Fraction


@dataclass(frozen=True, slots=True)
class MonthPrices:
    """The prices of one month.

    ``rates``: the price of a millisecond, per day and kind. ``uses``: the tiers that were used,
    those of an earlier table first.
    """

    rates: Mapping[tuple[date, Kind], Fraction]
    uses: Sequence[TierUse]


def price_month(book: PriceBook, account_id: str, used: Mapping[tuple[date, Kind], int]) -> MonthPrices:
    """Price the days of one month; ``used``: the milliseconds of the account, per day and kind."""
    rates: dict[tuple[date, Kind], Fraction] = {}
    uses: dict[tuple[Kind, date, int], TierUse] = {}
    for kind in Kind:
        before = 0
        for day in sorted(day for day, of_kind in used if of_kind is kind):
            milliseconds = used[day, kind]
            table = book.valid(account_id, day)
            divided = list(_in_tiers(tiers_of(table, kind), kind, before, milliseconds))
            cost = sum((use.cost for use in divided), Fraction())
            # The parts of a day may cancel each other out, after a correction.
            rates[day, kind] = cost / milliseconds if milliseconds else _per_millisecond(tiers_of(table, kind), before)
            for use in divided:
                key = (kind, table.valid_from, use.above)
                known = uses.get(key)
                uses[key] = use if known is None else _together(known, use)
            before += milliseconds
    return MonthPrices(rates, list(uses.values()))


def rounded(parts: Iterable[Fraction], decimals: int) -> tuple[list[Decimal], Decimal]:
    """Make money of amounts: return them and their sum, which is exactly that of the rounded ones.

    The sum is rounded half up. Each amount is rounded down, and what is missing in the sum is given
    in smallest amounts to those that lost most, the first of equals first.
    """
    units = [part * 10**decimals for part in parts]
    down = [floor(unit) for unit in units]
    missing = floor(sum(units, Fraction()) + Fraction(1, 2)) - sum(down)
    lost_most = sorted(range(len(units)), key=lambda place: down[place] - units[place])
    for place in lost_most[:missing]:
        down[place] += 1
    return [_money(unit, decimals) for unit in down], _money(sum(down), decimals)


def _money(units: int, decimals: int) -> Decimal:
    return Decimal(units).scaleb(-decimals)


def _in_tiers(tiers: Sequence[PriceTier], kind: Kind, before: int, milliseconds: int) -> Iterator[TierUse]:
    """Divide the way from ``before`` to ``before + milliseconds``, which may lead back."""
    low, high = sorted((before, before + milliseconds))
    sign = 1 if milliseconds >= 0 else -1
    above = 0
    for place, tier in enumerate(tiers):
        # A month that was corrected to less than nothing costs less than nothing.
        first = low if place == 0 else max(low, above * _MILLISECONDS_PER_MINUTE)
        last = high if tier.up_to is None else min(high, tier.up_to * _MILLISECONDS_PER_MINUTE)
        if last > first:
            part = sign * (last - first)
            yield TierUse(kind, above, tier, part, part * Fraction(tier.price) / _MILLISECONDS_PER_MINUTE)
        above = tier.up_to or above


def _per_millisecond(tiers: Sequence[PriceTier], used: int) -> Fraction:
    tier = next(one for one in tiers if one.up_to is None or used < one.up_to * _MILLISECONDS_PER_MINUTE)
    return Fraction(tier.price) / _MILLISECONDS_PER_MINUTE


def _together(one: TierUse, other: TierUse) -> TierUse:
    return replace(one, milliseconds=one.milliseconds + other.milliseconds, cost=one.cost + other.cost)
