"""Logo files in the data directory: uploads that wait to be finalised, and the images that are served.

Names are made of our own UUIDs only. Files appear whole or not at all, and are readable by the server's user alone.
"""

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class LogoFiles:
    """``folder`` is made when the first file is written. Every method blocks for as long as the disk takes."""

    folder: Path

    def upload(self, upload_id: str) -> Path:
        return self._path(upload_id, ".upload")

    def logo(self, logo_id: str) -> Path:
        return self._path(logo_id, ".png")

    def served(self, file_name: str) -> Path:
        """Raises ValueError when there can be no logo of this name."""
        return self.logo(file_name.removesuffix(".png") if file_name.endswith(".png") else "")

    def write(self, path: Path, content: bytes) -> None:
        """Put a whole file at ``path``, on disk when this returns; one that is there is replaced."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, path: Path, limit: int) -> bytes | None:
        """At most ``limit`` bytes of the file; None when there is none."""
        try:
            with path.open("rb") as file:
                return file.read(limit)
        except FileNotFoundError:
            return None

    def remove(self, path: Path) -> None:
        """Nothing happens when it is gone already."""
        path.unlink(missing_ok=True)

    def _path(self, name: str, suffix: str) -> Path:
        if not _UUID.fullmatch(name):
            raise ValueError("not an id of ours")
        return self.folder / f"{name}{suffix}"
