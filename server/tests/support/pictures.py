"""PNG files as people and attackers make them."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def logo(width: int = 120, height: int = 40, *, mode: str = "RGBA", format_name: str = "PNG") -> bytes:
    """A coloured blob on a transparent ground (opaque in modes without transparency)."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, 3 * width // 4, 3 * height // 4), fill=(18, 246, 78, 255))
    file = io.BytesIO()
    image.convert(mode).save(file, format_name)
    return file.getvalue()


def favicon(side: int = 32) -> bytes:
    return logo(side, side)


def opaque_logo() -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (100, 50), (255, 255, 255, 255)).save(file, "PNG")
    return file.getvalue()


def animation() -> bytes:
    """An APNG with two frames."""
    frames = [Image.new("RGBA", (32, 32), (shade, 0, 0, 0)) for shade in (10, 200)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">II5B", width, height, 8, 6, 0, 0, 0))


def bomb(width: int, height: int) -> bytes:
    """A file that announces this size; its few bytes of data unpack to 64 MB of zeros."""
    packed = zlib.compress(b"\0" * (64 * 1024 * 1024), 9)
    return SIGNATURE + header(width, height) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """The file with one more chunk after its header."""
    end = len(SIGNATURE) + 25
    return png[:end] + chunk(kind, content) + png[end:]


def photo(width: int, height: int, format_name: str = "JPEG", **options: Any) -> bytes:
    """An opaque picture without a pattern: red on its left half, blue on its right half."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()
