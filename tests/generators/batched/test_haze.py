"""Haze on batches: its density against the per-image path and a root finder; gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from generators import batched
from generators.batched.haze import derive, max_plausible_beta, solve_beta, swap_implausible
from generators.depth import crop_depth, procedural
from generators.physics import haze
from generators.randomness import Purpose, stream
from generators.sources.photographs import load
from tests.generators.batched.arrays import parameter, random_images


@pytest.fixture(scope="module")
def stored(photos) -> np.ndarray:
    """Depth of crops of photographs, (13, 128, 128) uint16; the last is constant."""
    depths = []
    for path in sorted(photos.glob("*.jpg")):
        pixels = load(path)[0]
        coarse = procedural.guess(pixels, stream(0, 0, 0, Purpose.SCENE))
        crop = pixels[100:228, 50:178]
        depths.append(
            crop_depth.store(
                crop_depth.fit(coarse, (50, 100, 128, 128), pixels.shape, crop, snap=True)
            )
        )
    depths[-1] = np.full_like(depths[-1], 65535)
    return np.stack(depths)


def to_tensor(stored: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(crop_depth.load(stored))


@pytest.mark.parametrize("wanted", [0.1, 0.3, 0.42, 0.7, 0.85, 1.0])
def test_beta_is_the_root(stored, wanted) -> None:
    betas = solve_beta(torch.full((len(stored),), wanted), to_tensor(stored))
    for beta, map_ in zip(betas.tolist(), stored, strict=True):
        d = map_ / 65535
        root = brentq(lambda b, d=d: np.exp(-b * d).mean() - wanted, 0, 100, xtol=1e-12)
        assert beta == pytest.approx(root, rel=3e-5, abs=1e-6)
        if wanted < 1:
            assert beta == pytest.approx(haze.solve_beta(wanted, map_), rel=3e-5)


def test_max_plausible_beta_is_the_last_plausible(stored) -> None:
    for beta, map_ in zip(max_plausible_beta(to_tensor(stored)).tolist(), stored, strict=True):

        def judged(factor: float, beta: float = beta, map_: np.ndarray = map_) -> bool:
            t = np.exp(-beta * factor * (map_ / 65535))
            return haze.plausible(
                {"beta": beta * factor, "opaque_share": float((t < haze.OPAQUE).mean())}
            )

        assert judged(1)
        assert not judged(1.02)


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), max_size=40),
    seed=st.integers(0, 2**32),
)
def test_swaps_only_reorder_and_never_worsen(pairs, seed) -> None:
    wanted, least = (torch.tensor([pair[i] for pair in pairs]) for i in range(2))
    swapped = swap_implausible(wanted, least, torch.Generator().manual_seed(seed))
    assert swapped.sort().values.equal(wanted.sort().values)
    assert (swapped < least).sum() <= (wanted < least).sum()


def test_swaps_mend_what_can_be_mended() -> None:
    rng = torch.Generator().manual_seed(0)
    wanted = 0.1 + 0.75 * torch.rand(2000, generator=rng)
    least = 0.3 * torch.rand(2000, generator=rng)
    before, after = ((w < least).sum() for w in (wanted, swap_implausible(wanted, least, rng)))
    assert before > 100
    assert after < before / 10


def test_everything_derived_is_plausible_and_true(stored) -> None:
    rng = torch.Generator().manual_seed(1)
    for low in (0.02, 0.3):  # far too dense for most, and for few
        wanted = low + 0.5 * torch.rand(len(stored), generator=rng)
        values = derive({"transmission": wanted}, to_tensor(stored), rng)
        for beta, t, map_ in zip(*map(values.get, ("beta", "transmission")), stored, strict=True):
            exact = haze.derive({"transmission": float(t)}, map_)
            assert exact["beta"] == pytest.approx(float(beta), rel=1e-4)
            assert exact["opaque_share"] <= haze.MAX_OPAQUE_SHARE + 1e-3
            assert float(beta) <= haze.MAX_BETA
    # Those that fit keep the means they were given.
    assert (values["transmission"].sort().values - wanted.sort().values).abs().median() < 1e-5


def test_gradients() -> None:
    depth = 0.05 + 0.95 * torch.rand(2, 4, 5, dtype=torch.float64)

    def render(images, beta, light, depth):
        values = {"beta": beta, "atmospheric_light": light}
        return batched.apply("haze", images, values, depth)

    inputs = (random_images(0, 2, 3, 4, 5), parameter(0.7, 2.5), parameter(0.5, 0.9))
    assert torch.autograd.gradcheck(render, (*inputs, depth.requires_grad_()))


def test_a_drawn_beta_and_channels_of_their_own_light(stored) -> None:
    depth, rng = to_tensor(stored), np.random.default_rng(1)
    drawn = {
        "atmospheric_light": torch.from_numpy(rng.uniform(0.25, 1, len(depth))).float(),
        "beta": torch.from_numpy(rng.uniform(0.6, 3, len(depth))).float(),
        **{
            name: torch.from_numpy(rng.uniform(-0.025, 0.025, len(depth))).float()
            for name in haze.OFFSETS
        },
    }
    values = derive(drawn, depth, torch.Generator().manual_seed(0))
    assert sorted(values["beta"].tolist()) == sorted(drawn["beta"].tolist())  # all plausible
    images = torch.rand(len(depth), 3, *depth.shape[1:], generator=torch.Generator().manual_seed(2))
    levels = (images * 255).round()
    ours = batched.apply("haze", levels / 255, values, depth).mul(255).round().numpy()
    for i, map_ in enumerate(stored):
        one = {name: float(value[i]) for name, value in values.items()}
        theirs = haze.apply(levels[i].permute(1, 2, 0).numpy().astype(np.uint8), one, map_)
        assert np.abs(ours[i].transpose(1, 2, 0) - theirs).max() <= 1
        mean = np.exp(-one["beta"] * (map_ / 65535)).mean()
        assert one["transmission"] == pytest.approx(mean, abs=1e-4)
