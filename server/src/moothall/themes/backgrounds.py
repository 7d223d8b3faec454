"""Uploaded pictures become backgrounds of themes, and unused files are deleted.

The job that will sweep a file is scheduled before the file is written, so a crash at any point
leaves no orphan.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import anyio.to_thread
from anyio import CapacityLimiter

from moothall.api.errors import BadRequest, TooManyRequests
from moothall.db import Database
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.file_store import FileStore
from moothall.kit.ids import new_uuid
from moothall.themes import service, store
from moothall.themes.background_image import BackgroundInvalid, make_background

_PICTURE = ".jpg"
_UNUSED_AFTER = timedelta(hours=1)
# More bytes than the picture that is served can take.
MAX_SERVED_BYTES = 8 * 1024 * 1024
# A decoded picture takes up to 100 MB of memory.
_MAX_UPLOADS = 4
_decoding = CapacityLimiter(1)


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Use cases that need both the database and the files."""

    database: Database
    pictures: FileStore

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """Return the handler that sweeps files, by kind, for jobs.runner.JobRunner."""
        return {service.BACKGROUND_SWEEP_JOB: self.sweep}

    async def store(self, file: bytes, now: datetime) -> str:
        """Store a picture and return its id; it is deleted soon unless a theme gets it.

        Raises BadRequest for an unusable file.
        """
        try:
            picture = await anyio.to_thread.run_sync(make_background, file, limiter=_decoding)
        except BackgroundInvalid as invalid:
            raise BadRequest(str(invalid)) from None
        background_id = new_uuid()
        await self.database.write(
            lambda connection: service.sweep_backgrounds(connection, [background_id], now + _UNUSED_AFTER)
        )
        await asyncio.to_thread(self.pictures.write, background_file(background_id), picture)
        return background_id

    async def sweep(self, job: Job) -> None:
        """Run job ``theme_background_sweep`` (key: background id): delete an unused picture."""
        if not await self.database.read(lambda connection: store.is_background_used(connection, job.key)):
            await asyncio.to_thread(self.pictures.remove, background_file(job.key))


class Uploads:
    """Counts the pictures that are held in memory, so that no application holds many."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()

    @contextmanager
    def slot(self, application_id: str) -> Iterator[None]:
        """Count one upload of the application for this long. Raises TooManyRequests."""
        if self._running[application_id] >= _MAX_UPLOADS:
            raise TooManyRequests(
                "Too many pictures are being uploaded at once; send one after the other", retry_after=1
            )
        self._running[application_id] += 1
        try:
            yield
        finally:
            self._running[application_id] -= 1
            if not self._running[application_id]:
                del self._running[application_id]


def backgrounds_in(data_dir: Path, database: Database) -> Backgrounds:
    return Backgrounds(database, FileStore(data_dir / "backgrounds", (_PICTURE,)))


def background_file(background_id: str) -> str:
    return background_id + _PICTURE
