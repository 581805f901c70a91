"""Plug-and-play restoration: explain what was seen, take noise off, by turns.

DPIR (Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", TPAMI 2022):
half-quadratic splitting whose data step is closed form and whose prior step is the denoiser, at a
noise level that falls. As there, every step shows the denoiser the picture mirrored another way:
what it gets wrong in one direction does not add up. It gives the best PSNR in the fewest steps.

Arrays are numpy's or torch's alike.
"""

from dataclasses import dataclass

import numpy as np

from dubench.ddnm.inverse.observation import Array, ChannelBasis, Observation
from dubench.ddnm.priors import OnEstimate, Prior, ignore, noise_levels

_MIRRORED = ((), (-1,), (-2,), (-2, -1))  # axes; turned pictures would have other shapes


@dataclass(frozen=True)
class PlugAndPlay:
    """Settings.

    Attributes:
        steps: how often the denoiser is asked.
        first, last: its noise levels at the start and the end, on [0, 1].
        trust: λ, how much the prior weighs against what was seen: data steps use first to last
            divided by √λ as the distance within which they look.
    """

    steps: int = 8
    first: float = 25 / 255
    last: float = 2.5 / 255
    trust: float = 0.5

    def restore(
        self,
        observation: Observation,
        start: Array,
        prior: Prior,
        on_estimate: OnEstimate = ignore,
    ) -> Array:
        """The picture (B, 3, H, W) on [0, 1] that `observation` and `prior` agree on.

        Args:
            start: (B, 3, H, W), a first estimate, such as the degraded picture.
            on_estimate: called at every step; where noise differs from pixel to pixel, with its
                root mean square.
        """
        if observation.pointwise and not isinstance(observation.basis, ChannelBasis):
            # What is known of a pixel is its value with noise, in all channels alike: all that is
            # left is to take that off, once.
            level = observation.level()
            image = prior.denoise(observation.pseudo_inverse(), level)
            on_estimate(float((level**2).mean() ** 0.5), image)
            return image.clip(0, 1)
        image = start
        for step in range(self.steps):
            shown, sigma = self.show(observation, image, step)
            image = mirror(prior.denoise(shown, sigma), step)
            on_estimate(sigma, image)
        return image.clip(0, 1)

    def show(self, observation: Observation, image: Array, step: int) -> tuple[Array, float]:
        """What the denoiser sees at `step`, and the noise level that goes with it.

        Args:
            image: the estimate of the step before. The denoiser's has to be turned back by
                `mirror`.
        """
        sigma = noise_levels(self.first, self.last, self.steps)[step]
        return mirror(observation.proximal(image, sigma / self.trust**0.5), step), sigma


def mirror(image: Array, step: int) -> Array:
    """`image` (…, H, W) as it lies at `step`, or back again."""
    axes = _MIRRORED[step % len(_MIRRORED)]
    if isinstance(image, np.ndarray):
        return np.ascontiguousarray(np.flip(image, axes))
    return image.flip(axes)
