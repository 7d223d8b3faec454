"""``moothall account``: the account to which all applications belong."""

import typer

from moothall.applications import service as applications
from moothall.applications.model import Account
from moothall.cli.options import AsJson, with_settings
from moothall.cli.outcome import clock, print_values, run_on_database
from moothall.db import Connection
from moothall.kit.clock import render_timestamp
from moothall.settings import Settings

commands = typer.Typer(
    help="The account to which all applications belong.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@commands.command("show")
@with_settings("data_dir", "database_url")
def show_account(*, settings: Settings, as_json: AsJson = False) -> None:
    """Show the account's id and secrets.

    The id is the API key. The api_secret is for the Application API, the
    signature_secret verifies callbacks.
    """
    account = run_on_database(
        settings,
        lambda database: database.write(
            lambda connection: applications.ensure_default_account(connection, clock.now())
        ),
    )
    print_values(
        {
            "account_id": account.account_id,
            "api_secret": account.api_secret,
            "signature_secret": account.signature_secret,
        },
        as_json=as_json,
    )


@commands.command("rotate-signature-secret")
@with_settings("data_dir", "database_url")
def rotate_signature_secret(*, settings: Settings, as_json: AsJson = False) -> None:
    """Replace the secret that verifies callbacks.

    For 24 hours webhook-signature also carries the old signature.
    """
    now = clock.now()

    def rotate(connection: Connection) -> Account:
        account = applications.ensure_default_account(connection, now)
        return applications.rotate_signature_secret(connection, account.account_id, now)

    account = run_on_database(settings, lambda database: database.write(rotate))
    overlap_ends = account.previous_signs_until(now)
    print_values(
        {
            "account_id": account.account_id,
            "signature_secret": account.signature_secret,
            "previous_signs_until": overlap_ends and render_timestamp(overlap_ends),
        },
        as_json=as_json,
    )
