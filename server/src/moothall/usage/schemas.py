"""Usage on the wire. Money is decimal text, so that no reader makes doubles of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.kit.clock import render_timestamp
from moothall.ledger.model import Entry, Kind
from moothall.settings.prices import PriceTable
from moothall.usage.model import Amount, Period, Statement, Use, Uses
from moothall.usage.pricing import rounded, tiers_of
from moothall.usage.service import COST_DECIMALS

_MILLISECONDS_PER_MINUTE = 60_000
_MONEY_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
_COST = f"In the currency, with {COST_DECIMALS} decimals."


class UsedBody(BaseModel):
    """The fields common to all that has used something."""

    participant_minutes: float = Field(examples=[240.0])
    recording_minutes: float = Field(examples=[60.0])
    cost: str = Field(pattern=_MONEY_PATTERN, description=_COST, examples=["2.6400"])


class UsageDayBody(UsedBody):
    model_config = ConfigDict(title="UsageDay")

    date: str = Field(examples=["2026-11-22"])


class PeriodBody(BaseModel):
    """Whole days (UTC)."""

    from_: str = Field(alias="from", examples=["2026-11-01T00:00:00.000Z"])
    to: str = Field(examples=["2026-11-23T00:00:00.000Z"])
    currency: str = Field(examples=["USD"])


class UsageBody(PeriodBody, UsedBody):
    model_config = ConfigDict(title="Usage")

    days: list[UsageDayBody] = Field(description="Their costs sum up to exactly `cost`.")


class RoomUsageBody(UsedBody):
    model_config = ConfigDict(title="RoomUsage")

    room_id: str


class RoomsUsageBody(PeriodBody):
    model_config = ConfigDict(title="RoomsUsage")

    embedded: list[RoomUsageBody] = Field(alias="_embedded")
    after: int = Field(description="Send it with the next request.")
    has_more: bool


class SessionUsageBody(UsedBody):
    model_config = ConfigDict(title="SessionUsage")

    session_id: str
    room_id: str


class SessionsUsageBody(PeriodBody):
    model_config = ConfigDict(title="SessionsUsage")

    embedded: list[SessionUsageBody] = Field(alias="_embedded")
    after: int = Field(description="Send it with the next request.")
    has_more: bool


class ApplicationUsageBody(UsedBody):
    model_config = ConfigDict(title="ApplicationUsage")

    application_id: str


class ApplicationsUsageBody(PeriodBody, UsedBody):
    model_config = ConfigDict(title="ApplicationsUsage")

    page_size: int
    page: int
    total_items: int
    total_pages: int
    embedded: list[ApplicationUsageBody] = Field(
        alias="_embedded", description="The costs on all pages sum up to exactly `cost`."
    )


class LedgerEntryBody(BaseModel):
    model_config = ConfigDict(title="LedgerEntry")

    id: int
    kind: Kind
    room_id: str
    session_id: str
    source: str = Field(description="The stay or the recording, or the key of a correction.")
    date: str = Field(examples=["2026-11-22"], description="The day (UTC) on which it counts.")
    started_at: str
    ended_at: str
    milliseconds: int = Field(description="Negative in a correction to less.")
    corrects: int | None = Field(description="The entry that this one corrects.")
    note: str | None = Field(description="The reason of a correction.")


class LedgerBody(BaseModel):
    model_config = ConfigDict(title="Ledger")

    embedded: list[LedgerEntryBody] = Field(alias="_embedded")
    after: int = Field(description="Send it with the next request.")
    has_more: bool


class StatementLineBody(BaseModel):
    model_config = ConfigDict(title="StatementLine")

    application_id: str
    application_name: str | None = Field(description="null when the application was deleted.")
    kind: Kind
    milliseconds: int
    minutes: float = Field(examples=[240.0])
    amount: str = Field(pattern=_MONEY_PATTERN, examples=["1.14"])


class TierBody(BaseModel):
    model_config = ConfigDict(title="PriceTier")

    kind: Kind
    above: int = Field(description="Minutes of the month after which the tier begins.")
    up_to: int | None = Field(description="null for the last tier.")
    price: str = Field(description="Per minute.", pattern=_MONEY_PATTERN, examples=["0.00475"])


class PricesBody(BaseModel):
    model_config = ConfigDict(title="Prices")

    date: str = Field(examples=["2026-11-22"], description="The day (UTC) on which they are valid.")
    currency: str = Field(examples=["USD"])
    tiers: list[TierBody]


class StatementTierBody(TierBody):
    model_config = ConfigDict(title="StatementTier")

    minutes: float = Field(description="Minutes in this tier.", examples=[240.0])
    amount: str = Field(pattern=_MONEY_PATTERN, examples=["1.14"])


class StatementBody(BaseModel):
    model_config = ConfigDict(title="Statement")

    month: str = Field(examples=["2026-11"])
    account_id: str
    application_id: str | None = Field(description="null on the statement of the account.")
    currency: str = Field(examples=["USD"])
    is_final: bool = Field(description="The month is over, and everything in it has ended.")
    lines: list[StatementLineBody] = Field(description="Their amounts sum up to exactly `total`.")
    tiers: list[StatementTierBody] | None = Field(
        description="The same by tiers, and the same sum; null on the statement of an application."
    )
    total: str = Field(pattern=_MONEY_PATTERN, examples=["2.64"])


def render_days(uses: Uses) -> dict[str, Any]:
    costs, total = rounded([use.amount.cost for use in uses.parts], COST_DECIMALS)
    return {
        **_render_period(uses.period, uses.currency),
        **_render_used(_sum(uses.parts), total),
        "days": [
            {"date": use.name, **_render_used(use.amount, cost)} for use, cost in zip(uses.parts, costs, strict=True)
        ],
    }


def render_group(uses: Uses, name: str, *, after: int, limit: int) -> dict[str, Any]:
    """Return the body of a page; ``uses`` has up to one more than ``limit``."""
    shown = uses.parts[:limit]
    return {
        **_render_period(uses.period, uses.currency),
        "_embedded": [
            {
                name: use.name,
                **({} if use.room_id is None else {"room_id": use.room_id}),
                **_render_used(use.amount, rounded([use.amount.cost], COST_DECIMALS)[1]),
            }
            for use in shown
        ],
        "after": shown[-1].place.as_number() if shown and shown[-1].place is not None else after,
        "has_more": len(uses.parts) > limit,
    }


def render_applications(uses: Uses, *, page: int, page_size: int) -> dict[str, Any]:
    costs, total = rounded([use.amount.cost for use in uses.parts], COST_DECIMALS)
    every = list(zip(uses.parts, costs, strict=True))
    return {
        **_render_period(uses.period, uses.currency),
        **_render_used(_sum(uses.parts), total),
        "page_size": page_size,
        "page": page,
        "total_items": len(every),
        "total_pages": max(1, -(-len(every) // page_size)),
        "_embedded": [
            {"application_id": use.name, **_render_used(use.amount, cost)}
            for use, cost in every[(page - 1) * page_size : page * page_size]
        ],
    }


def render_entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "room_id": entry.room_id,
        "session_id": entry.session_id,
        "source": entry.source,
        "date": entry.day.isoformat(),
        "started_at": render_timestamp(entry.started_at),
        "ended_at": render_timestamp(entry.ended_at),
        "milliseconds": entry.milliseconds,
        "corrects": entry.corrects,
        "note": entry.note,
    }


def render_prices(table: PriceTable, day: date) -> dict[str, Any]:
    tiers = []
    for kind in Kind:
        above = 0
        for tier in tiers_of(table, kind):
            tiers.append({"kind": kind.value, "above": above, "up_to": tier.up_to, "price": money(tier.price)})
            above = tier.up_to or above
    return {"date": day.isoformat(), "currency": table.currency, "tiers": tiers}


def render_statement(statement: Statement) -> dict[str, Any]:
    return {
        "month": f"{statement.month:%Y-%m}",
        "account_id": statement.account_id,
        "application_id": statement.application_id,
        "currency": statement.currency,
        "is_final": statement.is_final,
        "lines": [
            {
                "application_id": line.application_id,
                "application_name": line.application_name,
                "kind": line.kind.value,
                "milliseconds": line.milliseconds,
                "minutes": in_minutes(line.milliseconds),
                "amount": money(line.amount),
            }
            for line in statement.lines
        ],
        "tiers": None
        if statement.tiers is None
        else [
            {
                "kind": use.kind.value,
                "above": use.above,
                "up_to": use.tier.up_to,
                "price": money(use.tier.price),
                "minutes": in_minutes(use.milliseconds),
                "amount": money(amount),
            }
            for use, amount in statement.tiers
        ],
        "total": money(statement.total),
    }


def in_minutes(milliseconds: int) -> float:
    return float(round(Decimal(milliseconds) / _MILLISECONDS_PER_MINUTE, 3))


def money(amount: Decimal) -> str:
    return f"{amount:f}"


def _sum(uses: Sequence[Use]) -> Amount:
    return Amount(sum(use.amount.participant for use in uses), sum(use.amount.recording for use in uses))


def _render_period(period: Period, currency: str) -> dict[str, Any]:
    return {"from": _midnight(period.first), "to": _midnight(period.end), "currency": currency}


def _midnight(day: date) -> str:
    return render_timestamp(datetime.combine(day, time(), UTC))


def _render_used(amount: Amount, cost: Decimal) -> dict[str, Any]:
    return {
        "participant_minutes": in_minutes(amount.participant),
        "recording_minutes": in_minutes(amount.recording),
        "cost": money(cost),
    }
