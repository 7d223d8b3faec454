"""The one way in which people in a meeting share something.

A command comes over the page's API, or from the application. In one transaction the server looks
who that is, lets a pure rule decide, and keeps what it decided as numbered changes of a feed. Then
everybody inside is told on one topic. A reader who misses a number, comes late or comes back asks
for what follows the last number it has, so that packets may be lost, doubled or out of order.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from moothall.db import Connection, Database
from moothall.engine import EngineEvent, MediaEngine, ParticipantLeft, RoomFinished
from moothall.feeds import store
from moothall.feeds.model import STATE, Change, Entry, Head, Limits, Reading
from moothall.jobs import store as jobs
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock
from moothall.meeting.access import Access, By, Caller, Insider
from moothall.meeting.errors import FeedUnknown, NotPermitted, SessionUnknown
from moothall.meeting.rights import ALLOWED, PERMISSIONS, Right, rights_of
from moothall.meeting.writes import Writes
from moothall.rooms import store as rooms
from moothall.rooms.model import Room
from moothall.sessions import store as sessions
from moothall.sessions.model import Attendance, Role, Session

FEED_TOPIC = "moothall.feed"
MOST_AT_ONCE = 200
DEPARTURES_JOB = "feed_departures"
# A page that is loaded anew, or has lost its connection, is back within this time.
RETURN = timedelta(seconds=30)
# Hands and what is given back to people, for every person of a full room and those before them;
# the largest value is a pinned message with the names of its author and of who pinned it.
STATE_LIMITS = Limits(keys=2_000, value_size=12_000, size=1_000_000)
# The largest data packet; a page asks for larger changes itself.
_LARGEST_PACKET = 60_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a command takes effect: the session that goes on in a room, whose command, and when."""

    room: Room
    session: Session
    caller: Caller
    # None for the application.
    attendance: Attendance | None
    at: datetime

    @property
    def role(self) -> Role:
        return Role.OWNER if self.attendance is None else self.attendance.role

    @property
    def by(self) -> By | None:
        return self.caller.by

    def rights(self, connection: Connection) -> frozenset[Right]:
        """The rights that the hosts leave to the caller."""
        participant_id = self.caller.participant_id or ""
        keys = (PERMISSIONS, ALLOWED + participant_id)
        entries = store.find_entries(connection, self.session.id, STATE, keys=keys)
        return rights_of(self.role, participant_id, {key: entry.value for key, entry in entries.items()})

    def moderates(self) -> None:
        """Raises NotPermitted for a guest."""
        if self.role is not Role.OWNER:
            raise NotPermitted


# Pure: the present entries by key, and what shall change. Raises why it may not be.
Rule = Callable[[Scene, Mapping[str, Entry]], Sequence[Change]]
# The result of a command in its transaction: the position of the feed, and the written entries.
Act = Callable[[Connection, Scene], tuple[Head, Sequence[Entry]]]


class FeedKind(Protocol):
    """How a feed, or each of a family of feeds such as ``board:{id}``, is kept and told."""

    def check(self, room: Room) -> None:
        """Raises why nobody may read it."""
        ...

    def read(
        self, connection: Connection, session_id: str, feed: str, after: int | None, limit: int
    ) -> Sequence[Entry]:
        """Return what was changed after this number, in order; None: a newcomer's beginning."""
        ...

    def render(self, entries: Sequence[Entry]) -> Sequence[tuple[str, Mapping[str, Any]]] | None:
        """Return packets and their topics, where they are not those of every feed."""
        ...


class KeptFeed:
    """A feed whose entries are kept by ``feeds.store``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def check(self, room: Room) -> None:
        """Everybody inside may read it."""

    def read(
        self, connection: Connection, session_id: str, feed: str, after: int | None, limit: int
    ) -> Sequence[Entry]:
        return store.entries_after(connection, session_id, feed, after or 0, limit=limit)

    def render(self, entries: Sequence[Entry]) -> None:
        """As every feed."""


class Feeds:
    def __init__(
        self, *, database: Database, engine: MediaEngine, clock: Clock, access: Access, writes: Writes
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._access = access
        self._writes = writes
        self._kinds: dict[str, FeedKind] = {}

    def add(self, name: str, kind: FeedKind) -> None:
        """From now on ``name`` is a feed, or with a colon at its end a family of feeds."""
        self._kinds[name] = kind

    async def read(self, control_token: str, feed: str, after: int | None) -> Reading:
        """Return a page of what has changed after this number; None: what a newcomer begins with.

        Raises NotPermitted, FeedUnknown, ChatOff.
        """
        kind = self._kind(feed)
        caller = await self._access.identify(control_token)

        def transaction(connection: Connection) -> Reading:
            room = rooms.find_room(connection, caller.room_id)
            session = sessions.find_open_session(connection, caller.room_id)
            if room is None or session is None:
                raise NotPermitted
            kind.check(room)
            head = store.find_head(connection, session.id, feed)
            found = kind.read(connection, session.id, feed, after, MOST_AT_ONCE + 1)
            page, has_more = tuple(found[:MOST_AT_ONCE]), len(found) > MOST_AT_ONCE
            number = page[-1].number if has_more else head.number
            return Reading(session.id, head, number, page, has_more)

        return await self._database.read(transaction)

    async def change(self, caller: Caller, feed: str, rule: Rule, *, prefix: str = "") -> Sequence[Entry]:
        """Let the rule decide on the entries whose keys begin with ``prefix``; tell what changed.

        Raises NotPermitted, SessionUnknown, FeedFull, and what the rule raises.
        """
        kind = self._kind(feed)
        assert isinstance(kind, KeptFeed)  # noqa: S101 - features name their own feeds

        def act(connection: Connection, scene: Scene) -> tuple[Head, Sequence[Entry]]:
            entries = store.find_entries(connection, scene.session.id, feed, prefix=prefix)
            return store.write(connection, scene.session.id, feed, rule(scene, entries), kind.limits)

        return await self.act(caller, feed, act)

    async def act(self, caller: Caller, feed: str, act: Act) -> Sequence[Entry]:
        """Do something to a feed in one transaction, and tell everybody inside.

        Raises NotPermitted, SessionUnknown, and what ``act`` raises.
        """
        now = self._clock.now()

        def transaction(connection: Connection) -> tuple[Session, Head, Sequence[Entry]]:
            scene = _enter(connection, caller, now)
            head, entries = act(connection, scene)
            return scene.session, head, entries

        session, head, entries = await self._database.write(transaction)
        await self._tell(caller.room_id, session.id, feed, head, entries)
        return entries

    async def find(self, room_id: str, *, prefix: str, feed: str) -> Mapping[str, Entry]:
        """Return the present entries of the session that goes on; empty without one."""

        def transaction(connection: Connection) -> Mapping[str, Entry]:
            session = sessions.find_open_session(connection, room_id)
            return {} if session is None else store.find_entries(connection, session.id, feed, prefix=prefix)

        return await self._database.read(transaction)

    async def rights(self, caller: Insider) -> frozenset[Right]:
        """The rights that the hosts leave to somebody who is inside."""
        keys = (PERMISSIONS, ALLOWED + caller.participant_id, "")
        values = await self._database.peek(lambda connection: store.values_in(connection, caller.room_id, STATE, keys))
        return rights_of(caller.role, caller.participant_id, values)

    # ---- People who have left --------------------------------------------------------------------

    async def on_engine_events(self, events: Sequence[EngineEvent]) -> None:
        """An EngineListener: what goes with a participant goes once they do not come back."""
        for room_id in {event.room for event in events if isinstance(event, ParticipantLeft | RoomFinished)}:
            await self.plan_departures(room_id)

    def job_handlers(self) -> Mapping[str, JobHandler]:
        return {DEPARTURES_JOB: self._run_departures}

    async def plan_departures(self, room_id: str) -> None:
        """Somebody has left: look again when they have had the time to come back."""
        run_at = self._clock.now() + RETURN

        def is_due(connection: Connection) -> bool:
            session = sessions.find_open_session(connection, room_id)
            waits = session is not None and bool(store.entries_of_absent(connection, session.id))
            return waits or store.has_feeds_of_ended(connection, room_id)

        def transaction(connection: Connection) -> None:
            jobs.schedule(connection, kind=DEPARTURES_JOB, key=room_id, run_at=run_at)

        if await self._database.peek(is_due):
            await self._writes.write(transaction)

    async def _run_departures(self, job: Job) -> None:
        """Job ``feed_departures``, whose key is the room id."""
        now = self._clock.now()

        def transaction(connection: Connection) -> Sequence[tuple[str, str, Head, Sequence[Entry]]]:
            store.delete_feeds_of_ended(connection, job.key)
            session = sessions.lock_open_session(connection, job.key)
            if session is None:
                return ()
            gone: dict[str, list[Change]] = {}
            for feed, entry in store.entries_of_absent(connection, session.id):
                left_at = sessions.last_left_at(connection, session.id, entry.participant_id or "")
                if left_at is None or left_at + RETURN <= now:
                    gone.setdefault(feed, []).append(Change(entry.key, None))
                else:
                    jobs.schedule(connection, kind=DEPARTURES_JOB, key=job.key, run_at=left_at + RETURN)
            return [
                (session.id, feed, *store.write(connection, session.id, feed, changes, self._limits(feed)))
                for feed, changes in gone.items()
            ]

        for session_id, feed, head, entries in await self._writes.write(transaction):
            await self._tell(job.key, session_id, feed, head, entries)

    # ---- Telling ---------------------------------------------------------------------------------

    async def _tell(self, room_id: str, session_id: str, feed: str, head: Head, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        own = self._kind(feed).render(entries)
        if own is None:
            where = {"feed": feed, "session_id": session_id, "generation": head.generation, "number": head.number}
            own = [(FEED_TOPIC, {**where, "entries": render_entries(entries)})]
            if len(_encode(own[0][1])) > _LARGEST_PACKET:
                own = [(FEED_TOPIC, {**where, "entries": None})]
        for topic, packet in own:
            await self._engine.send_data(room_id, _encode(packet), topic=topic)

    def _kind(self, feed: str) -> FeedKind:
        """Raises FeedUnknown."""
        family, colon, _ = feed.partition(":")
        kind = self._kinds.get(family + colon)
        if kind is None:
            raise FeedUnknown
        return kind

    def _limits(self, feed: str) -> Limits:
        kind = self._kind(feed)
        assert isinstance(kind, KeptFeed)  # noqa: S101 - only these keep entries that go with somebody
        return kind.limits


def render_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries on the wire, alike in answers and in data packets."""
    return [{"number": entry.number, "key": entry.key, "value": entry.value} for entry in entries]


def _enter(connection: Connection, caller: Caller, now: datetime) -> Scene:
    """Raises NotPermitted for somebody who is not inside, and SessionUnknown for an application."""
    session = sessions.lock_open_session(connection, caller.room_id)
    room = rooms.find_room(connection, caller.room_id)
    if caller.participant_id is None:
        if session is None or room is None:
            raise SessionUnknown
        return Scene(room, session, caller, None, now)
    if session is None or room is None:
        raise NotPermitted
    attendance = sessions.find_open_attendance(connection, session.id, caller.participant_id)
    if attendance is None:
        raise NotPermitted
    return Scene(room, session, caller, attendance, now)


def _encode(packet: Mapping[str, Any]) -> bytes:
    return json.dumps(packet, ensure_ascii=False, separators=(",", ":")).encode()
