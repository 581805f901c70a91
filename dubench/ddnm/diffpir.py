"""DiffPIR: a diffusion sampler whose every estimate is made to explain what was seen.

Zhu et al., "Denoising Diffusion Models for Plug-and-Play Image Restoration", CVPRW 2023,
algorithm 1. Its pictures look sharper than a mean of all possible ones, and are farther from any.

Arrays are numpy's or torch's alike.
"""

from dataclasses import dataclass

from dubench.ddnm.inverse.observation import Array, Observation
from dubench.ddnm.priors import Corner, OnEstimate, Prior, ignore, noise_levels, noise_source


@dataclass(frozen=True)
class DiffPIR:
    """Settings.

    Attributes:
        steps: how often the denoiser is asked.
        first, last: noise levels at the start and the end, on [0, 1].
        trust: λ, as in `PlugAndPlay`.
        fresh: ζ, the share of each step's noise variance that is drawn anew.
        s_noise: factor on that noise (Karras et al., "Elucidating the Design Space of
            Diffusion-Based Generative Models", NeurIPS 2022, algorithm 2): above 1 it makes up for
            the detail that a denoiser takes for noise. At 1.25 the noise outgrows the denoiser.
        seed: of the noise.
        corner: of the picture in one that it is a tile of, as `noise_source` takes it.
    """

    steps: int = 15
    first: float = 25 / 255
    last: float = 1 / 255
    trust: float = 1.0
    fresh: float = 1.0
    s_noise: float = 1.0
    seed: int = 0
    corner: Corner = (0, 0)

    def restore(
        self,
        observation: Observation,
        start: Array,
        prior: Prior,
        on_estimate: OnEstimate = ignore,
    ) -> Array:
        """A picture (B, 3, H, W) on [0, 1] from those that `observation` leaves possible.

        Args:
            start: (B, 3, H, W), a first estimate, such as the damped pseudo-inverse.
            on_estimate: called at every step.
        """
        noise = noise_source(start, self.seed, self.corner)
        levels = noise_levels(self.first, self.last, self.steps)
        noisy = start + levels[0] * noise()
        for sigma, following in zip(levels, [*levels[1:], 0.0], strict=True):
            estimate = prior.denoise(noisy, sigma)
            estimate = observation.proximal(estimate, sigma / self.trust**0.5)
            on_estimate(sigma, estimate)
            kept = (noisy - estimate) / sigma
            mixed = (1 - self.fresh) ** 0.5 * kept + self.fresh**0.5 * self.s_noise * noise()
            noisy = estimate + following * mixed
        return noisy.clip(0, 1)
