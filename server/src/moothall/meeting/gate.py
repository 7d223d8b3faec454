"""The one place where the rules are asked whether somebody may enter.

For a join ticket, and at each connection.

The answer may have changed since a participant got their token, so the engine asks again each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moothall.db import Connection, Database
from moothall.engine import (
    Admission,
    Applicant,
    EngineEvent,
    ParticipantAborted,
    ParticipantJoined,
    ParticipantKind,
    ParticipantLeft,
    Refusal,
    RoomFinished,
    Source,
)
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import address_key
from moothall.meeting import roles, rules
from moothall.meeting.arrivals import Arrivals
from moothall.meeting.rights import Right, sources_of
from moothall.meeting.rules import Admit, Crowd, Deny, Hold, Standing, Verdict
from moothall.meeting.standing import read_standing
from moothall.rooms import store as rooms
from moothall.rooms.model import Room
from moothall.sessions.model import Role


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what it was decided on. ``room`` is None for an unknown one."""

    verdict: Verdict
    room: Room | None
    standing: Standing = field(repr=False)


class Gate:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._arrivals = Arrivals()
        # Agents, recorders and streams that are inside: by room, sid to identity.
        self._machines: dict[str, dict[str, str]] = {}

    async def ask(self, applicant: Applicant) -> Admission | Refusal:
        """The engine's AdmissionGate."""
        network = address_key(applicant.address)
        judgement = await self.judge(
            applicant.room, applicant.identity, applicant.attributes, kind=applicant.kind, network=network
        )
        match judgement.verdict:
            case Admit():
                if applicant.connects:
                    self._arrivals.expect(
                        applicant.room,
                        applicant.identity,
                        self._clock.monotonic(),
                        network=network,
                        is_person=rules.is_person(applicant.kind),
                    )
                return Admission(_sources(judgement.standing))
            case Hold():
                return Refusal("not_admitted")
            case Deny(reason):
                return Refusal(reason)

    async def judge(
        self,
        room_id: str,
        participant_id: str,
        role: Role | Mapping[str, str],
        *,
        kind: ParticipantKind = ParticipantKind.STANDARD,
        network: str | None = None,
        is_proven: bool = True,
    ) -> Judgement:
        """``network``: where the connection comes from.

        None for a join ticket, which takes no place.

        ``role``: their present one, or the attributes of their token.

        ``is_proven``: see ``rules.Standing``.
        """
        now = self._clock.now()

        def transaction(connection: Connection) -> tuple[Room | None, Standing]:
            room = rooms.find_room(connection, room_id)
            now_is = role if isinstance(role, Role) else roles.find_role(connection, room_id, participant_id, role)
            return room, read_standing(
                connection, room_id, participant_id, now_is, kind=kind, is_proven=is_proven, now=now
            )

        room, standing = await self._database.peek(transaction)
        # No await from here to the caller's decision: two who come at once are told apart.
        crowd = self._crowd(room_id, participant_id, network)
        return Judgement(rules.decide(room, standing, crowd, now), room, standing)

    def is_expected(self, room_id: str, participant_id: str) -> bool:
        """Whether the participant is on their way into the room."""
        return participant_id in self._arrivals.expected(room_id, self._clock.monotonic())

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: keeps who is on the way, and the machines inside."""
        for event in events:
            match event:
                case ParticipantJoined():
                    self._arrivals.forget(event.room, event.identity)
                    if not rules.is_person(event.kind):
                        self._machines.setdefault(event.room, {})[event.sid] = event.identity
                case ParticipantAborted():
                    self._arrivals.forget(event.room, event.identity)
                case ParticipantLeft():
                    machines = self._machines.get(event.room, {})
                    machines.pop(event.sid, None)
                    if not machines:
                        self._machines.pop(event.room, None)
                case RoomFinished():
                    self._machines.pop(event.room, None)
                case _:
                    pass

    def _crowd(self, room_id: str, participant_id: str, network: str | None) -> Crowd:
        arrivals = self._arrivals.expected(room_id, self._clock.monotonic())
        arrivals.pop(participant_id, None)
        people = [arrival for arrival in arrivals.values() if arrival.is_person]
        machines = {identity for identity, arrival in arrivals.items() if not arrival.is_person}
        return Crowd(
            arriving=len(people),
            nearby=sum(arrival.network == network for arrival in people) if network is not None else 0,
            machines=len((machines | set(self._machines.get(room_id, {}).values())) - {participant_id}),
        )


def _sources(standing: Standing) -> tuple[Source, ...] | None:
    """None for machines, and for everybody of whom nothing was taken."""
    is_limited = rules.is_person(standing.kind) and standing.rights != frozenset(Right)
    return sources_of(standing.rights) if is_limited else None
