"""The prior's network: a small residual UNet that takes noise of known strength off a picture.

It sees a noise level for every pixel and channel (FFDNet's noise map: Zhang, Zuo & Zhang, TIP
2018), works at half resolution behind a pixel-unshuffle (also FFDNet's), has DRUNet's residual
blocks without normalisation (Zhang et al., TPAMI 2022) and EDM's preconditioning. Every operation
of `unet` is one that ONNX and OpenCV's dnn know.

This file imports torch when it is imported.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from dubench.ddnm.prior import preconditioning
from dubench.ddnm.prior.folder import Shape
from dubench.ddnm.prior.preconditioning import CHANNELS, FOLD

_SLOPE = 0.1  # of the leaky ReLU: units of a plain one died


class Denoiser(nn.Module):
    """The mean of the clean pictures that a noisy one may come from: D(x; σ)."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        widths, blocks = self.shape.widths, self.shape.blocks
        folded = FOLD**2 * CHANNELS
        self.head = nn.Conv2d(2 * folded, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_blocks(width, blocks) for width in widths[:-1])
        self.reduce = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in _pairs(widths))
        self.middle = _blocks(widths[-1], blocks)
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in _pairs(widths))
        self.up = nn.ModuleList(_blocks(width, blocks) for width in widths[:-1])
        self.tail = nn.Conv2d(widths[0], folded, 3, padding=1)
        for block in self.modules():
            if isinstance(block, _Block):
                # Each block begins as nearly the identity, or the sum would grow with depth.
                block.second.weight.data.mul_(0.1)
        nn.init.zeros_(self.tail.weight)

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Remove noise.

        Args:
            noisy: (B, 3, H, W), RGB on [0, 1] plus Gaussian noise; any H and W.
            sigma: its standard deviation on the same scale, above 0, of a shape that broadcasts
                to that of `noisy`: a level for all, for an image, a channel or a pixel.

        Returns:
            (B, 3, H, W), the estimate of the clean picture, not clipped.
        """
        height, width = noisy.shape[-2:]
        right, below = (-side % self.shape.multiple for side in (width, height))
        sigma = sigma.expand_as(noisy)
        if right or below:
            noisy, sigma = (
                functional.pad(x, (0, right, 0, below), "replicate") for x in (noisy, sigma)
            )
        residual = self.unet(preconditioning.features(noisy, sigma))
        clean: Tensor = preconditioning.estimate(noisy, sigma, residual)
        return clean[..., :height, :width]

    def unet(self, features: Tensor) -> Tensor:
        """What lies between `preconditioning.features` and `preconditioning.estimate`."""
        features = self.head(features)
        skips = []
        for blocks, reduce in zip(self.down, self.reduce, strict=True):
            features = blocks(features)
            skips.append(features)
            features = reduce(features)
        features = self.middle(features)
        for level in reversed(range(len(skips))):
            features = self.up[level](self.enlarge[level](features) + skips[level])
        output: Tensor = self.tail(features)
        return output


class _Block(nn.Module):
    """x + conv(act(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        hidden = functional.leaky_relu(self.first(features), _SLOPE)
        output: Tensor = features + self.second(hidden)
        return output


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(width) for _ in range(count)))


def _pairs(widths: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(widths))
