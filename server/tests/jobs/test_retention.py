from datetime import datetime, timedelta

import pytest
from support.clock import FakeClock

from moothall.db import Connection, Database
from moothall.jobs import store
from moothall.jobs.long import LongJobRunner
from moothall.jobs.retention import Retention, Rule

KEPT, EVERY = timedelta(days=30), timedelta(hours=1)


class Heap:
    """Old things to be deleted."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[datetime, int]] = []

    def delete(self, _connection: Connection, moment: datetime, limit: int) -> int:
        self.asked.append((moment, limit))
        count = min(self.size, limit)
        self.size -= count
        return count


async def _run(database: Database, clock: FakeClock, heap: Heap) -> datetime | None:
    """Start, run what is due, and say when it comes again."""
    retention = Retention(database, clock, [Rule("heap", KEPT, EVERY, heap.delete)])
    await retention.start()
    assert await LongJobRunner(database, clock, retention.long_job_handlers()).run_due() == 1
    job = await database.read(lambda connection: store.find(connection, kind="heap", key="all"))
    return None if job is None else job.run_at


@pytest.mark.parametrize("size", [0, 3, 500, 1300, 20_000])
async def test_what_is_old_goes_a_little_at_a_time_and_it_comes_again(
    database: Database, clock: FakeClock, size: int
) -> None:
    heap = Heap(size)

    assert await _run(database, clock, heap) == clock.now() + EVERY
    assert heap.size == 0
    assert {moment for moment, _ in heap.asked} == {clock.now() - KEPT}
    assert len(heap.asked) == size // 500 + 1
