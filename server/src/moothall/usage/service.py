"""Usage and its cost, from the ledger. Each function runs in the transaction of its connection."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from moothall.api.errors import InputInvalid
from moothall.applications import store as applications
from moothall.db import Connection
from moothall.ledger.model import Kind, Place, parts
from moothall.settings.prices import PriceTable
from moothall.usage import store
from moothall.usage.model import Amount, Group, Line, Period, Statement, Sum, Use, Uses
from moothall.usage.pricing import MonthPrices, PriceBook, price_month, rounded

MOST_DAYS = 366
# Digits behind the point of costs in usage.
COST_DECIMALS = 4

_DAY = timedelta(days=1)


def period_of(start: datetime | None, end: datetime | None, now: datetime) -> Period:
    """Return the days (UTC) that have a part in [start, end), without the future.

    Without ``end`` it is now, without ``start`` the beginning of that month. Raises InputInvalid
    for an empty period or one that is too long.
    """
    last = end or now
    first = start or last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if first >= last:
        raise InputInvalid('"from" must be before "to"', errors=['"from" must be before "to"'])
    if last - first > MOST_DAYS * _DAY:
        text = f'"to" must be at most {MOST_DAYS} days after "from"'
        raise InputInvalid(text, errors=[text])
    until = min(last, _midnight(now.date() + _DAY)) - timedelta(milliseconds=1)
    return Period(first.date(), until.date() + _DAY if until >= first else first.date())


def usage_of_days(
    connection: Connection,
    book: PriceBook,
    *,
    account_id: str,
    application_id: str | None,
    period: Period,
    now: datetime,
) -> Uses:
    """Return the usage of each day, of one application or of all of the account.

    Stays and recordings that go on count until now.
    """
    sums, rates = _priced(connection, book, account_id, period, now)
    found: dict[date, Amount] = {}
    for one in sums:
        if one.day >= period.first and application_id in (None, one.application_id):
            cost = one.milliseconds * rates[one.day, one.kind]
            found[one.day] = found.get(one.day, Amount()).plus(one.kind, one.milliseconds, cost)
    days = [period.first + number * _DAY for number in range((period.end - period.first).days)]
    return _uses(book, account_id, period, [Use(day.isoformat(), found.get(day, Amount())) for day in days])


def usage_of_applications(
    connection: Connection, book: PriceBook, *, account_id: str, period: Period, now: datetime
) -> Uses:
    """Return the usage of each application of the account that has used something, by id."""
    sums, rates = _priced(connection, book, account_id, period, now)
    found: dict[str, Amount] = {}
    for one in sums:
        if one.day >= period.first:
            cost = one.milliseconds * rates[one.day, one.kind]
            found[one.application_id] = found.get(one.application_id, Amount()).plus(one.kind, one.milliseconds, cost)
    return _uses(book, account_id, period, [Use(name, amount) for name, amount in sorted(found.items())])


def usage_of_group(
    connection: Connection,
    book: PriceBook,
    *,
    account_id: str,
    application_id: str,
    period: Period,
    now: datetime,
    group: Group,
    after: Place,
    limit: int,
) -> Uses:
    """Return what rooms or sessions have used whose first entry in the period follows ``after``.

    What has not ended does not count yet.
    """
    firsts = store.first_of_group(connection, application_id, group, period, after=after, limit=limit)
    _, rates = _priced(connection, book, account_id, period, now)
    found: dict[str, Amount] = {}
    rooms: dict[str, str] = {}
    names = [name for name, _ in firsts]
    for name, room_id, day, kind, milliseconds in store.sums_of_group(connection, group, period, names):
        found[name] = found.get(name, Amount()).plus(kind, milliseconds, milliseconds * rates[day, kind])
        rooms[name] = room_id
    uses = [Use(name, found[name], rooms[name] if group is Group.SESSION else None, place) for name, place in firsts]
    return _uses(book, account_id, period, uses)


def prices_of(book: PriceBook, account_id: str, month: date, now: datetime) -> tuple[date, PriceTable]:
    """Return the newest prices of a month so far, and their day. ``month``: its first day."""
    day = max(month, min(now.date(), _next_month(month) - timedelta(days=1)))
    return day, book.valid(account_id, day)


def make_statement(
    connection: Connection,
    book: PriceBook,
    *,
    account_id: str,
    application_id: str | None,
    month: date,
    now: datetime,
) -> Statement:
    """Return the statement of a month, of the account or the part of one application in it.

    ``month`` is its first day. Only what has ended is in it.
    """
    end = _next_month(month)
    sums = store.sums_of_days(connection, account_id, month, end)
    prices = _price(book, account_id, sums)
    found: dict[tuple[str, Kind], tuple[int, Fraction]] = {}
    for one in sums:
        milliseconds, cost = found.get((one.application_id, one.kind), (0, Fraction()))
        rate = prices.rates[one.day, one.kind]
        found[one.application_id, one.kind] = (milliseconds + one.milliseconds, cost + one.milliseconds * rate)
    table = book.valid(account_id, month)
    keys = sorted(found)
    amounts, total = rounded([found[key][1] for key in keys], table.decimals)
    names = _names(connection, {name for name, _ in keys})
    lines = [
        Line(name, names.get(name), kind, found[name, kind][0], amount)
        for (name, kind), amount in zip(keys, amounts, strict=True)
        if application_id in (None, name)
    ]
    of_tiers, _ = rounded([use.cost for use in prices.uses], table.decimals)
    goes_on = any(one.started_at < _midnight(end) for one in store.running_in(connection, account_id))
    return Statement(
        month=month,
        account_id=account_id,
        application_id=application_id,
        currency=table.currency,
        is_final=now >= _midnight(end) and not goes_on,
        lines=lines,
        tiers=list(zip(prices.uses, of_tiers, strict=True)) if application_id is None else None,
        total=total if application_id is None else sum((line.amount for line in lines), rounded([], table.decimals)[1]),
    )


def _priced(
    connection: Connection, book: PriceBook, account_id: str, period: Period, now: datetime
) -> tuple[list[Sum], Mapping[tuple[date, Kind], Fraction]]:
    """Return all sums of the account since the month began, and the prices of the days."""
    first = period.first.replace(day=1)
    sums = store.sums_of_days(connection, account_id, first, period.end)
    for one in store.running_in(connection, account_id):
        sums += [
            Sum(one.application_id, part.day, one.kind, (part.ended_at - part.started_at) // timedelta(milliseconds=1))
            for part in parts(one.started_at, store.ended_by(one, now))
            if first <= part.day < period.end
        ]
    rates: dict[tuple[date, Kind], Fraction] = {}
    for month in {one.day.replace(day=1) for one in sums}:
        of_month = [one for one in sums if one.day.replace(day=1) == month]
        rates |= _price(book, account_id, of_month).rates
    return sums, rates


def _price(book: PriceBook, account_id: str, sums: Iterable[Sum]) -> MonthPrices:
    used: dict[tuple[date, Kind], int] = {}
    for one in sums:
        used[one.day, one.kind] = used.get((one.day, one.kind), 0) + one.milliseconds
    return price_month(book, account_id, used)


def _uses(book: PriceBook, account_id: str, period: Period, found: list[Use]) -> Uses:
    """Raises InputInvalid when the period has costs in different currencies."""
    length = max(1, (period.end - period.first).days)
    days = [period.first + number * _DAY for number in range(length)]
    tables = [book.valid(account_id, day) for number, day in enumerate(days) if number == 0 or day.day == 1]
    if len({table.currency for table in tables}) > 1:
        text = '"to" must be in a month of the same currency as "from"'
        raise InputInvalid(text, errors=[text])
    return Uses(period, tables[0].currency, found)


def _names(connection: Connection, application_ids: set[str]) -> dict[str, str]:
    found = [applications.find_application(connection, one) for one in application_ids]
    return {one.application_id: one.name for one in found if one is not None}


def _next_month(month: date) -> date:
    return (month.replace(day=1) + 31 * _DAY).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
