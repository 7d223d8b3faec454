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
from moothall.engine import Admission, Applicant, LeaveReason, Refusal, fan_out
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import assemble
from moothall.meeting.errors import LobbyEntryUnknown, MeetingExpired, MeetingFull, NotPermitted, Removed
from moothall.meeting.lobby_entries import MOST_PER_NETWORK
from moothall.meeting.outcome import Denied, Dismissed, JoinTicket, Wait
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
        self.service = assemble(
            database=database,
            engine=self.engine,
            clock=clock,
            secrets=SECRETS,
            wake=lambda: None,
            lobby_hold_s=hold_s,
        )
        self.engine.listener = fan_out(self.service.listeners)

    async def join_as_owner(self, rejoin_token: str | None = None) -> JoinTicket:
        link = owner_token(self.room, HOST_SECRET)
        ticket = await self.service.entry.join(self.room.meeting_code, link, "Ada", rejoin_token)
        assert isinstance(ticket, JoinTicket)
        return ticket

    async def owner_comes(self) -> str:
        """Returns the owner's control token."""
        ticket = await self.join_as_owner()
        await self.engine.join(self.room.id, ticket.participant_id, name="Ada", role="owner")
        return ticket.control_token

    async def knock(self, name: str = "Bob", address: str = "") -> Wait:
        outcome = await self.service.entry.join(self.room.meeting_code, None, name, address=address)
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
    assert await door.service.lobby.ask(wait.lobby_token) == wait

    (person,) = await door.service.lobby.list_for(control)
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)
    ticket = await door.service.lobby.ask(wait.lobby_token)

    assert isinstance(ticket, JoinTicket)
    assert (ticket.name, ticket.participant_id) == ("Bob", person.participant_id)
    assert await door.service.lobby.list_for(control) == []
    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.ask(wait.lobby_token)


async def test_who_is_denied_is_told_once(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.lobby.list_for(control)

    await door.service.lobby.answer_as(control, person.participant_id, admit=False)

    assert await door.service.lobby.list_for(control) == []
    assert await door.service.lobby.ask(wait.lobby_token) == Denied(retry_after=60)
    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.ask(wait.lobby_token)


async def test_the_owner_never_waits(door: Door) -> None:
    assert await door.owner_comes()


async def test_guests_follow_the_owner_by_themselves(database: Database, clock: FakeClock) -> None:
    door = await _door(database, clock, JoinApprovalLevel.AFTER_OWNER_ONLY, hold_s=60)
    wait = await door.knock()
    assert wait.reason == "owner_absent"

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(door.service.lobby.ask(wait.lobby_token))
        await eventually(lambda: wait.lobby_token in door.service.lobby._news)
        await door.owner_comes()

    assert isinstance(asking.result(), JoinTicket)
    assert isinstance(await door.service.entry.join(door.room.meeting_code, None, "Carol"), JoinTicket)


async def test_an_answer_ends_the_wait_for_it(patient: Door) -> None:
    control = await patient.owner_comes()
    wait = await patient.knock()
    (person,) = await patient.service.lobby.list_for(control)

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(patient.service.lobby.ask(wait.lobby_token))
        await eventually(lambda: wait.lobby_token in patient.service.lobby._news)
        await patient.service.lobby.answer_as(control, person.participant_id, admit=True)

    assert isinstance(asking.result(), JoinTicket)
    assert not patient.service.lobby._news


async def test_a_newer_question_ends_the_older(patient: Door) -> None:
    control = await patient.owner_comes()
    wait = await patient.knock()
    (person,) = await patient.service.lobby.list_for(control)

    async with asyncio.TaskGroup() as tasks:
        older = tasks.create_task(patient.service.lobby.ask(wait.lobby_token))
        first = await eventually(lambda: patient.service.lobby._news.get(wait.lobby_token))
        newer = tasks.create_task(patient.service.lobby.ask(wait.lobby_token))
        await eventually(lambda: patient.service.lobby._news.get(wait.lobby_token) not in {None, first})
        await patient.service.lobby.answer_as(control, person.participant_id, admit=True)

    assert older.result() == wait
    assert isinstance(newer.result(), JoinTicket)


async def test_who_stops_asking_is_off_the_list(door: Door, clock: FakeClock) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.lobby.list_for(control)

    clock.advance(seconds=15)

    assert await door.service.lobby.list_for(control) == []
    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.answer_as(control, person.participant_id, admit=True)
    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.ask(wait.lobby_token)


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
    (person,) = await door.service.lobby.list_for(control)
    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    for token in (control, "nonsense"):
        with pytest.raises(NotPermitted):
            await door.service.lobby.list_for(token)
        with pytest.raises(NotPermitted):
            await door.service.lobby.answer_as(token, person.participant_id, admit=True)


async def test_when_the_room_needs_no_approval_any_more_they_enter(door: Door) -> None:
    wait = await door.knock()

    await door.change(join_approval_level=JoinApprovalLevel.NONE)

    assert isinstance(await door.service.lobby.ask(wait.lobby_token), JoinTicket)


async def test_when_the_room_ends_nobody_waits(door: Door, clock: FakeClock) -> None:
    clock.advance(hours=23, minutes=59, seconds=50)
    wait = await door.knock()
    clock.advance(seconds=10)

    with pytest.raises(MeetingExpired):
        await door.service.lobby.ask(wait.lobby_token)
    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.ask(wait.lobby_token)


async def test_an_admitted_guest_of_another_room_is_unknown_here(
    door: Door, database: Database, clock: FakeClock
) -> None:
    other = await _door(database, clock, JoinApprovalLevel.EXPLICIT_APPROVAL)
    other.service = door.service
    await other.knock()
    control = await door.owner_comes()
    (person,) = door.service.lobby.waiting_in(other.room.id)

    with pytest.raises(LobbyEntryUnknown):
        await door.service.lobby.answer_as(control, person.participant_id, admit=True)


async def test_a_removed_owner_comes_back_neither_by_token_nor_by_link(door: Door, clock: FakeClock) -> None:
    await door.owner_comes()
    owner = door.room.owner_participant_id
    token = Applicant(door.room.id, owner, attributes={"role": "owner"})

    assert await door.service.moderation.remove(door.room.id, owner)
    assert not await door.service.moderation.remove(door.room.id, owner)

    assert await door.engine.participants(door.room.id) == []
    for seconds in (0, 595, 60):
        clock.advance(seconds=seconds)
        assert await door.service.gate.ask(token) == Refusal("removed")
        outcomes = await asyncio.gather(*(door.owner_comes() for _ in range(6)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Removed] * 6

    clock.advance(seconds=5)
    assert await door.service.gate.ask(token) == Admission()


async def test_a_removed_second_host_does_not_come_back_by_the_link(door: Door) -> None:
    first = await door.join_as_owner()
    await door.engine.join(door.room.id, first.participant_id, role="owner")
    second = await door.join_as_owner()
    await door.engine.join(door.room.id, second.participant_id, role="owner")

    await door.service.moderation.remove(door.room.id, second.participant_id)

    with pytest.raises(Removed):
        await door.join_as_owner()
    assert (await door.join_as_owner(first.rejoin_token)).participant_id == first.participant_id


async def test_a_full_room_lets_nobody_in_who_then_still_waits(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.lobby.list_for(control)
    for number in range(MAX_PARTICIPANTS + 9):
        await door.engine.join(door.room.id, f"guest-{number}")
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)

    with pytest.raises(MeetingFull):
        await door.service.lobby.ask(wait.lobby_token)
    await door.engine.leave(door.room.id, "guest-0")
    assert isinstance(await door.service.lobby.ask(wait.lobby_token), JoinTicket)


async def test_after_the_session_was_ended_a_guests_token_opens_no_new_one(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    bob = Applicant(door.room.id, ticket.participant_id, attributes={"role": "guest"})
    assert await door.service.gate.ask(bob) == Admission()

    await door.service.moderation.end_as(control)

    assert await door.service.gate.ask(bob) == Refusal("not_admitted")
    await door.owner_comes()
    assert await door.service.gate.ask(bob) == Refusal("not_admitted")


async def test_somebody_expected_back_can_be_removed(door: Door, clock: FakeClock) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    bob = Applicant(door.room.id, ticket.participant_id, attributes={"role": "guest"})
    await door.engine.leave(door.room.id, bob.identity, LeaveReason.SERVER_SHUTDOWN)

    assert await door.service.moderation.remove(door.room.id, bob.identity)

    assert await door.service.gate.ask(bob) == Refusal("removed")
    clock.advance(minutes=12)
    assert await door.service.gate.ask(bob) == Refusal("not_admitted")


async def test_ending_says_whether_there_was_something_to_end(door: Door) -> None:
    assert not await door.service.moderation.end(door.room.id)
    assert not await door.service.moderation.end("unknown")
    ticket = await door.join_as_owner()
    await door.engine.join(door.room.id, ticket.participant_id, role="owner")
    await door.engine.leave(door.room.id, ticket.participant_id, LeaveReason.SERVER_SHUTDOWN)

    assert await door.service.moderation.end(door.room.id)
    assert not await door.service.moderation.end(door.room.id)


async def test_an_admission_ends_with_the_session_it_was_for(door: Door) -> None:
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.lobby.list_for(control)
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)
    ticket = await door.service.lobby.ask(wait.lobby_token)
    assert isinstance(ticket, JoinTicket)
    bob = Applicant(door.room.id, ticket.participant_id)
    assert await door.service.gate.ask(bob) == Admission()

    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    assert await door.service.gate.ask(bob) == Refusal("not_admitted")


async def test_a_ticket_from_when_the_owner_was_inside_is_no_use_without_one(
    database: Database, clock: FakeClock
) -> None:
    door = await _door(database, clock, JoinApprovalLevel.AFTER_OWNER_ONLY)
    await door.owner_comes()
    ticket = await door.service.entry.join(door.room.meeting_code, None, "Bob")
    assert isinstance(ticket, JoinTicket)
    bob = Applicant(door.room.id, ticket.participant_id)
    assert await door.service.gate.ask(bob) == Admission()

    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    assert await door.service.gate.ask(bob) == Refusal("not_admitted")


async def test_approval_that_is_switched_on_holds_for_tickets_given_before(
    database: Database, clock: FakeClock
) -> None:
    door = await _door(database, clock, JoinApprovalLevel.NONE)
    ticket = await door.service.entry.join(door.room.meeting_code, None, "Bob")
    inside = await door.service.entry.join(door.room.meeting_code, None, "Carol")
    assert isinstance(ticket, JoinTicket)
    assert isinstance(inside, JoinTicket)
    await door.engine.join(door.room.id, inside.participant_id)

    await door.change(join_approval_level=JoinApprovalLevel.EXPLICIT_APPROVAL)

    assert await door.service.gate.ask(Applicant(door.room.id, ticket.participant_id)) == Refusal("not_admitted")
    assert await door.service.gate.ask(Applicant(door.room.id, inside.participant_id)) == Admission()


async def test_end_for_all_reaches_the_people_who_wait(patient: Door) -> None:
    control = await patient.owner_comes()
    wait = await patient.knock()

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(patient.service.lobby.ask(wait.lobby_token))
        await eventually(lambda: wait.lobby_token in patient.service.lobby._news)
        await patient.service.moderation.end_as(control)

    assert asking.result() == Dismissed()
    with pytest.raises(LobbyEntryUnknown):
        await patient.service.lobby.ask(wait.lobby_token)


async def test_one_network_cannot_fill_a_waiting_room(door: Door) -> None:
    for _ in range(MOST_PER_NETWORK):
        await door.knock(address="203.0.113.1")
    with pytest.raises(MeetingFull):
        await door.knock(address="203.0.113.1")

    assert await door.knock(address="198.51.100.1")


async def test_a_stopping_server_holds_no_question_back(patient: Door) -> None:
    wait = await patient.knock()

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(patient.service.lobby.ask(wait.lobby_token))
        await eventually(lambda: wait.lobby_token in patient.service.lobby._news)
        patient.service.lobby.stop_holding()

    assert asking.result() == wait
    assert await patient.service.lobby.ask(wait.lobby_token) == wait


async def test_who_was_let_in_and_comes_back_does_not_wait_again_in_the_same_session(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.engine.leave(door.room.id, ticket.participant_id)

    again = await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token)
    impostor = await door.service.entry.join(door.room.meeting_code, None, "Bob")

    assert isinstance(again, JoinTicket)
    assert again.participant_id == ticket.participant_id
    assert isinstance(impostor, Wait)


async def test_in_the_next_session_everybody_waits_again(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.engine.delete_room(door.room.id)
    await door.owner_comes()

    assert isinstance(await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token), Wait)


async def test_who_was_removed_is_not_let_in_by_an_old_yes(door: Door, clock: FakeClock) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.service.moderation.remove(door.room.id, ticket.participant_id)

    for minutes in (0, 11, 60):
        clock.advance(minutes=minutes)
        outcome = await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token)
        assert isinstance(outcome, Wait), minutes


async def test_who_was_removed_may_be_let_in_again(door: Door) -> None:
    control = await door.owner_comes()
    ticket = await _let_in(door, control, "Bob")
    await door.service.moderation.remove(door.room.id, ticket.participant_id)

    wait = await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token)
    assert isinstance(wait, Wait)
    (person,) = await door.service.lobby.list_for(control)
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)

    assert isinstance(await door.service.lobby.ask(wait.lobby_token), JoinTicket)


async def test_an_admission_is_good_for_another_try_as_long_as_its_token(door: Door, clock: FakeClock) -> None:
    """A connection that fails is no reason to ask the owner again."""
    control = await door.owner_comes()
    wait = await door.knock()
    (person,) = await door.service.lobby.list_for(control)
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)
    ticket = await door.service.lobby.ask(wait.lobby_token)
    assert isinstance(ticket, JoinTicket)

    again = await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token)
    clock.advance(minutes=11)
    too_late = await door.service.entry.join(door.room.meeting_code, None, "Bob", ticket.rejoin_token)

    assert isinstance(again, JoinTicket)
    assert again.participant_id == ticket.participant_id
    assert isinstance(too_late, Wait)


async def test_two_hosts_are_both_told_who_waits_and_both_may_answer(door: Door) -> None:
    first = await door.owner_comes()
    second = await door.owner_comes()
    await door.knock()

    owners = await door.engine.participants(door.room.id)
    (sent,) = door.engine.sent
    assert len(owners) == 2
    assert sorted(sent.to) == sorted(owners)
    for control in (first, second):
        (person,) = await door.service.lobby.list_for(control)
        assert person.name == "Bob"


async def test_a_second_host_lets_those_in_who_wait_for_an_owner(database: Database, clock: FakeClock) -> None:
    door = await _door(database, clock, JoinApprovalLevel.AFTER_OWNER_ONLY)
    await door.owner_comes()
    await door.owner_comes()
    await door.engine.leave(door.room.id, door.room.owner_participant_id)

    assert isinstance(await door.service.entry.join(door.room.meeting_code, None, "Bob"), JoinTicket)


async def _let_in(door: Door, control: str, name: str) -> JoinTicket:
    """The owner says yes, and the guest is inside."""
    wait = await door.knock(name)
    (person,) = await door.service.lobby.list_for(control)
    await door.service.lobby.answer_as(control, person.participant_id, admit=True)
    ticket = await door.service.lobby.ask(wait.lobby_token)
    assert isinstance(ticket, JoinTicket)
    await door.engine.join(door.room.id, ticket.participant_id, name=name)
    return ticket
