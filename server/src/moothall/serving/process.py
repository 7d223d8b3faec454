"""Serves the application until the process is told to stop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import structlog
import uvicorn
from starlette.types import ASGIApp

from moothall.app import running
from moothall.http_server.server import HttpServer
from moothall.media import MAX_SOCKET_MESSAGE_BYTES
from moothall.serving.forwarded import TrustedProxies
from moothall.serving.lock import AlreadyServed, SoleUse
from moothall.serving.tls import Tls
from moothall.settings import Settings

_log = structlog.get_logger("moothall.server")


async def serve(
    settings: Settings, listeners: Sequence[socket.socket], tls: Tls | None, use: SoleUse, on_ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT. ``on_ready`` is called once requests are answered.

    Raises AlreadyServed when another process has taken over the database, and what ``running``
    raises.
    """
    lost_to: list[str] = []
    async with running(settings) as server, AsyncExitStack() as stack:
        # Objects that exist now live as long as the process, so collections need not visit them.
        gc.freeze()
        gc.enable()
        proxied = TrustedProxies(server.app, settings.trusted_proxies, use.add_untrusted_proxy)
        http = HttpServer(
            _configuration(settings, proxied, tls),
            on_ready=on_ready,
            drain=server.drain,
            trusted_proxies=settings.trusted_proxies,
        )
        background = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(background.create_task(_stop_when_lost(use, http, lost_to), name="lock").cancel)
        if tls is not None:
            stack.callback(background.create_task(tls.watch(), name="certificate").cancel)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, tls)
        # uvicorn takes these over, and raises the signal once more after a clean stop: that is no
        # failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        await http.serve(sockets=list(listeners))
    if lost_to:
        raise AlreadyServed(f"stopped, because another Moothall server has taken over the database ({lost_to[0]})")


def _configuration(settings: Settings, app: ASGIApp, tls: Tls | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
        # Costs more CPU and memory than it saves: most messages are short, and there are many.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # TrustedProxies reads them.
        proxy_headers=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls.context,
    )


async def _stop_when_lost(use: SoleUse, http: HttpServer, lost_to: list[str]) -> None:
    lost_to.append(await use.until_lost())
    http.should_exit = True


def _reload(tls: Tls | None) -> None:
    if tls is None:
        _log.info("reload_requested", result="nothing to do: there is no certificate")
    else:
        tls.reload()
