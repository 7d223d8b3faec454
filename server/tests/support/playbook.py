"""A LiveKit room on a stage: events in, commands out, time by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from moothall import engine
from moothall.livekit.model import Kind, TrackSource
from moothall.livekit.requests import AddTrack, Answer, Offer, Request
from moothall.livekit.responses import Response, TrackPublished
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import (
    AnswerAccepted,
    ClientConnected,
    Event,
    Moment,
    OfferAccepted,
    OfferCreated,
    RequestReceived,
    Section,
    TimePassed,
    TrackWentLive,
    TransportChanged,
)
from moothall.signalling.relay import Relay
from moothall.signalling.room import Room

START = datetime(2026, 1, 1, 12, tzinfo=UTC)

T = TypeVar("T")


@dataclass
class Stage:
    """Plays the sockets and the SFU.

    ``log`` holds every command so far, ``last`` those of the last event.
    """

    room: Room = field(init=False)
    relay: Relay | None = None
    has_tcp: bool = True
    seconds: float = 0.0
    log: list[Command] = field(default_factory=list)
    last: list[Command] = field(default_factory=list)
    # By participant sid: the tracks it receives as its next offer would have them, in order.
    _receives: dict[str, list[str]] = field(default_factory=dict)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.room = Room(
            name="standup",
            sid="RM_standup",
            created_at_ms=0,
            sif_trailer=b"trailer",
            fresh_id=self._fresh_id,
            relay=self.relay,
            has_tcp=self.has_tcp,
        )

    def _fresh_id(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}{self._numbers}"

    # ---- Acting ----------------------------------------------------------------------------------

    def happens(self, event: Event) -> list[Command]:
        self.last = self.room.handle(event, self.now)
        self.log += self.last
        return self.last

    def says(self, sid: str, request: Request) -> list[Command]:
        return self.happens(RequestReceived(sid, request))

    def passes(self, seconds: float) -> list[Command]:
        self.seconds += seconds
        return self.happens(TimePassed())

    @property
    def now(self) -> Moment:
        return Moment(self.seconds, START + timedelta(seconds=self.seconds))

    def connects(self, identity: str, **details: object) -> str:
        """A client on its first socket; its transports are not up yet."""
        sid = self._fresh_id(f"PA_{identity}")
        self.happens(ClientConnected(sid=sid, identity=identity, name=identity.title(), **details))  # type: ignore[arg-type]
        return sid

    def joins(self, identity: str, **details: object) -> str:
        """A client that is active: everybody's offers are answered."""
        sid = self.connects(identity, **details)
        self.negotiates()
        self.happens(TransportChanged(sid, "subscriber", "connected"))
        self.negotiates()
        return sid

    def publishes(
        self, sid: str, cid: str, kind: Kind, source: TrackSource, *, live: bool = True, **details: object
    ) -> str:
        """Add a track, offer its section, and let packets flow; returns the track's sid."""
        self.says(sid, AddTrack(cid=cid, kind=kind, source=source, **details))  # type: ignore[arg-type]
        track_sid = self.one(TrackPublished).track.sid
        participant = self.room.participants[sid]
        others = [
            Section(track.mid, track.kind, sending=True, layers=track.layers, track_id=track.request.cid)
            for track in participant.published.values()
        ]
        section = Section(f"m{track_sid}", kind, sending=True, layers=3 if kind == "video" else 0, track_id=cid)
        self.happens(OfferAccepted(sid, 1, "answer", (*others, section)))
        if live:
            self.happens(TrackWentLive(track_sid, "audio/opus" if kind == "audio" else "video/VP8"))
            self.negotiates()
        return track_sid

    def negotiates(self) -> None:
        """Every open offer is made and answered, until nobody wants another."""
        pending = [command for command in self.log if isinstance(command, commands.CreateOffer)]
        answered = getattr(self, "_answered", 0)
        while answered < len(pending):
            sid = pending[answered].sid
            answered += 1
            self._answered = answered
            if sid in self.room.participants:
                self.answers_offer(sid)
            pending = [command for command in self.log if isinstance(command, commands.CreateOffer)]

    def answers_offer(self, sid: str) -> None:
        tracks = {str(index): track for index, track in enumerate(sorted(self.room.participants[sid].subscribed))}
        self.happens(OfferCreated(sid, "offer", tracks))
        offers = [response for response in self.sent_to(sid) if isinstance(response, Offer)]
        self.says(sid, Answer("answer", offers[-1].id))
        self.happens(AnswerAccepted(sid))

    # ---- Looking ---------------------------------------------------------------------------------

    def sent_to(self, sid: str, *, since: list[Command] | None = None) -> list[Response]:
        return [
            command.response
            for command in (self.log if since is None else since)
            if isinstance(command, commands.Send) and sid in command.to
        ]

    def told(self, sid: str, kind: type[T]) -> list[T]:
        """Return the messages of one kind to this participant from the last event."""
        return [response for response in self.sent_to(sid, since=self.last) if isinstance(response, kind)]

    def one(self, kind: type[T]) -> T:
        """The only message of this kind sent by the last event."""
        found = [
            command.response
            for command in self.last
            if isinstance(command, commands.Send) and isinstance(command.response, kind)
        ]
        assert len(found) == 1, f"{kind.__name__}: {found}"
        return found[0]

    def did(self, kind: type[T]) -> list[T]:
        """The commands of this kind of the last event."""
        return [command for command in self.last if isinstance(command, kind)]

    def reports(self) -> list[engine.EngineEvent]:
        return [command.event for command in self.log if isinstance(command, commands.Report)]
