"""What the server and the commands do alike before they can work."""

from moothall.applications import service as applications
from moothall.db import Database, DatabaseUnavailable, migrations, open_database
from moothall.kit.clock import Clock
from moothall.settings import Settings


async def prepare_database(settings: Settings, clock: Clock) -> Database:
    """Open the database, on SQLite with its schema brought up to date, and see that there is an account. Raises DatabaseUnavailable."""
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
        raise DatabaseUnavailable("the database has another schema than this version needs: run `moothall migrate`")
