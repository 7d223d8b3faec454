"""Validates an uploaded logo and makes the copy that is served.

The file is untrusted, so little of it reaches the decoder: we parse the PNG chunks ourselves (PNG
specification, third edition, section 5), keep only the necessary ones, and check the size in the
header before decompressing. At most 300 × 300 pixels are decoded. The copy is re-encoded, so only
the pixels of the file are served.
"""

import io
import struct
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image

from moothall.themes.model import LogoType

MAX_LOGO_BYTES = 1024 * 1024
LOGO_SIDES = range(1, 301)
FAVICON_SIDES = range(16, 33)

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_IHDR = struct.Struct(">II5B")
_NEEDED_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_ANIMATION_CHUNKS = frozenset({b"acTL", b"fcTL", b"fdAT"})
_OPAQUE = 255


class InvalidProperty(StrEnum):
    """The codes of the API for defects of a logo."""

    EXCEEDS_SIZE = "exceeds_size"
    TYPE = "type"
    DIMENSIONS = "dimensions"
    TRANSPARENT_BACKGROUND = "transparent_bg"


class LogoInvalid(Exception):
    """The file is not a valid logo of this type."""

    def __init__(self, *properties: InvalidProperty) -> None:
        super().__init__(", ".join(properties))
        self.properties = properties


class _NotAnImage(Exception):
    """The file is not a PNG image with one frame."""


@dataclass(frozen=True, slots=True)
class _Skeleton:
    """An image file reduced to the data for the decoder."""

    width: int
    height: int
    png: bytes


def make_logo(file: bytes, logo_type: LogoType) -> bytes:
    """Return a clean PNG (RGBA, no metadata) with the pixels of the file.

    Takes some milliseconds. Raises LogoInvalid.
    """
    if len(file) > MAX_LOGO_BYTES:
        raise LogoInvalid(InvalidProperty.EXCEEDS_SIZE)
    try:
        skeleton = _read_skeleton(file)
        if not _fits(skeleton.width, skeleton.height, logo_type):
            raise LogoInvalid(InvalidProperty.DIMENSIONS)
        image = _decode(skeleton)
    except _NotAnImage:
        raise LogoInvalid(InvalidProperty.TYPE) from None
    if not _has_transparent_background(image):
        raise LogoInvalid(InvalidProperty.TRANSPARENT_BACKGROUND)
    copy = io.BytesIO()
    image.save(copy, "PNG", optimize=True)
    return copy.getvalue()


def _fits(width: int, height: int, logo_type: LogoType) -> bool:
    if logo_type is LogoType.FAVICON:
        return width == height and width in FAVICON_SIDES
    return width in LOGO_SIDES and height in LOGO_SIDES


def _read_skeleton(file: bytes) -> _Skeleton:
    if not file.startswith(_SIGNATURE):
        raise _NotAnImage
    kept = bytearray(_SIGNATURE)
    offset = len(_SIGNATURE)
    header: tuple[int, ...] | None = None
    while True:
        if offset + 12 > len(file):
            raise _NotAnImage
        length, kind = struct.unpack_from(">I4s", file, offset)
        end = offset + 12 + length
        if end > len(file) or kind in _ANIMATION_CHUNKS or (header is None) != (kind == b"IHDR"):
            raise _NotAnImage
        if kind == b"IHDR":
            if length != _IHDR.size:
                raise _NotAnImage
            header = _IHDR.unpack_from(file, offset + 8)
        if kind in _NEEDED_CHUNKS:
            kept += file[offset:end]
        if kind == b"IEND":
            break
        offset = end
    if header is None:
        raise _NotAnImage
    return _Skeleton(header[0], header[1], bytes(kept))


def _decode(skeleton: _Skeleton) -> Image.Image:
    try:
        with Image.open(io.BytesIO(skeleton.png), formats=["PNG"]) as image:
            image.load()
            if image.mode.startswith("I"):
                # 16-bit grey, which the library cannot convert; it is opaque, which is all we need
                # to know.
                return Image.new("RGBA", image.size, (0, 0, 0, _OPAQUE))
            return image.convert("RGBA")
    # The decoder's exceptions for damaged files.
    except (
        OSError,
        SyntaxError,
        ValueError,
        IndexError,
        KeyError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ):
        raise _NotAnImage from None


def _has_transparent_background(image: Image.Image) -> bool:
    """Return whether a pixel at the edge is transparent: an opaque background reaches all edges."""
    alpha = image.getchannel("A")
    width, height = alpha.size
    edges = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    return any(alpha.crop(edge).getextrema()[0] < _OPAQUE for edge in edges)  # type: ignore[operator]  # one band: two numbers
