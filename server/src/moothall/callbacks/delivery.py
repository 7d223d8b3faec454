"""Delivers callbacks, until cancelled."""

from moothall.db import Database
from moothall.kit.clock import Clock


class Deliverer:
    def __init__(self, database: Database, clock: Clock, *, allow_loopback: bool = False) -> None:
        """``allow_loopback`` is the development setting that lets callback URLs point at this machine."""
        self._database = database
        self._clock = clock
        self._allow_loopback = allow_loopback

    def wake(self) -> None:
        """Something has been written to the outbox. Call it from the event loop after the transaction."""

    async def run(self) -> None:
        """Deliver callbacks as they become due. Never returns unless cancelled."""
        raise NotImplementedError
