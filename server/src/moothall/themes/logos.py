"""Uploads become logos of themes, and unused files are deleted.

A file is registered in the database, with the job that will sweep it, before it is written, so a
crash at any point leaves no orphan.
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
from moothall.kit.file_store import FileStore
from moothall.kit.ids import new_uuid
from moothall.themes import service, store
from moothall.themes.logo_image import MAX_LOGO_BYTES, LogoInvalid, make_logo
from moothall.themes.model import LOGO_FIELDS, LogoUpload, Theme
from moothall.themes.upload_form import UploadGrant, UploadRefused, parse_upload_key

_UPLOAD, _IMAGE = ".upload", ".png"


@dataclass(frozen=True, slots=True)
class Logos:
    """Use cases that need both the database and the files.

    ``uploads`` wait to be finalised; ``images`` are served to everybody.
    """

    database: Database
    uploads: FileStore
    images: FileStore

    def job_handlers(self) -> Mapping[str, JobHandler]:
        """Return the handlers that sweep files, by kind, for jobs.runner.JobRunner."""
        return {service.UPLOAD_SWEEP_JOB: self.sweep_upload, service.LOGO_SWEEP_JOB: self.sweep_logo}

    async def store_upload(self, grant: UploadGrant, content: bytes, now: datetime) -> None:
        """Store an uploaded file until it is finalised.

        Raises UploadRefused when too many are waiting.
        """
        upload = LogoUpload(grant.upload_id, grant.application_id, grant.logo_type, now)
        if not await self.database.write(lambda connection: service.register_upload(connection, upload)):
            raise UploadRefused("SlowDown", "Too many uploads are waiting to be finalised.", status=503)
        await asyncio.to_thread(self.uploads.write, _upload_file(upload.upload_id), content)

    async def finalize(self, application_id: str, theme_id: str, keys: Sequence[str], now: datetime) -> Theme:
        """Make the uploads of these keys logos of the theme, all of them or none.

        Keys whose logos the theme already has change nothing.

        Raises NotFound; BadRequest with one entry in ``errors`` for each defect of an upload.
        """
        theme, uploads = await self.database.read(
            functools.partial(_find_uploads, application_id=application_id, theme_id=theme_id, keys=keys)
        )
        made: dict[str, tuple[LogoUpload, bytes]] = {}
        problems: list[dict[str, str]] = []
        for key, upload in uploads.items():
            if upload is None and parse_upload_key(key) in theme.logo_ids():
                continue
            try:
                image = None if upload is None else await asyncio.to_thread(self._make, upload)
            except LogoInvalid as invalid:
                problems += (
                    {"logoKey": key, "code": "invalid_logo_properties", "invalidProperty": found.value}
                    for found in invalid.properties
                )
                continue
            if upload is None or image is None:
                problems.append({"logoKey": key, "code": "key_not_found"})
            else:
                logo_id, content = image
                made[logo_id] = (upload, content)
        if problems:
            raise BadRequest("could not finalize logos", errors=problems)
        return await self._attach(application_id, theme_id, made, now) if made else theme

    async def sweep_upload(self, job: Job) -> None:
        """Run job ``logo_upload_sweep`` (key: upload id): delete a finalised or expired upload."""
        await self.database.write(lambda connection: store.delete_upload(connection, job.key))
        await asyncio.to_thread(self.uploads.remove, _upload_file(job.key))

    async def sweep_logo(self, job: Job) -> None:
        """Run job ``logo_sweep`` (key: logo id): delete an unused logo."""
        if not await self.database.read(lambda connection: store.is_logo_used(connection, job.key)):
            await asyncio.to_thread(self.images.remove, _image_file(job.key))

    def _make(self, upload: LogoUpload) -> tuple[str, bytes] | None:
        """Return the id and the clean image of an upload's logo; None without a file.

        The id is the upload's, so that a repeated request is recognised, unless another image of
        that id has been served: the image at a URL never changes. Raises LogoInvalid.
        """
        content = self.uploads.read(_upload_file(upload.upload_id), MAX_LOGO_BYTES + 1)
        if content is None:
            return None
        image = make_logo(content, upload.logo_type)
        served = self.images.read(_image_file(upload.upload_id), len(image) + 1)
        return upload.upload_id if served in (None, image) else new_uuid(), image

    async def _attach(
        self, application_id: str, theme_id: str, made: dict[str, tuple[LogoUpload, bytes]], now: datetime
    ) -> Theme:
        # After a crash, the job deletes files without a theme.
        await self.database.write(
            lambda connection: service.sweep_logos(connection, list(made), now + service.UPLOAD_LIFETIME)
        )
        for logo_id, (_, content) in made.items():
            await asyncio.to_thread(self.images.write, _image_file(logo_id), content)
        logos = {LOGO_FIELDS[upload.logo_type]: logo_id for logo_id, (upload, _) in made.items()}
        uploads = [upload for upload, _ in made.values()]
        return await self.database.write(
            lambda connection: service.attach_logos(
                connection, application_id, theme_id, logos=logos, uploads=uploads, now=now
            )
        )


def logos_in(data_dir: Path, database: Database) -> Logos:
    folder = data_dir / "logos"
    return Logos(database, FileStore(folder, (_UPLOAD,)), FileStore(folder, (_IMAGE,)))


def _upload_file(upload_id: str) -> str:
    return upload_id + _UPLOAD


def _image_file(logo_id: str) -> str:
    return logo_id + _IMAGE


def _find_uploads(
    connection: Connection, *, application_id: str, theme_id: str, keys: Sequence[str]
) -> tuple[Theme, dict[str, LogoUpload | None]]:
    theme = service.get_theme(connection, application_id, theme_id)
    found: dict[str, LogoUpload | None] = {}
    for key in keys:
        upload_id = parse_upload_key(key)
        found[key] = None if upload_id is None else store.find_upload(connection, application_id, upload_id)
    return theme, found
