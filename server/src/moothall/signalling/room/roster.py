"""The participants and tracks of a room, and how a participant is told something.

The bottom of a room's parts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from moothall.engine import ParticipantKind
from moothall.livekit.model import RoomInfo
from moothall.livekit.responses import ParticipantUpdate, Response
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.track import Track


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """Settings of the server API.

    ``max_participants`` 0: no limit but the meeting's; timeouts are in seconds.
    """

    metadata: str = ""
    max_participants: int = 0
    # How long the room is kept before somebody comes, and after the last has left.
    empty_timeout: int = 0
    departure_timeout: int = 0
    # Screens shared at once; 0: as many as a room may have.
    max_screen_shares: int = 0


class Roster:
    """Participants by sid; tracks by sid with their publishers."""

    def __init__(self, *, name: str, sid: str, created_at_ms: int) -> None:
        self.name = name
        self.sid = sid
        self.participants: dict[str, Participant] = {}
        self.tracks: dict[str, tuple[Participant, Track]] = {}
        self.settings = RoomSettings()
        self._created_at_ms = created_at_ms

    def info(self) -> RoomInfo:
        everybody = self.participants.values()
        # As livekit-server counts: recorders are no participants.
        return RoomInfo(
            sid=self.sid,
            name=self.name,
            num_participants=sum(one.visible and one.kind is not ParticipantKind.EGRESS for one in everybody),
            num_publishers=len({one.sid for one, track in self.tracks.values() if track.announced and one.visible}),
            created_at_ms=self._created_at_ms,
            metadata=self.settings.metadata,
            max_participants=self.settings.max_participants,
            empty_timeout=self.settings.empty_timeout,
            departure_timeout=self.settings.departure_timeout,
        )

    def find_participant(self, identity: str) -> Participant | None:
        return next((one for one in self.participants.values() if one.identity == identity), None)

    def find_track(self, track_sid: str) -> tuple[Participant, Track] | tuple[None, None]:
        """The track with its publisher."""
        return self.tracks.get(track_sid, (None, None))

    def others(self, one: Participant) -> Iterator[Participant]:
        return (other for other in self.participants.values() if other is not one)

    def active(self) -> Iterator[Participant]:
        return (one for one in self.participants.values() if one.active)

    def broadcast(self, one: Participant, *, to_self: bool = True) -> list[Command]:
        """Tell everybody that this participant changed.

        Its own track changes are not echoed to it: a client that is about to mute would take the
        echo for a contradiction.
        """
        one.version += 1
        update = ParticipantUpdate((one.info(),))
        done = one.session.send(update) if to_self else []
        if one.visible:
            done += tell(self.others(one), update)
        return done


def tell(receivers: Iterable[Participant], response: Response) -> list[Command]:
    to = tuple(one.sid for one in receivers if one.session.attached and not one.session.closed)
    return [commands.Send(to, response)] if to else []
