"""The outcome of a command: its output, and a sentence for every error."""

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from moothall.api.errors import ApiError
from moothall.db import Database, DatabaseUnavailable
from moothall.kit.clock import SystemClock
from moothall.kit.logs import configure_logging
from moothall.serving import StartRefused
from moothall.settings import Settings, SettingsInvalid
from moothall.startup import prepare_database

T = TypeVar("T")

clock = SystemClock()
out = Console()
err = Console(stderr=True)

# Failures of the machine, the database or the configuration, which are no bugs.
EXPECTED = (ApiError, DatabaseUnavailable, SettingsInvalid, StartRefused, OSError, SQLAlchemyError)


def run_on_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do some work on the database and close it.

    An error ends the command with a sentence.
    """

    async def run() -> T:
        is_new = not settings.data_dir.exists()
        database = await prepare_database(settings, clock)
        if is_new:
            where = settings.data_dir.resolve()
            err.print(Text(f"Made a new data directory: {where} (--data-dir names an existing one)"), soft_wrap=True)
        try:
            return await work(database)
        finally:
            await database.close()

    return guarded(run)


def guarded(run: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine; what is expected to go wrong ends the command with a sentence."""
    # Commands are quiet unless something goes wrong.
    configure_logging("warning", "auto")
    try:
        return asyncio.run(run())
    except EXPECTED as error:
        fail(explain(error))


def explain(error: BaseException) -> str:
    """A sentence that says what went wrong and where, without values that may be secret."""
    match error:
        case ApiError():
            return error.message
        case DatabaseUnavailable() | SettingsInvalid() | StartRefused():
            return str(error)
        case FileExistsError():
            return f"{error.filename} exists; it is not replaced"
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{_REMEDIES.get(error.errno or 0) or error.strerror or error}"
        case DBAPIError():
            return f"the database refused to work: {error.orig}"
        case _:
            return f"the database refused to work: {type(error).__name__}"


_REMEDIES = {
    errno.EROFS: "the file system is read-only; choose another directory with --data-dir",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "this user may not write there; change the owner, or choose another directory with --data-dir",
    errno.ENOTDIR: "a part of this path is a file, not a directory",
}


def print_values(values: dict[str, Any], *, as_json: bool) -> None:
    """Print JSON, or one line per value."""
    if as_json:
        print(json.dumps(values, indent=2))
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name:<{width}}  {value}")


def fail(text: str) -> NoReturn:
    """End the command with exit status 1 and this text on stderr."""
    # Not wrapped: logs and scripts read it too.
    err.print(Text(text, style="red"), soft_wrap=True)
    raise typer.Exit(1)
