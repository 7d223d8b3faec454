"""Delivers callbacks, until cancelled.

At least once: a delivery whose outcome could not be recorded (the process or the database died) is
tried again with the same ``webhook-id``. The callbacks of one room go to a receiver one at a time;
those of different rooms and receivers are concurrent, within a total limit and a limit per
receiver, so that a dead receiver fills only its own share. When a limit is reached, callbacks wait
in the table.
"""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import quote

import structlog

from moothall import __version__
from moothall.callbacks import outbox, store
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.guard import NOTHING, Permitted
from moothall.callbacks.model import Delivery, DeliveryStatus
from moothall.callbacks.schedule import Answered, Delivered, GaveUp, Outcome, Stopped, TryAgain, Unanswered, judge
from moothall.callbacks.signing import Signer, sign
from moothall.db import Connection, Database
from moothall.kit.clock import Clock
from moothall.kit.ids import new_uuid

CONCURRENT = 32
PER_RECEIVER = 4
# Longer than an attempt and its transaction, so no two attempts of a callback overlap.
_LEASE = timedelta(seconds=30)
_LONGEST_SLEEP_S = 1.0

_log = structlog.get_logger("moothall.callbacks")


class Deliverer:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        permitted: Permitted = NOTHING,
        client: CallbackClient | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """``permitted``: private addresses and hosts that the operator allows."""
        self._database = database
        self._clock = clock
        self._client = client or CallbackClient(connections=CONCURRENT, permitted=permitted)
        # Jitter for retries, not a secret.
        self._chance = chance or random.Random()  # noqa: S311
        self._wake = asyncio.Event()
        self._under_way: Counter[str] = Counter()

    def wake(self) -> None:
        """Look for due callbacks. Call it from the event loop after writing to the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver callbacks as they become due, until cancelled.

        Attempts in progress are then cancelled and repeated later.
        """
        if self._database.dialect == "sqlite":
            await self._database.write(outbox.release_leases)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._wake.clear()
                    try:
                        await self._start_due(tasks)
                    except Exception:  # noqa: BLE001 - a supervisor: logs, and tries again
                        # The database is unreachable: the callbacks are safe in it, and it may come
                        # back.
                        _log.exception("outbox_not_readable")
                    await self._pause()
        finally:
            await self._client.close()

    async def deliver_due(self) -> int:
        """Send due callbacks, wait for the outcomes, and return the number of attempts."""
        async with asyncio.TaskGroup() as tasks:
            return await self._start_due(tasks)

    async def close(self) -> None:
        """Close idle connections; ``run`` does so at its end."""
        await self._client.close()

    async def _start_due(self, tasks: asyncio.TaskGroup) -> int:
        free = CONCURRENT - self._under_way.total()
        if free == 0:
            return 0
        now = self._clock.now()
        under_way = {receiver: count for receiver, count in self._under_way.items() if count}

        def take(connection: Connection) -> tuple[list[Delivery], dict[str, Signer]]:
            taken = outbox.claim(
                connection, now=now, lease=_LEASE, limit=free, per_receiver=PER_RECEIVER, under_way=under_way
            )
            return taken, outbox.find_signers(connection, [delivery.application_id for delivery in taken], now)

        deliveries, signers = await self._database.write(take)
        for delivery in deliveries:
            self._under_way[delivery.receiver] += 1
            signer = signers.get(delivery.application_id)
            tasks.create_task(self._deliver(delivery, signer), name=f"callback {delivery.event_id}")
        return len(deliveries)

    async def _deliver(self, delivery: Delivery, signer: Signer | None) -> None:
        try:
            began, began_at = self._clock.monotonic(), self._clock.now()
            outcome = Unanswered("the application is gone") if signer is None else await self._post(delivery, signer)
            took_ms = round((self._clock.monotonic() - began) * 1000)
            await self._record(delivery, outcome, began_at, took_ms, gone=signer is None)
        except Exception:  # noqa: BLE001 - a supervisor: logs, and tries again
            # The outcome is lost: the lease expires and the callback is sent again.
            _log.exception("callback_not_recorded", event_id=delivery.event_id)
        finally:
            self._under_way[delivery.receiver] -= 1
            if not self._under_way[delivery.receiver]:
                del self._under_way[delivery.receiver]
            self.wake()

    async def _post(self, delivery: Delivery, signer: Signer) -> Outcome:
        headers = {
            "content-type": "application/json",
            "user-agent": f"Moothall/{__version__}",
            **sign(signer, event_id=delivery.event_id, body=delivery.body, at=self._clock.now(), jti=new_uuid()),
        }
        if delivery.metadata is not None:
            headers["x-room-metadata"] = encode_metadata(delivery.metadata)
        return await self._client.post(delivery.url, headers, delivery.body)

    async def _record(
        self, delivery: Delivery, outcome: Outcome, began_at: datetime, took_ms: int, *, gone: bool
    ) -> None:
        now = self._clock.now()
        verdict = judge(outcome, attempts=delivery.attempts, now=now, spread=self._chance.random())
        answer = outcome.status if isinstance(outcome, Answered) else None
        error = outcome.reason if isinstance(outcome, Unanswered) else None
        # The operator's log has details that the application's log must not contain.
        detail = outcome.detail if isinstance(outcome, Unanswered) else None
        if isinstance(outcome, Unanswered) and outcome.is_hidden:
            took_ms = 0
        excerpt = outcome.excerpt if isinstance(outcome, Answered) else None

        def transaction(connection: Connection) -> None:
            store.insert_attempt(
                connection,
                delivery.id,
                at=began_at,
                duration_ms=took_ms,
                status=answer,
                error=error,
                excerpt=excerpt,
            )
            if isinstance(verdict, TryAgain) and not gone:
                outbox.retry(connection, delivery, now=now, at=verdict.at, answer=answer, error=error)
            else:
                outbox.finish(connection, delivery, _final_status(verdict), now=now, answer=answer, error=error)

        await self._database.write(transaction)
        _log.info(
            "callback_tried",
            event_id=delivery.event_id,
            receiver=delivery.receiver,
            attempts=delivery.attempts,
            status=answer,
            error=detail or error,
            verdict=type(verdict).__name__,
        )

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LONGEST_SLEEP_S):
                await self._wake.wait()
        except TimeoutError:
            return


def encode_metadata(metadata: str) -> str:
    """Return the room's metadata as a header value: percent-encoded UTF-8.

    Visible ASCII except ``%`` and inner spaces stay as they are, so ids, the usual content, are
    unchanged.
    """
    encoded = quote(metadata, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    # Header values have no outer whitespace (RFC 9110 section 5.5).
    inner = encoded.strip(" ")
    before = len(encoded) - len(encoded.lstrip(" "))
    after = len(encoded) - len(encoded.rstrip(" ")) if inner else 0
    return "%20" * before + inner + "%20" * after


def _final_status(verdict: Delivered | Stopped | GaveUp | TryAgain) -> DeliveryStatus:
    match verdict:
        case Delivered():
            return DeliveryStatus.DELIVERED
        case Stopped():
            return DeliveryStatus.STOPPED
        case _:
            return DeliveryStatus.FAILED
