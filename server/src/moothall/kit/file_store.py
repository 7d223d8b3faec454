"""Files in one folder, named by a UUID of ours and a suffix.

Files appear whole or not at all, and only the server's user can read them.
"""

import os
import stat
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from moothall.kit.ids import is_uuid

_UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class FileStore:
    """``suffixes``: those that names may have, each with its dot.

    The folder is created with the first file. Every method but ``path`` blocks for as long as the
    disk takes. All but ``stat`` raise ValueError for a name that is not a UUID and a suffix.
    """

    folder: Path
    suffixes: Collection[str]

    def path(self, name: str) -> Path:
        """Return the path of the file, whether it exists or not."""
        if not is_uuid(name[:_UUID_LENGTH]) or name[_UUID_LENGTH:] not in self.suffixes:
            raise ValueError("not a file name of ours")
        return self.folder / name

    def write(self, name: str, content: bytes) -> None:
        """Create or replace a file; it is durable when this returns."""
        path = self.path(name)
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

    def read(self, name: str, limit: int) -> bytes | None:
        """Return at most ``limit`` bytes of the file; None when it does not exist."""
        try:
            with self.path(name).open("rb") as file:
                return file.read(limit)
        except FileNotFoundError:
            return None

    def stat(self, name: str) -> os.stat_result | None:
        """Return None for an invalid name, without a file, and for anything but a regular file."""
        try:
            found = self.path(name).lstat()
        except (ValueError, FileNotFoundError):
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def remove(self, name: str) -> None:
        """Delete the file if it exists."""
        self.path(name).unlink(missing_ok=True)
