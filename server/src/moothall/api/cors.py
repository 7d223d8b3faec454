"""CORS: the origins whose pages may read our answers (Fetch standard, section 3.3).

No origin may, unless an application lists it; then its pages may read that application's answers. A
preflight, or a request refused before authentication, names no application: such an answer may be
read from any origin that some application on this server lists. It contains nothing secret.

Credentials are never allowed, because there are no cookies, and ``*`` is never sent.
"""

import contextlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from moothall.api.fields import HOST_PATTERN, PORT_PATTERN
from moothall.db import UNREACHABLE
from moothall.kit.clock import Clock
from moothall.kit.origins import MAX_ORIGIN_LENGTH, ascii_host

ORIGIN_PATTERN = rf"^[hH][tT][tT][pP][sS]?://{HOST_PATTERN}(?::{PORT_PATTERN})?$"

Header = tuple[bytes, bytes]

# The meeting page has our own origin, and the account's secret must not be used in a browser.
_PATHS = ("/v1/meetings/", "/meetings/", "/beta/meetings/", "/files/")
_VARY = (b"vary", b"Origin")
_REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range"
_RESPONSE_HEADERS = (
    b"Content-Disposition, Content-Range, ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    b"WWW-Authenticate, X-Request-Id"
)
_PREFLIGHT_SECONDS = b"600"
_ORIGIN = re.compile(rf"(https?://{HOST_PATTERN})(?::({PORT_PATTERN}))?")
# The default port of each scheme, which origins leave out.
_WITHOUT_PORT = {"80": "http:", "443": "https:"}
_KEPT = 1024
_KEPT_SECONDS = 5.0

# Returns whether any application lists this origin.
FindOrigin = Callable[[str], Awaitable[bool]]


def parse_origin(text: str) -> str:
    """Return the origin as browsers write it (RFC 6454 section 6.2), hosts in punycode.

    Raises ValueError for anything but scheme, host and port of a web page.
    """
    scheme, separator, rest = text.lower().partition("://")
    if not rest.isascii() and len(rest) <= MAX_ORIGIN_LENGTH:
        host, colon, port = rest.partition(":")
        with contextlib.suppress(ValueError):
            text = f"{scheme}{separator}{ascii_host(host)}{colon}{port}"
    match = _ORIGIN.fullmatch(text.lower())
    if match is None or len(text) > MAX_ORIGIN_LENGTH:
        raise ValueError("must be a scheme and a host, such as https://app.example")
    origin, port = match.groups()
    return origin if port is None or origin.startswith(_WITHOUT_PORT.get(port, " ")) else f"{origin}:{port}"


@dataclass(slots=True)
class ListedOrigins:
    """Caches for a few seconds which origins are listed at all."""

    find: FindOrigin
    clock: Clock
    _known: "OrderedDict[str, tuple[bool, float]]" = field(default_factory=OrderedDict)

    async def has(self, origin: str) -> bool:
        """Return whether the origin is listed; False, too, when the database does not answer."""
        if len(origin) > MAX_ORIGIN_LENGTH:
            return False
        listed, until = self._known.get(origin, (False, 0.0))
        if until > self.clock.monotonic():
            return listed
        try:
            listed = await self.find(origin)
        except (*UNREACHABLE, TimeoutError):
            return False
        self._known[origin] = (listed, self.clock.monotonic() + _KEPT_SECONDS)
        self._known.move_to_end(origin)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return listed


async def cors_headers(
    scope: MutableMapping[str, Any], status: int, answered: list[Header], listed: ListedOrigins
) -> list[Header]:
    """Return the headers to add to this answer. ``answered``: the headers it already has."""
    if not scope["path"].startswith(_PATHS):
        return []
    origin = _header(scope["headers"], b"origin")
    if origin is None or not await _may_read(scope, origin.decode("latin-1"), listed):
        return [_VARY]
    headers = [_VARY, (b"access-control-allow-origin", origin)]
    if scope["method"] != "OPTIONS":
        return [*headers, (b"access-control-expose-headers", _RESPONSE_HEADERS)]
    methods = _header(answered, b"allow")
    if status < 300 and methods is not None:  # noqa: PLR2004 - a status
        headers += [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ]
    return headers


async def _may_read(scope: MutableMapping[str, Any], origin: str, listed: ListedOrigins) -> bool:
    of_application: frozenset[str] | None = scope.get("allowed_origins")
    return await listed.has(origin) if of_application is None else origin in of_application


def _header(headers: list[Header], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name == wanted), None)
