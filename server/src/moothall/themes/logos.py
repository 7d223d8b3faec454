"""From an uploaded file to the logo of a theme, and what happens to files nobody needs.

A file is announced in the database before it is written, together with the job that will sweep it: a crash at any point leaves nothing
that stays for ever.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from moothall.api.errors import BadRequest
from moothall.db import Connection, Database
from moothall.jobs.model import Job
from moothall.jobs.runner import JobHandler
from moothall.kit.ids import new_uuid
from moothall.themes import service, store
from moothall.themes.logo_files import LogoFiles
from moothall.themes.logo_image import MAX_LOGO_BYTES, LogoInvalid, make_logo
from moothall.themes.model import LOGO_FIELDS, LogoUpload, Theme
from moothall.themes.upload_form import UploadGrant, UploadRefused, parse_upload_key


@dataclass(frozen=True, slots=True)
class Logos:
    """Use cases that need both the database and the files."""

    database: Database
    files: LogoFiles

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """What sweeps the files, by kind, for jobs.runner.JobRunner."""
        return {service.UPLOAD_SWEEP_JOB: self.sweep_upload, service.LOGO_SWEEP_JOB: self.sweep_logo}

    async def store_upload(self, grant: UploadGrant, content: bytes, now: datetime) -> None:
        """Keep an uploaded file until it is finalised. Raises UploadRefused when too many are waiting."""
        upload = LogoUpload(grant.upload_id, grant.application_id, grant.logo_type, now)
        if not await self.database.write(lambda connection: service.register_upload(connection, upload)):
            raise UploadRefused("SlowDown", "Too many uploads wait to be finalised.", status=503)
        await asyncio.to_thread(self.files.write, self.files.upload(upload.upload_id), content)

    async def finalize(self, application_id: str, theme_id: str, keys: Sequence[str], now: datetime) -> Theme:
        """The uploads of these keys become logos of the theme: all of them, or none.

        Raises NotFound; BadRequest with one entry in ``errors`` for everything that is wrong with an upload.
        """
        uploads = await self.database.read(
            functools.partial(_find_uploads, application_id=application_id, theme_id=theme_id, keys=keys)
        )
        made: dict[str, tuple[LogoUpload, bytes]] = {}
        problems: list[dict[str, str]] = []
        for key, upload in uploads.items():
            try:
                content = None if upload is None else await asyncio.to_thread(self._make, upload)
            except LogoInvalid as invalid:
                problems += (
                    {"logoKey": key, "code": "invalid_logo_properties", "invalidProperty": found.value}
                    for found in invalid.properties
                )
                continue
            if upload is None or content is None:
                problems.append({"logoKey": key, "code": "key_not_found"})
            else:
                made[new_uuid()] = (upload, content)
        if problems:
            raise BadRequest("could not finalize logos", errors=problems)
        return await self._attach(application_id, theme_id, made, now)

    async def sweep_upload(self, job: Job) -> None:
        """Job ``logo_upload_sweep``, whose key is the upload's id: it was finalised, or nobody did so in time."""
        await self.database.write(lambda connection: store.delete_upload(connection, job.key))
        await asyncio.to_thread(self.files.remove, self.files.upload(job.key))

    async def sweep_logo(self, job: Job) -> None:
        """Job ``logo_sweep``, whose key is the logo's id."""
        if not await self.database.read(lambda connection: store.is_logo_used(connection, job.key)):
            await asyncio.to_thread(self.files.remove, self.files.logo(job.key))

    def _make(self, upload: LogoUpload) -> bytes | None:
        """The clean image of an upload; None when the file is not there (any more). Raises LogoInvalid."""
        content = self.files.read(self.files.upload(upload.upload_id), MAX_LOGO_BYTES + 1)
        return None if content is None else make_logo(content, upload.logo_type)

    async def _attach(
        self, application_id: str, theme_id: str, made: dict[str, tuple[LogoUpload, bytes]], now: datetime
    ) -> Theme:
        # Should we not get to the end of this, the job finds the files without a theme.
        await self.database.write(
            lambda connection: service.sweep_logos(connection, list(made), now + service.UPLOAD_LIFETIME)
        )
        for logo_id, (_, content) in made.items():
            await asyncio.to_thread(self.files.write, self.files.logo(logo_id), content)
        logos = {LOGO_FIELDS[upload.logo_type]: logo_id for logo_id, (upload, _) in made.items()}
        uploads = [upload for upload, _ in made.values()]
        return await self.database.write(
            lambda connection: service.attach_logos(
                connection, application_id, theme_id, logos=logos, uploads=uploads, now=now
            )
        )


def logos_in(data_dir: Path, database: Database) -> Logos:
    return Logos(database, LogoFiles(data_dir / "logos"))


def _find_uploads(
    connection: Connection, *, application_id: str, theme_id: str, keys: Sequence[str]
) -> dict[str, LogoUpload | None]:
    service.get_theme(connection, application_id, theme_id)
    found: dict[str, LogoUpload | None] = {}
    for key in keys:
        upload_id = parse_upload_key(key)
        found[key] = None if upload_id is None else store.find_upload(connection, application_id, upload_id)
    return found
