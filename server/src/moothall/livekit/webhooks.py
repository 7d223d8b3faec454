"""LiveKit's webhooks.

What happens in rooms, posted to the URLs of the configuration and signed the way livekit-server
signs.

The body is a ``WebhookEvent`` as JSON; the ``Authorization`` header is a token of the API key whose
``sha256`` claim is the body's digest, and lives five minutes. Each URL has a queue and is told one
event at a time, in order. As with livekit-server nothing is kept on disk: what does not fit into
the queue, or is refused for a minute, is dropped, and the next event that arrives says how many
(``num_dropped``).
"""

import asyncio
import base64
import contextlib
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from http import HTTPStatus

import structlog
from google.protobuf import json_format
from livekit.protocol.webhook import WebhookEvent

from moothall import __version__, engine
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.schedule import Answered, Outcome
from moothall.engine import EngineEvent
from moothall.kit.clock import Clock
from moothall.livekit import codec, limits
from moothall.livekit.model import Report, RoomInfo
from moothall.livekit.tokens import TokenSigner

_log = structlog.get_logger("moothall.signalling")

_NAMES: dict[type[EngineEvent], str] = {
    engine.RoomStarted: "room_started",
    engine.RoomFinished: "room_finished",
    engine.ParticipantJoined: "participant_joined",
    engine.ParticipantLeft: "participant_left",
    engine.ParticipantAborted: "participant_connection_aborted",
    engine.TrackPublished: "track_published",
    engine.TrackUnpublished: "track_unpublished",
}
_SIGNATURE_LIFE = timedelta(minutes=5)
# Between the tries for one event, in seconds; then it is dropped.
PAUSES = (1.0, 4.0, 15.0, 40.0)
_DRAIN_SECONDS = 5.0


class Webhooks:
    """Use it inside ``async with webhooks.running()``, around the engine that reports."""

    def __init__(
        self,
        *,
        urls: Sequence[str],
        client: CallbackClient,
        signer: TokenSigner,
        clock: Clock,
        fresh_id: Callable[[str], str],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._receivers = [_Receiver(url, client, signer, clock, pauses) for url in urls]
        self._client = client
        self._fresh_id = fresh_id

    def add(self, report: Report, room: RoomInfo) -> None:
        """Queue what happened for every URL."""
        event = WebhookEvent(
            event=_NAMES[type(report.event)],
            room=codec.write_room(room),
            id=self._fresh_id("EV_"),
            created_at=int(report.event.at.timestamp()),
        )
        if report.participant is not None:
            event.participant.CopyFrom(codec.write_participant(report.participant))
        if report.track is not None:
            event.track.CopyFrom(codec.write_track(report.track))
        for receiver in self._receivers:
            receiver.add(event)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Delivers while the block runs; at its end what is queued gets a few seconds more."""
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(receiver.run()) for receiver in self._receivers]
            try:
                yield
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_DRAIN_SECONDS):
                        for receiver in self._receivers:
                            await receiver.idle.wait()
            finally:
                for worker in workers:
                    worker.cancel()
                await self._client.close()


class _Receiver:
    def __init__(
        self, url: str, client: CallbackClient, signer: TokenSigner, clock: Clock, pauses: Sequence[float]
    ) -> None:
        self._url = url
        self._client = client
        self._signer = signer
        self._clock = clock
        self._pauses = pauses
        self._queue: deque[WebhookEvent] = deque()
        self._something = asyncio.Event()
        self._dropped = 0
        # Set while nothing waits or is under way.
        self.idle = asyncio.Event()
        self.idle.set()

    def add(self, event: WebhookEvent) -> None:
        if len(self._queue) >= limits.MAX_PENDING_WEBHOOKS:
            self._dropped += 1
            return
        self._queue.append(event)
        self.idle.clear()
        self._something.set()

    async def run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._queue:
                event = self._queue.popleft()
                try:
                    await self._deliver(event)
                except Exception:  # noqa: BLE001 - a supervisor: one event's bug is that event's loss
                    _log.exception("webhook_failed", webhook=event.event)
                    self._dropped += 1
            self.idle.set()

    async def _deliver(self, event: WebhookEvent) -> None:
        copy = WebhookEvent()
        copy.CopyFrom(event)
        copy.num_dropped = self._dropped
        body = json_format.MessageToJson(copy, indent=None).encode()
        outcome = await self._post(body)
        for pause in self._pauses:
            if not _is_worth_a_try(outcome):
                break
            await asyncio.sleep(pause)
            outcome = await self._post(body)
        if isinstance(outcome, Answered) and HTTPStatus.OK <= outcome.status < HTTPStatus.MULTIPLE_CHOICES:
            self._dropped -= copy.num_dropped
            return
        self._dropped += 1
        why = f"status {outcome.status}" if isinstance(outcome, Answered) else outcome.detail or outcome.reason
        _log.warning("webhook_dropped", webhook=event.event, why=why)

    async def _post(self, body: bytes) -> Outcome:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {
            "authorization": self._signer.sign_webhook(digest, self._clock.now(), _SIGNATURE_LIFE),
            "content-type": "application/webhook+json",
            "user-agent": f"Moothall/{__version__}",
        }
        return await self._client.post(self._url, headers, body)


def _is_worth_a_try(outcome: Outcome) -> bool:
    """Return whether a retry may succeed.

    False after success, and after an answer that blames the request.
    """
    if not isinstance(outcome, Answered):
        return True
    return outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR or outcome.status in (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
