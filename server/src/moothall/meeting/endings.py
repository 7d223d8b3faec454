"""The jobs that end rooms and sessions when their time has come."""

from collections.abc import Mapping

from moothall.db import Connection
from moothall.engine import MediaEngine
from moothall.jobs import store as jobs
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.clock import Clock
from moothall.meeting.feeds import Feeds
from moothall.meeting.lobby import Lobby
from moothall.meeting.notices import Notices
from moothall.meeting.writes import Writes
from moothall.rooms import service as rooms
from moothall.sessions import service as sessions

EVICTION_JOB = "room_eviction"


class Endings:
    def __init__(
        self, *, engine: MediaEngine, clock: Clock, writes: Writes, notices: Notices, lobby: Lobby, feeds: Feeds
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._writes = writes
        self._notices = notices
        self._lobby = lobby
        self._feeds = feeds

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """The handlers for the jobs of rooms and sessions, by kind, for jobs.runner.JobRunner."""
        return {
            rooms.EXPIRY_JOB: self.expire,
            EVICTION_JOB: self.evict,
            sessions.GRACE_JOB: self.end_grace,
            **self._feeds.job_handlers(),
        }

    async def expire(self, job: Job) -> None:
        """Job ``room_expiry``, whose key is the room id: end the room if it is due."""
        now = self._clock.now()

        def transaction(connection: Connection) -> None:
            if rooms.expire_room_if_due(connection, job.key, now) is not None:
                jobs.schedule(connection, kind=EVICTION_JOB, key=job.key, run_at=now)

        await self._writes.write(transaction)

    async def evict(self, job: Job) -> None:
        """Job ``room_eviction``, whose key is the id of a room that has ended.

        Tell the people inside, and let them go.
        """
        if await self._engine.participants(job.key):
            await self._notices.room_expired(job.key)
            await self._engine.delete_room(job.key)
        self._lobby.tell_askers(job.key)

    async def end_grace(self, job: Job) -> None:
        """Job ``session_grace``, whose key is the room id."""
        now = self._clock.now()
        await self._writes.write(lambda connection: sessions.end_grace(connection, job.key, now))
        await self._feeds.plan_departures(job.key)
