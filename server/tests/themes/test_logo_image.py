import io
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import pictures

from moothall.themes.logo_image import MAX_LOGO_BYTES, InvalidProperty, LogoInvalid, make_logo
from moothall.themes.model import LogoType


def _refusal(file: bytes, logo_type: LogoType = LogoType.WHITE) -> tuple[InvalidProperty, ...]:
    with pytest.raises(LogoInvalid) as caught:
        make_logo(file, logo_type)
    return caught.value.properties


@pytest.mark.parametrize(("width", "height"), [(1, 1), (300, 300), (1, 300), (300, 1), (120, 40)])
def test_a_logo_may_have_up_to_300_pixels_each_side(width: int, height: int):
    served = Image.open(io.BytesIO(make_logo(pictures.logo(width, height), LogoType.COLORED)))

    assert served.format == "PNG"
    assert served.size == (width, height)


@pytest.mark.parametrize(("width", "height"), [(301, 10), (10, 301), (4000, 4000)])
def test_a_larger_logo_is_refused(width: int, height: int):
    assert _refusal(pictures.logo(width, height)) == (InvalidProperty.DIMENSIONS,)


@pytest.mark.parametrize("side", [16, 24, 32])
def test_a_favicon_has_16_to_32_pixels(side: int):
    assert make_logo(pictures.favicon(side), LogoType.FAVICON)


@pytest.mark.parametrize(("width", "height"), [(15, 15), (33, 33), (16, 17)])
def test_another_size_of_favicon_is_refused(width: int, height: int):
    assert _refusal(pictures.logo(width, height), LogoType.FAVICON) == (InvalidProperty.DIMENSIONS,)


def test_the_pixels_are_kept_and_nothing_else():
    original = pictures.logo()
    decorated = pictures.with_chunk(original, b"tEXt", b"Comment\0<script>alert(1)</script>") + b"<?php evil() ?>"

    served = make_logo(decorated, LogoType.WHITE)

    assert b"script" not in served
    assert b"php" not in served
    assert Image.open(io.BytesIO(served)).tobytes() == Image.open(io.BytesIO(original)).tobytes()


def test_an_opaque_background_is_refused():
    assert _refusal(pictures.opaque_logo()) == (InvalidProperty.TRANSPARENT_BACKGROUND,)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "I;16"])
def test_an_image_without_transparency_is_refused(mode: str):
    file = io.BytesIO()
    Image.new(mode, (20, 20)).save(file, "PNG")

    assert _refusal(file.getvalue()) == (InvalidProperty.TRANSPARENT_BACKGROUND,)


def test_a_hole_is_not_a_transparent_background():
    image = Image.new("RGBA", (20, 20), (255, 255, 255, 255))
    image.putpixel((10, 10), (0, 0, 0, 0))
    file = io.BytesIO()
    image.save(file, "PNG")

    assert _refusal(file.getvalue()) == (InvalidProperty.TRANSPARENT_BACKGROUND,)


def test_a_palette_with_a_transparent_colour_will_do():
    image = Image.new("P", (20, 20), 0)
    image.putpixel((10, 10), 1)
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0)

    assert make_logo(file.getvalue(), LogoType.WHITE)


@pytest.mark.parametrize("format_name", ["JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO"])
def test_other_formats_are_refused(format_name: str):
    mode = "RGB" if format_name in ("JPEG", "BMP") else "RGBA"

    assert _refusal(pictures.logo(mode=mode, format_name=format_name)) == (InvalidProperty.TYPE,)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x89PNG",
        pictures.SIGNATURE,
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"GIF89a" + pictures.logo(),
        pictures.SIGNATURE + pictures.chunk(b"IEND", b""),
        pictures.SIGNATURE + pictures.header(20, 20) + pictures.chunk(b"IEND", b""),
        pictures.SIGNATURE + pictures.header(20, 20) * 2 + pictures.chunk(b"IEND", b""),
        pictures.SIGNATURE + pictures.chunk(b"IHDR", b"\0" * 12) + pictures.chunk(b"IEND", b""),
        pictures.SIGNATURE + struct.pack(">I4s", 2**31 - 1, b"IHDR"),
        pictures.animation(),
    ],
    ids=[
        "empty", "short", "signature only", "svg", "gif in front", "no header", "no data", "two headers", "short header",
        "endless chunk", "animation",
    ],
)  # fmt: skip
def test_what_is_not_one_png_image_is_refused(file: bytes):
    assert _refusal(file) == (InvalidProperty.TYPE,)


def test_a_file_of_more_than_a_megabyte_is_refused_unread():
    padded = pictures.with_chunk(pictures.logo(), b"tEXt", b"x" * MAX_LOGO_BYTES)

    assert _refusal(padded) == (InvalidProperty.EXCEEDS_SIZE,)


def test_a_bomb_is_refused_by_its_header():
    assert _refusal(pictures.bomb(50_000, 50_000)) == (InvalidProperty.DIMENSIONS,)


def test_a_bomb_behind_a_small_header_unpacks_no_more_than_its_pixels():
    file = pictures.bomb(300, 300)
    tracemalloc.start()
    try:
        make_logo(file, LogoType.WHITE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"sPLT"])
def test_compressed_extras_are_never_unpacked(kind: bytes):
    packed = zlib.compress(b"\0" * (64 * 1024 * 1024), 9)
    file = pictures.with_chunk(pictures.logo(), kind, b"Name\0\0" + packed)
    tracemalloc.start()
    try:
        assert make_logo(file, LogoType.WHITE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(min_value=0, max_value=len(pictures.logo()) - 1))
def test_a_truncated_file_is_refused(cut: int):
    assert _refusal(pictures.logo()[:cut]) == (InvalidProperty.TYPE,)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_is_refused_or_harmless(data: st.DataObject):
    file = bytearray(pictures.logo())
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))

    try:
        served = make_logo(bytes(file), LogoType.WHITE)
    except LogoInvalid:
        return

    assert Image.open(io.BytesIO(served)).format == "PNG"
