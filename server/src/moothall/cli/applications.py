"""``moothall app``: applications, the clients of the API."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from moothall.applications import service as applications
from moothall.applications.model import Application
from moothall.cli.options import AsJson, with_settings
from moothall.cli.outcome import clock, print_values, run_on_database
from moothall.settings import Settings

commands = typer.Typer(
    help="Applications, the clients of the API.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@commands.command("create")
@with_settings("data_dir", "database_url")
def create_application(
    *,
    settings: Settings,
    name: Annotated[str, typer.Option(help="Name of the application.")],
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--private-key-file",
            metavar="PATH",
            help="Where the private key is written. [default: keys/{application_id}.pem in the data directory]",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an application and its key pair.

    The private key is written once; the server keeps the public key.
    """
    application, path = run_on_database(
        settings,
        lambda database: applications.create_application_with_key(
            database, name, key_file, settings.data_dir.absolute() / "keys", clock.now()
        ),
    )
    print_values(
        {
            "application_id": application.application_id,
            "account_id": application.account_id,
            "private_key_file": str(path.absolute()),
        },
        as_json=as_json,
    )


@commands.command("allow-origins")
@with_settings("data_dir", "database_url")
def allow_origins(
    *,
    settings: Settings,
    application_id: Annotated[str, typer.Option(help="Id of the application.")],
    origins: Annotated[
        list[str] | None,
        typer.Argument(help="Origins such as https://app.example.org. Without any, no browser may call the API."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set the origins whose pages may call the API from a browser.

    A running server follows within seconds.
    """
    application = run_on_database(
        settings,
        lambda database: database.write(
            lambda connection: applications.allow_origins(connection, application_id, origins or [])
        ),
    )
    _print_list(application, "allowed_origins", application.allowed_origins, as_json=as_json)


@commands.command("allow-domains")
@with_settings("data_dir", "database_url")
def allow_domains(
    *,
    settings: Settings,
    application_id: Annotated[str, typer.Option(help="Id of the application.")],
    domains: Annotated[
        list[str] | None,
        typer.Argument(
            help="Domains such as https://app.example.org or https://*.example.org. Without any, no page may embed a room."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set the domains whose pages may show the application's rooms in a frame.

    A running server follows at once.
    """
    application = run_on_database(
        settings,
        lambda database: database.write(
            lambda connection: applications.allow_domains(connection, application_id, domains or [])
        ),
    )
    _print_list(application, "allowed_domains", application.allowed_domains, as_json=as_json)


def _print_list(application: Application, name: str, values: Sequence[str], *, as_json: bool) -> None:
    shown = list(values) if as_json else ", ".join(values) or "none"
    print_values({"application_id": application.application_id, name: shown}, as_json=as_json)
