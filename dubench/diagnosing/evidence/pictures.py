"""The pictures among the evidence: photograph with tiles, spectrum, edges."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dubench.diagnosing.diagnosis import Diagnosis, Finding
from dubench.diagnosing.evidence.style import TRACK, title, type_colours
from dubench.predictors.protocol import Image
from dubench.tiles import SIDE, corners, tiles
from generators.taxonomy import scalar

_MOST = 900  # pixels a side of a photograph in the picture


def photograph(axes: Any, image: Image, diagnosis: Diagnosis) -> None:
    """The photograph, a dot on every tile in the colour of its answer."""
    axes.imshow(_reduced(image), extent=(0, image.shape[1], image.shape[0], 0))
    title(axes, "photograph" + (" and its tiles" if len(diagnosis.tiles) > 1 else ""))
    axes.set_axis_off()
    colours = type_colours()
    places = corners(*image.shape[:2])
    if len(places) == 1:
        return
    for (top, left), types in zip(places, diagnosis.tiles, strict=True):
        height, width = min(SIDE, image.shape[0]), min(SIDE, image.shape[1])
        axes.plot(
            left + width / 2, top + height / 2, "o", markersize=6.5, markeredgewidth=1.2,
            markeredgecolor="white", markerfacecolor=colours[types[0]] if types else "white",
        )  # fmt: skip


def spectrum(axes: Any, image: Image, diagnosis: Diagnosis) -> None:
    """The mean log power of the tiles, and what of it the answer foretells."""
    powers = [log_power(tile) for tile in tiles(image)]
    mean = np.mean(powers, axis=0)
    axes.imshow(
        mean, cmap="magma", extent=(-0.5, 0.5, -0.5, 0.5),
        vmin=np.quantile(mean, 0.02), vmax=np.quantile(mean, 0.998),
    )  # fmt: skip
    title(axes, "log spectrum")
    axes.set_xticks([-0.5, 0, 0.5], ["−½", "0", "½"])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlabel("cycles per pixel", labelpad=1)
    for finding in diagnosis.findings:
        if finding.type in _MARKS and finding.parameters:
            _MARKS[finding.type](axes, finding)


def log_power(tile: Image) -> NDArray[np.float64]:
    """log₁₀ of the power of luma, (H, W), frequency 0 in the middle."""
    luma = cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY).astype(np.float64)
    window = np.outer(np.hanning(luma.shape[0]), np.hanning(luma.shape[1]))
    power = np.abs(np.fft.fftshift(np.fft.fft2((luma - luma.mean()) * window))) ** 2
    return np.log10(power / np.sum(window**2) + 1e-3)


def _mark_blur(axes: Any, finding: Finding) -> None:
    """Where the Gaussian's transfer exp(−2π²σ²f²) has fallen to a tenth."""
    from matplotlib.patches import Circle

    radius = np.sqrt(np.log(10) / 2) / (np.pi * scalar(finding.parameters, "sigma"))
    axes.add_patch(Circle((0, 0), radius, fill=False, color="white", linewidth=0.9))
    _label(axes, radius, f"σ = {finding.parameters['sigma']:.3g}: a tenth left")


def _mark_low_resolution(axes: Any, finding: Finding) -> None:
    """The Nyquist frequency of the pixels that were there before the enlargement."""
    from matplotlib.patches import Rectangle

    half = 0.5 / scalar(finding.parameters, "scale")
    axes.add_patch(
        Rectangle((-half, -half), 2 * half, 2 * half, fill=False, color="white", linewidth=0.9)
    )
    _label(axes, half, f"×{finding.parameters['scale']:.0f}: Nyquist before")


_MARKS: dict[str, Callable[[Any, Finding], None]] = {
    "blur": _mark_blur,
    "low_resolution": _mark_low_resolution,
}


def _label(axes: Any, height: float, text: str) -> None:
    axes.text(0, min(height + 0.025, 0.43), text, color="white", ha="center", fontsize=6.5)


def edges(axes: Any, image: Image) -> None:
    """How steep luma is, dark on white."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    steep = _reduced(cv2.magnitude(across, down))
    top = max(float(np.quantile(steep, 0.99)), 8.0)
    axes.imshow(steep, cmap="gray_r", vmin=0, vmax=top)
    title(axes, "edges (Sobel)")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color=TRACK)


def _reduced(picture: NDArray) -> NDArray:
    factor = _MOST / max(picture.shape[:2])
    if factor >= 1:
        return picture
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
