"""The price table of the original. Pure.

The price of a minute depends on the minutes used before it in the calendar month (UTC).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Tier:
    """``price`` per minute until the month has used ``up_to`` minutes; None means no bound."""

    up_to: int | None
    price: Decimal


PARTICIPANT_MINUTES = (
    Tier(100_000, Decimal("0.00475")),
    Tier(1_000_000, Decimal("0.00428")),
    Tier(5_000_000, Decimal("0.00385")),
    Tier(15_000_000, Decimal("0.00327")),
    Tier(None, Decimal("0.00262")),
)
RECORDING_MINUTES = (
    Tier(50_000, Decimal("0.025")),
    Tier(250_000, Decimal("0.018")),
    Tier(500_000, Decimal("0.015")),
    Tier(1_000_000, Decimal("0.012")),
    Tier(2_000_000, Decimal("0.01")),
    Tier(None, Decimal("0.0085")),
)


def price(tiers: Sequence[Tier], *, used: Decimal, minutes: Decimal) -> Decimal:
    """Return the cost of ``minutes`` in a month in which ``used`` minutes were used before."""
    cost = Decimal()
    for tier in tiers:
        room = minutes if tier.up_to is None else min(minutes, max(Decimal(tier.up_to) - used, Decimal()))
        cost += room * tier.price
        used += room
        minutes -= room
    return cost
