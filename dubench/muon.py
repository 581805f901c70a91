"""Muon: momentum whose every matrix is made orthogonal before it moves the weights.

Jordan et al. 2024 (kellerjordan.github.io/posts/muon), with the step size of Liu et al. 2025
(arXiv 2502.16982), so that rates are those of AdamW. torch's own Muon takes no convolutions.

This file imports torch when it is imported.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

# Of the quintic iteration: Jordan's, whose singular values end between 0.7 and 1.2.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5
_RMS = 0.2  # of an AdamW step at rate 1


class Muon(torch.optim.Optimizer):
    """For weights of two or more dimensions, read as matrices of one row per output.

    Args:
        params: the weights.
        lr: learning rate, as for AdamW.
        momentum: of the gradient, with Nesterov's look-ahead.
        weight_decay: share of the weights, times `lr`, that every step takes away.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            # Those of one shape in one go: a GPU takes as long to start a product as to do it.
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                mean = state["momentum"]
                mean.lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(mean, group["momentum"]).flatten(1)
                alike.setdefault(update.shape, []).append((weight, update))
            for shape, pairs in alike.items():
                updates = orthogonal(torch.stack([update for _, update in pairs]))
                size = group["lr"] * _RMS * max(shape) ** 0.5
                for (weight, _), update in zip(pairs, updates, strict=True):
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.sub_(update.reshape(weight.shape), alpha=size)


def orthogonal(matrix: Tensor) -> Tensor:
    """Matrices (…, m, n) with the same singular vectors and singular values near 1.

    Newton–Schulz on the Gram matrix of the shorter side: with G = X·Xᵀ every step is a polynomial
    of G, so X itself is multiplied once, in the end.
    """
    if matrix.shape[-2] > matrix.shape[-1]:
        return orthogonal(matrix.mT).mT
    matrix = matrix / (torch.linalg.matrix_norm(matrix, keepdim=True) + 1e-12)
    gram = matrix @ matrix.mT
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    product = identity
    for _ in range(_STEPS):
        step = _A * identity + _B * gram + _C * (gram @ gram)
        product = step @ product
        gram = step @ gram @ step
    return product @ matrix
