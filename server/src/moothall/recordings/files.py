"""The files of recordings in the data directory. Names are made of our own UUIDs only."""

import asyncio
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moothall.db import Database
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.recordings import service, store
from moothall.recordings.model import MEDIA_TYPES

_NAME = re.compile(rf"[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}({'|'.join(map(re.escape, MEDIA_TYPES))})")


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    database: Database
    folder: Path

    def path(self, name: str) -> Path:
        """Raises ValueError for a name that is not one of ours."""
        if not _NAME.fullmatch(name):
            raise ValueError("not a recording of ours")
        return self.folder / name

    def stat(self, name: str) -> os.stat_result | None:
        """None when there is no such file, or something else is in its place. Blocks for as long as the disk takes."""
        try:
            found = self.path(name).lstat()
        except (ValueError, FileNotFoundError):
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """What removes the files, by kind, for jobs.runner.JobRunner."""
        return {service.SWEEP_JOB: self.sweep}

    async def sweep(self, job: Job) -> None:
        """Job ``recording_sweep``, whose key is the name of a file nobody needs."""
        if not await self.database.read(lambda connection: store.is_file_used(connection, job.key)):
            await asyncio.to_thread(self.path(job.key).unlink, missing_ok=True)


def recording_files_in(data_dir: Path, database: Database) -> RecordingFiles:
    return RecordingFiles(database, data_dir / "recordings")
