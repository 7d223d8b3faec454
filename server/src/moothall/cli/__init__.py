"""The commands.

Each reads the settings, does one thing and says what it did; ``--json`` is for scripts.
"""

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from moothall import __version__

# Each is the ``commands`` of its module, which is imported when the command is called: the database
# and the settings take most of a second. The help is the first sentence of the command's own.
_MODULES = {
    "serve": ("server", "Run the server until it is told to stop (SIGTERM, Ctrl-C)."),
    "migrate": ("database", "Bring the database schema up to date."),
    "doctor": ("health", "Check what works on this machine, with the options of serve."),
    "app": ("applications", "Applications, the clients of the API."),
    "account": ("accounts", "The account to which all applications belong."),
    "token": ("tokens", "Tokens for the API."),
    "room": ("rooms", "Rooms."),
    "ledger": ("ledger", "What is billed."),
}


class _Group(TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments, and import the module of the command."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in _MODULES:
            module, _help = _MODULES[name]
            command = get_command(import_module(f"moothall.cli.{module}").commands)
        return name, command, rest


cli = typer.Typer(
    cls=_Group,
    help="Moothall: the Meetings API that you host yourself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _stand_in() -> None:
    """Be in the help in place of the command."""


for _name, (_module, _help) in _MODULES.items():
    cli.command(_name, help=_help)(_stand_in)


@cli.command()
def version() -> None:
    """Print the version."""
    print(f"moothall {__version__}")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        version()
        raise typer.Exit


@cli.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before every command."""


def main() -> None:
    """Run the command that the command line names."""
    # Keys, secrets and the database are for this user alone.
    os.umask(0o077)
    try:
        cli()
    except BrokenPipeError:
        # The reader of the output has gone; Python must not complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
