"""Answers that never change while the server runs: kept in memory, compressed and tagged."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from gzip import compress

from starlette.requests import Request
from starlette.responses import Response

_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_WORTH_COMPRESSING = 1024
# The quality of an encoding that the client refuses in Accept-Encoding (RFC 9110 section 12.5.3).
_REFUSED = re.compile(r"q=0(\.0*)?")


@dataclass(frozen=True)
class Kept:
    body: bytes
    media_type: str
    cache_control: str
    brotli: bytes | None = None

    @cached_property
    def etag(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:32]

    @cached_property
    def gzip(self) -> bytes | None:
        """Return the compressed body, or None if not worthwhile.

        Compressed on first use, because compressing everything would delay the start.
        """
        if not self.media_type.startswith(_COMPRESSIBLE) or len(self.body) < _WORTH_COMPRESSING:
            return None
        return compress(self.body, mtime=0)


def respond(kept: Kept, request: Request, headers: Mapping[str, str]) -> Response:
    """The body with these headers in the best encoding that the client takes.

    304 when it has it already.
    """
    encoding, body = _encode(kept, request.headers.get("accept-encoding", ""))
    # Each encoding is a representation of its own (RFC 9110 section 8.8.3).
    tag = f'"{kept.etag}-{encoding}"' if encoding else f'"{kept.etag}"'
    fields = {**headers, "etag": tag, "cache-control": kept.cache_control, "vary": "accept-encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=fields)
    if encoding:
        fields["content-encoding"] = encoding
    return Response(body, headers=fields, media_type=kept.media_type)


def _encode(kept: Kept, accepted: str) -> tuple[str, bytes]:
    """The best encoding that the browser accepts, "" for none, and the body in it."""
    wanted = set()
    for part in accepted.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";")
        if not _REFUSED.fullmatch(weight):
            wanted.add(name)
    if "br" in wanted and kept.brotli is not None:
        return "br", kept.brotli
    if "gzip" in wanted and kept.gzip is not None:
        return "gzip", kept.gzip
    return "", kept.body
