import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from support.clock import START

from moothall.db import Connection, Database
from moothall.jobs import store
from moothall.jobs.model import Job, retry_delay

LEASE = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


async def _schedule(database: Database, key: str, *, after: timedelta = timedelta(), kind: str = "bell") -> None:
    await database.write(partial(store.schedule, kind=kind, key=key, run_at=START + after, payload={"for": key}))


async def _claim(
    database: Database, *, after: timedelta = timedelta(), limit: int = 10, kind: str = "bell"
) -> list[Job]:
    return await database.write(partial(store.claim, kinds=[kind], now=START + after, lease=LEASE, limit=limit))


async def _find(database: Database, key: str) -> Job | None:
    return await database.read(partial(store.find, kind="bell", key=key))


async def test_a_job_is_due_at_its_time_and_not_before(any_database: Database) -> None:
    await _schedule(any_database, "noon", after=MINUTE)

    assert await _claim(any_database, after=MINUTE - timedelta(milliseconds=1)) == []
    (job,) = await _claim(any_database, after=MINUTE)

    assert (job.kind, job.key, job.payload, job.attempts) == ("bell", "noon", {"for": "noon"}, 1)


async def test_due_jobs_come_the_most_overdue_first_and_within_the_limit(any_database: Database) -> None:
    for minute in (3, 1, 2):
        await _schedule(any_database, f"minute {minute}", after=minute * MINUTE)

    claimed = await _claim(any_database, after=5 * MINUTE, limit=2)

    assert [job.key for job in claimed] == ["minute 1", "minute 2"]


async def test_a_claimed_job_is_handed_out_again_only_when_its_lease_ends(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    await _claim(any_database)

    assert await _claim(any_database, after=LEASE - timedelta(milliseconds=1)) == []
    (again,) = await _claim(any_database, after=LEASE)

    assert again.attempts == 2


async def test_only_one_of_many_claimers_gets_a_job(any_database: Database) -> None:
    for number in range(20):
        await _schedule(any_database, f"job {number}")

    claims = await asyncio.gather(*(_claim(any_database, limit=5) for _ in range(8)))

    claimed = [job.key for jobs in claims for job in jobs]
    assert len(claimed) == len(set(claimed))
    # PostgreSQL's claimers skip what another is claiming at that moment, so they may come away with
    # less than the limit.
    claimed += [job.key for job in await _claim(any_database, limit=20)]
    assert len(claimed) == len(set(claimed)) == 20


async def test_jobs_of_other_kinds_stay(any_database: Database) -> None:
    await _schedule(any_database, "noon", kind="whistle")

    assert await _claim(any_database) == []


async def test_scheduling_again_replaces(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    await _schedule(any_database, "noon", after=MINUTE)

    assert await _claim(any_database) == []
    assert len(await _claim(any_database, after=MINUTE)) == 1


async def test_a_completed_job_is_gone(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    (job,) = await _claim(any_database)

    assert await any_database.write(lambda connection: store.complete(connection, job))

    assert await _find(any_database, "noon") is None


async def test_completing_does_not_delete_what_was_scheduled_during_the_run(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    (job,) = await _claim(any_database)
    await _schedule(any_database, "noon", after=MINUTE)

    assert not await any_database.write(lambda connection: store.complete(connection, job))

    assert len(await _claim(any_database, after=MINUTE)) == 1


async def test_a_worker_that_lost_its_lease_can_neither_complete_nor_retry(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    (slow,) = await _claim(any_database)
    (other,) = await _claim(any_database, after=LEASE)

    assert not await any_database.write(lambda connection: store.complete(connection, slow))
    assert not await any_database.write(
        lambda connection: store.retry(connection, slow, run_at=START, error="too late")
    )
    assert await any_database.write(lambda connection: store.complete(connection, other))


async def test_a_failed_job_comes_back_at_its_new_time(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    (job,) = await _claim(any_database)

    await any_database.write(lambda connection: store.retry(connection, job, run_at=START + MINUTE, error="x" * 10_000))

    assert await _claim(any_database, after=MINUTE - timedelta(milliseconds=1)) == []
    (again,) = await _claim(any_database, after=MINUTE)
    assert again.attempts == 2


async def test_a_cancelled_job_never_comes(any_database: Database) -> None:
    await _schedule(any_database, "noon")

    assert await any_database.write(partial(store.cancel, kind="bell", key="noon"))
    assert not await any_database.write(partial(store.cancel, kind="bell", key="noon"))

    assert await _claim(any_database, after=MINUTE) == []


async def test_next_due_counts_a_lease(any_database: Database) -> None:
    async def next_due() -> object:
        return await any_database.read(partial(store.next_due, kinds=["bell"]))

    assert await next_due() is None
    await _schedule(any_database, "late", after=5 * MINUTE)
    await _schedule(any_database, "now")
    assert await next_due() == START
    await _claim(any_database)
    assert await next_due() == START + LEASE


async def test_released_leases_make_jobs_due_at_once(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    (lost,) = await _claim(any_database)

    assert await any_database.write(partial(store.release_leases, kinds=["bell", "long"])) == 1

    assert not await any_database.write(lambda connection: store.complete(connection, lost))
    assert len(await _claim(any_database)) == 1


async def test_leases_of_other_kinds_stay(any_database: Database) -> None:
    await _schedule(any_database, "noon")
    await _claim(any_database)

    assert await any_database.write(partial(store.release_leases, kinds=["long"])) == 0


async def test_a_rolled_back_transaction_schedules_nothing(any_database: Database) -> None:
    def schedule_and_fail(connection: Connection) -> None:
        store.schedule(connection, kind="bell", key="noon", run_at=START)
        raise ZeroDivisionError

    with suppress(ZeroDivisionError):
        await any_database.write(schedule_and_fail)

    assert await _find(any_database, "noon") is None


@given(attempts=st.integers(1, 10_000), chance=st.randoms(use_true_random=False))
def test_a_retry_waits_between_half_a_second_and_five_minutes(attempts: int, chance: object) -> None:
    delay = retry_delay(attempts, chance)  # type: ignore[arg-type]

    whole = min(timedelta(seconds=2 ** min(attempts - 1, 30)), timedelta(minutes=5))
    assert whole / 2 <= delay <= whole
