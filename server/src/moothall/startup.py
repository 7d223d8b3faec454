"""Start-up steps shared by the server and the commands."""

from moothall.applications import service as applications
from moothall.db import Database, DatabaseUnavailable, migrations, open_database
from moothall.kit.clock import Clock
from moothall.settings import Settings


async def prepare_database(settings: Settings, clock: Clock) -> Database:
    """Open the database and make sure that an account exists; SQLite is migrated first.

    Raises DatabaseUnavailable.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    try:
        await _bring_up_to_date(database)
        await database.write(lambda connection: applications.ensure_default_account(connection, clock.now()))
    except BaseException:
        await database.close()
        raise
    return database


async def _bring_up_to_date(database: Database) -> None:
    if database.dialect == "sqlite":
        await database.write_long(migrations.upgrade)
    elif await database.read(migrations.current_revision) != migrations.newest_revision():
        raise DatabaseUnavailable("the database schema does not match this version: run `moothall migrate`")
