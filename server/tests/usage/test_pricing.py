from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.usage.pricing import PARTICIPANT_MINUTES, RECORDING_MINUTES, price

ZERO = Decimal()


def test_an_hour_of_four_people_recorded():
    participants = price(PARTICIPANT_MINUTES, used=ZERO, minutes=Decimal(240))
    recording = price(RECORDING_MINUTES, used=ZERO, minutes=Decimal(60))

    assert (participants, recording, participants + recording) == (Decimal("1.14"), Decimal("1.5"), Decimal("2.64"))


@pytest.mark.parametrize(
    ("used", "minutes", "cost"),
    [
        (99_999, 2, "0.00903"),
        (100_000, 1, "0.00428"),
        (0, 1_000_000, "4327"),
        (15_000_000, 100, "0.262"),
        (20_000_000, 100, "0.262"),
    ],
)
def test_the_price_falls_with_what_the_month_has_used(used: int, minutes: int, cost: str):
    assert price(PARTICIPANT_MINUTES, used=Decimal(used), minutes=Decimal(minutes)) == Decimal(cost)


@given(used=st.integers(0, 20_000_000), first=st.integers(0, 20_000_000), second=st.integers(0, 20_000_000))
def test_two_parts_cost_as_much_as_the_whole(used: int, first: int, second: int):
    parts = price(PARTICIPANT_MINUTES, used=Decimal(used), minutes=Decimal(first)) + price(
        PARTICIPANT_MINUTES, used=Decimal(used + first), minutes=Decimal(second)
    )

    assert parts == price(PARTICIPANT_MINUTES, used=Decimal(used), minutes=Decimal(first + second))
