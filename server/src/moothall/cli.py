"""The commands. Each reads the settings, does one thing and says what it did; ``--json`` for scripts."""

import asyncio
import gc
import json
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from moothall import __version__
from moothall.api.authentication import mint_token
from moothall.api.errors import ApiError
from moothall.applications import service as applications
from moothall.applications.model import SIGNATURE_OVERLAP
from moothall.db import Connection, Database, DatabaseUnavailable, migrations, open_database
from moothall.demo import ensure_demo_room
from moothall.kit.clock import SystemClock, render_timestamp
from moothall.kit.ids import new_uuid
from moothall.kit.logs import configure_logging
from moothall.rooms import links
from moothall.rooms import service as rooms
from moothall.rooms.model import Room
from moothall.rooms.rendering import RoomRenderer
from moothall.settings import Settings, SettingsInvalid, load_secrets, load_settings
from moothall.startup import prepare_database

T = TypeVar("T")

_MAX_TOKEN_MINUTES = 24 * 60

cli = typer.Typer(
    help="Moothall: the Meetings API that you host yourself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app_commands = typer.Typer(help="Applications: what talks to the API.", no_args_is_help=True)
token_commands = typer.Typer(help="Tokens for the API.", no_args_is_help=True)
room_commands = typer.Typer(help="Rooms.", no_args_is_help=True)
account_commands = typer.Typer(help="The account all applications belong to.", no_args_is_help=True)
cli.add_typer(app_commands, name="app")
cli.add_typer(token_commands, name="token")
cli.add_typer(room_commands, name="room")
cli.add_typer(account_commands, name="account")

_clock = SystemClock()
_out = Console()
_err = Console(stderr=True)

Config = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The one directory that holds everything.")]
DatabaseUrl = Annotated[str | None, typer.Option("--database-url", help="Default: SQLite in the data directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    # What we write (keys, secrets, the database) is for this user alone.
    os.umask(0o077)
    cli()


@cli.command()
def serve(
    *,
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; default 8080.")] = None,
    data_dir: DataDir = None,
    public_url: Annotated[str | None, typer.Option(help="Origin people reach this server under.")] = None,
    advertise_ip: Annotated[str | None, typer.Option(help="Addresses clients send media to, or auto.")] = None,
    stun_server: Annotated[
        str | None, typer.Option(help="host:port to ask for the public address at the start; default nobody.")
    ] = None,
    udp_ports: Annotated[str | None, typer.Option(help="One, a list or a range; default 7882.")] = None,
    tcp_port: Annotated[
        str | None, typer.Option(help="For media where UDP does not pass, or off; default 7881.")
    ] = None,
    turn_urls: Annotated[
        str | None, typer.Option(help="turn: and turns: addresses of a TURN server; needs MOOTHALL_TURN_SECRET.")
    ] = None,
    turn_seconds: Annotated[
        int | None, typer.Option(help="How long what a participant is told about it is good; default a day.")
    ] = None,
    voices: Annotated[
        int | None, typer.Option(help="Voices forwarded in a room with many microphones; default 3.")
    ] = None,
    voices_from: Annotated[int | None, typer.Option(help="How many microphones are many; default 16.")] = None,
    cameras: Annotated[int | None, typer.Option(help="Cameras forwarded in one room; default 25.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Private key (PEM).")] = None,
    database_url: DatabaseUrl = None,
    allow_loopback_callbacks: Annotated[
        bool | None, typer.Option(help="Development: allow callback URLs on this machine.")
    ] = None,
    trusted_proxies: Annotated[str | None, typer.Option(help="Proxies whose X-Forwarded-* are believed.")] = None,
    livekit_webhook_urls: Annotated[str | None, typer.Option(help="URLs that get LiveKit's webhooks.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, console or json.")] = None,
    shutdown_seconds: Annotated[int | None, typer.Option(help="How long a stop waits for requests.")] = None,
    api_rate: Annotated[
        float | None, typer.Option(help="API requests per second of an application; 0: no limit; default 50.")
    ] = None,
    api_burst: Annotated[int | None, typer.Option(help="API requests at once; default 1000.")] = None,
    api_costly_rate: Annotated[
        float | None, typer.Option(help="Of these, lists and deletions per second; 0: no limit; default 10.")
    ] = None,
    api_costly_burst: Annotated[int | None, typer.Option(help="Lists and deletions at once; default 200.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Have a demo room, and print its links.")] = False,
) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = _settings(
        config,
        host=host,
        port=port,
        data_dir=data_dir,
        public_url=public_url,
        advertise_ip=advertise_ip,
        stun_server=stun_server,
        udp_ports=udp_ports,
        tcp_port=tcp_port,
        turn_urls=turn_urls,
        turn_seconds=turn_seconds,
        voices=voices,
        voices_from=voices_from,
        cameras=cameras,
        tls_cert=tls_cert,
        tls_key=tls_key,
        database_url=database_url,
        allow_loopback_callbacks=allow_loopback_callbacks,
        trusted_proxies=trusted_proxies,
        livekit_webhook_urls=livekit_webhook_urls,
        log_level=log_level,
        log_format=log_format,
        shutdown_seconds=shutdown_seconds,
        api_rate=api_rate,
        api_burst=api_burst,
        api_costly_rate=api_costly_rate,
        api_costly_burst=api_costly_burst,
    )
    # Nearly all that a start makes stays: collections would look at it again and again. The server turns them on when it is ready.
    gc.disable()
    # Imported here, because the other commands should not wait for it.
    from moothall import app  # noqa: PLC0415

    try:
        listener = app.bind(settings)
    except OSError as error:
        _fail(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}")
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})

    def announce() -> None:
        _err.print(f"Moothall {__version__} answers on {settings.origin}", highlight=False)
        if room is not None:
            secret = load_secrets(settings).host_token
            # On stdout, one line each, so that scripts can read them too.
            print(f"Host link:  {links.host_url(settings.origin, room, secret)}")
            print(f"Guest link: {links.guest_url(settings.origin, room)}", flush=True)

    room = None
    if demo:
        room = _run(settings, lambda database: ensure_demo_room(database, settings.data_dir.absolute(), _clock.now()))
    configure_logging(settings.log_level, settings.log_format)
    try:
        uvloop.run(app.serve(settings, listener, announce))
    except (DatabaseUnavailable, SettingsInvalid, OSError) as error:
        _fail(str(error))


@app_commands.command("create")
def create_application(
    *,
    name: Annotated[str, typer.Option(help="What you call it.")],
    config: Config = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    key_file: Annotated[
        Path | None,
        typer.Option("--private-key-file", help="Default: keys/{application_id}.pem in the data directory."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an application and its key pair. The private key is written once; the server keeps the public one."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url)
    application, path = _run(
        settings,
        lambda database: applications.create_application_with_key(
            database, name, key_file, settings.data_dir.absolute() / "keys", _clock.now()
        ),
    )
    _print(
        {
            "application_id": application.application_id,
            "account_id": application.account_id,
            "private_key_file": str(path.absolute()),
        },
        as_json=as_json,
    )


@app_commands.command("allow-origins")
def allow_origins(
    *,
    application_id: Annotated[str, typer.Option(help="Whose answers.")],
    origins: Annotated[list[str] | None, typer.Argument(help="Like https://app.example; none: nowhere.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say which origins' pages may use the API in a browser, instead of those that could before. A running server follows in seconds."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url)
    application = _run(
        settings,
        lambda database: database.write(
            lambda connection: applications.allow_origins(connection, application_id, origins or [])
        ),
    )
    allowed = list(application.allowed_origins)
    _print(
        {
            "application_id": application.application_id,
            "allowed_origins": allowed if as_json else ", ".join(allowed) or "none",
        },
        as_json=as_json,
    )


@account_commands.command("show")
def show_account(
    *, config: Config = None, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Show the account's API key and its secrets: one for the Application API, one to verify callbacks with."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url)
    account = _run(
        settings,
        lambda database: database.write(
            lambda connection: applications.ensure_default_account(connection, _clock.now())
        ),
    )
    _print(
        {
            "account_id": account.account_id,
            "api_secret": account.api_secret,
            "signature_secret": account.signature_secret,
        },
        as_json=as_json,
    )


@account_commands.command("rotate-signature-secret")
def rotate_signature_secret(
    *, config: Config = None, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Make a new secret to verify callbacks with. For 24 hours webhook-signature carries a signature with the old one, too."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url)
    account = _run(
        settings,
        lambda database: database.write(
            lambda connection: applications.rotate_signature_secret(connection, _clock.now())
        ),
    )
    overlap_ends = account.signature_rotated_at and account.signature_rotated_at + SIGNATURE_OVERLAP
    _print(
        {
            "account_id": account.account_id,
            "signature_secret": account.signature_secret,
            "previous_signs_until": overlap_ends and render_timestamp(overlap_ends),
        },
        as_json=as_json,
    )


@token_commands.command("mint")
def mint(
    *,
    application_id: Annotated[str, typer.Option(help="Whose token.")],
    private_key: Annotated[Path, typer.Option(help="The application's private key file.")],
    minutes: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=_MAX_TOKEN_MINUTES)] = 15,
) -> None:
    """Print a token for the Authorization header, for trying the API by hand."""
    try:
        pem = private_key.read_text(encoding="ascii")
        token = mint_token(pem, application_id, jti=new_uuid(), now=_clock.now(), lifetime=timedelta(minutes=minutes))
    except (OSError, ValueError) as error:
        _fail(f"{private_key}: {error.strerror if isinstance(error, OSError) else 'not an RSA private key in PEM'}")
    print(token)


@room_commands.command("create")
def create_room(
    *,
    application_id: Annotated[str, typer.Option(help="Whose room.")],
    name: Annotated[str, typer.Option(help="Its display name.")],
    config: Config = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    public_url: Annotated[str | None, typer.Option(help="Origin the links begin with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an instant room and print it, as the API would answer; works while the server runs."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url, public_url=public_url)
    now = _clock.now()

    def transaction(connection: Connection) -> Room:
        application = applications.get_application(connection, application_id)
        return rooms.create_room(connection, application.application_id, display_name=name, now=now)

    room = _run(settings, lambda database: database.write(transaction))
    shown = RoomRenderer(settings.origin, load_secrets(settings).host_token, now)(room)
    if as_json:
        print(json.dumps(shown, indent=2))
    else:
        _print(
            {
                "id": shown["id"],
                "meeting_code": shown["meeting_code"],
                "expires_at": shown["expires_at"],
                "host link": shown["_links"]["host_url"]["href"],
                "guest link": shown["_links"]["guest_url"]["href"],
            },
            as_json=False,
        )


@cli.command()
def migrate(config: Config = None, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database schema up to date. On SQLite the server does this itself."""
    settings = _settings(config, data_dir=data_dir, database_url=database_url)

    async def run() -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = open_database(settings.database)
        try:
            await database.write_long(migrations.upgrade)
        finally:
            await database.close()

    _guarded(run)
    print(f"schema {migrations.newest_revision()}")


@cli.command()
def doctor(
    *,
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    port: Annotated[int | None, typer.Option(help="As for serve.")] = None,
    data_dir: DataDir = None,
    public_url: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    advertise_ip: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    stun_server: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    udp_ports: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    tcp_port: Annotated[str | None, typer.Option(help="As for serve.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="As for serve.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="As for serve.")] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Check what works here. Ends with 1 when something does not."""
    settings = _settings(
        config,
        host=host,
        port=port,
        data_dir=data_dir,
        public_url=public_url,
        advertise_ip=advertise_ip,
        stun_server=stun_server,
        udp_ports=udp_ports,
        tcp_port=tcp_port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        database_url=database_url,
    )
    # Imported here, because the other commands should not wait for it.
    from moothall.doctor import Verdict, examine  # noqa: PLC0415

    findings = list(examine(settings, _clock))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row(_MARKS[finding.verdict], finding.part, Text(finding.text))
        _out.print(table)
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


@cli.command()
def version() -> None:
    """Print the version."""
    print(f"moothall {__version__}")


_MARKS = {
    "ok": "[green]ok[/]",
    "warning": "[yellow]note[/]",
    "failed": "[red]fails[/]",
}


def _settings(config: Path | None, **flags: Any) -> Settings:
    try:
        return load_settings(config, **flags)
    except SettingsInvalid as error:
        _fail(str(error))


def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do some work on the database and close it; what goes wrong ends the command with a sentence."""

    async def run() -> T:
        database = await prepare_database(settings, _clock)
        try:
            return await work(database)
        finally:
            await database.close()

    return _guarded(run)


def _guarded(run: Callable[[], Coroutine[Any, Any, T]]) -> T:
    # Quiet, but for what goes wrong.
    configure_logging("warning", "auto")
    try:
        return asyncio.run(run())
    except ApiError as error:
        _fail(error.message)
    except (DatabaseUnavailable, SettingsInvalid) as error:
        _fail(str(error))
    except FileExistsError as error:
        _fail(f"{error.filename} exists; it is not replaced")
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}")
    except DBAPIError as error:
        _fail(f"database: {error.orig}")


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(values, indent=2))
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name:<{width}}  {value}")


def _fail(text: str) -> NoReturn:
    _err.print(Text(text, style="red"))
    raise typer.Exit(1)
