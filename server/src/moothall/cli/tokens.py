"""``moothall token``: tokens for the API."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from moothall.api.authentication import mint_token
from moothall.cli.outcome import clock, fail
from moothall.kit.ids import new_uuid

_MAX_TOKEN_MINUTES = 24 * 60

commands = typer.Typer(help="Tokens for the API.", no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@commands.callback()
def tokens() -> None:
    """Tokens for the API."""


@commands.command("mint")
def mint(
    *,
    application_id: Annotated[str, typer.Option(help="Id of the application.")],
    private_key: Annotated[Path, typer.Option(metavar="PATH", help="Private key file of the application.")],
    minutes: Annotated[
        int, typer.Option(metavar="NUMBER", help="Lifetime of the token, in minutes.", min=1, max=_MAX_TOKEN_MINUTES)
    ] = 15,
) -> None:
    """Print a token for the Authorization header, to try the API by hand."""
    try:
        pem = private_key.read_text(encoding="ascii")
        token = mint_token(pem, application_id, jti=new_uuid(), now=clock.now(), lifetime=timedelta(minutes=minutes))
    except (OSError, ValueError) as error:
        fail(f"{private_key}: {error.strerror if isinstance(error, OSError) else 'not an RSA private key in PEM'}")
    print(token)
