"""One process serves a data directory or a database.

A second one would end the live sessions of the first: when a server starts, nobody is in a meeting.
The locks are released by the kernel (``flock``) and by PostgreSQL (an advisory lock of a session)
when the process ends, however it ends, so a start right after ``kill -9`` works.
"""

import asyncio
import fcntl
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import make_url

from moothall.kit.clock import SystemClock, render_timestamp
from moothall.serving import StartRefused
from moothall.settings import Settings

# The kernel takes a moment to end a killed process, PostgreSQL to notice that a connection is gone.
_GRACE_S = 3.0
_TRY_EVERY_S = 0.2
_STANDBY_TRIES_EVERY_S = 1.0
_MAX_NOTE_BYTES = 4096
_MAX_PROXIES = 8

_log = structlog.get_logger("moothall.lock")


class AlreadyServed(StartRefused):
    """Another process serves the same data; the message says which one, and what to do."""


@dataclass(frozen=True, slots=True)
class ServerNote:
    """The contents of the lock file, for people and for ``doctor``."""

    pid: int
    host: str
    started_at: str
    # Proxies that are not trusted but send headers which only trusted ones may send.
    untrusted_proxies: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"process {self.pid} on host {self.host}, running since {self.started_at}"


class SoleUse:
    """The locks of this process."""

    def __init__(self, note: ServerNote) -> None:
        self._note = note
        self._files: list[_FileLock] = []
        self._database: Any = None

    async def take_all(self, settings: Settings, stack: AsyncExitStack) -> None:
        """Take every lock that these settings need; ``stack`` releases them."""
        for path, what, option in _lock_files(settings):
            file = _FileLock(path, what, option)
            stack.callback(file.close)
            await _take(file, standby=settings.standby)
            file.write(self._note)
            self._files.append(file)
        if make_url(settings.database).get_backend_name() == "postgresql":
            # Imported here, because servers on SQLite should not wait for it.
            from moothall.db.session_lock import SessionLock  # noqa: PLC0415

            lock = SessionLock(settings.database, f"moothall process {self._note.pid} on host {self._note.host}")
            stack.push_async_callback(lock.close)
            await _take(lock, standby=settings.standby)
            self._database = lock

    async def until_lost(self) -> str:
        """Guard the locks; returns who has taken one over.

        Files cannot be taken over, so on SQLite this never returns.
        """
        if self._database is None:
            await asyncio.Event().wait()
        reason: str = await self._database.until_lost()
        _log.error("lock_lost", reason=reason)
        return reason

    def add_untrusted_proxy(self, address: str) -> None:
        """Leave a note for ``doctor``. Bounded: strangers can send the headers of proxies too."""
        known = self._note.untrusted_proxies
        if address in known or len(known) >= _MAX_PROXIES:
            return
        self._note = replace(self._note, untrusted_proxies=(*known, address))
        # The note is a convenience; the disk may be full by now.
        with suppress(OSError):
            for file in self._files:
                file.write(self._note)


@asynccontextmanager
async def sole_use(settings: Settings) -> AsyncIterator[SoleUse]:
    """Hold the data directory and the database for this process.

    Raises AlreadyServed when another server has them (with ``standby`` this waits instead), OSError
    when the data directory cannot be written, and what the database raises when it cannot be
    reached.
    """
    note = ServerNote(os.getpid(), socket.gethostname(), render_timestamp(SystemClock().now()))
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        use = SoleUse(note)
        await use.take_all(settings, stack)
        yield use


def note_of_running_server(settings: Settings) -> ServerNote | None:
    """The server that holds the data directory now, or None.

    Takes no lock, so it never disturbs a start.
    """
    for path, _, _ in _lock_files(settings):
        try:
            inode = path.stat().st_ino
            held = any(
                _is_flock_on(line, inode) for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()
            )
            note = _read_note(path)
        except OSError:
            continue
        if held and note is not None:
            return note
    return None


def _is_flock_on(line: str, inode: int) -> bool:
    fields = line.split()
    return "FLOCK" in fields and any(field.count(":") == 2 and field.endswith(f":{inode}") for field in fields)  # noqa: PLR2004 - major:minor:inode


def _lock_files(settings: Settings) -> list[tuple[Path, str, str]]:
    """The files to lock, with what each stands for and the option that chooses another one."""
    folder = settings.data_dir.resolve()
    files = [(folder / "server.lock", f"the data directory {folder}", "--data-dir")]
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        database = Path(url.database).resolve()
        if database.parent != folder:
            files.append((database.with_name(f"{database.name}.lock"), f"the database {database}", "--database-url"))
    return files


async def _take(lock: Any, *, standby: bool) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _GRACE_S
    said = False
    while not await lock.try_to_take():
        if standby and not said:
            said = True
            _log.warning("standby", waits_for=lock.what, held_by=await lock.holder())
        if not standby and loop.time() >= deadline:
            raise AlreadyServed(
                f"{lock.what} is in use by another Moothall server ({await lock.holder()}): stop that one, "
                f"choose another with {lock.option}, or start with --standby to take over when it stops"
            )
        await asyncio.sleep(_STANDBY_TRIES_EVERY_S if standby else _TRY_EVERY_S)


class _FileLock:
    def __init__(self, path: Path, what: str, option: str) -> None:
        self._path = path
        self.what = what
        self.option = option
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def try_to_take(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def holder(self) -> str:
        return str(_read_note(self._path) or "which has not written down its name yet")

    def write(self, note: ServerNote) -> None:
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, json.dumps(asdict(note)).encode(), 0)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def close(self) -> None:
        # The lock ends with it.
        os.close(self._handle)


def _read_note(path: Path) -> ServerNote | None:
    """Return what the holder wrote; None when it has not done so yet."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MAX_NOTE_BYTES))
        return ServerNote(
            int(found["pid"]), str(found["host"]), str(found["started_at"]), tuple(found["untrusted_proxies"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
