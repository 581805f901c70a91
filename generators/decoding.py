"""The one reader of pixels: files, cells, Pillow's images and arrays, as 8-bit RGB.

Size and orientation are read once, beside the pixels that they belong to; a header that promises
more pixels than is safe is refused before anything is decoded.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from generators.errors import UnreadableError, first_line

MOST_PIXELS = 178_956_970
"""Pillow's own bound: a quarter of a gigabyte at 24 bits, twice."""

Pixels = NDArray[np.uint8]

_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def decode(data: bytes, reduction: int = 1, *, upright: bool = True) -> Pixels:
    """The image in `data`, whatever its format, as (H, W, 3) uint8 RGB.

    JPEG is decoded at 1/`reduction` (1, 2, 4 or 8) of its size, which is much cheaper; its sides
    are then ⌈side/reduction⌉. Other formats are reduced to the same size by area. Transparent
    pixels are laid over white, 16 bits become 8, colour profiles are ignored.

    Args:
        upright: turn it as its metadata says; else it stays as written.

    Raises:
        UnreadableError: it is not an image, is cut short, or promises too many pixels.
    """
    return _decode(data, reduction, upright)[0]


def inspect(data: bytes) -> tuple[int, int]:
    """(width, height) of the upright image in `data`, decoded as cheaply as proves it sound.

    Raises:
        UnreadableError: as `decode`.
    """
    return _decode(data, 8, True)[1]


def check_size(data: bytes) -> None:
    """Raise UnreadableError if `data` is no image, or its header promises too many pixels."""
    _open(data).close()


def of_image(image: PillowImage.Image | NDArray) -> Pixels:
    """A Pillow image, upright, or an array, as (H, W, 3) uint8 RGB; raises as either's own."""
    return of_pillow(image) if isinstance(image, PillowImage.Image) else of_array(image)


def of_pillow(image: PillowImage.Image, *, upright: bool = True) -> Pixels:
    """A Pillow image, of any mode, as `decode` gives the file it came from.

    Raises:
        UnreadableError: it cannot be decoded, or its pixels have no white point.
    """
    try:
        image.load()
    except Exception as error:  # Pillow's decoders raise whatever their format's parser meets.
        raise UnreadableError(first_line(error)) from None
    return _turned(_rgb(image), _orientation(image) if upright else 1)


def of_array(array: NDArray) -> Pixels:
    """An array as (H, W, 3) uint8 RGB.

    Args:
        array: (H, W), or (H, W, C) of grey, RGB or RGBA; uint8, uint16, or float in [0, 1].

    Raises:
        UnreadableError: it is anything else.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        shape = "×".join(map(str, array.shape))
        raise UnreadableError(f"an image must be (H, W) or (H, W, 3), this is {shape}")
    levels = _levels(array)
    if channels == 4:
        return _rgb(PillowImage.fromarray(np.ascontiguousarray(levels)))
    if channels == 1:
        levels = np.repeat(levels.reshape(*array.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(levels)


def _decode(data: bytes, reduction: int, upright: bool) -> tuple[Pixels, tuple[int, int]]:
    """The pixels, and (width, height) before they were reduced."""
    with _open(data) as image:
        if data.startswith(_JPEG_START):
            orientation = _orientation(image) if upright else 1
            pixels = _decode_jpeg(data, image.size, reduction)
        else:
            pixels = of_pillow(image, upright=False)
            orientation = _orientation(image) if upright else 1
        size = image.size[::-1] if orientation in _SIDEWAYS else image.size
    pixels = _turned(pixels, orientation)
    wanted = -(-size[0] // reduction), -(-size[1] // reduction)
    if pixels.shape[1::-1] != wanted:
        pixels = cv2.resize(pixels, wanted, interpolation=cv2.INTER_AREA)
    return pixels, size


def _open(data: bytes) -> PillowImage.Image:
    try:
        image = PillowImage.open(io.BytesIO(data))
    except PillowImage.DecompressionBombError:
        raise UnreadableError("more pixels than is safe to decode") from None
    except UnidentifiedImageError:
        raise UnreadableError("not an image that can be decoded") from None
    except Exception as error:  # Pillow's decoders raise whatever their format's parser meets.
        raise UnreadableError(first_line(error)[:100]) from None
    if image.width * image.height > MOST_PIXELS:
        raise UnreadableError("more pixels than is safe to decode")
    return image


def _decode_jpeg(data: bytes, size: tuple[int, int], reduction: int) -> Pixels:
    # A cut file still decodes, with a grey rest; an embedded thumbnail may end in the first half.
    if data.rfind(_JPEG_END, len(data) // 2) < 0:
        raise UnreadableError("cut short")
    flags = _REDUCED[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadableError("not a JPEG that can be decoded")
    if image.shape[1::-1] != (-(-size[0] // reduction), -(-size[1] // reduction)):
        raise UnreadableError("its header is of another size than its pixels")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _orientation(image: PillowImage.Image) -> int:
    """How it is to be turned, as its Exif says or, without one, its XMP; 1 for not at all."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged header turns nothing
        return 1
    return turned if isinstance(turned, int) and 1 <= turned <= 8 else 1


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    # Exif 2.32, tag 0x0112: where row 0 and column 0 lie.
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _rgb(image: PillowImage.Image) -> Pixels:
    if image.mode == "F":
        raise UnreadableError("floating-point pixels have no white point")
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 65535:
            raise UnreadableError("32-bit pixels have no white point")
        return of_array(grey.astype(np.uint16))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = PillowImage.new("RGBA", image.size, "white")
        image = PillowImage.alpha_composite(white, image)
    return np.array(image.convert("RGB"))  # one's own: torch wants to be able to write


def _levels(array: NDArray) -> Pixels:
    """The array's numbers in 8 bits: full scale to full scale."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return np.rint(array / 257).astype(np.uint8)
    if array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):
            raise UnreadableError("floats must lie in [0, 1]; divide by the value of white")
        return np.rint(array.astype(np.float64) * 255).astype(np.uint8)
    raise UnreadableError(f"an image of {array.dtype}; give uint8, uint16, or floats in [0, 1]")
