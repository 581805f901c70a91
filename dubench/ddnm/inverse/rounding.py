"""What rounding to 8 bits leaves of a picture.

Where a picture varies, rounding adds white noise. Where it is even, the error lies in steps, as
long as the picture stays within a level, and is no noise (Lipshitz, Wannamaker & Vanderkooy,
"Quantization and Dither: A Theoretical Survey", J. Audio Eng. Soc. 1992): an inverse that
amplifies the frequencies of steps draws stripes. There, only the interval is known that a value
was rounded from.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.inverse.observation import Array, AxisBasis, library

LEVEL = 1 / 255
ROUNDING = LEVEL / 12**0.5
"""Standard deviation of 8-bit rounding, on [0, 1]: the least noise a stored picture has."""

_WINDOW = 7  # pixels a side
_EVEN = 0.7 * LEVEL  # standard deviation in a window, chosen on photographs trained on


@dataclass(frozen=True)
class Rounded:
    """A degraded picture of whole levels, in the basis of its observation's coefficients.

    Attributes:
        basis: Uᵀ.
        image: (…, h, w) on [0, 1].
    """

    basis: AxisBasis
    image: Array

    @cached_property
    def even(self) -> Array:
        """The pixels around which it is even; not every use of an observation asks for them."""
        if isinstance(self.image, np.ndarray):
            return even(self.image)
        return self.image.new_tensor(even(self.image.detach().cpu().numpy())) > 0

    def coefficients(self, predicted: Array) -> Array:
        """ŷ; of even pixels, that of the values nearest to `predicted` that round to the image.

        Args:
            predicted: coefficients of the degraded picture that an estimate of x would have.
        """
        image, half = self.image, LEVEL / 2
        value = self.basis.image(predicted).clip(image - half, image + half)
        return self.basis.coefficients(library(image).where(self.even, value, image))


def even(image: NDArray) -> NDArray[np.bool_]:
    """Where `image` (…, h, w) on [0, 1] hardly varies around a pixel."""
    planes = image.reshape(-1, *image.shape[-2:]).astype(np.float64)
    variance = [_mean(plane**2) - _mean(plane) ** 2 for plane in planes]
    return np.reshape(variance, image.shape) < _EVEN**2


def _mean(plane: NDArray) -> NDArray:
    return cv2.blur(plane, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT)
