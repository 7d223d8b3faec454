import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from support.clock import FakeClock
from support.engine import FakeEngine
from support.places import make_application, make_room

from moothall.callbacks import outbox
from moothall.db import Connection, Database
from moothall.engine import (
    Admission,
    Applicant,
    LeaveReason,
    ParticipantJoined,
    ParticipantKind,
    ParticipantLeft,
    Refusal,
    RoomFinished,
    RoomStarted,
    fan_out,
)
from moothall.engines.embedded import reports
from moothall.jobs.runner import JobRunner
from moothall.kit.ids import new_uuid
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import assemble
from moothall.meeting.errors import (
    HostLinkInvalid,
    MeetingExpired,
    MeetingFull,
    MeetingUnknown,
    NameInvalid,
    NotPermitted,
)
from moothall.rooms.links import owner_token
from moothall.rooms.model import MAX_PARTICIPANTS, Room, RoomType
from moothall.sessions import service as sessions
from moothall.sessions import store
from moothall.sessions.model import Role

T = TypeVar("T")
HOST_SECRET = "host-secret-host-secret-host-secret-host"
SECRETS = MeetingSecrets(host_link=HOST_SECRET, control="control-secret-control-secret-control-secret")


class Meeting:
    """A running meeting: the service, an engine without media, the timers."""

    def __init__(self, database: Database, clock: FakeClock, room: Room) -> None:
        self.database = database
        self.clock = clock
        self.room = room
        self.engine = FakeEngine(clock)
        self.wakes = 0
        self.start()

    def start(self) -> None:
        """The server's process begins."""
        self.service = assemble(
            database=self.database, engine=self.engine, clock=self.clock, secrets=SECRETS, wake=self._wake
        )
        self.engine.listener = fan_out(self.service.listeners)
        self.jobs = JobRunner(self.database, self.clock, self.service.endings.job_handlers())

    def _wake(self) -> None:
        self.wakes += 1

    @property
    def host_token(self) -> str:
        return owner_token(self.room, HOST_SECRET)

    async def run_jobs(self) -> None:
        while await self.jobs.run_due():
            pass

    async def events(self) -> list[str]:
        statement = select(outbox.events.c.name).where(outbox.events.c.room_id == self.room.id)
        ordered = statement.order_by(outbox.events.c.sequence)
        return await self.database.read(lambda connection: list(connection.execute(ordered).scalars()))


async def _open(database: Database, clock: FakeClock, **options: Any) -> Meeting:
    application = await make_application(database, clock.now())
    return Meeting(database, clock, await make_room(database, application, clock.now(), **options))


@pytest.fixture
async def meeting(database: Database, clock: FakeClock) -> Meeting:
    return await _open(database, clock)


async def test_the_host_link_makes_an_owner_and_the_code_a_guest(meeting: Meeting) -> None:
    assert (await meeting.service.entry.lookup(meeting.room.meeting_code, None)).role is Role.GUEST
    assert (await meeting.service.entry.lookup(meeting.room.meeting_code, meeting.host_token)).role is Role.OWNER


async def test_a_lookup_counts_who_is_inside(meeting: Meeting) -> None:
    await meeting.engine.join(meeting.room.id, "ada")

    assert (await meeting.service.entry.lookup(meeting.room.meeting_code, None)).participants == 1


async def test_an_unknown_code_is_refused(meeting: Meeting) -> None:
    with pytest.raises(MeetingUnknown):
        await meeting.service.entry.lookup("000000000000", None)
    with pytest.raises(MeetingUnknown):
        await meeting.service.entry.join("000000000000", meeting.host_token, "Ada")


async def test_the_host_link_of_another_room_is_refused(meeting: Meeting, database: Database, clock: FakeClock) -> None:
    other = await _open(database, clock)

    for token in (other.host_token, "", "x", meeting.host_token[:-1], meeting.host_token + "x", "\ud800"):
        with pytest.raises(HostLinkInvalid):
            await meeting.service.entry.join(meeting.room.meeting_code, token, "Ada")


async def test_a_ticket_says_who_and_where(meeting: Meeting) -> None:
    ticket = await meeting.service.entry.join(meeting.room.meeting_code, None, "  Ada   Lovelace ")

    (grant,) = meeting.engine.grants
    assert (ticket.name, ticket.role, ticket.url) == ("Ada Lovelace", Role.GUEST, "ws://127.0.0.1:7880")
    assert ticket.token == f"access-token-of-{ticket.participant_id}"
    assert (grant.room, grant.identity, grant.name) == (meeting.room.id, ticket.participant_id, "Ada Lovelace")
    assert grant.attributes == {"role": "guest"}
    assert grant.ttl == timedelta(minutes=10)


async def test_everybody_is_a_participant_of_their_own_the_hosts_too(meeting: Meeting) -> None:
    owners = await asyncio.gather(
        *(meeting.service.entry.join(meeting.room.meeting_code, meeting.host_token, "Ada") for _ in range(3))
    )
    guests = [await meeting.service.entry.join(meeting.room.meeting_code, None, "Bob") for _ in range(2)]

    assert len({ticket.participant_id for ticket in (*owners, *guests)}) == 5
    assert [ticket.participant_id for ticket in owners].count(meeting.room.owner_participant_id) == 1
    assert [grant.attributes["role"] for grant in meeting.engine.grants] == ["owner"] * 3 + ["guest"] * 2


async def test_the_host_link_is_the_same_participant_again_when_nobody_is_it(
    meeting: Meeting, clock: FakeClock
) -> None:
    async def join() -> str:
        return (await meeting.service.entry.join(meeting.room.meeting_code, meeting.host_token, "Ada")).participant_id

    assert await join() == meeting.room.owner_participant_id
    await meeting.engine.join(meeting.room.id, meeting.room.owner_participant_id, role="owner")
    assert await join() != meeting.room.owner_participant_id
    await meeting.engine.leave(meeting.room.id, meeting.room.owner_participant_id)
    assert await join() == meeting.room.owner_participant_id

    # The holder of the ticket never came.
    assert await join() != meeting.room.owner_participant_id
    clock.advance(seconds=66)
    assert await join() == meeting.room.owner_participant_id


@pytest.mark.parametrize("is_host", [False, True])
async def test_who_shows_the_control_token_is_the_same_participant_again(meeting: Meeting, is_host: bool) -> None:
    token = meeting.host_token if is_host else None
    first = await meeting.service.entry.join(meeting.room.meeting_code, token, "Ada")
    await meeting.engine.join(meeting.room.id, first.participant_id, role=first.role.value)

    again = await meeting.service.entry.join(meeting.room.meeting_code, token, "Ada L.", first.rejoin_token)
    other_role = await meeting.service.entry.join(
        meeting.room.meeting_code, None if is_host else meeting.host_token, "Ada", first.rejoin_token
    )

    assert (again.participant_id, again.role, again.name) == (first.participant_id, first.role, "Ada L.")
    assert other_role.participant_id != first.participant_id
    assert other_role.role is not first.role


async def test_a_control_token_of_elsewhere_tells_nothing(
    meeting: Meeting, database: Database, clock: FakeClock
) -> None:
    other = await _open(database, clock)
    elsewhere = await other.service.entry.join(other.room.meeting_code, None, "Ada")
    old = await meeting.service.entry.join(meeting.room.meeting_code, None, "Ada")
    clock.advance(hours=25)
    fresh = await _open(database, clock)

    for token in (elsewhere.rejoin_token, old.rejoin_token, "nonsense"):
        ticket = await fresh.service.entry.join(fresh.room.meeting_code, None, "Ada", token)
        assert ticket.participant_id not in (elsewhere.participant_id, old.participant_id)


async def test_a_name_must_be_one(meeting: Meeting) -> None:
    with pytest.raises(NameInvalid):
        await meeting.service.entry.join(meeting.room.meeting_code, None, "\u200b")


async def test_secrets_are_not_shown(meeting: Meeting) -> None:
    ticket = await meeting.service.entry.join(meeting.room.meeting_code, None, "Ada")

    assert ticket.token not in repr(ticket)
    assert ticket.control_token not in repr(ticket)
    assert HOST_SECRET not in repr(SECRETS)


async def test_nobody_enters_a_room_that_is_over(meeting: Meeting, clock: FakeClock) -> None:
    clock.advance(minutes=10)

    with pytest.raises(MeetingExpired):
        await meeting.service.entry.lookup(meeting.room.meeting_code, None)
    with pytest.raises(MeetingExpired):
        await meeting.service.entry.join(meeting.room.meeting_code, meeting.host_token, "Ada")
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "ada")) == Refusal("meeting_expired")


async def test_the_gate_knows_rooms(meeting: Meeting) -> None:
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "ada")) == Admission()
    assert await meeting.service.gate.ask(Applicant(new_uuid(), "ada")) == Refusal("unknown_meeting")


async def test_the_251st_participant_is_refused_and_a_reconnect_is_not(meeting: Meeting) -> None:
    for number in range(MAX_PARTICIPANTS):
        await meeting.engine.join(meeting.room.id, f"guest-{number}")

    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "one too many")) == Refusal("meeting_full")
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "guest-7")) == Admission()
    with pytest.raises(MeetingFull):
        await meeting.service.entry.join(meeting.room.meeting_code, None, "Eve")
    await meeting.engine.join(meeting.room.id, "guest-7")
    await meeting.engine.leave(meeting.room.id, "guest-7")
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "one too many")) == Admission()


async def test_a_rush_does_not_overfill_the_room(meeting: Meeting) -> None:
    """Nobody is inside yet while all of them are asking."""
    verdicts = await asyncio.gather(
        *(meeting.service.gate.ask(_guest(meeting, number)) for number in range(MAX_PARTICIPANTS + 50))
    )

    assert verdicts.count(Admission()) == MAX_PARTICIPANTS
    assert verdicts.count(Refusal("meeting_full")) == 50


async def test_arrivals_that_never_come_free_their_places(meeting: Meeting, clock: FakeClock) -> None:
    for number in range(MAX_PARTICIPANTS):
        await meeting.service.gate.ask(_guest(meeting, number))
    assert await meeting.service.gate.ask(_guest(meeting, 999)) == Refusal("meeting_full")

    clock.advance(seconds=66)

    assert await meeting.service.gate.ask(_guest(meeting, 999)) == Admission()


async def test_connections_without_media_of_one_network_never_fill_a_room(meeting: Meeting) -> None:
    crowd = [Applicant(meeting.room.id, f"eve-{number}", address=f"2001:db8::{number:x}") for number in range(300)]
    verdicts = [await meeting.service.gate.ask(one) for one in crowd]

    assert verdicts.count(Admission()) == MAX_PARTICIPANTS // 2
    assert verdicts.count(Refusal("unavailable")) == 300 - MAX_PARTICIPANTS // 2
    assert await meeting.service.gate.ask(_guest(meeting, 1)) == Admission()
    owner = Applicant(meeting.room.id, "owner", attributes={"role": "owner"}, address="2001:db8::1")
    assert await meeting.service.gate.ask(owner) == Admission()


async def test_asking_and_tickets_take_no_place(meeting: Meeting) -> None:
    for number in range(300):
        trial = Applicant(meeting.room.id, f"eve-{number}", address="203.0.113.1", connects=False)
        assert await meeting.service.gate.ask(trial) == Admission()
        await meeting.service.entry.join(meeting.room.meeting_code, None, "Eve", address="203.0.113.1")

    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "ada", address="203.0.113.1")) == Admission()
    assert (await meeting.service.entry.lookup(meeting.room.meeting_code, None)).participants == 0


async def test_a_machine_starts_no_session_and_is_nobody(meeting: Meeting) -> None:
    for kind in (ParticipantKind.AGENT, ParticipantKind.EGRESS, ParticipantKind.INGRESS):
        await meeting.engine.join(meeting.room.id, kind.value, kind=kind)
    assert await meeting.events() == []
    assert (await meeting.service.entry.lookup(meeting.room.meeting_code, None)).participants == 0

    await meeting.engine.join(meeting.room.id, "ada")
    await meeting.engine.join(meeting.room.id, "caller", kind=ParticipantKind.SIP)
    await meeting.engine.leave(meeting.room.id, "ada")
    await meeting.engine.leave(meeting.room.id, "caller")

    # The machines are still connected: the session is that of the people.
    assert [event.removeprefix("session:") for event in await meeting.events()] == [
        "started",
        "participant:joined",
        "participant:joined",
        "participant:left",
        "participant:left",
        "ended",
    ]


def _guest(meeting: Meeting, number: int) -> Applicant:
    """A guest from a network of their own."""
    return Applicant(meeting.room.id, f"guest-{number}", address=f"10.{number // 256}.{number % 256}.1")


async def test_what_the_engine_reports_becomes_a_session(meeting: Meeting) -> None:
    await fan_out(meeting.service.listeners)([RoomStarted(meeting.room.id, meeting.clock.now())])
    await meeting.engine.join(meeting.room.id, "ada", role="owner")
    await meeting.engine.join(meeting.room.id, "bob")
    await meeting.engine.leave(meeting.room.id, "ada")
    await meeting.engine.leave(meeting.room.id, "bob", LeaveReason.CONNECTION_LOST)

    assert await meeting.events() == [
        "session:started",
        "session:participant:joined",
        "session:participant:joined",
        "session:participant:left",
        "session:participant:left",
        "session:ended",
    ]
    assert meeting.wakes > 0


async def test_the_owner_ends_the_session_for_all_and_the_room_stays_open(meeting: Meeting) -> None:
    ticket = await meeting.service.entry.join(meeting.room.meeting_code, meeting.host_token, "Ada")
    await meeting.engine.join(meeting.room.id, ticket.participant_id, role="owner")
    await meeting.engine.join(meeting.room.id, "bob")

    await meeting.service.moderation.end_as(ticket.control_token)

    assert await meeting.engine.participants(meeting.room.id) == []
    assert (await meeting.events())[-1] == "session:ended"
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "bob")) == Admission()


async def test_a_guest_may_not_end(meeting: Meeting) -> None:
    ticket = await meeting.service.entry.join(meeting.room.meeting_code, None, "Bob")
    await meeting.engine.join(meeting.room.id, ticket.participant_id)

    with pytest.raises(NotPermitted):
        await meeting.service.moderation.end_as(ticket.control_token)

    assert await meeting.engine.participants(meeting.room.id) == [ticket.participant_id]


async def test_an_owner_who_is_not_inside_may_not_end(meeting: Meeting) -> None:
    ticket = await meeting.service.entry.join(meeting.room.meeting_code, meeting.host_token, "Ada")
    await meeting.engine.join(meeting.room.id, "bob")

    for token in (ticket.control_token, "", meeting.host_token, ticket.token):
        with pytest.raises(NotPermitted):
            await meeting.service.moderation.end_as(token)

    assert await meeting.engine.participants(meeting.room.id) == ["bob"]


async def test_an_owner_ends_no_other_meeting(meeting: Meeting, database: Database, clock: FakeClock) -> None:
    other = await _open(database, clock)
    ticket = await other.service.entry.join(other.room.meeting_code, other.host_token, "Mallory")
    await other.engine.join(other.room.id, ticket.participant_id, role="owner")
    await meeting.engine.join(meeting.room.id, "bob")

    await meeting.service.moderation.end_as(ticket.control_token)

    assert await meeting.engine.participants(meeting.room.id) == ["bob"]
    assert "session:ended" not in await meeting.events()


async def test_at_expires_at_whoever_is_inside_is_told_and_leaves(database: Database, clock: FakeClock) -> None:
    weekly = await _open(database, clock, room_type=RoomType.LONG_TERM, expires_at=clock.now() + timedelta(minutes=20))
    await weekly.engine.join(weekly.room.id, "ada")
    clock.advance(minutes=20)

    await weekly.run_jobs()

    (told,) = weekly.engine.sent
    assert (told.room, told.topic, json.loads(told.payload)) == (
        weekly.room.id,
        "moothall.room",
        {"type": "room_expired"},
    )
    assert await weekly.engine.participants(weekly.room.id) == []
    assert (await weekly.events())[2:] == ["room:expired", "session:participant:left", "session:ended"]
    assert await weekly.service.gate.ask(Applicant(weekly.room.id, "ada")) == Refusal("meeting_expired")


async def test_people_are_sent_away_even_if_the_engine_fails_the_first_time(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    weekly = await _open(database, clock, room_type=RoomType.LONG_TERM, expires_at=clock.now() + timedelta(minutes=20))
    await weekly.engine.join(weekly.room.id, "ada")
    clock.advance(minutes=20)

    async def fail(_room: str) -> bool:
        raise RuntimeError("the engine is away")

    with monkeypatch.context() as broken:
        broken.setattr(weekly.engine, "delete_room", fail)
        await weekly.run_jobs()
    assert await weekly.engine.participants(weekly.room.id) == ["ada"]
    clock.advance(seconds=1)
    await weekly.run_jobs()

    assert await weekly.engine.participants(weekly.room.id) == []
    assert (await weekly.events()).count("room:expired") == 1


async def test_an_instant_room_lives_ten_minutes_after_the_last_leave(meeting: Meeting, clock: FakeClock) -> None:
    clock.advance(minutes=9)
    await meeting.engine.join(meeting.room.id, "ada")
    clock.advance(hours=3)
    await meeting.run_jobs()
    await meeting.engine.leave(meeting.room.id, "ada")

    clock.advance(minutes=9, seconds=59)
    await meeting.run_jobs()
    assert "room:expired" not in await meeting.events()
    clock.advance(seconds=1)
    await meeting.run_jobs()

    assert (await meeting.events())[-1] == "room:expired"


async def test_an_instant_room_nobody_enters_lives_ten_minutes(meeting: Meeting, clock: FakeClock) -> None:
    clock.advance(minutes=10)
    await meeting.run_jobs()

    assert await meeting.events() == ["room:expired"]
    assert meeting.engine.sent == []


async def test_who_connects_while_the_room_ends_is_sent_away(meeting: Meeting, clock: FakeClock) -> None:
    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "ada")) == Admission()
    clock.advance(minutes=10)
    await meeting.run_jobs()

    await meeting.engine.join(meeting.room.id, "ada")

    assert await meeting.engine.participants(meeting.room.id) == []
    assert await meeting.events() == ["room:expired"]


async def test_after_a_crash_people_continue_their_session(meeting: Meeting, clock: FakeClock) -> None:
    await meeting.engine.join(meeting.room.id, "ada")
    await meeting.engine.join(meeting.room.id, "bob")
    meeting.engine.crash()
    meeting.start()
    await meeting.service.attendance.recover()
    clock.advance(seconds=3)

    assert await meeting.service.gate.ask(Applicant(meeting.room.id, "ada")) == Admission()
    await meeting.engine.join(meeting.room.id, "ada")
    clock.advance(seconds=57)
    await meeting.run_jobs()

    assert (await meeting.events())[3:] == ["session:participant:left"]
    await meeting.engine.leave(meeting.room.id, "ada")
    assert (await meeting.events())[3:] == ["session:participant:left"] * 2 + ["session:ended"]


async def test_a_server_that_stops_in_order_ends_no_session(meeting: Meeting) -> None:
    await meeting.engine.join(meeting.room.id, "ada")
    await meeting.engine.leave(meeting.room.id, "ada", LeaveReason.SERVER_SHUTDOWN)
    meeting.start()
    await meeting.service.attendance.recover()
    await meeting.engine.join(meeting.room.id, "ada")

    assert await meeting.events() == ["session:started", "session:participant:joined"]


class FlakyDatabase:
    """Fails so many times before it works."""

    dialect = "sqlite"

    def __init__(self, database: Database, failures: int) -> None:
        self._database = database
        self.failures = failures

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        if self.failures:
            self.failures -= 1
            raise OperationalError("SELECT 1", {}, OSError("connection refused"))
        return await self._database.write(transaction)

    async def write_long(self, transaction: Callable[[Connection], T]) -> T:
        return await self.write(transaction)

    async def read(self, transaction: Callable[[Connection], T]) -> T:
        return await self._database.read(transaction)

    async def peek(self, transaction: Callable[[Connection], T]) -> T:
        return await self._database.peek(transaction)

    async def close(self) -> None:
        return None


async def test_a_whole_class_that_comes_and_goes_at_once_is_written_in_order(meeting: Meeting) -> None:
    at = meeting.clock.now()
    pupils = [f"pupil-{number}" for number in range(20)]
    joined = [ParticipantJoined(meeting.room.id, one, f"PA_{one}", one, {"role": "guest"}, at=at) for one in pupils]
    left = [ParticipantLeft(meeting.room.id, one, f"PA_{one}", LeaveReason.CLIENT_INITIATED, at) for one in pupils]

    await fan_out(meeting.service.listeners)([RoomStarted(meeting.room.id, at), *joined])
    await fan_out(meeting.service.listeners)([*left, RoomFinished(meeting.room.id, at)])

    events = await meeting.events()
    assert events == [
        "session:started",
        *["session:participant:joined"] * 20,
        *["session:participant:left"] * 20,
        "session:ended",
    ]


async def test_no_join_is_lost_while_the_database_restarts(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_FIRST_PAUSE", 0)
    monkeypatch.setattr(reports, "_LONGEST_PAUSE", 0)
    flaky = FlakyDatabase(meeting.database, failures=10)
    meeting.service = assemble(
        database=flaky, engine=meeting.engine, clock=meeting.clock, secrets=SECRETS, wake=lambda: None
    )
    at = meeting.clock.now()

    async with asyncio.TaskGroup() as tasks:
        reported = reports.Reports(fan_out(meeting.service.listeners))
        reported.start(tasks)
        reported.add(ParticipantJoined(meeting.room.id, "ada", "PA_1", "Ada", {"role": "guest"}, at=at))
        assert await reported.drain(30)

    assert flaky.failures == 0
    assert await meeting.events() == ["session:started", "session:participant:joined"]


class WatchedDatabase(FlakyDatabase):
    """Says when a transaction has been written."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, failures=1)
        self.written = asyncio.Event()

    async def write(self, transaction: Callable[[Connection], T]) -> T:
        result = await super().write(transaction)
        self.written.set()
        return result


async def test_the_heartbeat_is_written_until_the_server_stops(
    meeting: Meeting, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "HEARTBEAT", timedelta())
    watched = WatchedDatabase(meeting.database)
    meeting.service = assemble(database=watched, engine=meeting.engine, clock=clock, secrets=SECRETS, wake=lambda: None)
    clock.advance(seconds=42)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(meeting.service.attendance.run())
        await watched.written.wait()
        running.cancel()

    assert await meeting.database.read(store.find_heartbeat) == clock.now()
