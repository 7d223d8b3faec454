import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import pictures

from moothall.themes.background_image import MAX_BACKGROUND_BYTES, BackgroundInvalid, make_background


def _served(file: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(make_background(file)))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return image


def _refusal(file: bytes) -> str:
    with pytest.raises(BackgroundInvalid) as caught:
        make_background(file)
    return str(caught.value)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_three_formats_are_taken_and_become_a_jpeg(format_name: str):
    served = _served(pictures.photo(1280, 720, format_name))

    assert served.size == (1280, 720)
    red, _, blue = served.getpixel((100, 300))  # type: ignore[misc]
    assert (red > 180, blue < 60) == (True, True)


@pytest.mark.parametrize("format_name", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_formats_are_refused(format_name: str):
    assert _refusal(pictures.photo(640, 360, format_name)) == (
        "The file is not a JPEG, PNG or WebP picture, or it is damaged"
    )


@pytest.mark.parametrize(
    ("size", "expected"), [((3840, 2160), (1920, 1080)), ((4096, 1024), (1920, 480)), ((1000, 4000), (270, 1080))]
)
def test_a_larger_picture_is_made_smaller_and_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]):
    assert _served(pictures.photo(*size)).size == expected


def test_the_sizes_that_are_refused_are_named():
    assert _refusal(pictures.photo(639, 360)) == "The picture has 639 × 360 pixels, fewer than 640 × 360"
    assert _refusal(pictures.photo(4097, 400)) == (
        "The picture has 4097 × 400 pixels; neither side may be longer than 4096"
    )
    assert _refusal(bytes(MAX_BACKGROUND_BYTES + 1)) == "The picture is larger than 8 MiB"


def test_a_bomb_is_refused_by_its_header():
    for side in (5_000, 60_000):
        assert "neither side may be longer than 4096" in _refusal(pictures.bomb(side, side))


def test_metadata_is_left_out_and_the_picture_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # Rotated by 90°, as telephones write it.
    exif[0x010E] = "the room of the photographer"

    file = make_background(pictures.photo(1280, 720, exif=exif))

    assert b"photographer" not in file
    served = Image.open(io.BytesIO(file))
    assert served.size == (607, 1080)
    assert not served.getexif()


def test_transparent_places_are_white():
    file = io.BytesIO()
    Image.new("RGBA", (640, 360), (0, 0, 0, 0)).save(file, "PNG")

    assert _served(file.getvalue()).getpixel((10, 10)) == (255, 255, 255)


@given(st.integers(0, 2000), st.binary(max_size=64), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_a_damaged_file_is_refused_or_read(offset: int, noise: bytes, format_name: str):
    file = bytearray(pictures.photo(640, 360, format_name))
    file[offset : offset + len(noise)] = noise
    with suppress(BackgroundInvalid):
        assert _served(bytes(file)).width <= 1920
