"""Transactions that may leave callbacks or jobs due."""

from collections.abc import Callable
from typing import TypeVar

from moothall.db import Connection, Database

T = TypeVar("T")


class Writes:
    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        """``wake`` is called on the event loop after each transaction."""
        self._database = database
        self._wake = wake

    async def write(self, transaction: Callable[[Connection], T], *, is_long: bool = False) -> T:
        """``is_long``: the transaction may take more than a few milliseconds."""
        write = self._database.write_long if is_long else self._database.write
        result = await write(transaction)
        self._wake()
        return result
