"""One reader of pixels: a file, its Pillow image and its array are the same picture."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from generators import degrade
from generators.decoding import decode, inspect, of_array, of_pillow
from generators.errors import UnreadableError
from generators.images import decode_depth, decode_rgb

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax'
    '-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def scene(mode: str = "RGB", width: int = 45, height: int = 32) -> Pillow.Image:
    across = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 1))
    down = np.linspace(0, 255, height)[:, None, None] * np.ones((1, width, 1))
    channels = np.concatenate([across, down, 255 - across, 255 - down / 2], axis=2)
    return Pillow.fromarray(channels.astype(np.uint8), "RGBA").convert(mode)


def encoded(image: Pillow.Image, suffix: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, suffix, **options)
    return buffer.getvalue()


def exif(orientation: object) -> bytes:
    tags = Pillow.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def with_segment(jpeg: bytes, payload: bytes) -> bytes:
    """The JPEG with another APP1 segment."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("where", ["exif", "doubled exif", "xmp"])
def test_size_and_pixels_turn_together(where: str, orientation: int) -> None:
    plain = encoded(scene(), "JPEG", quality=95)
    data = {
        "exif": with_segment(plain, exif(orientation)),
        "doubled exif": with_segment(plain, b"Exif\0\0" + exif(orientation)),
        "xmp": with_segment(
            plain, b"http://ns.adobe.com/xap/1.0/\0" + XMP.format(orientation).encode()
        ),
    }[where]
    upright = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    assert inspect(data) == upright.size
    np.testing.assert_allclose(decode(data), np.asarray(upright), atol=3)
    np.testing.assert_array_equal(of_pillow(Pillow.open(io.BytesIO(data))), np.asarray(upright))
    for reduction in (2, 4, 8):
        small = decode(data, reduction)
        assert small.shape[1::-1] == tuple(-(-side // reduction) for side in upright.size)
    assert decode(data, upright=False).shape == (32, 45, 3)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    plain = encoded(scene(), "JPEG", quality=95)
    np.testing.assert_array_equal(decode(with_segment(plain, exif(orientation))), decode(plain))
    broken = with_segment(plain, exif(6)[:-9])
    assert decode(broken).shape[1::-1] == inspect(broken)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_a_file_its_pillow_image_and_its_array_are_one_picture(mode: str) -> None:
    if mode == "I;16":
        image = Pillow.fromarray(np.asarray(scene("L")).astype(np.uint16) * 257)
    else:
        image = scene(mode)
    data = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    pixels = decode(data)
    np.testing.assert_array_equal(of_pillow(Pillow.open(io.BytesIO(data))), pixels)
    np.testing.assert_array_equal(of_pillow(image), pixels)
    np.testing.assert_array_equal(decode_rgb(data), pixels)
    if mode in ("RGB", "L", "RGBA", "I;16"):
        np.testing.assert_array_equal(of_array(np.asarray(image)), pixels)
    assert degrade(image, "blur", {"sigma": 1.0}).clean.tobytes() == pixels.tobytes()


@given(st.integers(0, 65535), st.integers(0, 255))
def test_sixteen_bits_and_floats_are_eight_to_the_nearest(word: int, level: int) -> None:
    assert of_array(np.full((2, 2), word, np.uint16))[0, 0, 0] == round(word / 257)
    assert of_array(np.full((2, 2, 3), level / 255))[0, 0, 0] == level
    assert of_array(np.full((2, 2, 1), level / 255, np.float32))[0, 0, 0] == level


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.full((4, 4, 3), 1.01), r"\[0, 1\]"),
        (np.full((4, 4, 3), np.nan), r"\[0, 1\]"),
        (np.zeros((4, 4, 3), np.int32), "int32"),
        (np.zeros((3, 4, 4), np.uint8)[..., :2], r"\(H, W\)"),
        (np.zeros((0, 4), np.uint8), r"\(H, W\)"),
        (np.zeros(4, np.uint8), r"\(H, W\)"),
    ],
)
def test_an_array_without_a_white_point_or_a_shape_is_refused(array, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        of_array(array)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pillows_wide_pixels_have_no_white_point(mode: str) -> None:
    with pytest.raises(UnreadableError, match="no white point"):
        of_pillow(Pillow.fromarray(np.full((4, 4), 70000, {"F": np.float32, "I": np.int32}[mode])))


def promising(width: int, height: int, kind: bytes) -> bytes:
    """A PNG of a hundred bytes that promises so many pixels."""
    chunks = [(b"IHDR", struct.pack(">II", width, height) + kind)]
    chunks += [(b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(x)) + n + x + struct.pack(">I", zlib.crc32(n + x)) for n, x in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_header_that_promises_too_much_is_refused_before_decoding() -> None:
    colour, grey = bytes((8, 2, 0, 0, 0)), bytes((16, 0, 0, 0, 0))
    bmp = bytearray(encoded(scene(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 50_000, 50_000)
    jpeg = bytearray(encoded(scene(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    for data in (promising(60_000, 60_000, colour), bytes(bmp), bytes(jpeg)):
        for read in (decode, inspect):
            with pytest.raises(UnreadableError, match="more pixels than is safe"):
                read(data)
        assert decode_rgb(data) is None
    assert decode_depth(promising(60_000, 60_000, grey)) is None
