"""``moothall ledger``: what is billed."""

from typing import Annotated

import typer

from moothall.cli.options import AsJson, with_settings
from moothall.cli.outcome import clock, fail, print_values, run_on_database
from moothall.ledger import service, store
from moothall.settings import Settings

commands = typer.Typer(help="What is billed.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@commands.command("correct")
@with_settings("data_dir", "database_url")
def correct(
    *,
    settings: Settings,
    entry_id: Annotated[int, typer.Argument(metavar="ENTRY", help="Id of the entry to correct.")],
    milliseconds: Annotated[int, typer.Option(help="What to add; negative to bill less.")],
    key: Annotated[str, typer.Option(help="A name for this correction: repeated, it is written once.")],
    note: Annotated[str, typer.Option(help="The reason, which the application can read.")],
    as_json: AsJson = False,
) -> None:
    """Correct an entry of the ledger with a new one, which counts today."""
    now = clock.now()
    entry = run_on_database(
        settings,
        lambda database: database.write(
            lambda connection: service.correct(
                connection, entry_id, milliseconds=milliseconds, key=key, note=note, now=now
            )
        ),
    )
    shown = {"id": entry.id, "corrects": entry.corrects, "date": entry.day.isoformat()}
    print_values({**shown, "milliseconds": entry.milliseconds, "note": entry.note}, as_json=as_json)


@commands.command("check")
@with_settings("data_dir", "database_url")
def check(*, settings: Settings, as_json: AsJson = False) -> None:
    """Compare the sums of the days with the whole ledger, which takes a while when it is large."""
    wrong = run_on_database(settings, lambda database: database.read(store.wrong_days))
    if wrong:
        days = ", ".join(f"{application_id} {day} {kind}" for application_id, day, kind in wrong)
        fail(f"These sums differ from their entries: {days}")
    print_values({"ledger": "sums and entries agree"}, as_json=as_json)
