"""A media engine without media.

People are inside when a test says so, and it keeps the promises of ``engine.MediaEngine``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from moothall.engine import (
    AdmissionGate,
    EngineEvent,
    EngineListener,
    JoinGrant,
    LeaveReason,
    LiveTrack,
    ParticipantJoined,
    ParticipantKind,
    ParticipantLeft,
    RoomFinished,
    Source,
)
from moothall.kit.clock import Clock


@dataclass
class SentData:
    room: str
    payload: bytes
    topic: str
    to: tuple[str, ...] = ()
    reliable: bool = True


@dataclass
class FakeEngine:
    clock: Clock
    name: str = "fake"
    listener: EngineListener | None = None
    gate: AdmissionGate | None = None
    grants: list[JoinGrant] = field(default_factory=list)
    sent: list[SentData] = field(default_factory=list)
    _inside: dict[str, dict[str, str]] = field(default_factory=dict)
    published: dict[str, list[LiveTrack]] = field(default_factory=dict)
    # The sources that people may publish, where the meeting set them.
    limits: dict[str, tuple[Source, ...] | None] = field(default_factory=dict)
    most_shares: dict[str, int | None] = field(default_factory=dict)
    # The attributes that were set after people had joined.
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    _kinds: dict[str, ParticipantKind] = field(default_factory=dict)
    _connections: int = 0

    async def join(
        self,
        room: str,
        identity: str,
        name: str = "Ada",
        role: str = "guest",
        kind: ParticipantKind = ParticipantKind.STANDARD,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """The participant's transports are up. Returns the connection's sid."""
        self._connections += 1
        sid = f"PA_{self._connections}"
        self._inside.setdefault(room, {})[identity] = sid
        self._kinds[identity] = kind
        await self._report(
            ParticipantJoined(
                room, identity, sid, name, {"role": role, **(attributes or {})}, kind, at=self.clock.now()
            ),
        )
        return sid

    async def leave(self, room: str, identity: str, reason: LeaveReason = LeaveReason.CLIENT_INITIATED) -> None:
        sid = self._inside[room].pop(identity)
        await self._report(ParticipantLeft(room, identity, sid, reason, self.clock.now(), self._kinds[identity]))
        if not self._inside[room]:
            del self._inside[room]
            await self._report(RoomFinished(room, self.clock.now()))

    def crash(self) -> None:
        """Everybody is gone and nothing is reported."""
        self._inside.clear()

    def access_token(self, grant: JoinGrant) -> str:
        self.grants.append(grant)
        return f"access-token-of-{grant.identity}"

    def client_url(self) -> str:
        return "ws://127.0.0.1:7880"

    async def participants(self, room: str) -> list[str]:
        return list(self._inside.get(room, {}))

    async def tracks(self, room: str) -> list[LiveTrack]:
        inside = self._inside.get(room, {})
        return [track for track in self.published.get(room, []) if track.identity in inside]

    async def remove_participant(self, room: str, identity: str) -> bool:
        if identity not in self._inside.get(room, {}):
            return False
        await self.leave(room, identity, LeaveReason.PARTICIPANT_REMOVED)
        return True

    async def delete_room(self, room: str) -> bool:
        inside = await self.participants(room)
        for identity in inside:
            await self.leave(room, identity, LeaveReason.ROOM_DELETED)
        return bool(inside)

    async def mute_track(self, room: str, identity: str, track_sid: str, *, muted: bool) -> bool:
        tracks = self.published.get(room, [])
        for index, track in enumerate(tracks):
            if muted and (track.identity, track.track_sid) == (identity, track_sid):
                tracks[index] = replace(track, muted=True)
                return True
        return False

    async def limit_publishing(self, room: str, identity: str, sources: Sequence[Source] | None) -> bool:
        if identity not in self._inside.get(room, {}):
            return False
        self.limits[identity] = None if sources is None else tuple(sources)
        if sources is not None:
            tracks = self.published.get(room, [])
            tracks[:] = [one for one in tracks if one.identity != identity or one.source in sources]
        return True

    async def limit_screen_shares(self, room: str, most: int | None) -> bool:
        self.most_shares[room] = most
        return room in self._inside

    async def replace_screen_shares(
        self, room: str, identity: str, *, replaced: Collection[str]
    ) -> frozenset[str] | None:
        sharing = {one.identity for one in await self.tracks(room) if one.source == "screen_share"}
        others = frozenset(sharing - {identity})
        if identity not in self._inside.get(room, {}) or not others <= set(replaced):
            return None
        tracks = self.published.get(room, [])
        tracks[:] = [one for one in tracks if one.identity not in others or not one.source.startswith("screen_share")]
        return others

    async def send_data(
        self, room: str, payload: bytes, *, topic: str, reliable: bool = True, to: Sequence[str] = ()
    ) -> None:
        self.sent.append(SentData(room, payload, topic, tuple(to), reliable))

    async def update_participant(
        self, room: str, identity: str, *, name: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> bool:
        if identity not in self._inside.get(room, {}):
            return False
        self.attributes.setdefault(identity, {}).update(attributes or {})
        return True

    async def _report(self, event: EngineEvent) -> None:
        if self.listener is not None:
            await self.listener([event])
