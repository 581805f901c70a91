"""Photographs and what each degradation makes of them, for the tests of metrics."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from generators import degrade
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED

Stack = NDArray[np.uint8]

DEGRADATIONS = ("haze", "low_light", "blur", "low_resolution")


@cache
def pairs(size: int) -> tuple[Stack, Stack]:
    """(12, size, size, 3) degraded and clean images: three of each type."""
    degraded, clean = [], []
    for i, path in enumerate(sorted(BUNDLED.glob("*.jpg"))[:12]):
        image, _ = load(path)
        side = min(image.shape[:2])
        shown = cv2.resize(image[:side, :side], (size, size), interpolation=cv2.INTER_AREA)
        degraded.append(degrade(shown, DEGRADATIONS[i % 4], seed=i).degraded)
        clean.append(shown)
    return np.stack(degraded), np.stack(clean)


def need_weights(*files: str) -> None:
    """Skip the test where pyiqa, or one of its files of weights, is not on this machine."""
    pytest.importorskip("pyiqa")
    from dubench.scoring.restored.perceptual import weights_home

    for file in files:
        if not (weights_home() / file).exists():
            pytest.skip(f"no {weights_home() / file}; set TORCH_HOME to a folder with hub/{file}")
