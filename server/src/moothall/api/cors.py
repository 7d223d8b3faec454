"""Which pages of other origins may read our answers (Fetch standard, section 3.3: the CORS protocol). None, unless an application lists them.

An application lists origins; its own answers may be read there. Who sends a preflight, or is refused before we know who it is, has named no
application: such an answer may be read on origins that any application on this server lists. It tells nothing that others do not hear.

There is no permission for cookies, because there are none, and no ``*``.
"""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from moothall.api.fields import HOST_PATTERN, PORT_PATTERN
from moothall.db import UNREACHABLE
from moothall.kit.clock import Clock

MAX_ORIGIN_LENGTH = 255
ORIGIN_PATTERN = rf"^[hH][tT][tT][pP][sS]?://{HOST_PATTERN}(?::{PORT_PATTERN})?$"

Header = tuple[bytes, bytes]

# The meeting page is of our own origin, and the account's secret has no business in a browser.
_PATHS = ("/v1/meetings/", "/meetings/", "/beta/meetings/", "/files/")
_VARY = (b"vary", b"Origin")
_REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range"
_RESPONSE_HEADERS = (
    b"Content-Disposition, Content-Range, ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    b"WWW-Authenticate, X-Request-Id"
)
_PREFLIGHT_SECONDS = b"600"
_ORIGIN = re.compile(rf"(https?://{HOST_PATTERN})(?::({PORT_PATTERN}))?")
# Schemes whose origins are written without this port.
_WITHOUT_PORT = {"80": "http:", "443": "https:"}
_KEPT = 1024
_KEPT_SECONDS = 5.0

# Whether any application lists this origin.
FindOrigin = Callable[[str], Awaitable[bool]]


def parse_origin(text: str) -> str:
    """The origin as browsers write it (RFC 6454 section 6.2). Raises ValueError for anything but scheme, host and port of a web page."""
    match = _ORIGIN.fullmatch(text.lower())
    if match is None or len(text) > MAX_ORIGIN_LENGTH:
        raise ValueError("must be an origin like https://app.example")
    origin, port = match.groups()
    return origin if port is None or origin.startswith(_WITHOUT_PORT.get(port, " ")) else f"{origin}:{port}"


@dataclass(slots=True)
class ListedOrigins:
    """Remembers for a few seconds which origins are listed at all."""

    find: FindOrigin
    clock: Clock
    _known: "OrderedDict[str, tuple[bool, float]]" = field(default_factory=OrderedDict)

    async def has(self, origin: str) -> bool:
        """False as well when the database does not answer."""
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
    """What to add to this answer. ``answered``: the headers it has."""
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
