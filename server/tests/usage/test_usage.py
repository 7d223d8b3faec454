"""Usage from meetings as they were held, and the statement of a month."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.clock import START, FakeClock
from support.places import make_application
from support.server import RunningServer, Tenant, running_server

from moothall.applications import store as applications
from moothall.applications.keys import KeyPair
from moothall.applications.model import Application
from moothall.db import Connection, Database
from moothall.kit.ids import new_session_id, new_uuid
from moothall.ledger import store as ledger
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording
from moothall.removal import remove_application
from moothall.sessions import store as sessions
from moothall.sessions.model import Role, Session
from moothall.usage import service
from moothall.usage.model import Use
from moothall.usage.pricing import PriceBook

MIDNIGHT = START.replace(hour=0) + timedelta(days=1)
MINUTE = 60_000
HOUR = timedelta(hours=1)


@pytest.fixture
async def application(any_database: Database) -> Application:
    return await make_application(any_database, START)


def _held(
    application_id: str,
    start: datetime,
    end: datetime | None,
    people: int,
    *,
    recorded: bool = False,
    room_id: str | None = None,
) -> Callable[[Connection], str]:
    """A session with so many people from its start to its end; the transaction returns its id."""
    session = Session(new_session_id(), room_id or new_uuid(), application_id, start, end)

    def transaction(connection: Connection) -> str:
        sessions.insert_session(connection, session)
        for _ in range(people):
            stay = sessions.insert_attendance(
                connection,
                session_id=session.id,
                participant_id=new_uuid(),
                name="Ada",
                role=Role.GUEST,
                joined_at=start,
            )
            if end is not None:
                sessions.end_attendance(connection, session, stay, end)
        if recorded:
            recording = Recording(new_uuid(), application_id, session.room_id, session.id, start)
            recordings.insert_recording(connection, replace(recording, ended_at=end))
        return session.id

    return transaction


async def _days(
    database: Database, application: Application, start: datetime, end: datetime, now: datetime | None = None
) -> list[Use]:
    uses = await database.read(
        partial(
            service.usage_of_days,
            book=PriceBook(),
            account_id=application.account_id,
            application_id=application.application_id,
            period=service.period_of(start, end, now or end),
            now=now or end,
        )
    )
    return list(uses.parts)


async def test_the_worked_example(any_database: Database, application: Application):
    await any_database.write(_held(application.application_id, START, START + HOUR, 4, recorded=True))

    (day,) = await _days(any_database, application, START, START + HOUR)

    assert (day.name, day.amount.participant, day.amount.recording) == ("2026-11-22", 240 * MINUTE, 60 * MINUTE)
    assert day.amount.cost == Decimal("2.64")


async def test_a_night_counts_for_both_days(any_database: Database, application: Application):
    start, end = MIDNIGHT - timedelta(minutes=10), MIDNIGHT + timedelta(minutes=25)
    await any_database.write(_held(application.application_id, start, end, 2))

    days = await _days(any_database, application, START, end)

    assert [day.amount.participant for day in days] == [20 * MINUTE, 50 * MINUTE]


async def test_who_is_inside_counts_until_now(any_database: Database, application: Application):
    now = MIDNIGHT + timedelta(minutes=3)
    await any_database.write(_held(application.application_id, MIDNIGHT - timedelta(minutes=2), None, 1, recorded=True))

    days = await _days(any_database, application, START, MIDNIGHT + timedelta(days=9), now)

    assert [(day.name, day.amount.participant, day.amount.recording) for day in days] == [
        ("2026-11-22", 2 * MINUTE, 2 * MINUTE),
        ("2026-11-23", 3 * MINUTE, 3 * MINUTE),
    ]


async def test_what_the_account_has_used_before_lowers_the_price(any_database: Database, application: Application):
    other = await make_application(any_database, START)
    early = START.replace(day=2)
    await any_database.write(_held(other.application_id, early, early + timedelta(minutes=1_000), 100))
    await any_database.write(_held(application.application_id, START, START + timedelta(minutes=100), 1))

    (day,) = await _days(any_database, application, START, START + HOUR, START + 2 * HOUR)

    assert day.amount.cost == Decimal("0.428")


async def test_a_new_month_begins_with_the_first_price(any_database: Database, application: Application):
    december = START.replace(month=12, day=1, hour=0)
    before = december - timedelta(minutes=2_000)
    await any_database.write(_held(application.application_id, before, december, 60))
    await any_database.write(_held(application.application_id, december, december + timedelta(minutes=100), 1))

    days = await _days(any_database, application, START, december + 3 * HOUR)

    assert days[-1].amount.cost == Decimal("0.475")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (START, START + timedelta(milliseconds=1), ["2026-11-22"]),
        (MIDNIGHT - timedelta(milliseconds=1), MIDNIGHT, ["2026-11-22"]),
        (MIDNIGHT - timedelta(milliseconds=1), MIDNIGHT + timedelta(milliseconds=1), ["2026-11-22", "2026-11-23"]),
        (MIDNIGHT + timedelta(days=5), MIDNIGHT + timedelta(days=6), []),
    ],
)
async def test_days_are_whole_days_and_never_of_the_future(
    any_database: Database, application: Application, start: datetime, end: datetime, days: list[str]
):
    now = MIDNIGHT + HOUR

    assert [day.name for day in await _days(any_database, application, start, end, now)] == days


async def _write(server: RunningServer, *transactions: Callable[[Connection], Any]) -> list[Any]:
    return [await server.server.context.database.write(transaction) for transaction in transactions]


async def test_the_api_answers_for_the_callers_rooms_only(
    server: RunningServer, acme: Tenant, globex: Tenant, clock: FakeClock
):
    now = clock.now()
    await _write(server, _held(acme.application_id, now, now + HOUR, 4, recorded=True))
    clock.advance(hours=1)

    usage = (await acme.get("/usage")).json()

    assert (usage["from"], usage["to"]) == ("2026-11-01T00:00:00.000Z", "2026-11-23T00:00:00.000Z")
    assert (usage["participant_minutes"], usage["recording_minutes"]) == (240, 60)
    assert (usage["cost"], usage["currency"]) == ("2.6400", "USD")
    assert len(usage["days"]) == 22
    assert usage["days"][-1] == {
        "date": "2026-11-22",
        "participant_minutes": 240.0,
        "recording_minutes": 60.0,
        "cost": "2.6400",
    }
    assert (await globex.get("/usage")).json()["participant_minutes"] == 0
    for where in ("/usage/rooms", "/usage/sessions", "/usage/entries"):
        assert (await globex.get(where)).json()["_embedded"] == []
    statement = (await globex.get("/usage/statement")).json()
    assert (statement["lines"], statement["total"]) == ([], "0.00")


async def test_the_days_cost_exactly_what_the_whole_costs(server: RunningServer, acme: Tenant, clock: FakeClock):
    start = clock.now().replace(day=3, hour=7)
    held = [
        _held(acme.application_id, start + number * 19 * HOUR, start + number * 20 * HOUR + 7 * HOUR, 3, recorded=True)
        for number in range(20)
    ]
    await _write(server, *held)

    usage = (await acme.get("/usage")).json()

    assert sum(Decimal(day["cost"]) for day in usage["days"]) == Decimal(usage["cost"])


async def test_rooms_and_sessions_come_in_pages(any_server: RunningServer, keys: KeyPair, clock: FakeClock):
    acme = await any_server.tenant(keys, "Acme")
    rooms = [new_uuid() for _ in range(3)]
    start = clock.now()
    held = [
        _held(acme.application_id, start + hour * HOUR, start + (hour + 1) * HOUR, number + 1, room_id=room_id)
        for number, room_id in enumerate(rooms)
        for hour in (0, 20)
    ]
    session_ids = await _write(any_server, *held)
    clock.advance(days=2)

    async def pages(where: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = (await acme.get(where, params={"limit": 2, "after": after})).json()
            found += page["_embedded"]
            after = page["after"]
            if not page["has_more"]:
                return found

    by_room = await pages("/usage/rooms")
    by_session = await pages("/usage/sessions")

    assert by_room == [
        {
            "room_id": room_id,
            "participant_minutes": 120.0 * (number + 1),
            "recording_minutes": 0.0,
            "cost": f"{Decimal('0.57') * (number + 1):.4f}",
        }
        for number, room_id in enumerate(rooms)
    ]
    assert [one["session_id"] for one in by_session] == [*session_ids[::2], *session_ids[1::2]]
    assert {one["room_id"] for one in by_session} == set(rooms)
    assert sum(Decimal(one["cost"]) for one in by_session) == sum(Decimal(one["cost"]) for one in by_room)
    first_day = {"from": start.isoformat(), "to": (start + HOUR).isoformat()}
    assert len((await acme.get("/usage/sessions", params=first_day)).json()["_embedded"]) == 3


async def test_the_ledger_can_be_read_on_and_exported(server: RunningServer, acme: Tenant, clock: FakeClock):
    start = MIDNIGHT - HOUR
    (session_id,) = await _write(server, _held(acme.application_id, start, start + 2 * HOUR, 2, recorded=True))
    clock.advance(days=1)

    def correct(connection: Connection) -> None:
        entry = ledger.entries_of_session(connection, session_id)[0]
        ledger.correct(connection, entry, milliseconds=-5, key="1", note="=HYPERLINK()", now=clock.now())

    await _write(server, correct)
    first = (await acme.get("/usage/entries?limit=4")).json()
    rest = (await acme.get("/usage/entries", params={"after": first["after"]})).json()
    entries = [*first["_embedded"], *rest["_embedded"]]
    table = await acme.get("/usage/entries", headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))

    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [entry["milliseconds"] for entry in entries] == [60 * MINUTE] * 6 + [-5]
    assert [entry["date"] for entry in entries] == ["2026-11-22"] * 3 + ["2026-11-23"] * 4
    assert (entries[-1]["corrects"], entries[-1]["note"]) == (entries[0]["id"], "=HYPERLINK()")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert [int(row["milliseconds"]) for row in rows] == [entry["milliseconds"] for entry in entries]
    assert list(rows[0]) == list(entries[0])
    assert rows[-1]["note"] == "'=HYPERLINK()"


@pytest.mark.parametrize("where", ["/usage", "/usage/rooms", "/usage/sessions", "/usage/entries"])
@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-22&to=yesterday",
        "from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z",
        "from=2025-01-01T00:00:00Z&to=2026-11-22T00:00:00Z",
    ],
)
async def test_the_time_is_checked(acme: Tenant, where: str, query: str):
    response = await acme.get(f"{where}?{query}")

    assert (response.status_code, response.json()["name"]) == (400, "InputValidationError")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
async def test_the_ends_of_time_are_no_problem(acme: Tenant, moment: str):
    assert (await acme.get("/usage", params={"from": moment})).status_code in {200, 400}
    assert (await acme.get("/usage", params={"to": moment})).status_code in {200, 400}
    both = {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T23:00:00Z"}
    assert (await acme.get("/usage", params=both)).json()["days"] == []
    for month in ("2000-01", "2999-12"):
        assert (await acme.get("/usage/statement", params={"month": month})).json()["lines"] == []
    for month in ("2026-13", "1999-01", "0000-00", "2026-1"):
        assert (await acme.get("/usage/statement", params={"month": month})).status_code == 400


# ---- statements ----------------------------------------------------------------------------------


class _Account:
    def __init__(self, server: RunningServer, key: str, secret: str) -> None:
        self._server = server
        self._auth = (key, secret)

    async def get(self, path: str, **options: Any) -> Any:
        return await self._server.http.get(f"/v2/usage{path}", auth=self._auth, **options)


@pytest.fixture
async def account(server: RunningServer, acme: Tenant) -> _Account:
    found = await server.server.context.database.read(partial(applications.find_account, account_id=acme.account_id))
    assert found is not None
    return _Account(server, found.account_id, found.api_secret)


async def test_the_statement_of_the_original_s_example(
    server: RunningServer, acme: Tenant, account: _Account, clock: FakeClock
):
    await _write(server, _held(acme.application_id, START, START + HOUR, 4, recorded=True))

    statement = (await account.get("/statement?month=2026-11")).json()

    assert statement == {
        "month": "2026-11",
        "account_id": acme.account_id,
        "application_id": None,
        "currency": "USD",
        "is_final": False,
        "lines": [
            {
                "application_id": acme.application_id,
                "application_name": "Acme",
                "kind": kind,
                "milliseconds": minutes * MINUTE,
                "minutes": float(minutes),
                "amount": amount,
            }
            for kind, minutes, amount in (("participant", 240, "1.14"), ("recording", 60, "1.50"))
        ],
        "tiers": [
            {
                "kind": "participant",
                "above": 0,
                "up_to": 100_000,
                "price": "0.00475",
                "minutes": 240.0,
                "amount": "1.14",
            },
            {"kind": "recording", "above": 0, "up_to": 50_000, "price": "0.025", "minutes": 60.0, "amount": "1.50"},
        ],
        "total": "2.64",
    }
    clock.advance(days=30)
    assert (await account.get("/statement?month=2026-11")).json() == {**statement, "is_final": True}
    assert (await account.get("/statement")).json()["lines"] == []


async def test_a_statement_is_not_final_while_something_goes_on(
    server: RunningServer, acme: Tenant, account: _Account, clock: FakeClock
):
    await _write(server, _held(acme.application_id, START, None, 1))
    clock.advance(days=30)

    statement = (await account.get("/statement?month=2026-11")).json()

    assert (statement["is_final"], statement["total"]) == (False, "0.00")


async def test_statements_of_applications_are_the_lines_of_the_account(
    server: RunningServer, acme: Tenant, globex: Tenant, account: _Account, keys: KeyPair
):
    gone = await server.tenant(keys, "Gone")
    for place, tenant in enumerate((acme, globex, gone)):
        # Beyond the first border, with amounts that no cent divides.
        end = START + timedelta(minutes=777 + place, milliseconds=1)
        await _write(server, _held(tenant.application_id, START, end, 71 + place, recorded=True))
    server.clock.advance(days=1)
    await _write(server, partial(remove_application, application_id=gone.application_id, now=server.clock.now()))

    whole = (await account.get("/statement")).json()
    parts = [(await tenant.get("/usage/statement")).json() for tenant in (acme, globex)]
    apps = (await account.get("/applications?page_size=2")).json()
    apps_after = (await account.get("/applications?page_size=2&page=2")).json()
    days = (await account.get("")).json()

    def total(lines: Iterable[dict[str, Any]], name: str = "amount") -> Decimal:
        return sum((Decimal(line[name]) for line in lines), Decimal())

    assert total(whole["lines"]) == total(whole["tiers"]) == Decimal(whole["total"])
    assert len({tier["price"] for tier in whole["tiers"] if tier["kind"] == "participant"}) == 2
    for part in parts:
        of_it = [line for line in whole["lines"] if line["application_id"] == part["application_id"]]
        assert (part["lines"], part["tiers"]) == (of_it, None)
        assert total(of_it) == Decimal(part["total"])
    names = {line["application_id"]: line["application_name"] for line in whole["lines"]}
    assert names == {acme.application_id: "Acme", globex.application_id: "Globex", gone.application_id: None}
    assert (apps["total_items"], apps["total_pages"], apps["page_size"]) == (3, 2, 2)
    every = [*apps["_embedded"], *apps_after["_embedded"]]
    assert [one["application_id"] for one in every] == sorted(names)
    assert total(every, "cost") == Decimal(apps["cost"]) == Decimal(days["cost"]) == total(days["days"], "cost")


async def test_the_statement_as_a_table(server: RunningServer, acme: Tenant, account: _Account, keys: KeyPair):
    evil = await server.tenant(keys, "=cmd|' /C calc'!A0")
    await _write(server, _held(evil.application_id, START, START + HOUR, 4, recorded=True))

    answer = await account.get("/statement", headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-disposition"] == 'attachment; filename="statement-2026-11.csv"'
    assert [(row["kind"], row["minutes"], row["amount"], row["currency"]) for row in rows] == [
        ("participant", "240.0", "1.14", "USD"),
        ("recording", "60.0", "1.50", "USD"),
        ("total", "", "2.64", "USD"),
    ]
    assert rows[0]["application_name"] == "'=cmd|' /C calc'!A0"


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_statement_as_a_page_runs_nothing(
    server: RunningServer, acme: Tenant, account: _Account, keys: KeyPair
):
    name = """<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;"""
    evil = await server.tenant(keys, name)
    await _write(server, _held(evil.application_id, START, START + HOUR, 4, recorded=True))

    answer = await account.get("/statement", headers={"accept": "text/html"})
    page = _Page(answer.text)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert name in page.text
    assert "2.64" in page.text
    assert not page.tags & {"script", "img", "iframe", "link", "object", "form", "a"}
    assert not {one for one in page.attributes if one.startswith("on") or one in ("src", "href", "style")}
    part = await evil.get("/usage/statement", headers={"accept": "text/html"})
    assert "The same by price" not in part.text
    assert "The same by price" in answer.text


async def test_the_operator_s_prices_are_used(tmp_path: Path, sqlite_template: Path, clock: FakeClock, keys: KeyPair):
    def table(price: str, **values: Any) -> dict[str, Any]:
        tiers = [{"price": price}]
        return {"currency": "JPY", "decimals": 0, "participant_minutes": tiers, "recording_minutes": tiers, **values}

    tables = (table("1"), table("2", valid_from="2026-11-22"), table("9", currency="EUR", valid_from="2026-12-01"))
    async with running_server(tmp_path, sqlite_template, clock, price_tables=tables) as server:
        acme = await server.tenant(keys, "Acme")
        night = MIDNIGHT - timedelta(days=1)
        await _write(server, _held(acme.application_id, night - HOUR, night + HOUR, 1))
        clock.advance(days=10)

        statement = (await acme.get("/usage/statement?month=2026-11")).json()
        mixed = await acme.get("/usage", params={"from": "2026-11-20T00:00:00Z"})
        november = await acme.get("/usage", params={"from": "2026-11-20T00:00:00Z", "to": "2026-12-01T00:00:00Z"})

        assert (statement["currency"], statement["total"]) == ("JPY", "180")
        assert (mixed.status_code, mixed.json()["message"]) == (
            400,
            '"to" must be in a month of the same currency as "from"',
        )
        assert [day["cost"] for day in november.json()["days"]][:4] == ["0.0000", "60.0000", "120.0000", "0.0000"]
