"""The built page: read once at start, served from memory.

Names come from the folder, never from a request, so no request can reach another file. The build
puts a file compressed with brotli beside each that is worth it; gzip is made here.
"""

import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from moothall.api import kept
from moothall.api.kept import Kept

INDEX = "index.html"
# The script for pages of other origins (docs/embed.md).
EMBED = "embed.js"
# A page to try that script; it is not served under this name.
DEMO = "demo.html"

_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_BROTLI = ".br"
_LARGEST_FILE = 16 * 1024 * 1024
_NOT_BUILT = "The meeting page has not been built. Run `make setup` and start the server again.\n"


def read_page_files(folder: Path) -> dict[str, Kept]:
    """Read every file of the build, by its path under the folder; none when there is no build.

    Raises ValueError for a file that cannot be ours.
    """
    files = {}
    brotli = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            if path.stat().st_size > _LARGEST_FILE:
                raise ValueError(f"{path} is larger than any file of the page")
            name = path.relative_to(folder).as_posix()
            if name.endswith(_BROTLI):
                brotli[name.removesuffix(_BROTLI)] = path.read_bytes()
            else:
                files[name] = _page_file(name, path.read_bytes())
    return {name: replace(file, brotli=brotli.get(name)) for name, file in files.items()}


def respond(files: Mapping[str, Kept], name: str, request: Request, headers: Mapping[str, str]) -> Response:
    """The file with these headers.

    304 when the browser has it; 503 with a hint when the page has not been built; else 404.
    """
    file = files.get(name)
    if file is None:
        if name == INDEX:
            return PlainTextResponse(_NOT_BUILT, 503, headers={**headers, "cache-control": "no-store"})
        return PlainTextResponse("There is nothing at this address.\n", 404, headers=dict(headers))
    return kept.respond(file, request, headers)


def _page_file(name: str, body: bytes) -> Kept:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Windows registries and old systems call it application/javascript or worse; modules need a
    # JavaScript type.
    if name.endswith((".js", ".mjs")):
        media_type = "text/javascript"
    # WebAssembly is compiled while it arrives, if it has this type.
    elif name.endswith(".wasm"):
        media_type = "application/wasm"
    return Kept(
        body=body,
        media_type=media_type,
        cache_control=_FOREVER if name.startswith(_HASHED) else _ASK_AGAIN,
    )
