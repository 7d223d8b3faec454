"""Validates an uploaded background picture and makes the copy that is served.

Only the three decoders named here see the file, and the size in its header is checked before it is
decoded. The copy is encoded anew, so nothing of the file but its pixels is served.
"""

import io
import struct
import warnings

from PIL import Image, ImageOps

MAX_BACKGROUND_BYTES = 8 * 1024 * 1024
MIN_SIZE = (640, 360)
MAX_SIDE = 4096
# Larger pictures are made smaller, because no client sends more pixels.
_SERVED_SIZE = (1920, 1080)
_FORMATS = ("JPEG", "PNG", "WEBP")


class BackgroundInvalid(Exception):
    """The file is not a usable picture; the message says why."""


def make_background(file: bytes) -> bytes:
    """Return a JPEG of at most 1920 × 1080 pixels, without metadata and turned upright.

    ``file``: JPEG, PNG or WebP. Takes some tenths of a second. Raises BackgroundInvalid.
    """
    if len(file) > MAX_BACKGROUND_BYTES:
        raise BackgroundInvalid(f"The picture is larger than {MAX_BACKGROUND_BYTES // 1024**2} MiB")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(file), formats=_FORMATS) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            _check_size(image)
            # A JPEG is decoded in a smaller size where that is enough.
            image.draft("RGB", (2 * _SERVED_SIZE[0], 2 * _SERVED_SIZE[1]))
            upright = ImageOps.exif_transpose(image)
            copy = _opaque(upright)
    except Image.DecompressionBombError:
        raise BackgroundInvalid(
            f"The picture has too many pixels; neither side may be longer than {MAX_SIDE}"
        ) from None
    # The decoders' exceptions for damaged files.
    except (
        OSError,
        SyntaxError,
        ValueError,
        IndexError,
        KeyError,
        EOFError,
        OverflowError,
        struct.error,
    ):
        raise BackgroundInvalid("The file is not a JPEG, PNG or WebP picture, or it is damaged") from None
    copy.thumbnail(_SERVED_SIZE)
    served = io.BytesIO()
    copy.save(served, "JPEG", quality=85, optimize=True)
    return served.getvalue()


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if max(width, height) > MAX_SIDE:
        raise BackgroundInvalid(
            f"The picture has {width} × {height} pixels; neither side may be longer than {MAX_SIDE}"
        )
    if min(width, height) < MIN_SIZE[1] or max(width, height) < MIN_SIZE[0]:
        raise BackgroundInvalid(f"The picture has {width} × {height} pixels, fewer than {MIN_SIZE[0]} × {MIN_SIZE[1]}")


def _opaque(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, transparent places in white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layers = image.convert("RGBA")
    sheet = Image.new("RGBA", layers.size, "white")
    sheet.alpha_composite(layers)
    return sheet.convert("RGB")
