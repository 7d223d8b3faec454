"""The only writer of a SQLite database, with group commit.

Transactions that are requested at the same time run one after the other inside one SQLite
transaction, each under its own savepoint, and one commit makes all of them durable. Callers get
their results after that commit, including failures, because these may be caused by other
transactions of the group. A failed transaction affects no other; a failed commit fails all.

Short transactions run on the event loop, where they are cheapest: on a thread, every statement
releases the interpreter lock and waits to get it back. The commit, which waits for the disk, runs
on a thread. See docs/decisions/0007-group-commit.md.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from moothall.db.errors import DatabaseUnavailable
from moothall.db.sqlite_connection import SqliteConnection

Transaction = Callable[[Connection], Any]

_OTHER_PROCESSES_MS = 10_000
_GROUP_SECONDS = 0.01
_MOST_WAITING = 10_000


@dataclass(slots=True, eq=False)
class _Work:
    """A transaction, the future of its caller, and its outcome."""

    transaction: Transaction
    waiter: "asyncio.Future[Any]"
    long: bool
    result: Any = None
    error: BaseException | None = None


class SqliteWriter:
    def __init__(self, path: Path, *, group_seconds: float = _GROUP_SECONDS) -> None:
        """``group_seconds``: how long a group may block the event loop.

        The rest joins the next commit.
        """
        self._group_seconds = group_seconds
        # The event loop never waits for a lock.
        self._connection = SqliteConnection(path, wait_ms=0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._queue: deque[_Work] = deque()
        self._working = False
        self._idle = asyncio.Event()
        self._idle.set()

    def run(self, transaction: Transaction, *, long: bool) -> "asyncio.Future[Any]":
        """Run a transaction and return its result once durable.

        ``long``: it runs on the thread and has its own commit.

        Raises DatabaseUnavailable when too many transactions are queued.
        """
        if len(self._queue) >= _MOST_WAITING:
            raise DatabaseUnavailable("too many transactions are waiting for the disk")
        loop = asyncio.get_running_loop()
        work = _Work(transaction, loop.create_future(), long)
        self._queue.append(work)
        if not self._working:
            self._working = True
            self._idle.clear()
            # Deferred, so that other requests of this loop iteration join the group.
            loop.call_soon(self._go_on, loop)
        return work.waiter

    async def close(self) -> None:
        """Close after all queued transactions are done."""
        await self._idle.wait()
        self._thread.shutdown(wait=True)
        self._connection.close()

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        group = self._next_group()
        if not group:
            self._working = False
            self._idle.set()
            return
        if group[0].long or not self._begins_at_once():
            job = self._run_and_commit
        else:
            until = loop.time() + self._group_seconds
            count = self._run_group(group, lambda: loop.time() < until)
            self._queue.extendleft(reversed(group[count:]))
            group, job = group[:count], self._commit
        loop.run_in_executor(self._thread, job, group).add_done_callback(partial(self._report, loop, group))

    def _report(self, loop: asyncio.AbstractEventLoop, group: list[_Work], job: "asyncio.Future[None]") -> None:
        # The next group runs and commits while the callers of this one get their results.
        self._go_on(loop)
        failure = job.exception()
        for work in group:
            error = failure or work.error
            if work.waiter.done():
                continue
            if error is None:
                work.waiter.set_result(work.result)
            else:
                work.waiter.set_exception(error)

    def _next_group(self) -> list[_Work]:
        """Return the next group: all short ones up to the next long one, or that one.

        Cancelled ones are skipped.
        """
        group: list[_Work] = []
        while self._queue:
            if self._queue[0].waiter.cancelled():
                self._queue.popleft()
            elif not group:
                group.append(self._queue.popleft())
            elif group[0].long or self._queue[0].long:
                break
            else:
                group.append(self._queue.popleft())
        return group

    def _begins_at_once(self) -> bool:
        """Begin without waiting. Returns False if the database is locked: the thread must wait."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except OperationalError:
            return False
        return True

    def _run_and_commit(self, group: list[_Work]) -> None:
        while group:
            try:
                self._begin_when_possible()
            except OperationalError as error:
                _fail(group, error)
                return
            count = self._run_group(group, lambda: True)
            self._commit(group[:count])
            group = group[count:]

    def _begin_when_possible(self) -> None:
        self._connection.wait_for_locks(_OTHER_PROCESSES_MS)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.wait_for_locks(0)

    def _run_group(self, group: list[_Work], goes_on: Callable[[], bool]) -> int:
        """Run transactions and return their number.

        That is all of them, unless ``goes_on`` returns False or SQLite has ended the transaction.
        """
        alone = len(group) == 1
        for count, work in enumerate(group, 1):
            if alone:
                self._run(work)
            else:
                self._run_under_savepoint(work)
            if not self._connection.in_transaction:
                _fail(group[:count], work.error or DatabaseUnavailable("SQLite has rolled the changes back"))
                return count
            if not goes_on():
                return count
        return len(group)

    def _run_under_savepoint(self, work: _Work) -> None:
        self._connection.execute("SAVEPOINT work")
        self._run(work)
        if work.error is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO work")
        if self._connection.in_transaction:
            self._connection.execute("RELEASE work")

    def _run(self, work: _Work) -> None:
        try:
            work.result = work.transaction(self._connection.connection)
        except StopIteration as error:
            work.error = RuntimeError("a transaction raised StopIteration, which no future can hold")
            work.error.__cause__ = error
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits for it
            work.error = error

    def _commit(self, group: list[_Work]) -> None:
        if not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK" if all(work.error is not None for work in group) else "COMMIT")
        except DBAPIError as error:
            _fail(group, error)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _fail(group: list[_Work], error: BaseException) -> None:
    """Fail all of them, because the commit failed."""
    for work in group:
        work.error = error
