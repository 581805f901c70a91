"""Pictures as lossless bytes, and back."""

import hashlib

import cv2
import fpng
import numpy as np
from numpy.typing import NDArray


def encode_rgb(image: NDArray[np.uint8]) -> bytes:
    """(H, W, 3) uint8 RGB as PNG. Anything else would come out silently broken, so it raises."""
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    return fpng.from_ndarray(np.ascontiguousarray(image))


def encode_depth(depth: NDArray[np.uint16]) -> bytes:
    """(H, W) uint16 as a 16-bit PNG."""
    assert depth.dtype == np.uint16
    # The low byte is noise, in which looking for repetitions is time lost: Huffman codes alone
    # take a third of level 1's time and no more space.
    how = [
        *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
        *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
    ]
    return cv2.imencode(".png", depth, how)[1].tobytes()


def decode_rgb(data: bytes) -> NDArray[np.uint8] | None:
    """The PNG's pixels as (H, W, 3) uint8 RGB, or None if it is not an image."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def decode_depth(data: bytes) -> NDArray[np.uint16] | None:
    """The PNG's (H, W) uint16 depth, or None if it is not a 16-bit image."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    return image if image is not None and image.dtype == np.uint16 and image.ndim == 2 else None


def pixel_hash(image: NDArray[np.uint8]) -> str:
    """SHA-256 of the RGB bytes, row-major."""
    return hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
