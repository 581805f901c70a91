"""Which JPEG codec OpenCV brings: pixels are the same everywhere only where that is the same.

libjpeg-turbo decodes with an integer inverse transform (ISLOW) and smooth ("fancy") upsampling
of colour; what a distribution or a phone maker puts in its place may do neither.
"""

import hashlib
from functools import cache
from pathlib import Path

import cv2
import numpy as np

USUAL = "libjpeg-turbo, ISLOW, fancy upsampling"
"""What `jpeg_codec` calls the codec that OpenCV's wheels bring."""

_PICTURE = Path(__file__).parent / "data" / "codec.jpg"
_DIGEST = "1562d8e4449cdb57b2b15efbf29255438d091cd96de28bf980b705445fcdeb4c"
_SIZES = (
    cv2.IMREAD_COLOR,
    cv2.IMREAD_REDUCED_COLOR_2,
    cv2.IMREAD_REDUCED_COLOR_4,
    cv2.IMREAD_REDUCED_COLOR_8,
)
_QUALITY = 75


@cache
def jpeg_codec() -> str:
    """`USUAL`, or `another, #` and eight digits that tell one other codec from the next.

    A small picture (4:2:0, 61×45, saturated colours and grain) is decoded at full size, a half, a
    quarter and an eighth, and encoded and decoded again; the pixels are those of libjpeg-turbo or
    they are not.
    """
    data = np.frombuffer(_PICTURE.read_bytes(), np.uint8)
    images = [np.asarray(cv2.imdecode(data, flag)) for flag in _SIZES]
    again = cv2.imencode(".jpg", images[0], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    images.append(np.asarray(cv2.imdecode(again, cv2.IMREAD_COLOR)))
    found = hashlib.sha256(b"".join(image.tobytes() for image in images)).hexdigest()
    return USUAL if found == _DIGEST else f"another, #{found[:8]}"
