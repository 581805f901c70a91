"""Muon against the singular value decomposition, and against torch's own on matrices."""

import pytest
import torch

from dubench.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 72), (64, 16), (32, 32)])
def test_singular_vectors_stay_and_values_come_near_one(shape):
    generator = torch.Generator().manual_seed(0)
    matrix, other = torch.randn((2, *shape), generator=generator, dtype=torch.float64)
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    both = orthogonal(torch.stack([matrix, other]))
    torch.testing.assert_close(both[0], orthogonal(matrix))
    cores = u.T @ both[0] @ v.T
    kept = torch.diagonal(cores)
    torch.testing.assert_close(cores, torch.diag(kept), atol=1e-6, rtol=0)
    # Values below a hundredth of the norm need more steps than five.
    large = values > 0.02 * matrix.norm()
    assert large.sum() > len(values) / 2
    assert kept[large].min() > 0.6
    assert kept.max() < 1.3


def test_on_matrices_it_steps_as_torch_does():
    torch.manual_seed(0)
    start, rounds = torch.randn(24, 40), 4
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    pair = (
        Muon([ours], 1e-2),
        torch.optim.Muon(
            [theirs], lr=1e-2, weight_decay=0.0, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        ),
    )
    for _ in range(rounds):
        gradient = torch.randn(24, 40)
        for weight, optimizer in zip((ours, theirs), pair, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    # torch iterates in bfloat16, which has three digits.
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() < 0.03 * moved


def test_convolutions_are_matrices_of_a_row_per_output():
    flat, folded = (
        torch.nn.Parameter(torch.zeros(6, 36)),
        torch.nn.Parameter(torch.zeros(6, 4, 3, 3)),
    )
    gradient = torch.randn(6, 36, generator=torch.Generator().manual_seed(1))
    flat.grad, folded.grad = gradient, gradient.view(6, 4, 3, 3)
    Muon([flat, folded], 0.1).step()
    torch.testing.assert_close(folded.flatten(1), flat)
