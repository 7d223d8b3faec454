"""Marking guests whose name could be taken for that of a host, for everybody to see."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from moothall.db import Connection, Database
from moothall.engine import (
    LOOKALIKE_ATTRIBUTE,
    EngineEvent,
    MediaEngine,
    ParticipantJoined,
    ParticipantLeft,
    RoomFinished,
)
from moothall.kit import names
from moothall.lookalikes import model
from moothall.lookalikes.model import Person
from moothall.meeting import roles, rules
from moothall.sessions.model import Role


@dataclass(frozen=True, slots=True)
class _Inside:
    sid: str
    person: Person
    is_marked: bool


class Lookalikes:
    """Knows who is inside from the engine, so that a join costs no look at all the others."""

    def __init__(self, database: Database, engine: MediaEngine) -> None:
        self._database = database
        self._engine = engine
        self._rooms: dict[str, dict[str, _Inside]] = {}
        self._has_data = False

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener."""
        touched: dict[str, None] = {}
        for event in events:
            match event:
                case ParticipantJoined() if rules.is_person(event.kind):
                    role = await self._database.peek(partial(_role_of, joined=event))
                    person = Person(event.name, role is Role.OWNER)
                    # A new connection begins with the attributes of its token, which has no mark.
                    inside = _Inside(event.sid, person, is_marked=False)
                    self._rooms.setdefault(event.room, {})[event.identity] = inside
                    touched[event.room] = None
                case ParticipantLeft():
                    people = self._rooms.get(event.room, {})
                    if event.identity in people and people[event.identity].sid == event.sid:
                        del people[event.identity]
                        touched[event.room] = None
                case RoomFinished():
                    self._rooms.pop(event.room, None)
                case _:
                    pass
        if touched and not self._has_data:
            # Unicode's table takes a tenth of a second to load.
            await asyncio.to_thread(names.skeleton, "")
            self._has_data = True
        for room_id in touched:
            await self._mark(room_id)

    async def note_host(self, room_id: str, participant_id: str) -> None:
        """Somebody inside was made a host."""
        people = self._rooms.get(room_id, {})
        if participant_id in people:
            one = people[participant_id]
            people[participant_id] = replace(one, person=replace(one.person, is_host=True))
            await self._mark(room_id)

    async def _mark(self, room_id: str) -> None:
        people = self._rooms.get(room_id, {})
        found = model.lookalikes({participant_id: one.person for participant_id, one in people.items()})
        changed = [(key, one) for key, one in people.items() if one.is_marked is not (key in found)]
        for participant_id, one in changed:
            is_marked = participant_id in found
            people[participant_id] = replace(one, is_marked=is_marked)
            attributes = {LOOKALIKE_ATTRIBUTE: "host" if is_marked else ""}
            await self._engine.update_participant(room_id, participant_id, attributes=attributes)


def _role_of(connection: Connection, joined: ParticipantJoined) -> Role:
    return roles.find_role(connection, joined.room, joined.identity, joined.attributes)
