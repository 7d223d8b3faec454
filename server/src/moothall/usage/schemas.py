"""Usage on the wire."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.kit.clock import render_timestamp
from moothall.usage.pricing import CURRENCY
from moothall.usage.service import DayOfUsage


class UsageDayBody(BaseModel):
    model_config = ConfigDict(title="UsageDay")

    date: str = Field(examples=["2026-11-22"])
    participant_minutes: float = Field(examples=[240.0])
    recording_minutes: float = Field(examples=[60.0])
    cost: float = Field(examples=[2.64])


class UsageBody(BaseModel):
    model_config = ConfigDict(title="Usage")

    from_: str = Field(alias="from", examples=["2026-11-01T00:00:00.000Z"])
    to: str = Field(examples=["2026-11-23T00:00:00.000Z"])
    participant_minutes: float = Field(examples=[240.0])
    recording_minutes: float = Field(examples=[60.0])
    currency: str = Field(examples=[CURRENCY])
    cost: float = Field(description="The price that the original would have charged.", examples=[2.64])
    days: list[UsageDayBody]


def render_usage(days: Sequence[DayOfUsage], start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "from": render_timestamp(start),
        "to": render_timestamp(end),
        **_render_amounts(
            sum((day.participant_minutes for day in days), Decimal()),
            sum((day.recording_minutes for day in days), Decimal()),
            sum((day.cost for day in days), Decimal()),
        ),
        "currency": CURRENCY,
        "days": [
            {
                "date": day.day.isoformat(),
                **_render_amounts(day.participant_minutes, day.recording_minutes, day.cost),
            }
            for day in days
        ],
    }


def _render_amounts(participant_minutes: Decimal, recording_minutes: Decimal, cost: Decimal) -> dict[str, float]:
    return {
        "participant_minutes": float(round(participant_minutes, 3)),
        "recording_minutes": float(round(recording_minutes, 3)),
        "cost": float(round(cost, 4)),
    }
