"""Choice of the SQLite library.

The WAL-reset bug (SQLite 3.7.0 to 3.51.2; fixed in 3.51.3, back-ported to 3.44.6 and 3.50.7) can
corrupt a database, and distributions still ship versions in that range, so the library comes from a
pinned package, never from the system.
"""

from types import ModuleType
from typing import cast

import pysqlite3

Version = tuple[int, int, int]


class UnsafeSqlite(Exception):
    """This SQLite can corrupt a WAL database."""


def sqlite_library() -> ModuleType:
    """The DB-API module to use. Raises UnsafeSqlite when its SQLite is in the corruption range."""
    if not is_safe(sqlite_version()):
        text = ".".join(map(str, sqlite_version()))
        raise UnsafeSqlite(
            f"SQLite {text} can corrupt a write-ahead log; install the pinned pysqlite3 package (make setup)"
        )
    return cast("ModuleType", pysqlite3.dbapi2)


def sqlite_version() -> Version:
    major, minor, patch = pysqlite3.sqlite_version_info
    return (major, minor, patch)


def is_safe(version: Version) -> bool:
    """Return whether the version is outside the corruption range or has the back-ported fix."""
    major_minor = version[:2]
    if major_minor == (3, 44):
        return version >= (3, 44, 6)
    if major_minor == (3, 50):
        return version >= (3, 50, 7)
    return version >= (3, 51, 3)
