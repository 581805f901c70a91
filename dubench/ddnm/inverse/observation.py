"""A degraded picture in the basis in which its degradation multiplies every coefficient.

y = A·x + n with A = U·diag(s)·Vᵀ becomes ŷ = s·x̂ + n̂ for x̂ = Vᵀx and ŷ = Uᵀy. U keeps white
noise white; noise that differs from pixel to pixel is only met where U and V mix no pixels.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dubench.ddnm.inverse.rounding import Rounded

# numpy's array or torch's tensor, (…, 3, H, W): only operators are used that both have.
Array = Any


def library(array: Array) -> Any:
    """numpy, or torch: that of `array`."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


@dataclass(frozen=True)
class AxisBasis:
    """The rows of Vᵀ for both axes, each (k, n) orthonormal; None stands for the identity."""

    rows: Array | None = None
    columns: Array | None = None

    def coefficients(self, image: Array) -> Array:
        """Vᵀ·image, (…, k_h, k_w)."""
        if self.rows is None or self.columns is None:
            return image
        return self.rows @ image @ self.columns.mT

    def image(self, coefficients: Array) -> Array:
        """V·coefficients, (…, H, W)."""
        if self.rows is None or self.columns is None:
            return coefficients
        return self.rows.mT @ coefficients @ self.columns


@dataclass(frozen=True)
class ChannelBasis:
    """Three orthonormal colours at every pixel: (…, 3, 3, H, W), channels by colours."""

    colours: Array

    def coefficients(self, image: Array) -> Array:
        """How much of each colour is in `image` (…, 3, H, W)."""
        return (self.colours * image[..., :, None, :, :]).sum(-4)

    def image(self, coefficients: Array) -> Array:
        """The picture of so much of each colour."""
        return (self.colours * coefficients[..., None, :, :, :]).sum(-3)


@dataclass(frozen=True)
class Observation:
    """What is known of a clean picture x on [0, 1].

    Attributes:
        basis: in which A is diagonal. Where it has fewer coefficients than pixels, the rest of x
            is in A's null space.
        singular: s ≥ 0, of a shape that broadcasts to that of the coefficients.
        coefficients: ŷ, likewise.
        sigma: standard deviation of n̂, a number or an array that broadcasts likewise.
        rounded: the degraded picture, where n is rounding that is no white noise.
    """

    basis: AxisBasis | ChannelBasis
    singular: Array
    coefficients: Array
    sigma: Array
    rounded: "Rounded | None" = None

    @property
    def pointwise(self) -> bool:
        """Whether every pixel is seen for itself: nothing is mixed, nothing lost."""
        return isinstance(self.basis, ChannelBasis) or self.basis.rows is None

    def pseudo_inverse(self, threshold: float = 0.0, damping: float = 0.0) -> Array:
        """A⁺·y, (…, H, W).

        Args:
            threshold: coefficients with s at or below it are 0 (truncated decomposition).
            damping: η of s/(s² + η) in place of 1/s (Tikhonov).
        """
        return self.basis.image(self._inverse(threshold, damping) * self.coefficients)

    def consistent(self, image: Array, threshold: float = 0.0) -> Array:
        """x − A⁺(A·x − y): what of `image` A can see is exchanged for what it saw.

        DDNM, eq. 7 of Wang, Yu & Zhang, ICLR 2023.
        """
        seen = self.basis.coefficients(image)
        error = self.singular * seen - self.coefficients
        return image - self.basis.image(self._inverse(threshold, 0.0) * error)

    def proximal(self, image: Array, sigma: float) -> Array:
        """The mean of x where x ~ N(image, sigma²) and y is seen.

        argmin ‖A·x − y‖²/σ_y² + ‖x − image‖²/sigma²: the data step of plug-and-play methods
        (Zhang et al., TPAMI 2022, eq. 6a). Of pixels that are rounded from an even ground, y is
        what rounds to it and is nearest to A·image.
        """
        predicted = self.singular * self.basis.coefficients(image)
        seen = self.coefficients
        if self.rounded and self.rounded.even.any():
            seen = self.rounded.coefficients(predicted)
        return image + self._damped(seen - predicted, (self.sigma / sigma) ** 2)

    def damped(self, image: Array, damping: Array) -> Array:
        """argmin ‖A·x − y‖² + η·‖x − image‖², η being `damping`: Tikhonov around a picture."""
        predicted = self.singular * self.basis.coefficients(image)
        return image + self._damped(self.coefficients - predicted, damping)

    def level(self) -> Array:
        """Noise of A⁺·y at every pixel, (…, 1, H, W), root mean square of its channels; where
        `pointwise`."""
        noise = self.sigma / self.singular * library(self.coefficients).ones_like(self.coefficients)
        return (noise**2).mean(-3, keepdims=True) ** 0.5

    def misfit(self, image: Array) -> float:
        """Root mean square of (A·image − y)/σ_y; near 1 where `image` explains y and no more."""
        seen = self.basis.coefficients(image)
        error = (self.singular * seen - self.coefficients) / self.sigma
        return float((error**2).mean() ** 0.5)

    def _damped(self, error: Array, damping: Array) -> Array:
        return self.basis.image(self.singular / (self.singular**2 + damping) * error)

    def _inverse(self, threshold: float, damping: float) -> Array:
        kept = (self.singular > threshold) * 1.0
        return kept * self.singular / (kept * self.singular**2 + damping + (1 - kept))
