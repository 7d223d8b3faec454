"""Price tables as an operator writes them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

# Currency and decimals where no table is valid: those of the original's prices.
DEFAULT_MONEY = ("USD", 2)
_MOST_TIERS = 20


class PriceTier(BaseModel):
    """``price`` per minute until the month has used ``up_to`` minutes; None means no bound."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to: int | None = Field(None, ge=1, le=10**12)
    price: Decimal = Field(ge=0, le=1_000_000, max_digits=20, decimal_places=10, allow_inf_nan=False)

    @field_validator("price", mode="before")
    @classmethod
    def _as_it_is_written(cls, value: Any) -> Any:
        # TOML and JSON give 0.00475 as a double; its shortest text is what was written.
        return str(value) if isinstance(value, float) else value


class PriceTable(BaseModel):
    """Prices of all accounts, or of one, from a day (UTC) on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date = date.min
    account_id: str | None = Field(None, pattern=r"^[0-9a-f]{8}$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    decimals: int = Field(2, ge=0, le=4)
    participant_minutes: tuple[PriceTier, ...] = Field(min_length=1, max_length=_MOST_TIERS)
    recording_minutes: tuple[PriceTier, ...] = Field(min_length=1, max_length=_MOST_TIERS)

    @field_validator("participant_minutes", "recording_minutes")
    @classmethod
    def _tiers_follow_one_another(cls, value: tuple[PriceTier, ...]) -> tuple[PriceTier, ...]:
        bounds = [tier.up_to for tier in value]
        known = [bound for bound in bounds[:-1] if bound is not None]
        if bounds[-1] is not None or len(known) < len(bounds) - 1 or known != sorted(set(known)):
            raise ValueError("up_to must rise from tier to tier, and only the last tier has none")
        return value


def valid_table(tables: Sequence[PriceTable], account_id: str | None, day: date) -> PriceTable | None:
    """The newest table of the account that is valid on this day, or else of all accounts."""
    for owner in (account_id, None):
        found = [one for one in tables if one.account_id == owner and one.valid_from <= day]
        if found:
            return max(found, key=lambda table: table.valid_from)
    return None


def check_together(tables: Sequence[PriceTable]) -> None:
    """Raises ValueError when two tables are valid from one day, or a month has two currencies."""
    if len({(one.account_id, one.valid_from) for one in tables}) < len(tables):
        raise ValueError("two tables of the same account are valid from the same day")

    def money(account_id: str | None, day: date) -> tuple[str, int]:
        table = valid_table(tables, account_id, day)
        return DEFAULT_MONEY if table is None else (table.currency, table.decimals)

    for account_id in {one.account_id for one in tables}:
        for day in sorted(one.valid_from for one in tables if one.account_id in (account_id, None)):
            before = day if day == date.min else day - timedelta(days=1)
            if day.day > 1 and money(account_id, before) != money(account_id, day):
                raise ValueError(f"the currency may change on the first day of a month, not on {day}")
