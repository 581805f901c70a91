"""The prior without torch: its ONNX through OpenCV's own dnn, to the same estimates."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.ddnm.prior.folder import ONNX, read_shape
from dubench.ddnm.prior.preconditioning import LEAST_SIGMA, MOST_SIGMA, estimate, features
from generators.errors import InputError, first_line


class OpenCVPrior:
    """A `Denoiser` that was exported, on the CPU.

    Raises:
        InputError: the folder holds no such prior, or OpenCV cannot read it.
    """

    def __init__(self, folder: Path) -> None:
        self._multiple = read_shape(folder).multiple
        try:
            self._network = cv2.dnn.readNetFromONNX(str(folder / ONNX))
        except cv2.error as error:
            raise InputError(
                f"{folder / ONNX}: OpenCV {cv2.__version__} cannot read it ({first_line(error)}); "
                'copy the folder again, or use torch: pip install "dubench[train]"'
            ) from None

    def array(self, values: NDArray) -> NDArray[np.float32]:
        """As `Prior`."""
        return np.asarray(values, np.float32)

    def denoise(
        self, noisy: NDArray[np.float32], sigma: float | NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """As `Prior`; levels outside those of the training are taken as the nearest of them."""
        height, width = noisy.shape[-2:]
        levels = np.clip(np.asarray(sigma, np.float32), LEAST_SIGMA, MOST_SIGMA)
        below, right = (-side % self._multiple for side in (height, width))
        border = ((0, 0), (0, 0), (0, below), (0, right))
        padded, levels = (
            np.pad(x, border, "edge") for x in (noisy, np.broadcast_to(levels, noisy.shape))
        )
        self._network.setInput(np.ascontiguousarray(features(padded, levels)))
        clean = estimate(padded, levels, self._network.forward())
        return np.asarray(clean[..., :height, :width])
