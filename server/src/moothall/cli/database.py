"""``moothall migrate``."""

import typer

from moothall.cli.options import with_settings
from moothall.cli.outcome import guarded
from moothall.db import migrations, open_database
from moothall.settings import Settings

commands = typer.Typer(add_completion=False, rich_markup_mode=None)


@commands.command()
@with_settings("data_dir", "database_url")
def migrate(*, settings: Settings) -> None:
    """Bring the database schema up to date. On SQLite the server does this itself."""

    async def run() -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = open_database(settings.database)
        try:
            await database.write_long(migrations.upgrade)
        finally:
            await database.close()

    guarded(run)
    print(f"schema {migrations.newest_revision()}")
