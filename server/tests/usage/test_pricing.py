"""The cost of minutes: the original's prices and the operator's, to the last digit."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moothall.ledger.model import Kind
from moothall.settings import Settings
from moothall.settings.prices import DEFAULT_MONEY, PriceTable
from moothall.usage.pricing import ORIGINAL, PriceBook, price_month, rounded, tiers_of

MINUTE = 60_000
DAY = date(2026, 11, 22)
BOOK = PriceBook()
ACCOUNT = "0123abcd"

# Every border of the original's tiers: minutes until there, and what they cost together.
BORDERS = {
    Kind.PARTICIPANT: [
        (100_000, "475"),
        (1_000_000, "4327"),
        (5_000_000, "19727"),
        (15_000_000, "52427"),
    ],
    Kind.RECORDING: [
        (50_000, "1250"),
        (250_000, "4850"),
        (500_000, "8600"),
        (1_000_000, "14600"),
        (2_000_000, "24600"),
    ],
}
PRICES = {
    Kind.PARTICIPANT: ["0.00475", "0.00428", "0.00385", "0.00327", "0.00262"],
    Kind.RECORDING: ["0.025", "0.018", "0.015", "0.012", "0.01", "0.0085"],
}
SUMS = st.dictionaries(
    st.tuples(st.integers(0, 27).map(lambda number: date(2026, 11, 1) + timedelta(days=number)), st.sampled_from(Kind)),
    st.integers(-(10**9), 10**12),
    max_size=20,
)


def cost(used: Mapping[tuple[date, Kind], int], book: PriceBook = BOOK) -> Fraction:
    rates = price_month(book, ACCOUNT, used).rates
    return sum((milliseconds * rates[key] for key, milliseconds in used.items()), Fraction())


def test_the_original_s_example_four_people_for_an_hour_recorded():
    used = {(DAY, Kind.PARTICIPANT): 4 * 60 * MINUTE, (DAY, Kind.RECORDING): 60 * MINUTE}

    amounts, total = rounded([use.cost for use in price_month(BOOK, ACCOUNT, used).uses], 2)

    assert (amounts, total) == ([Decimal("1.14"), Decimal("1.50")], Decimal("2.64"))


def test_the_default_is_in_the_currency_that_settings_take_for_it():
    assert (ORIGINAL.currency, ORIGINAL.decimals) == DEFAULT_MONEY


@pytest.mark.parametrize("kind", Kind)
def test_every_border_between_tiers(kind: Kind):
    for place, (border, until_there) in enumerate(BORDERS[kind]):
        before, after = (Fraction(price) for price in PRICES[kind][place : place + 2])
        exactly = Fraction(until_there)

        assert cost({(DAY, kind): border * MINUTE}) == exactly
        assert cost({(DAY, kind): (border - 1) * MINUTE}) == exactly - before
        assert cost({(DAY, kind): (border + 1) * MINUTE}) == exactly + after
        # One millisecond on both sides.
        assert cost({(DAY, kind): border * MINUTE - 1}) == exactly - before / MINUTE
        assert cost({(DAY, kind): border * MINUTE + 1}) == exactly + after / MINUTE
    assert [str(tier.price) for tier in tiers_of(ORIGINAL, kind)] == PRICES[kind]
    assert [tier.up_to for tier in tiers_of(ORIGINAL, kind)] == [border for border, _ in BORDERS[kind]] + [None]


@pytest.mark.parametrize("kind", Kind)
def test_a_day_on_which_a_border_is_crossed_has_one_price_between_the_two(kind: Kind):
    border = BORDERS[kind][0][0]
    high, low = (Fraction(price) for price in PRICES[kind][:2])
    used = {(DAY, kind): (border - 1) * MINUTE, (DAY + timedelta(days=1), kind): 2 * MINUTE}

    rates = price_month(BOOK, ACCOUNT, used).rates

    assert rates[DAY, kind] * MINUTE == high
    assert rates[DAY + timedelta(days=1), kind] * MINUTE == (high + low) / 2


@given(used=SUMS)
def test_days_cost_as_much_as_the_month_and_so_do_the_tiers(used: dict[tuple[date, Kind], int]):
    prices = price_month(BOOK, ACCOUNT, used)
    together: dict[tuple[date, Kind], int] = {}
    for (_, kind), milliseconds in used.items():
        together[DAY, kind] = together.get((DAY, kind), 0) + milliseconds

    assert cost(used) == cost(together)
    assert sum((use.cost for use in prices.uses), Fraction()) == cost(used)
    for kind in Kind:
        in_tiers = sum(use.milliseconds for use in prices.uses if use.kind is kind)
        assert in_tiers == sum(milliseconds for (_, of_kind), milliseconds in used.items() if of_kind is kind)


@given(used=SUMS, more=st.integers(0, 10**10))
def test_more_never_costs_less(used: dict[tuple[date, Kind], int], more: int):
    key = (DAY, Kind.PARTICIPANT)

    assert cost(used | {key: used.get(key, 0) + more}) >= cost(used)


@given(parts=st.lists(st.fractions(-1000, 10**9), max_size=30), decimals=st.integers(0, 4))
def test_rounded_parts_sum_up_to_the_rounded_sum(parts: list[Fraction], decimals: int):
    amounts, total = rounded(parts, decimals)
    smallest = Fraction(1, 10**decimals)

    assert sum(amounts, Decimal()) == total
    assert abs(Fraction(total) - sum(parts, Fraction())) <= smallest / 2
    assert all(abs(Fraction(amount) - part) < smallest for amount, part in zip(amounts, parts, strict=True))
    assert all(-amount.as_tuple().exponent == decimals for amount in [*amounts, total])


def test_how_amounts_are_rounded():
    third = Fraction(1, 3)

    assert rounded([third, third, third], 2) == ([Decimal("0.34"), Decimal("0.33"), Decimal("0.33")], Decimal("1.00"))
    assert rounded([Fraction("0.005")], 2) == ([Decimal("0.01")], Decimal("0.01"))
    assert rounded([Fraction("0.0049")], 2) == ([Decimal("0.00")], Decimal("0.00"))
    assert rounded([], 2) == ([], Decimal("0.00"))


def _table(**values: Any) -> dict[str, Any]:
    prices = {"participant_minutes": [{"price": 0.004}], "recording_minutes": [{"price": "0.02"}]}
    return {"currency": "EUR", **prices, **values}


def _book(*tables: dict[str, Any]) -> PriceBook:
    return PriceBook(Settings(price_tables=tables).price_tables)


def test_an_operator_s_prices_are_valid_from_a_day_and_for_an_account():
    book = _book(
        _table(valid_from="2026-11-01"),
        _table(valid_from="2026-11-15", participant_minutes=[{"up_to": 10, "price": 0.003}, {"price": 0.001}]),
        _table(valid_from="2026-12-01", account_id=ACCOUNT, currency="JPY", decimals=0),
    )

    def minute(day: str, account_id: str = ACCOUNT) -> Decimal:
        return book.valid(account_id, date.fromisoformat(day)).participant_minutes[0].price

    assert [minute(day) for day in ("2026-10-31", "2026-11-01", "2026-11-15", "2026-12-01")] == [
        *(Decimal("0.00475"), Decimal("0.004"), Decimal("0.003"), Decimal("0.004")),
    ]
    assert book.valid(ACCOUNT, date(2026, 12, 1)).currency == "JPY"
    assert book.valid("ffffffff", date(2026, 12, 1)).currency == "EUR"
    # Minutes used before a table became valid count for its tiers.
    used = {(date(2026, 11, 14), Kind.PARTICIPANT): 9 * MINUTE, (date(2026, 11, 15), Kind.PARTICIPANT): 2 * MINUTE}
    assert cost(used, book) == Fraction("0.036") + Fraction("0.003") + Fraction("0.001")


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        ([_table(valid_from="2026-11-15")], "first day of a month"),
        ([_table(valid_from="2026-11-01"), _table(valid_from="2026-11-15", decimals=3)], "first day of a month"),
        ([_table(account_id=ACCOUNT, valid_from="2026-11-02")], "first day of a month"),
        ([_table(), _table()], "the same day"),
        ([_table(participant_minutes=[{"up_to": 5, "price": 1}])], "up_to"),
        ([_table(participant_minutes=[{"price": 1}, {"price": 2}])], "up_to"),
        ([_table(participant_minutes=[{"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"price": 2}])], "up_to"),
        ([_table(participant_minutes=[])], "participant_minutes"),
        ([_table(recording_minutes=[{"price": -1}])], "greater than or equal to 0"),
        ([_table(recording_minutes=[{"price": "NaN"}])], "finite"),
        ([_table(currency="euro")], "currency"),
        ([_table(colour="red")], "colour"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tables: list[dict[str, Any]], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        Settings(price_tables=tables)


def test_tables_in_a_variable(monkeypatch: pytest.MonkeyPatch):
    price = '{"price": 0.00123456}'
    text = f'[{{"currency": "EUR", "participant_minutes": [{price}], "recording_minutes": [{price}]}}]'
    monkeypatch.setenv("MOOTHALL_PRICE_TABLES", text)

    (table,) = Settings().price_tables

    assert isinstance(table, PriceTable)
    assert table.participant_minutes[0].price == Decimal("0.00123456")
