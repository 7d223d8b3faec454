"""The files of recordings in the data directory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moothall.db import Database
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.file_store import FileStore
from moothall.recordings import service, store
from moothall.recordings.model import MEDIA_TYPES


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """Removes the files of deleted recordings."""

    database: Database
    files: FileStore

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """Return the handler that removes files, by kind, for jobs.runner.JobRunner."""
        return {service.SWEEP_JOB: self.sweep}

    async def sweep(self, job: Job) -> None:
        """Run job ``recording_sweep`` (key: file name): delete an unused file."""
        if not await self.database.read(lambda connection: store.is_file_used(connection, job.key)):
            await asyncio.to_thread(self.files.remove, job.key)


def recording_files_in(data_dir: Path) -> FileStore:
    return FileStore(data_dir / "recordings", MEDIA_TYPES)
