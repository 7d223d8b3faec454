"""``moothall serve``."""

import gc
import os
import signal
from typing import Annotated

import structlog
import typer
import uvloop

from moothall import __version__
from moothall.cli.options import flags, with_settings
from moothall.cli.outcome import EXPECTED, clock, err, explain, fail
from moothall.demo import ensure_demo_room
from moothall.kit.logs import configure_logging, outlive_stderr
from moothall.rooms import links
from moothall.rooms.model import Room
from moothall.settings import Settings, load_secrets, unknown_variables
from moothall.startup import prepare_database

commands = typer.Typer(add_completion=False, rich_markup_mode=None)


@commands.command()
@with_settings(*flags())
def serve(
    *,
    settings: Settings,
    demo: Annotated[bool, typer.Option("--demo", help="Create a demo room and print its links.")] = False,
) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C). SIGHUP reloads the certificate."""
    # Until the server handles it: whoever asks for a reload does not know how far the start is.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Nearly everything that a start allocates stays: collections would look at it again and again.
    # The server turns them on when it is ready.
    gc.disable()
    outlive_stderr()
    configure_logging(settings.log_level, settings.log_format)
    for sentence in unknown_variables(os.environ):
        structlog.get_logger("moothall.settings").warning("unknown_variable", reason=sentence)
    try:
        uvloop.run(_serve(settings, demo=demo))
    except EXPECTED as error:
        fail(explain(error))


async def _serve(settings: Settings, *, demo: bool) -> None:
    # Imported here, so that the other commands do not wait for it.
    from moothall.serving import listeners, lock, process, tls  # noqa: PLC0415

    certificate = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate = tls.Tls(settings.tls_cert, settings.tls_key, clock)
    async with lock.sole_use(settings) as use:
        sockets = listeners.bind(settings.hosts, settings.port)
        settings = settings.model_copy(update={"port": sockets[0].getsockname()[1]})
        if demo:
            # A demo is first embedded in a page on the same machine.
            settings = settings.model_copy(update={"allow_loopback_embedding": True})
        room = await _demo_room(settings) if demo else None
        await process.serve(settings, sockets, certificate, use, lambda: _announce(settings, room))


async def _demo_room(settings: Settings) -> Room:
    database = await prepare_database(settings, clock)
    try:
        return await ensure_demo_room(database, settings.data_dir.absolute(), clock.now())
    finally:
        await database.close()


def _announce(settings: Settings, room: Room | None) -> None:
    err.print(f"Moothall {__version__} answers on {settings.origin}", highlight=False)
    if room is not None:
        secret = load_secrets(settings).host_token
        # On stdout, one line each, so that scripts can read them too.
        print(f"Host link:  {links.host_url(settings.origin, room, secret)}")
        print(f"Guest link: {links.guest_url(settings.origin, room)}", flush=True)
