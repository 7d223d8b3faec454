"""Muting others, and asking them to speak. Nobody's microphone or camera is opened from afar."""

from collections.abc import Collection, Hashable, Sequence

from moothall.engine import LiveTrack, MediaEngine
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import RateLimits
from moothall.meeting import rules
from moothall.meeting.access import Caller, Insider
from moothall.meeting.errors import NotPermitted, ParticipantUnknown, SharesChanged, TooFast
from moothall.meeting.notices import Notices
from moothall.meeting.rights import Right
from moothall.permissions.service import Permissions


class Muting:
    def __init__(self, engine: MediaEngine, clock: Clock, notices: Notices, permissions: Permissions) -> None:
        self._engine = engine
        self._clock = clock
        self._notices = notices
        self._permissions = permissions
        self._asks: RateLimits[Hashable] = RateLimits(per_second=1 / 5, burst=2)

    async def mute(self, caller: Caller, participant_id: str, source: Right) -> None:
        """Mute somebody's microphone or camera, or end their screen share; they are told who did.

        Raises NotPermitted, ParticipantUnknown.
        """
        await self._check(caller, participant_id)
        await self._mute(caller, await self._tracks(caller.room_id, source, of=participant_id), source)

    async def mute_all(self, caller: Caller, source: Right, *, lock: bool) -> None:
        """The same for everybody else; ``lock``: and guests may not turn it on themselves.

        Raises NotPermitted, SessionUnknown.
        """
        _check_role(caller)
        if lock:
            await self._permissions.permit(caller, {source.value: False})
        tracks = await self._tracks(caller.room_id, source)
        await self._mute(caller, [track for track in tracks if track.identity != caller.participant_id], source)

    async def replace_shares(self, caller: Insider, replaced: Collection[str]) -> None:
        """End the screen shares of these people, whose place the caller takes; they are told.

        Raises NotPermitted, and SharesChanged when somebody else shares by now, too: of two hosts
        who replace the same share, the second is asked again.
        """
        _check_role(caller)
        gone = await self._engine.replace_screen_shares(caller.room_id, caller.participant_id, replaced=replaced)
        if gone is None:
            raise SharesChanged
        if gone:
            await self._notices.tell(caller.room_id, {"type": "share_replaced", "by": caller.by}, to=sorted(gone))

    async def ask_to_unmute(self, caller: Caller, participant_id: str, source: Right) -> None:
        """Ask somebody to turn on their microphone or camera themselves.

        Raises NotPermitted, ParticipantUnknown, TooFast.
        """
        await self._check(caller, participant_id)
        seconds = self._asks.take((caller.room_id, participant_id), self._clock.monotonic())
        if seconds:
            raise TooFast(seconds)
        notice = {"type": "unmute_asked", "source": source.value, "by": caller.by}
        await self._notices.tell(caller.room_id, notice, to=[participant_id])

    async def _mute(self, caller: Caller, tracks: Sequence[LiveTrack], source: Right) -> None:
        """Tell first: whoever is muted reads by whom before their button changes."""
        people = list(dict.fromkeys(track.identity for track in tracks))
        if people:
            notice = {"type": "muted", "source": source.value, "by": caller.by}
            await self._notices.tell(caller.room_id, notice, to=people)
        for track in tracks:
            await self._engine.mute_track(caller.room_id, track.identity, track.track_sid, muted=True)
        if source is Right.SCREEN_SHARE:
            # A muted share would stay on everybody's stage.
            for person in people:
                await self._permissions.end_publishing(caller.room_id, person, source)

    async def _tracks(self, room_id: str, source: Right, of: str | None = None) -> list[LiveTrack]:
        sources = {source.value, f"{source.value}_audio"}
        tracks = await self._engine.tracks(room_id)
        # A screen share ends even when it is muted already.
        return [
            track
            for track in tracks
            if of in (None, track.identity)
            and track.source in sources
            and (not track.muted or source is Right.SCREEN_SHARE)
        ]

    async def _check(self, caller: Caller, participant_id: str) -> None:
        _check_role(caller)
        if participant_id not in await self._engine.participants(caller.room_id):
            raise ParticipantUnknown


def _check_role(caller: Caller) -> None:
    """Raises NotPermitted."""
    if isinstance(caller, Insider) and not rules.may_moderate(caller.role):
        raise NotPermitted
