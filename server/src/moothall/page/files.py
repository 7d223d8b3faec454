"""The built page: read once at start, served from memory.

Names come from the folder, never from a request, so no request can reach another file.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

INDEX = "index.html"

_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_WORTH_COMPRESSING = 1024
_LARGEST_FILE = 16 * 1024 * 1024
_NOT_BUILT = "The meeting page has not been built. Run `make setup` and start the server again.\n"


@dataclass(frozen=True)
class PageFile:
    body: bytes
    media_type: str
    cache_control: str
    etag: str

    @cached_property
    def compressed(self) -> bytes | None:
        """Once somebody wants it, because all files together would hold up the start. None where it is not worth it."""
        if not self.media_type.startswith(_COMPRESSIBLE) or len(self.body) < _WORTH_COMPRESSING:
            return None
        return gzip.compress(self.body, mtime=0)


def read_page_files(folder: Path) -> dict[str, PageFile]:
    """Every file of the build by its path under the folder; none when there is no build. Raises ValueError for one that cannot be ours."""
    files = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            if path.stat().st_size > _LARGEST_FILE:
                raise ValueError(f"{path} is larger than any file of the page")
            name = path.relative_to(folder).as_posix()
            files[name] = _page_file(name, path.read_bytes())
    return files


def respond(files: Mapping[str, PageFile], name: str, request: Request, headers: Mapping[str, str]) -> Response:
    """The file with these headers; 304 when the browser has it; 503 with a hint when the page has not been built; else 404."""
    file = files.get(name)
    if file is None:
        if name == INDEX:
            return PlainTextResponse(_NOT_BUILT, 503, headers={**headers, "cache-control": "no-store"})
        return PlainTextResponse("There is nothing at this address.\n", 404, headers=dict(headers))
    fields = {**headers, "etag": file.etag, "cache-control": file.cache_control, "vary": "accept-encoding"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=fields)
    body = file.body
    if "gzip" in request.headers.get("accept-encoding", "") and file.compressed is not None:
        body = file.compressed
        fields["content-encoding"] = "gzip"
    return Response(body, headers=fields, media_type=file.media_type)


def _page_file(name: str, body: bytes) -> PageFile:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Windows registries and old systems call it application/javascript or worse; modules need a JavaScript type.
    if name.endswith((".js", ".mjs")):
        media_type = "text/javascript"
    return PageFile(
        body=body,
        media_type=media_type,
        cache_control=_FOREVER if name.startswith(_HASHED) else _ASK_AGAIN,
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )
