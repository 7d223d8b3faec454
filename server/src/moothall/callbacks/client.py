"""Posts one callback: guarded, without redirects or proxies, and within ten seconds."""

import asyncio
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import httpcore2

from moothall.callbacks.guard import (
    HIDDEN,
    NOTHING,
    AddressForbidden,
    GuardedNetwork,
    Permitted,
    Resolver,
    SystemResolver,
    default_tls,
    parse_callback_url,
)
from moothall.callbacks.schedule import Answered, Outcome, Unanswered

TIMEOUT_S = 10.0
# Bytes of an answer that are read so that the connection can be reused; if there are more, it is
# closed.
_MOST_BODY = 16 * 1024
# Bytes of the answer that the delivery log keeps.
MOST_EXCERPT = 1024
_IDLE_CONNECTIONS = 32
_IDLE_SECONDS = 15.0
_MOST_CAUSES = 8

_FAILURES = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError)


class CallbackClient:
    def __init__(
        self,
        *,
        connections: int,
        permitted: Permitted = NOTHING,
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
            network_backend=GuardedNetwork(resolve or SystemResolver(), permitted),
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send the callback and return its outcome within 10 s.

        Never raises because of the receiver or the network.
        """
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
        # The deadline covers the whole exchange, so a slow receiver cannot extend it. A status
        # received before it counts.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                try:
                    async with self._pool.stream("POST", address, headers=fields, content=body) as response:
                        outcome = Answered(response.status, _header(response, b"retry-after"))
                        await _drain(response, excerpt)
                except AddressForbidden as error:
                    outcome = Unanswered(str(error), error.detail, is_hidden=str(error) == HIDDEN)
                except _FAILURES as error:
                    if isinstance(outcome, Unanswered):
                        outcome = _failure(error)
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
    """Decode text for the log, with NUL (databases cannot store it) and invalid UTF-8 replaced."""
    return excerpt.decode("utf-8", "replace").replace("\0", "\ufffd")


def _header(response: httpcore2.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _failure(error: Exception) -> Unanswered:
    """Return the kind of failure, not the library's text, which can quote the receiver's answer."""
    causes = list(_causes(error))
    return next(filter(None, map(_of_cause, causes)), None) or _of_kind(error, causes)


def _of_cause(cause: BaseException) -> Unanswered | None:
    match cause:
        case ssl.SSLCertVerificationError():
            return Unanswered("the certificate is not trusted", f"certificate: {cause.verify_message}")
        case ssl.SSLError():
            return Unanswered("the TLS handshake failed", f"TLS: {cause.reason}")
        case ConnectionRefusedError():
            return Unanswered("the connection was refused")
        case _:
            return None


def _of_kind(error: Exception, causes: Sequence[BaseException]) -> Unanswered:
    match error:
        case httpcore2.ConnectTimeout():
            return Unanswered("timed out while connecting")
        case httpcore2.TimeoutException():
            return Unanswered("timed out")
        case httpcore2.ConnectError():
            numbers = (cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno is not None)
            number = next(numbers, None)
            return Unanswered("cannot connect", None if number is None else f"network: {os.strerror(number)}")
        case httpcore2.ProtocolError():
            return Unanswered("the answer is not HTTP")
        case _:
            return Unanswered("the connection broke")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes; of an exception group, the first member."""
    current: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if current is None:
            return
        yield current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        else:
            current = current.__cause__ or current.__context__
