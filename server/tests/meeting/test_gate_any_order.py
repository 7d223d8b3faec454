"""In any order of events, the gate lets in exactly the people that a simple model lets in."""

import asyncio
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.clock import FakeClock
from support.engine import FakeEngine
from support.places import make_application, make_room

from moothall.db import Database, open_database
from moothall.engine import Admission, Applicant, LeaveReason, fan_out
from moothall.jobs.runner import JobRunner
from moothall.kit.ids import new_uuid
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import assemble
from moothall.meeting.errors import LobbyEntryUnknown, MeetingExpired, Removed
from moothall.meeting.outcome import JoinTicket, Wait
from moothall.rooms import service as rooms
from moothall.rooms.links import owner_token
from moothall.rooms.model import JoinApprovalLevel, RoomType
from moothall.sessions.model import Role

T = TypeVar("T")
HOST_SECRET = "host-secret-host-secret-host-secret-host"
SECRETS = MeetingSecrets(host_link=HOST_SECRET, control="control-secret-control-secret-control-secret")
# The lifetime of a token with the leeway of those who read it.
TOKEN_LIFE = timedelta(minutes=11)
GRACE = timedelta(minutes=1)
# Approval twice: it has the most to go wrong.
LEVELS = [JoinApprovalLevel.EXPLICIT_APPROVAL, *JoinApprovalLevel]
WHICH = st.integers(0, 7)


@dataclass(frozen=True)
class Holder:
    """Somebody's page: the ticket it has, and when that was given."""

    ticket: JoinTicket
    given_at: datetime

    @property
    def id(self) -> str:
        return self.ticket.participant_id


class Model:
    """A model of people's expectations, without tokens, tables and reports."""

    def __init__(self, level: JoinApprovalLevel, expires_at: datetime) -> None:
        self.level = level
        self.expires_at = expires_at
        self.inside: dict[str, Role] = {}
        self.away: dict[str, datetime] = {}
        # In the current session, or in the next one where there is none.
        self.been_inside: set[str] = set()
        self.let_in: dict[str, datetime] = {}
        self.removed: dict[str, tuple[datetime, Role]] = {}

    def is_over(self, now: datetime) -> bool:
        return now >= self.expires_at

    def admits(self, person: str, role: Role, now: datetime, *, is_proven: bool = True) -> bool:
        return (
            not self.is_over(now)
            and not self.keeps_out(person, role, now, is_proven=is_proven)
            and (
                role is Role.OWNER
                or self._is_known(person, now)
                or self.level is JoinApprovalLevel.NONE
                or (self.level is JoinApprovalLevel.AFTER_OWNER_ONLY and Role.OWNER in self.inside.values())
            )
        )

    def keeps_out(self, person: str, role: Role, now: datetime, *, is_proven: bool = True) -> bool:
        in_force = {one: of for one, (at, of) in self.removed.items() if now < at + TOKEN_LIFE}
        is_stranger = role is Role.OWNER and not (is_proven and self._is_known(person, now))
        return person in in_force or (is_stranger and Role.OWNER in in_force.values())

    def session_over_if_empty(self) -> None:
        if self.been_inside and not self.inside and not self.away:
            self.been_inside.clear()
            self.let_in.clear()

    def _is_known(self, person: str, now: datetime) -> bool:
        let_in_at = self.let_in.get(person)
        is_let_in = let_in_at is not None and now < let_in_at + TOKEN_LIFE
        return (is_let_in or person in self.been_inside) and person not in self.removed


class GateMachine(RuleBasedStateMachine):
    """One room; ``database`` and ``runner`` are set by the test."""

    database: ClassVar[Database]
    runner: ClassVar[asyncio.Runner]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(level=st.sampled_from(LEVELS))
    def open_room(self, level: JoinApprovalLevel) -> None:
        self.clock = FakeClock()
        now = self.clock.now()
        self.model = Model(level, now + timedelta(hours=1))
        application = self.run(make_application(self.database, now))
        options = {"join_approval_level": level}
        self.room = self.run(
            make_room(
                self.database,
                application,
                now,
                room_type=RoomType.LONG_TERM,
                expires_at=self.model.expires_at,
                options=options,
            )
        )
        self.engine = FakeEngine(self.clock)
        self.service = assemble(
            database=self.database,
            engine=self.engine,
            clock=self.clock,
            secrets=SECRETS,
            wake=lambda: None,
            lobby_hold_s=0,
        )
        self.engine.listener = fan_out(self.service.listeners)
        self.jobs = JobRunner(self.database, self.clock, self.service.endings.job_handlers())
        self.holders: list[Holder] = []
        self.lobby_tokens: list[str] = []

    # ---- What people do ----

    @rule(connects=st.booleans())
    def guest_joins(self, connects: bool) -> None:
        if self._join(None, None) and connects:
            self._connect(self.holders[-1])

    @rule(connects=st.booleans())
    def owner_joins(self, connects: bool) -> None:
        if self._join(owner_token(self.room, HOST_SECRET), None) and connects:
            self._connect(self.holders[-1])

    @precondition(lambda self: self.holders)
    @rule(which=WHICH)
    def page_reloads(self, which: int) -> None:
        holder = self._holder(which)
        link = owner_token(self.room, HOST_SECRET) if holder.ticket.role is Role.OWNER else None
        self._join(link, holder)

    @precondition(lambda self: self.holders)
    @rule(which=WHICH)
    def connects(self, which: int) -> None:
        self._connect(self._holder(which))

    @precondition(lambda self: self.model.inside)
    @rule(which=WHICH, comes_back=st.booleans())
    def leaves(self, which: int, comes_back: bool) -> None:
        person = self._insider(which)
        reason = LeaveReason.SERVER_SHUTDOWN if comes_back else LeaveReason.CLIENT_INITIATED
        self.run(self.engine.leave(self.room.id, person, reason))
        del self.model.inside[person]
        if comes_back:
            self.model.away[person] = self.clock.now() + GRACE
        self.model.session_over_if_empty()

    @precondition(lambda self: self.model.inside)
    @rule()
    def everybody_leaves(self) -> None:
        for person in list(self.model.inside):
            self.run(self.engine.leave(self.room.id, person))
        self.model.inside.clear()
        self.model.session_over_if_empty()

    @precondition(lambda self: self.lobby_tokens)
    @rule(which=WHICH)
    def asks_in_the_lobby(self, which: int) -> None:
        token = self.lobby_tokens[which % len(self.lobby_tokens)]
        try:
            outcome = self.run(self.service.lobby.ask(token))
        except (LobbyEntryUnknown, MeetingExpired):
            self.lobby_tokens.remove(token)
            return
        if isinstance(outcome, JoinTicket):
            self.lobby_tokens.remove(token)
            self.holders.append(Holder(outcome, self.clock.now()))
            self._connect(self.holders[-1])

    # ---- What owners and the application do ----

    @precondition(lambda self: self.service.lobby.waiting_in(self.room.id))
    @rule(which=WHICH, admit=st.integers(0, 3).map(bool))
    def answers_somebody_who_waits(self, which: int, admit: bool) -> None:
        waiting = self.service.lobby.waiting_in(self.room.id)
        person = waiting[which % len(waiting)].participant_id
        self.run(self.service.lobby.answer(self.room.id, person, admit=admit))
        if admit:
            self.model.let_in[person] = self.clock.now()

    @rule(connects=st.booleans())
    def guest_is_let_in(self, connects: bool) -> None:
        before = len(self.lobby_tokens)
        self._join(None, None)
        if len(self.lobby_tokens) == before:
            return
        person = self.service.lobby.waiting_in(self.room.id)[-1].participant_id
        self.run(self.service.lobby.answer(self.room.id, person, admit=True))
        self.model.let_in[person] = self.clock.now()
        ticket = self.run(self.service.lobby.ask(self.lobby_tokens.pop()))
        assert isinstance(ticket, JoinTicket)
        self.holders.append(Holder(ticket, self.clock.now()))
        if connects:
            self._connect(self.holders[-1])

    @precondition(lambda self: self.model.inside or self.model.away)
    @rule(which=WHICH)
    def removes(self, which: int) -> None:
        people = [*self.model.inside, *self.model.away]
        person = people[which % len(people)]
        role = next(holder.ticket.role for holder in self.holders if holder.id == person)
        assert self.run(self.service.moderation.remove(self.room.id, person))
        self.model.inside.pop(person, None)
        self.model.removed[person] = (self.clock.now(), role)
        self.model.session_over_if_empty()

    @rule()
    def ends_for_all(self) -> None:
        had_session = bool(self.model.inside or self.model.away)
        assert self.run(self.service.moderation.end(self.room.id)) == had_session
        self.model.inside.clear()
        self.model.away.clear()
        self.model.been_inside.clear()
        self.model.let_in.clear()

    @precondition(lambda self: not self.model.is_over(self.clock.now()))
    @rule(level=st.sampled_from(LEVELS))
    def changes_approval(self, level: JoinApprovalLevel) -> None:
        room, changes, now = self.room, {"join_approval_level": level}, self.clock.now()
        self.run(
            self.database.write(
                lambda connection: rooms.update_room(connection, room.application_id, room.id, changes, now)
            )
        )
        self.model.level = level

    @rule(seconds=st.sampled_from([1, 14, 30, 60, 300, 599, 600, 659, 660]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.run(self._run_jobs())
        now = self.clock.now()
        self.model.away = {person: until for person, until in self.model.away.items() if until > now}
        if self.model.is_over(now):
            self.model.inside.clear()
        self.model.session_over_if_empty()

    # ---- What holds at any time ----

    @invariant()
    def the_people_inside_are_those_of_the_model(self) -> None:
        inside = set(self.run(self.engine.participants(self.room.id)))
        assert inside == set(self.model.inside)
        assert not (inside and self.model.is_over(self.clock.now()))

    @invariant()
    def the_gate_and_the_model_say_the_same_of_everybody(self) -> None:
        roles = {holder.id: holder.ticket.role for holder in self.holders}
        answers = self.run(self._ask_for_all(roles))
        now = self.clock.now()
        assert answers == {person: self.model.admits(person, role, now) for person, role in roles.items()}

    async def _ask_for_all(self, roles: dict[str, Role]) -> dict[str, bool]:
        answers = {}
        for person, role in roles.items():
            asker = Applicant(self.room.id, person, attributes={"role": role.value}, connects=False)
            answers[person] = await self.service.gate.ask(asker) == Admission()
        return answers

    def _connect(self, holder: Holder) -> None:
        now = self.clock.now()
        if now >= holder.given_at + TOKEN_LIFE:
            return
        role = holder.ticket.role
        applicant = Applicant(self.room.id, holder.id, attributes={"role": role.value})

        admitted = self.run(self.service.gate.ask(applicant)) == Admission()

        assert admitted == self.model.admits(holder.id, role, now)
        if admitted:
            self.run(self.engine.join(self.room.id, holder.id, role=role.value))
            self.model.inside[holder.id] = role
            self.model.away.pop(holder.id, None)
            self.model.been_inside.add(holder.id)

    def _join(self, link: str | None, holder: Holder | None) -> bool:
        """Ask for a ticket, with the rejoin token of ``holder``. True when there is one."""
        now = self.clock.now()
        role = Role.GUEST if link is None else Role.OWNER
        person = holder.id if holder else (self.room.owner_participant_id if link else new_uuid())
        expected = self.model.admits(person, role, now, is_proven=link is None or holder is not None)
        rejoin_token = holder.ticket.rejoin_token if holder else None
        try:
            outcome = self.run(self.service.entry.join(self.room.meeting_code, link, "Ada", rejoin_token))
        except MeetingExpired:
            assert self.model.is_over(now)
            return False
        except Removed:
            assert self.model.keeps_out(person, role, now, is_proven=holder is not None)
            return False
        assert isinstance(outcome, JoinTicket) == expected
        if isinstance(outcome, Wait):
            self.lobby_tokens.append(outcome.lobby_token)
        else:
            assert holder is None or outcome.participant_id == holder.id
            self.holders.append(Holder(outcome, now))
        return expected

    async def _run_jobs(self) -> None:
        while await self.jobs.run_due():
            pass

    def _holder(self, which: int) -> Holder:
        """One of the newest."""
        return self.holders[-1 - which % len(self.holders)]

    def _insider(self, which: int) -> str:
        people = list(self.model.inside)
        return people[which % len(people)]


def test_whatever_happens_in_whatever_order_the_gate_agrees_with_the_model(
    sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "moothall.db")
    with asyncio.Runner() as runner:
        database = open_database(f"sqlite:///{tmp_path}/moothall.db")

        class Machine(GateMachine):
            pass

        Machine.database, Machine.runner = database, runner
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=20,
                    stateful_step_count=30,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
