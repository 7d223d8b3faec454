"""``moothall doctor``."""

import json
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from moothall.cli.options import AsJson, flags, with_settings
from moothall.cli.outcome import clock, out
from moothall.settings import Settings

_MARKS = {
    "ok": "[green]ok[/]",
    "warning": "[yellow]note[/]",
    "failed": "[red]fails[/]",
}

commands = typer.Typer(add_completion=False, rich_markup_mode=None)


@commands.command()
@with_settings(*flags())
def doctor(*, settings: Settings, as_json: AsJson = False) -> None:
    """Check what works on this machine, with the options of serve.

    Ends with exit status 1 when something does not.
    """
    # Imported here, so that the other commands do not wait for it.
    from moothall.doctor import Verdict, examine  # noqa: PLC0415

    findings = list(examine(settings, clock))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row(_MARKS[finding.verdict], finding.part, Text(finding.text))
        out.print(table)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)
