"""The parts of ``meeting/``, put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moothall.db import Database
from moothall.engine import EngineListener, MediaEngine
from moothall.feeds.model import STATE
from moothall.kit.clock import Clock
from moothall.meeting.access import Access, MeetingSecrets
from moothall.meeting.attendance import AttendanceKeeper
from moothall.meeting.chat import MeetingChat
from moothall.meeting.endings import Endings
from moothall.meeting.entry import Entry
from moothall.meeting.feeds import STATE_LIMITS, Feeds, KeptFeed
from moothall.meeting.gate import Gate
from moothall.meeting.live import LiveRooms
from moothall.meeting.lobby import HOLD_S, Lobby
from moothall.meeting.moderation import Moderation
from moothall.meeting.notices import Notices
from moothall.meeting.tickets import Tickets
from moothall.meeting.tokens import ParticipantTokens
from moothall.meeting.writes import Writes


@dataclass(frozen=True, slots=True)
class Meeting:
    """Each part is one thing people do in a meeting, or one thing that happens to it."""

    access: Access
    entry: Entry
    lobby: Lobby
    gate: Gate
    feeds: Feeds
    notices: Notices
    moderation: Moderation
    chat: MeetingChat
    live: LiveRooms
    attendance: AttendanceKeeper
    endings: Endings
    # In the order in which they hear the engine: what happened is stored before others ask about
    # it.
    listeners: Sequence[EngineListener]


def assemble(
    *,
    database: Database,
    engine: MediaEngine,
    clock: Clock,
    secrets: MeetingSecrets,
    wake: Callable[[], None],
    lobby_hold_s: float = HOLD_S,
) -> Meeting:
    """``wake`` is called on the event loop after transactions that may leave work due.

    ``lobby_hold_s``: how long the answer to somebody who waits may be held back for news, in
    seconds.
    """
    tokens = ParticipantTokens(secrets.control)
    writes = Writes(database, wake)
    attendance = AttendanceKeeper(database=database, engine=engine, clock=clock, writes=writes)
    access = Access(database=database, engine=engine, clock=clock, tokens=tokens, attendance=attendance)
    notices = Notices(database=database, engine=engine, clock=clock)
    feeds = Feeds(database=database, engine=engine, clock=clock, access=access, writes=writes)
    feeds.add(STATE, KeptFeed(STATE_LIMITS))
    gate = Gate(database=database, clock=clock)
    tickets = Tickets(engine=engine, clock=clock, tokens=tokens)
    lobby = Lobby(
        database=database,
        clock=clock,
        access=access,
        gate=gate,
        notices=notices,
        tickets=tickets,
        hold_s=lobby_hold_s,
    )
    entry = Entry(
        database=database,
        clock=clock,
        host_link_secret=secrets.host_link,
        gate=gate,
        tickets=tickets,
        lobby=lobby,
        notices=notices,
    )
    moderation = Moderation(
        database=database,
        engine=engine,
        clock=clock,
        writes=writes,
        access=access,
        gate=gate,
        lobby=lobby,
        notices=notices,
        feeds=feeds,
    )
    return Meeting(
        access=access,
        entry=entry,
        lobby=lobby,
        gate=gate,
        feeds=feeds,
        notices=notices,
        moderation=moderation,
        chat=MeetingChat(feeds, clock, access),
        live=LiveRooms(database, engine, notices, lobby, moderation),
        attendance=attendance,
        endings=Endings(engine=engine, clock=clock, writes=writes, notices=notices, lobby=lobby, feeds=feeds),
        listeners=(
            attendance.on_engine_events,
            feeds.on_engine_events,
            gate.on_engine_events,
            tickets.on_engine_events,
            lobby.on_engine_events,
        ),
    )
