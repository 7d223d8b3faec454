"""Brings what happened in rooms to the rest of the server: in order within a room, nothing lost.

The listener writes to the database and may be slow or fail; it is asked again until it succeeds.
The queue of a room is bounded by refusing newcomers while it is long (``is_behind``): what the
people already inside can still cause is bounded by their number.
"""

import asyncio
import contextlib
from collections import deque
from itertools import islice

import structlog

from moothall.engine import EngineEvent, EngineListener

_log = structlog.get_logger("moothall.signalling")

_LONG_QUEUE = 1_000
# Events told at once: one transaction costs less than many, and must not take long.
_BATCH = 50
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Reports:
    def __init__(self, listener: EngineListener) -> None:
        self._listener = listener
        self._queues: dict[str, deque[EngineEvent]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """From now on reports are delivered, by tasks of this group."""
        self._tasks = tasks

    def add(self, event: EngineEvent) -> None:
        assert self._tasks is not None, "reports before start"  # noqa: S101 - rooms exist only while the engine runs
        queue = self._queues.get(event.room)
        if queue is None:
            queue = self._queues[event.room] = deque()
            self._idle.clear()
            self._tasks.create_task(self._deliver(event.room, queue))
        queue.append(event)

    def is_behind(self, room: str) -> bool:
        return len(self._queues.get(room, ())) >= _LONG_QUEUE

    async def drain(self, seconds: float) -> bool:
        """Wait until everything is delivered.

        False when it is not after ``seconds``: what is left is dropped and logged.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        left = sum(len(queue) for queue in self._queues.values())
        if left:
            _log.error("reports_dropped", count=left)
        for queue in self._queues.values():
            queue.clear()
        return left == 0

    async def _deliver(self, room: str, queue: deque[EngineEvent]) -> None:
        pause = _FIRST_PAUSE
        while queue:
            batch = list(islice(queue, _BATCH))
            try:
                await self._listener(batch)
            except Exception:  # noqa: BLE001 - whatever it was, the report must not be lost
                names = sorted({type(event).__name__ for event in batch})
                _log.exception("report_failed", room=room, event_names=names, pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            # The queue may have been given up meanwhile.
            for _ in range(min(len(batch), len(queue))):
                queue.popleft()
        # No await between the last look at the queue and here: what is added next starts a new
        # task.
        del self._queues[room]
        if not self._queues:
            self._idle.set()
