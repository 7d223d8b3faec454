"""Serves the pictures of themes, which are public: pages and applications show them."""

import asyncio

from starlette.responses import Response

from moothall.api.errors import NotFound
from moothall.kit.file_store import FileStore

_HEADERS = {
    # The picture at an address never changes.
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}


async def serve_picture(pictures: FileStore, file_name: str, *, media_type: str, limit: int, missing: str) -> Response:
    """Return the picture, of at most ``limit`` bytes. Raises NotFound with the text ``missing``."""
    try:
        picture = await asyncio.to_thread(pictures.read, file_name, limit)
    except ValueError:
        picture = None
    if picture is None:
        raise NotFound(missing)
    return Response(picture, media_type=media_type, headers=_HEADERS)
