"""The features of a running meeting, put together. They do not know one another."""

from collections.abc import Sequence
from dataclasses import dataclass

from moothall.absences.service import Absences
from moothall.checks.service import Checks
from moothall.db import Database
from moothall.engine import EngineListener, MediaEngine
from moothall.hands.service import Hands
from moothall.kit.clock import Clock
from moothall.locks.service import Locks
from moothall.lookalikes.service import Lookalikes
from moothall.meeting.assembly import Meeting
from moothall.meeting.chat import MeetingChat
from moothall.meeting.moderation import Moderation
from moothall.permissions.muting import Muting
from moothall.permissions.service import Permissions
from moothall.promotions.service import Promotions
from moothall.reactions.service import Reactions
from moothall.spotlights.service import Spotlights


@dataclass(frozen=True, slots=True)
class Features:
    absences: Absences
    checks: Checks
    hands: Hands
    permissions: Permissions
    muting: Muting
    reactions: Reactions
    locks: Locks
    spotlights: Spotlights
    moderation: Moderation
    chat: MeetingChat
    promotions: Promotions
    # These hear the engine after the listeners of the meeting.
    listeners: Sequence[EngineListener]


def assemble_features(meeting: Meeting, *, database: Database, engine: MediaEngine, clock: Clock) -> Features:
    permissions = Permissions(database, engine, meeting.feeds)
    lookalikes = Lookalikes(database, engine)

    async def on_promoted(room_id: str, participant_id: str) -> None:
        await permissions.enforce_one(room_id, participant_id)
        await lookalikes.note_host(room_id, participant_id)

    promotions = Promotions(
        database=database,
        engine=engine,
        feeds=meeting.feeds,
        notices=meeting.notices,
        lobby=meeting.lobby,
        on_promoted=on_promoted,
    )
    return Features(
        absences=Absences(engine),
        checks=Checks(database, engine, clock),
        hands=Hands(meeting.feeds, meeting.notices),
        permissions=permissions,
        muting=Muting(engine, clock, meeting.notices, permissions),
        reactions=Reactions(engine, clock, meeting.feeds),
        locks=Locks(meeting.feeds, meeting.lobby),
        spotlights=Spotlights(engine, meeting.feeds),
        moderation=meeting.moderation,
        chat=meeting.chat,
        promotions=promotions,
        listeners=(promotions.on_engine_events, permissions.on_engine_events, lookalikes.on_engine_events),
    )
