"""Shared state: every page that follows a feed ends with what the server has."""

import asyncio
import contextlib
import itertools
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import FakeClock
from support.engine import FakeEngine
from support.feed_reader import FeedReader
from support.places import make_application, make_room

from moothall.db import Database, open_database
from moothall.engine import LeaveReason, fan_out
from moothall.feeds import store
from moothall.feeds.model import Change, Entry, FeedFull, Limits
from moothall.jobs.runner import JobRunner
from moothall.kit.ids import new_uuid
from moothall.meeting import feeds
from moothall.meeting.access import Insider, MeetingSecrets
from moothall.meeting.assembly import assemble
from moothall.meeting.errors import FeedUnknown, NotPermitted
from moothall.meeting.feeds import FEED_TOPIC, RETURN, KeptFeed, Rule, Scene
from moothall.meeting.tokens import ParticipantClaims, ParticipantTokens, Purpose
from moothall.page.schemas import render_reading
from moothall.sessions.model import Role

SECRETS = MeetingSecrets(host_link="h" * 40, control="c" * 40)
_MEETINGS = itertools.count()
SMALL = Limits(keys=4, value_size=100, size=300)


class Meeting:
    """A room with Ada and Bob inside, and the feeds ``toy`` and ``toy:{id}``."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.engine = FakeEngine(clock)
        # Connections of the meetings of one database have different names.
        self.engine._connections = next(_MEETINGS) * 1_000

    @classmethod
    async def open(cls, database: Database, clock: FakeClock, limits: Limits = SMALL) -> "Meeting":
        meeting = cls(database, clock)
        application = await make_application(database, clock.now())
        meeting.room = await make_room(database, application, clock.now())
        meeting.limits = limits
        meeting.start()
        for who in ("ada", "bob"):
            await meeting.engine.join(meeting.room.id, who, name=who.title())
        return meeting

    def start(self) -> None:
        """The server's process begins."""
        self.service = assemble(
            database=self.database, engine=self.engine, clock=self.clock, secrets=SECRETS, wake=lambda: None
        )
        for name in ("toy", "toy:"):
            self.service.feeds.add(name, KeptFeed(self.limits))
        self.engine.listener = fan_out(self.service.listeners)
        self.jobs = JobRunner(self.database, self.clock, self.service.endings.job_handlers())

    def person(self, who: str) -> Insider:
        return Insider(self.room.id, who, who.title(), Role.GUEST)

    async def write(self, key: str, value: Any, *, who: str = "ada", feed: str = "toy") -> Sequence[Entry]:
        goes_with = who if key.startswith("of:") else None
        return await self.service.feeds.change(
            self.person(who), feed, lambda _scene, _entries: [Change(key, value, goes_with)]
        )

    async def read(self, after: int | None, feed: str = "toy") -> dict[str, Any]:
        """As the page does, with Ada's token."""
        claims = ParticipantClaims(self.room.id, "ada", Role.GUEST)
        token = ParticipantTokens(SECRETS.control).issue(Purpose.CONTROL, claims, self.clock.now())
        return render_reading(await self.service.feeds.read(token, feed, after))

    async def values(self, feed: str = "toy") -> dict[str, Any]:
        kept = await self.service.feeds.find(self.room.id, feed=feed, prefix="")
        return {key: entry.value for key, entry in kept.items()}

    def packets(self) -> list[dict[str, Any]]:
        return [json.loads(one.payload) for one in self.engine.sent if one.topic == FEED_TOPIC]

    async def run_jobs(self) -> None:
        while await self.jobs.run_due():
            pass


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_AT_ONCE", 2)


@pytest.fixture
async def meeting(any_database: Database, clock: FakeClock) -> Meeting:
    return await Meeting.open(any_database, clock)


async def test_a_change_is_kept_numbered_and_told(meeting: Meeting) -> None:
    await meeting.write("a", {"x": 1})
    await meeting.write("b", {"x": 2}, who="bob")
    await meeting.write("a", None)

    first, _, last = meeting.packets()
    session_id = first["session_id"]
    assert first == {
        "feed": "toy",
        "session_id": session_id,
        "generation": 0,
        "number": 1,
        "entries": [{"number": 1, "key": "a", "value": {"x": 1}}],
    }
    assert last["entries"] == [{"number": 3, "key": "a", "value": None}]
    assert await meeting.values() == {"b": {"x": 2}}


async def test_what_changes_nothing_is_neither_numbered_nor_told(meeting: Meeting) -> None:
    await meeting.write("a", {"x": 1})

    assert await meeting.write("a", {"x": 1}) == []
    assert await meeting.write("never there", None) == []
    assert len(meeting.packets()) == 1


async def test_a_rule_that_refuses_leaves_everything_as_it_was(meeting: Meeting) -> None:
    def refuse(_scene: Scene, _entries: Mapping[str, Entry]) -> Sequence[Change]:
        raise NotPermitted

    rule: Rule = refuse
    with pytest.raises(NotPermitted):
        await meeting.service.feeds.change(meeting.person("ada"), "toy", rule)
    with pytest.raises(NotPermitted):
        await meeting.write("a", {}, who="mallory")
    assert meeting.packets() == []


async def test_a_feed_is_bounded_in_keys_and_bytes(meeting: Meeting) -> None:
    for key in "abcd":
        await meeting.write(key, {"x": 1})
    for key, value in (("e", {"x": 1}), ("a", {"x": "y" * 100})):
        with pytest.raises(FeedFull):
            await meeting.write(key, value)
    for key in "abc":
        await meeting.write(key, {"x": "y" * 80})
    with pytest.raises(FeedFull):
        await meeting.write("d", {"x": "y" * 80})
    assert await meeting.values() == {**{key: {"x": "y" * 80} for key in "abc"}, "d": {"x": 1}}


async def test_keys_without_a_value_make_room_for_others(meeting: Meeting) -> None:
    reader = FeedReader("toy", meeting.read)
    for key in "abcd":
        await meeting.write(key, {"x": 1})
    await reader.catch_up()
    # While the reader is away, keys go, and are forgotten.
    for key in "ab":
        await meeting.write(key, None)
    await meeting.write("e", {"x": 1})

    await reader.catch_up()

    assert reader.values == await meeting.values() == {key: {"x": 1} for key in "cde"}
    assert meeting.packets()[-1]["generation"] == 1


async def test_a_large_change_is_told_as_a_hint(any_database: Database, clock: FakeClock) -> None:
    meeting = await Meeting.open(any_database, clock, Limits(keys=9, value_size=100_000, size=100_000))
    reader = FeedReader("toy", meeting.read)
    await reader.catch_up()
    await meeting.write("a", {"x": "y" * 61_000})

    (sent,) = (one for one in meeting.engine.sent if one.topic == FEED_TOPIC)
    assert len(sent.payload) < 1_000
    await reader.receive(sent.payload)
    assert reader.values == await meeting.values()


async def test_feeds_are_known_by_name_and_families_by_their_beginning(meeting: Meeting) -> None:
    await meeting.write("a", {"x": 1}, feed="toy:1")

    assert await meeting.values("toy:1") == {"a": {"x": 1}}
    assert await meeting.values() == {}
    for unknown in ("nothing", "state:1", "chat:1"):
        with pytest.raises(FeedUnknown):
            await meeting.service.feeds.read("no token", unknown, None)


async def test_what_goes_with_somebody_goes_when_they_do_not_come_back(meeting: Meeting) -> None:
    await meeting.write("of:ada", {"x": 1})
    await meeting.write("stays", {"x": 1})
    await meeting.engine.leave(meeting.room.id, "ada")
    meeting.clock.advance(seconds=RETURN.total_seconds() - 1)
    await meeting.run_jobs()
    assert set(await meeting.values()) == {"of:ada", "stays"}

    meeting.clock.advance(seconds=1)
    await meeting.run_jobs()

    assert set(await meeting.values()) == {"stays"}
    assert meeting.packets()[-1]["entries"] == [{"number": 3, "key": "of:ada", "value": None}]


async def test_what_goes_with_somebody_is_kept_over_a_reload_and_a_crash(meeting: Meeting) -> None:
    await meeting.write("of:ada", {"x": 1})
    await meeting.engine.leave(meeting.room.id, "ada")
    meeting.clock.advance(seconds=5)
    await meeting.engine.join(meeting.room.id, "ada")
    meeting.clock.advance(minutes=1)
    await meeting.run_jobs()
    assert set(await meeting.values()) == {"of:ada"}

    meeting.engine.crash()
    meeting.start()
    await meeting.service.attendance.recover()
    await meeting.engine.join(meeting.room.id, "bob")
    await meeting.run_jobs()
    assert set(await meeting.values()) == {"of:ada"}

    for _ in range(2):
        meeting.clock.advance(minutes=2)
        await meeting.run_jobs()
    assert await meeting.values() == {}


async def test_the_feeds_of_a_session_go_with_it(meeting: Meeting) -> None:
    await meeting.write("a", {"x": 1})
    session_id = meeting.packets()[0]["session_id"]
    for who in ("ada", "bob"):
        await meeting.engine.leave(meeting.room.id, who, LeaveReason.CLIENT_INITIATED)
    meeting.clock.advance(minutes=1)
    await meeting.run_jobs()
    await meeting.engine.join(meeting.room.id, "ada")

    head = await meeting.database.read(lambda connection: store.find_head(connection, session_id, "toy"))
    assert (head.number, await meeting.values()) == (0, {})
    assert (await meeting.write("b", {"x": 1}))[0].number == 1


# ---- Whatever happens to packets -----------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "d", "of:ada"])
VALUES = st.one_of(st.none(), st.fixed_dictionaries({"x": st.integers(0, 3)}))
STEPS = st.one_of(
    st.tuples(st.just("write"), KEYS, VALUES),
    # A packet that is on its way arrives, is lost, or arrives twice, at one of the pages.
    st.tuples(st.just("arrives"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("lost"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("doubled"), st.integers(0, 1), st.integers(0, 9)),
    st.tuples(st.just("reconnects"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
    st.tuples(st.just("new session"), st.just(0), st.just(0)),
)


@pytest.mark.parametrize("is_last_packet_heard", [True, False])
def test_any_fate_of_packets_ends_with_every_page_equal_to_the_server(
    tmp_path: Path, sqlite_template: Path, is_last_packet_heard: bool
) -> None:
    shutil.copy(sqlite_template, tmp_path / "moothall.db")

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEPS, max_size=40))
    def run(steps: list[tuple[str, Any, Any]]) -> None:
        asyncio.run(_play(f"sqlite:///{tmp_path}/moothall.db", steps, is_last_packet_heard=is_last_packet_heard))

    run()


async def _play(url: str, steps: list[tuple[str, Any, Any]], *, is_last_packet_heard: bool) -> None:
    database = open_database(url)
    try:
        meeting = await Meeting.open(database, FakeClock(), Limits(keys=4, value_size=100, size=1000))
        readers = [FeedReader("toy", meeting.read) for _ in range(2)]
        on_the_way: list[list[bytes]] = [[], []]
        for step in steps:
            await _step(meeting, readers, on_the_way, *step)
        if is_last_packet_heard:
            await _step(meeting, readers, on_the_way, "write", "b", {"x": new_uuid()})
        for reader, packets in zip(readers, on_the_way, strict=True):
            if is_last_packet_heard:
                await reader.receive(packets[-1])
            else:
                await reader.catch_up()
            assert reader.values == await meeting.values()
    finally:
        await database.close()


async def _step(meeting: Meeting, readers: list[FeedReader], on_the_way: list[list[bytes]], *step: Any) -> None:
    match step:
        case ("write", key, value):
            meeting.engine.sent.clear()
            with contextlib.suppress(FeedFull):
                await meeting.write(key, value)
            for packets in on_the_way:
                packets.extend(sent.payload for sent in meeting.engine.sent if sent.topic == FEED_TOPIC)
        case ("reconnects", page, _):
            await readers[page].catch_up()
        case ("restart", _, _):
            meeting.start()
        case ("new session", _, _):
            for who in ("ada", "bob"):
                await meeting.engine.leave(meeting.room.id, who)
            for who in ("ada", "bob"):
                await meeting.engine.join(meeting.room.id, who)
        case (fate, page, place) if on_the_way[page]:
            packets = on_the_way[page]
            place %= len(packets)
            packet = packets[place] if fate == "doubled" else packets.pop(place)
            if fate != "lost":
                await readers[page].receive(packet)
