"""The metrics through pyiqa; each test skips, with the reason, where there are no weights."""

import numpy as np
import pytest
import torch

from dubench.scoring.restored.metrics import METRICS, choose
from dubench.scoring.restored.perceptual import Compute
from tests.dubench.scoring.restored.pictures import Stack, need_weights, pairs


def metric(name: str) -> Compute:
    need_weights(*METRICS[name].files)
    return choose(name, "cpu").computes[name]


def tensor(images: Stack) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


def test_lpips_is_that_of_its_authors() -> None:
    compute = metric("lpips")
    lpips = pytest.importorskip("lpips")
    degraded, clean = pairs(96)
    theirs = lpips.LPIPS(net="alex", version="0.1", verbose=False)
    with torch.no_grad():
        wanted = theirs(tensor(degraded) / 127.5 - 1, tensor(clean) / 127.5 - 1).flatten().numpy()
    assert np.ptp(wanted) > 0.1
    assert compute(degraded, clean) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("name", ["lpips", "niqe", "brisque", "clipiqa"])
def test_a_value_does_not_depend_on_its_batch(name: str) -> None:
    compute = metric(name)
    degraded, clean = pairs(96)
    together = compute(degraded[:4], clean[:4])
    alone = [compute(degraded[i : i + 1], clean[i : i + 1])[0] for i in range(4)]
    assert together.shape == (4,)
    assert together.dtype == np.float64
    assert np.ptp(together) > 1e-3
    # BRISQUE sums terms of hundreds in single precision: one in 40,000 of them.
    assert together == pytest.approx(alone, rel=1e-4, abs=0.02 if name == "brisque" else 1e-5)


@pytest.mark.parametrize("name", ["niqe", "brisque", "clipiqa"])
def test_it_is_what_pyiqa_gives(name: str) -> None:
    compute = metric(name)
    import pyiqa

    degraded, clean = pairs(96)
    wanted = pyiqa.create_metric(name, device="cpu")(tensor(degraded[:3]) / 255).flatten()
    assert compute(degraded[:3], clean[:3]) == pytest.approx(wanted.tolist(), rel=1e-6)


@pytest.mark.parametrize("name", ["lpips", "niqe", "brisque"])
def test_noise_makes_it_worse(name: str) -> None:
    assert not METRICS[name].higher_is_better
    compute = metric(name)
    _, clean = pairs(96)
    noise = np.random.default_rng(0).normal(0, 40, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).astype(np.uint8)
    assert np.median(compute(noisy, clean) - compute(clean, clean)) > 0.05


@pytest.mark.parametrize("name", ["niqe", "brisque"])
@pytest.mark.parametrize("level", [0, 128])
def test_a_uniform_image_has_no_value_and_costs_the_others_nothing(name: str, level: int) -> None:
    compute = metric(name)
    degraded, _ = pairs(96)
    images = degraded[:3].copy()
    images[1] = level
    values = compute(images, images)
    assert np.isnan(values).tolist() == [False, True, False]
    assert values[[0, 2]] == pytest.approx(compute(degraded[:3], degraded[:3])[[0, 2]], rel=1e-5)
