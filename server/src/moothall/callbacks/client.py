"""Posts one callback: guarded, without redirects, proxies or patience."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import httpcore2

from moothall.callbacks.guard import (
    AddressForbidden,
    GuardedNetwork,
    Resolver,
    SystemResolver,
    default_tls,
    parse_callback_url,
)
from moothall.callbacks.schedule import Answered, Outcome, Unanswered

TIMEOUT_S = 10.0
# Read so that the connection can be used again; who sends more loses the connection.
_MOST_BODY = 16 * 1024
# What of it is kept for the delivery log.
MOST_EXCERPT = 1024
_IDLE_CONNECTIONS = 32
_IDLE_SECONDS = 15.0

_FAILURES = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError)


class CallbackClient:
    def __init__(
        self,
        *,
        connections: int,
        allow_loopback: bool = False,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._timeout_s = timeout_s
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or default_tls(),
            max_connections=connections,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=GuardedNetwork(resolve or SystemResolver(), allow_loopback=allow_loopback),
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send and wait for the status, 10 s in all. Never raises for anything the receiver or the network does."""
        try:
            target = parse_callback_url(url)
        except AddressForbidden as error:
            return Unanswered(str(error))
        fields = [(b"host", target.authority.encode()), (b"content-length", str(len(body)).encode())]
        fields += [(name.encode(), value.encode("ascii")) for name, value in headers.items()]
        address = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.target.encode("ascii")
        )
        outcome: Outcome = Unanswered(f"no answer within {self._timeout_s:g} s")
        excerpt = bytearray()
        # The deadline is for all of it: a receiver that trickles cannot stretch it. A status seen before it counts.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                try:
                    async with self._pool.stream("POST", address, headers=fields, content=body) as response:
                        outcome = Answered(response.status, _header(response, b"retry-after"))
                        await _drain(response, excerpt)
                except AddressForbidden as error:
                    outcome = Unanswered(str(error))
                except _FAILURES as error:
                    if isinstance(outcome, Unanswered):
                        outcome = Unanswered(_reason(error))
        return replace(outcome, excerpt=_text(excerpt)) if isinstance(outcome, Answered) else outcome

    async def close(self) -> None:
        await self._pool.aclose()


async def _drain(response: httpcore2.Response, excerpt: bytearray) -> None:
    size = 0
    async for chunk in response.aiter_stream():
        size += len(chunk)
        excerpt += chunk[: MOST_EXCERPT - len(excerpt)]
        if size > _MOST_BODY:
            return


def _text(excerpt: bytearray) -> str:
    """What no database can keep (NUL), and what is not UTF-8, is replaced."""
    return excerpt.decode("utf-8", "replace").replace("\0", "\ufffd")


def _header(response: httpcore2.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _reason(error: Exception) -> str:
    """The kind of failure. Never the library's text: it can quote what the receiver sent."""
    match error:
        case httpcore2.TimeoutException():
            return "timed out"
        case httpcore2.ConnectError():
            return "cannot connect"
        case httpcore2.ProtocolError():
            return "the answer is not HTTP"
        case _:
            return "the connection broke"
