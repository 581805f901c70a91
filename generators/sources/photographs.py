"""Photograph files: which ones can be read, and their pixels as upright 8-bit RGB."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

_ORIENTATION = 0x0112
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class UnreadableError(Exception):
    """This file is not a photograph that can be read; the message says why."""


@dataclass(frozen=True)
class Inspection:
    """A readable photograph's SHA-256 of the file, and its upright size in pixels."""

    sha256: str
    width: int
    height: int


def inspect(path: Path) -> Inspection:
    """Read the file at `path` once, whole, and decode it as cheaply as proves it sound.

    Raises:
        UnreadableError: it cannot be read or decoded, or is cut short.
    """
    data = _bytes(path)
    if data.startswith(_JPEG_START):
        _decode_jpeg(data, 8)
        width, height = _upright_size(data)
    else:
        height, width = _decode_other(data).shape[:2]
    return Inspection(hashlib.sha256(data).hexdigest(), width, height)


def load(path: Path, reduction: int = 1) -> tuple[NDArray[np.uint8], str]:
    """The photograph as (H, W, 3) uint8 RGB, upright, and the SHA-256 of its file.

    JPEG is decoded at 1/`reduction` (1, 2, 4 or 8) of its size, which is much cheaper; its sides
    are then ⌈side/reduction⌉. Other formats are reduced to the same size by area. Transparent
    pixels are laid over white. Colour profiles are ignored.

    Raises:
        UnreadableError: as `inspect`.
    """
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(_JPEG_START):
        return _decode_jpeg(data, reduction), digest
    image = _decode_other(data)
    if reduction > 1:
        height, width = (-(-side // reduction) for side in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return image, digest


def decode(data: bytes) -> NDArray[np.uint8]:
    """The image in `data`, whatever its format, as (H, W, 3) uint8 RGB, upright.

    Raises:
        UnreadableError: it is not an image, or is cut short.
    """
    return _decode_jpeg(data, 1) if data.startswith(_JPEG_START) else _decode_other(data)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None


def _decode_jpeg(data: bytes, reduction: int) -> NDArray[np.uint8]:
    # A cut file still decodes, with a grey rest; an embedded thumbnail may end in the first half.
    if data.rfind(_JPEG_END, len(data) // 2) < 0:
        raise UnreadableError("cut short")
    flag = _REDUCED.get(reduction, cv2.IMREAD_COLOR_RGB)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadableError("not a JPEG that can be decoded")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if reduction > 1 else image


def _upright_size(data: bytes) -> tuple[int, int]:
    """(width, height) from the header, after the EXIF orientation."""
    with PillowImage.open(io.BytesIO(data)) as image:
        turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
        return image.size[::-1] if turned else image.size


def _decode_other(data: bytes) -> NDArray[np.uint8]:
    try:
        with PillowImage.open(io.BytesIO(data)) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
    except PillowImage.DecompressionBombError:
        raise UnreadableError("more pixels than is safe to decode") from None
    except UnidentifiedImageError:
        raise UnreadableError("not an image that can be decoded") from None
    except Exception as error:  # Pillow's decoders raise whatever their format's parser meets.
        raise UnreadableError(str(error).partition("\n")[0][:100] or "not an image") from None
    if image.mode.startswith("I"):
        # 16 bits to 8: full scale to full scale.
        levels = np.asarray(image).astype(np.float64) / 257
        grey = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    if image.mode == "F":
        raise UnreadableError("floating-point pixels have no white point")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = PillowImage.new("RGBA", image.size, "white")
        image = PillowImage.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))
