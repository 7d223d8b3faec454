"""How long questions about a large ledger take: ``python bench/usage.py [DATABASE_URL]``.

Fills a new database with a million entries of one month and one application (250,000 sessions in
10,000 rooms), and prints the median time of each question. Without a URL it is a SQLite database in
a temporary folder. The figures are in docs/usage.md.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from moothall.applications import service as applications
from moothall.applications.keys import generate_key_pair
from moothall.db import Connection, Database, migrations, open_database
from moothall.ledger import store as ledger
from moothall.ledger.model import Kind, Place
from moothall.usage import service
from moothall.usage.model import Group, Period
from moothall.usage.pricing import PriceBook

ENTRIES, SESSIONS, ROOMS, DAYS = 1_000_000, 250_000, 10_000, 30
MONTH = date(2026, 11, 1)
NOW = datetime(2026, 12, 2, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
TIMES = 15
_FILL = """
INSERT INTO ledger_entries (account_id, application_id, room_id, session_id, kind, source, part, day,
                            started_at, ended_at, milliseconds)
WITH RECURSIVE numbers (n) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :entries)
SELECT :account_id, :application_id, '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + (n / 4 * 7919) % :rooms AS TEXT), 2),
       '2_MX4' || substr(CAST(1000000000000 + (n / 4 * 104729) % 1000000007 AS TEXT), 2) || '-0123456789abcdefghijklmnopqrstu',
       CASE WHEN n % 4 = 3 THEN 'recording' ELSE 'participant' END, CAST(n AS VARCHAR(128)), 0,
       :first_day + n / 4 * :days / :sessions,
       :start + n / 4 * :days / :sessions * 86400000, :start + n / 4 * :days / :sessions * 86400000 + 600000 + n % 977,
       600000 + n % 977
FROM numbers
"""


async def main(url: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(url or f"sqlite:///{folder}/ledger.db")
        try:
            await database.write_long(migrations.upgrade)
            account_id, application_id = await database.write(_make_application)
            started = time.perf_counter()
            values = {"account_id": account_id, "application_id": application_id, "entries": ENTRIES, "rooms": ROOMS}
            days = {"days": DAYS, "sessions": SESSIONS, "first_day": (MONTH - date(1970, 1, 1)).days}
            start = {"start": round(MIDNIGHT.timestamp() * 1000)}
            await database.write_long(lambda connection: connection.execute(text(_FILL), values | days | start))
            print(f"{ENTRIES:,} entries written in {time.perf_counter() - started:.0f} s ({database.dialect})")
            if database.dialect == "postgresql":
                await database.write_long(lambda connection: connection.execute(text("ANALYZE")))
            await _measure(database, account_id, application_id)
        finally:
            await database.close()


def _make_application(connection: Connection) -> tuple[str, str]:
    account = applications.ensure_default_account(connection, NOW)
    made = applications.create_application(
        connection, account, name="Bench", public_key=generate_key_pair().public, now=NOW
    )
    return account.account_id, made.application_id


async def _measure(database: Database, account_id: str, application_id: str) -> None:
    whole = {"account_id": account_id, "application_id": application_id, "now": NOW}
    period = Period(MONTH, date(2026, 12, 1))
    book = PriceBook()
    group = partial(service.usage_of_group, book=book, period=period, limit=101, **whole)
    questions: dict[str, Callable[[Connection], Any]] = {
        "a month by day": partial(service.usage_of_days, book=book, period=period, **whole),
        "the statement of a month": partial(service.make_statement, book=book, month=MONTH, **whole),
        "100 rooms of a month": partial(group, group=Group.ROOM, after=Place(MONTH, 0)),
        "100 sessions of a month": partial(group, group=Group.SESSION, after=Place(MONTH, 0)),
        "100 rooms, from the middle of the month": partial(group, group=Group.ROOM, after=Place(date(2026, 11, 15), 0)),
        "100 sessions, from the middle of the month": partial(
            group, group=Group.SESSION, after=Place(date(2026, 11, 15), 0)
        ),
        "100 entries of a month": partial(
            ledger.entries_after,
            application_id=application_id,
            first=period.first,
            end=period.end,
            after=Place(date(2026, 11, 15), 0),
            limit=101,
        ),
    }
    for name, question in questions.items():
        taken = []
        for _ in range(TIMES):
            started = time.perf_counter()
            await database.read(question)
            taken.append((time.perf_counter() - started) * 1000)
        print(f"{name}: {statistics.median(taken):.1f} ms (median of {TIMES}), {max(taken):.1f} ms (most)")
    taken = []
    for number in range(1000):
        post = partial(
            ledger.post,
            kind=Kind.PARTICIPANT,
            application_id=application_id,
            room_id="r",
            session_id=f"s{number}",
            source="1",
            start=MIDNIGHT,
            end=MIDNIGHT.replace(hour=1),
        )

        def timed(connection: Connection, post: Callable[[Connection], None] = post) -> float:
            started = time.perf_counter()
            post(connection)
            return time.perf_counter() - started

        taken.append(await database.write(timed) * 1_000_000)
    print(f"one more entry, without the commit: {statistics.median(taken):.0f} µs (median of 1,000)")


if __name__ == "__main__":
    asyncio.run(main(*(sys.argv[1:] or [None])))
