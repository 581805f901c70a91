"""DDNM and DDNM+: zero-shot restoration by the null space of the degradation.

Wang, Yu & Zhang, "Zero-Shot Image Restoration Using Denoising Diffusion Null-Space Model", ICLR
2023: what A sees of an estimate is exchanged for what it saw (eq. 13), and with noise in what was
seen, no further than the noise that the step may have allows (eq. 17–19). Written with noise added
to a picture on [0, 1]: σ here is their √(1 − ᾱ)/√ᾱ.

This file imports torch when it is imported.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dubench.ddnm.inverse.observation import Observation
from dubench.ddnm.priors import Corner, OnEstimate, Prior, ignore, noise_levels, noise_source


@dataclass(frozen=True)
class DDNM:
    """Settings.

    Attributes:
        steps: noise levels visited.
        first, last: the first and the last of them, on [0, 1].
        noisy: DDNM+, which knows the noise of what was seen; else DDNM, which takes it as exact.
        eta: η, the share of each step's noise, by its deviation, that is drawn anew.
        travel: how often each step is taken again from where it leads (time travel, section 3.3).
        threshold: coefficients that A multiplies by no more than this are left to the prior.
        seed: of the noise.
        corner: of the picture in one that it is a tile of, as `noise_source` takes it.
    """

    steps: int = 20
    first: float = 41 / 255
    last: float = 1 / 255
    noisy: bool = True
    eta: float = 0.85
    travel: int = 1
    threshold: float = 3e-3
    seed: int = 0
    corner: Corner = (0, 0)

    def restore(
        self,
        observation: Observation,
        start: Tensor,
        prior: Prior,
        on_estimate: OnEstimate = ignore,
    ) -> Tensor:
        """A picture (B, 3, H, W) on [0, 1] from those that `observation` leaves possible.

        Args:
            start: (B, 3, H, W), a first estimate, such as the damped pseudo-inverse.
            on_estimate: called at every step; where it is taken again, each time.
        """
        noise = noise_source(start, self.seed, self.corner)
        levels = noise_levels(self.first, self.last, self.steps)
        image = start + levels[0] * noise()
        for sigma, following in zip(levels, [*levels[1:], 0.0], strict=True):
            for again in range(self.travel):
                estimate = prior.denoise(image, sigma)
                on_estimate(sigma, estimate)
                moved = self._step(observation, image, estimate, sigma, following, noise())
                if again + 1 < self.travel:
                    image = moved + (sigma**2 - following**2) ** 0.5 * noise()
            image = moved
        return image.clip(0, 1)

    def _step(
        self,
        observation: Observation,
        image: Tensor,
        estimate: Tensor,
        sigma: float,
        following: float,
        fresh: Tensor,
    ) -> Tensor:
        """From noise level `sigma` to `following`, given the estimate of the clean picture."""
        kept = (1 - self.eta**2) ** 0.5 * (image - estimate) / sigma
        unseen = estimate + following * (kept + self.eta * fresh)
        if not self.noisy:
            consistent = observation.consistent(estimate, self.threshold)
            return unseen + consistent - estimate
        seen = torch.as_tensor(observation.singular > self.threshold, device=image.device)
        inverse = seen / (observation.singular + ~seen)
        noise_in = observation.sigma * inverse  # of the inverted coefficients
        # λ: all of the correction where its noise fits into that of the step, else a part.
        allowed = following * (1 - self.eta**2) ** 0.5
        enough = noise_in <= following
        share = torch.where(enough, 1.0, allowed / noise_in.clip(1e-12)) * seen
        left = torch.where(
            enough, (following**2 - noise_in**2).clip(0) ** 0.5, self.eta * following
        )
        basis = observation.basis
        guessed, random = basis.coefficients(estimate), basis.coefficients(fresh)
        error = observation.singular * guessed - observation.coefficients
        corrected = guessed - share * inverse * error + left * random
        change = torch.where(seen, corrected - basis.coefficients(unseen), 0.0)
        return unseen + basis.image(change)
