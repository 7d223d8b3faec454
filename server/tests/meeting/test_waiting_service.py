"""Guests before the door of a room whose owner decides."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from support.clock import FakeClock
from support.engine import FakeEngine
from support.places import make_application, make_room
from support.waiting import eventually

from moothall.db import Database
from moothall.engine import Admission, Refusal
from moothall.meeting.errors import MeetingExpired, MeetingFull, NotPermitted, Removed, WaitingUnknown
from moothall.meeting.service import Denied, MeetingSecrets, MeetingService, Ticket, Wait
from moothall.rooms import service as rooms
from moothall.rooms.links import owner_token
from moothall.rooms.model import MAX_PARTICIPANTS, JoinApprovalLevel, Room, RoomType

HOST_SECRET = "host-secret-host-secret-host-secret-host"
SECRETS = MeetingSecrets(host_link=HOST_SECRET, control="control-secret-control-secret-control-secret")


class Door:
    """A room whose guests wait, with an owner who may be inside."""

    def __init__(self, database: Database, clock: FakeClock, room: Room, hold_s: float) -> None:
        self.database = database
        self.clock = clock
        self.room = room
        self.engine = FakeEngine(clock)
        self.service = MeetingService(
            database=database,
            engine=self.engine,
            clock=clock,
            secrets=SECRETS,
            wake=lambda: None,
            waiting_hold_s=hold_s,
        )
        self.engine.listener = self.service.on_engine_events

    async def owner_comes(self) -> str:
        """Returns the owner's control token."""
        ticket = await self.service.join(self.room.meeting_code, owner_token(self.room, HOST_SECRET), "Ada")
        assert isinstance(ticket, Ticket)
        await self.engine.join(self.room.id, ticket.participant_id, name="Ada", role="owner")
        return ticket.control_token

    async def knock(self, name: str = "Bob") -> Wait:
        outcome = await self.service.join(self.room.meeting_code, None, name)
        assert isinstance(outcome, Wait)
        return outcome

    async def change(self, **changes: Any) -> None:
        room = self.room
        await self.database.write(
            lambda connection: rooms.update_room(connection, room.application_id, room.id, changes, self.clock.now())
        )


async def _door(database: Database, clock: FakeClock, level: JoinApprovalLevel, hold_s: float = 0.0) -> Door:
    application = await make_application(database, clock.now())
    room = await make_room(
        database,
        application,
        clock.now(),
        room_type=RoomType.LONG_TERM,
        expires_at=clock.now() + timedelta(days=1),
        options={"join_approval_level": level},
    )
    return Door(database, clock, room, hold_s)


@pytest.fixture
async def door(database: Database, clock: FakeClock) -> Door:
    """Explicit approval; questions are answered at once."""
    return await _door(database, clock, JoinApprovalLevel.EXPLICIT_APPROVAL)


@pytest.fixture
async def patient(database: Database, clock: FakeClock) -> Door:
    """Explicit approval; questions are held back until there is news."""
    return await _door(database, clock, JoinApprovalLevel.EXPLICIT_APPROVAL, hold_s=60)


async def test_a_guest_waits_until_admitted(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock("Bob")
    assert wait.reason == "approval"
    assert await door.service.ask_waiting(wait.token) == wait

    (person,) = await door.service.waiting_list(control)
    await door.service.answer_waiting(control, person.participant_id, yes=True)
    ticket = await door.service.ask_waiting(wait.token)

    assert isinstance(ticket, Ticket)
    assert (ticket.name, ticket.participant_id) == ("Bob", person.participant_id)
    assert await door.service.waiting_list(control) == []
    with pytest.raises(WaitingUnknown):
        await door.service.ask_waiting(wait.token)


async def test_who_is_denied_is_told_once(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.waiting_list(control)

    await door.service.answer_waiting(control, person.participant_id, yes=False)

    assert await door.service.waiting_list(control) == []
    assert await door.service.ask_waiting(wait.token) == Denied()
    with pytest.raises(WaitingUnknown):
        await door.service.ask_waiting(wait.token)


async def test_the_owner_never_waits(door: Door) -> None:
    assert await door.owner_comes()


async def test_guests_follow_the_owner_by_themselves(database: Database, clock: FakeClock) -> None:
    door = await _door(database, clock, JoinApprovalLevel.AFTER_OWNER_ONLY, hold_s=60)
    wait = await door.knock()
    assert wait.reason == "owner_absent"

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(door.service.ask_waiting(wait.token))
        await eventually(lambda: wait.token in door.service._news)
        await door.owner_comes()

    assert isinstance(asking.result(), Ticket)
    assert isinstance(await door.service.join(door.room.meeting_code, None, "Carol"), Ticket)


async def test_an_answer_ends_the_wait_for_it(patient: Door) -> None:
    control = await patient.owner_comes()
    wait = await patient.knock()
    (person,) = await patient.service.waiting_list(control)

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(patient.service.ask_waiting(wait.token))
        await eventually(lambda: wait.token in patient.service._news)
        await patient.service.answer_waiting(control, person.participant_id, yes=True)

    assert isinstance(asking.result(), Ticket)
    assert not patient.service._news


async def test_a_newer_question_ends_the_older(patient: Door) -> None:
    control = await patient.owner_comes()
    wait = await patient.knock()
    (person,) = await patient.service.waiting_list(control)

    async with asyncio.TaskGroup() as tasks:
        older = tasks.create_task(patient.service.ask_waiting(wait.token))
        first = await eventually(lambda: patient.service._news.get(wait.token))
        newer = tasks.create_task(patient.service.ask_waiting(wait.token))
        await eventually(lambda: patient.service._news.get(wait.token) not in {None, first})
        await patient.service.answer_waiting(control, person.participant_id, yes=True)

    assert older.result() == wait
    assert isinstance(newer.result(), Ticket)


async def test_who_stops_asking_is_off_the_list(door: Door, clock: FakeClock) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.waiting_list(control)

    clock.advance(seconds=15)

    assert await door.service.waiting_list(control) == []
    with pytest.raises(WaitingUnknown):
        await door.service.answer_waiting(control, person.participant_id, yes=True)
    with pytest.raises(WaitingUnknown):
        await door.service.ask_waiting(wait.token)


async def test_the_owner_alone_is_told_who_waits(door: Door) -> None:
    await door.knock()
    assert door.engine.sent == []
    await door.owner_comes()
    await door.engine.join(door.room.id, "somebody")

    await door.knock()

    (sent,) = door.engine.sent
    assert sent.to == (door.room.owner_participant_id,)
    assert json.loads(sent.payload) == {"type": "waiting_changed", "waiting": 2}


async def test_an_owner_who_is_outside_cannot_let_anybody_in(door: Door) -> None:
    control = await door.owner_comes()
    await door.knock()
    (person,) = await door.service.waiting_list(control)
    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    for token in (control, "nonsense"):
        with pytest.raises(NotPermitted):
            await door.service.waiting_list(token)
        with pytest.raises(NotPermitted):
            await door.service.answer_waiting(token, person.participant_id, yes=True)


async def test_when_the_room_needs_no_approval_any_more_they_enter(door: Door) -> None:
    wait = await door.knock()

    await door.change(join_approval_level=JoinApprovalLevel.NONE)

    assert isinstance(await door.service.ask_waiting(wait.token), Ticket)


async def test_when_the_room_ends_nobody_waits(door: Door, clock: FakeClock) -> None:
    clock.advance(hours=23, minutes=59, seconds=50)
    wait = await door.knock()
    clock.advance(seconds=10)

    with pytest.raises(MeetingExpired):
        await door.service.ask_waiting(wait.token)
    with pytest.raises(WaitingUnknown):
        await door.service.ask_waiting(wait.token)


async def test_an_admitted_guest_of_another_room_is_unknown_here(
    door: Door, database: Database, clock: FakeClock
) -> None:
    other = await _door(database, clock, JoinApprovalLevel.EXPLICIT_APPROVAL)
    other.service = door.service
    await other.knock()
    control = await door.owner_comes()
    (person,) = door.service.waiting_in(other.room.id)

    with pytest.raises(WaitingUnknown):
        await door.service.answer_waiting(control, person.participant_id, yes=True)


async def test_who_was_removed_comes_back_neither_by_token_nor_as_owner(door: Door, clock: FakeClock) -> None:
    await door.owner_comes()
    owner = door.room.owner_participant_id

    assert await door.service.remove(door.room.id, owner)
    assert not await door.service.remove(door.room.id, owner)

    assert await door.engine.participants(door.room.id) == []
    assert await door.service.gate(door.room.id, owner) == Refusal("removed")
    with pytest.raises(Removed):
        await door.owner_comes()
    assert await door.service.gate(door.room.id, "somebody else") == Admission()

    clock.advance(minutes=10)
    assert await door.service.gate(door.room.id, owner) == Admission()


async def test_a_full_room_lets_nobody_in_who_then_still_waits(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.waiting_list(control)
    await door.service.answer_waiting(control, person.participant_id, yes=True)
    for number in range(MAX_PARTICIPANTS - 1):
        await door.service.gate(door.room.id, f"guest-{number}")

    with pytest.raises(MeetingFull):
        await door.service.ask_waiting(wait.token)
    door.service._admissions.forget(door.room.id, "guest-0")
    assert isinstance(await door.service.ask_waiting(wait.token), Ticket)


async def test_a_stopping_server_holds_no_question_back(patient: Door) -> None:
    wait = await patient.knock()

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(patient.service.ask_waiting(wait.token))
        await eventually(lambda: wait.token in patient.service._news)
        patient.service.stop_holding()

    assert asking.result() == wait
    assert await patient.service.ask_waiting(wait.token) == wait


async def test_who_was_let_in_and_comes_back_does_not_wait_again_in_the_same_session(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.engine.leave(door.room.id, ticket.participant_id)

    again = await door.service.join(door.room.meeting_code, None, "Bob", ticket.control_token)
    impostor = await door.service.join(door.room.meeting_code, None, "Bob")

    assert isinstance(again, Ticket)
    assert again.participant_id == ticket.participant_id
    assert isinstance(impostor, Wait)


async def test_in_the_next_session_everybody_waits_again(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.engine.delete_room(door.room.id)
    await door.owner_comes()

    assert isinstance(await door.service.join(door.room.meeting_code, None, "Bob", ticket.control_token), Wait)


async def test_who_was_removed_is_not_let_in_by_an_old_yes(door: Door, clock: FakeClock) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.service.remove(door.room.id, ticket.participant_id)

    for minutes in (0, 11, 60):
        clock.advance(minutes=minutes)
        outcome = await door.service.join(door.room.meeting_code, None, "Bob", ticket.control_token)
        assert isinstance(outcome, Wait), minutes


async def test_who_was_removed_may_be_let_in_again(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.service.remove(door.room.id, ticket.participant_id)

    wait = await door.service.join(door.room.meeting_code, None, "Bob", ticket.control_token)
    assert isinstance(wait, Wait)
    (person,) = await door.service.waiting_list(control)
    await door.service.answer_waiting(control, person.participant_id, yes=True)

    assert isinstance(await door.service.ask_waiting(wait.token), Ticket)


async def test_who_was_let_in_but_never_came_waits(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.waiting_list(control)
    await door.service.answer_waiting(control, person.participant_id, yes=True)
    ticket = await door.service.ask_waiting(wait.token)
    assert isinstance(ticket, Ticket)

    assert isinstance(await door.service.join(door.room.meeting_code, None, "Bob", ticket.control_token), Wait)


async def test_two_hosts_are_both_told_who_waits_and_both_may_answer(door: Door) -> None:
    first = await door.owner_comes()
    second = await door.owner_comes()
    await door.knock()

    owners = await door.engine.participants(door.room.id)
    (sent,) = door.engine.sent
    assert len(owners) == 2
    assert sorted(sent.to) == sorted(owners)
    for control in (first, second):
        (person,) = await door.service.waiting_list(control)
        assert person.name == "Bob"


async def test_a_second_host_lets_those_in_who_wait_for_an_owner(database: Database, clock: FakeClock) -> None:
    door = await _door(database, clock, JoinApprovalLevel.AFTER_OWNER_ONLY)
    await door.owner_comes()
    await door.owner_comes()
    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    assert isinstance(await door.service.join(door.room.meeting_code, None, "Bob"), Ticket)


async def _let_in(door: Door, control: str, name: str) -> Ticket:
    """The owner says yes, and the guest is inside."""
    wait = await door.knock(name)
    (person,) = await door.service.waiting_list(control)
    await door.service.answer_waiting(control, person.participant_id, yes=True)
    ticket = await door.service.ask_waiting(wait.token)
    assert isinstance(ticket, Ticket)
    await door.engine.join(door.room.id, ticket.participant_id, name=name)
    return ticket
