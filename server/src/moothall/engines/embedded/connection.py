"""The sending half of one WebSocket.

A bounded queue between a room, which never waits, and a client, which may be slow.

Two kinds of messages wait here. *Frames* are sent as they are, in order. *States* (participants,
speakers, connection qualities, streams) replace what was said before about the same participant or
track: while one waits, the next is merged into it, unless a frame was queued in between, because
what an offer refers to must have been said before it. So a client that is slow, or a room that many
join at once, costs each client few messages that say much, and what waits is bounded by the number
of participants.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from moothall.livekit import limits
from moothall.livekit.codec import encode_response
from moothall.livekit.model import ParticipantInfo
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    ParticipantUpdate,
    QualityReport,
    Response,
    Speaker,
    SpeakersChanged,
    State,
    StreamState,
    StreamStateUpdate,
)


@dataclass(frozen=True, slots=True)
class _Close:
    code: int


@dataclass(slots=True)
class States:
    """The latest of each kind, by participant sid; of streams by track sid."""

    participants: dict[str, ParticipantInfo] = field(default_factory=dict)
    speakers: dict[str, Speaker] = field(default_factory=dict)
    reports: dict[str, QualityReport] = field(default_factory=dict)
    streams: dict[str, StreamState] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State) -> "States":
        match state:
            case ParticipantUpdate(participants):
                return cls(participants={one.sid: one for one in participants})
            case SpeakersChanged(speakers):
                return cls(speakers={one.sid: one for one in speakers})
            case ConnectionQualityUpdate(reports):
                return cls(reports={one.participant_sid: one for one in reports})
            case StreamStateUpdate(streams):
                return cls(streams={one.track_sid: one for one in streams})

    def merge(self, news: "States") -> None:
        self.participants.update(news.participants)
        self.speakers.update(news.speakers)
        self.reports.update(news.reports)
        self.streams.update(news.streams)

    def responses(self) -> Iterable[Response]:
        """Participants first: clients drop what they hear about somebody they do not know."""
        if self.participants:
            yield ParticipantUpdate(tuple(self.participants.values()))
        if self.speakers:
            yield SpeakersChanged(tuple(self.speakers.values()))
        if self.reports:
            yield ConnectionQualityUpdate(tuple(self.reports.values()))
        if self.streams:
            yield StreamStateUpdate(tuple(self.streams.values()))

    @property
    def size(self) -> int:
        return max(len(self.participants), len(self.speakers), len(self.reports), len(self.streams))


class Connection:
    """Belongs to the task of its WebSocket.

    The others' methods may be called by anybody on the same loop.
    """

    def __init__(self) -> None:
        self.as_json = False
        # Written by the reading half: the browser closed because its page is being left.
        self.going_away = False
        self.too_slow = False
        # Set when nothing more will be written: closed in good order, or given up.
        self.finished = asyncio.Event()
        self._closing = False
        self._waiting: deque[bytes | str | States | _Close] = deque()
        # The last that waits, while it can take in more.
        self._open: States | None = None
        # Whether it may be written; what lies before it always may.
        self._due = False
        self._frames = 0
        self._something = asyncio.Event()

    def send(self, response: Response) -> None:
        if isinstance(response, State):
            self.merge(States.of(response))
            self.flush()
        else:
            self.send_frame(encode_response(response, as_json=self.as_json))

    def send_frame(self, frame: bytes | str) -> None:
        """Queue one message.

        A client that lets more than MAX_PENDING_MESSAGES wait is cut off: it resumes with the whole
        state.
        """
        if self._closing:
            return
        if self._frames >= limits.MAX_PENDING_MESSAGES:
            self._give_up()
            return
        self._frames += 1
        self._append(frame)

    def merge(self, news: States) -> None:
        """Queue states.

        They are written after the next ``flush`` or before the next frame, whichever comes first.
        """
        if self._closing:
            return
        if self._open is None:
            self._open = States()
            self._waiting.append(self._open)
        self._open.merge(news)
        if self._open.size > limits.MAX_PENDING_STATES:
            self._give_up()

    def flush(self) -> None:
        """Allow the messages merged so far to be written."""
        if self._open is not None:
            self._due = True
            self._something.set()

    def close(self, code: int) -> None:
        """Close once everything queued is written."""
        if not self._closing:
            self._closing = True
            self._append(_Close(code))

    async def write_to(self, socket: WebSocket) -> None:
        """Write what is queued, until closed or the client is gone."""
        try:
            with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
                while not await self._write_waiting(socket):
                    await self._something.wait()
                    self._something.clear()
        finally:
            # Also when the client went first: who waits for the farewell waits no longer.
            self._closing = True
            self.finished.set()

    async def _write_waiting(self, socket: WebSocket) -> bool:
        """Write what may be written now. Whether that was the end."""
        while self._waiting and (self._waiting[0] is not self._open or self._due):
            item = self._waiting.popleft()
            match item:
                case _Close(code):
                    with closed_is_disconnected():
                        await socket.close(code)
                    return True
                case States():
                    if item is self._open:
                        self._open, self._due = None, False
                    for response in item.responses():
                        await _write(socket, encode_response(response, as_json=self.as_json))
                case _:
                    self._frames -= 1
                    await _write(socket, item)
        return False

    def _append(self, item: bytes | str | _Close) -> None:
        self._waiting.append(item)
        self._open, self._due = None, False
        self._something.set()

    def _give_up(self) -> None:
        self.too_slow = True
        self._closing = True
        self.finished.set()


async def _write(socket: WebSocket, frame: bytes | str) -> None:
    """Raises WebSocketDisconnected when the connection is closed."""
    with closed_is_disconnected():
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_text(frame)


@contextlib.contextmanager
def closed_is_disconnected() -> Iterator[None]:
    """Raises WebSocketDisconnected where the HTTP server has closed the connection by itself.

    It does so after an unreadable frame or an unanswered ping, and answers RuntimeError to whatever
    is sent afterwards.
    """
    try:
        yield
    except RuntimeError as error:
        raise WebSocketDisconnected from error
