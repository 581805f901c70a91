"""Targets: lists of values and distributions over them."""

import numpy as np
import pytest

from dubench.baseline.train.targets import MOST, soft, support
from generators import presets

MATRICES = presets.load("du110k").draws["low_light"]["camera_intrinsics"]["choice"]


def test_few_values_are_the_list_itself() -> None:
    scales = np.random.default_rng(0).choice([2.0, 3.0, 4.0], 50)
    assert support(scales, 0).tolist() == [2, 3, 4]
    assert np.array_equal(soft(scales, support(scales, 0)) @ [2, 3, 4], scales)


def test_few_vectors_are_too() -> None:
    cameras = np.array(MATRICES)[np.random.default_rng(0).integers(0, 4, 50)]
    listed = support(cameras, 0)
    assert sorted(map(tuple, listed)) == sorted(map(tuple, MATRICES))
    assert np.allclose(soft(cameras, listed) @ listed, cameras)


def test_many_values_are_their_quantiles() -> None:
    values = np.random.default_rng(0).gamma(4, size=5000)
    listed = support(values, 0)
    below = (values[:, None] < listed).mean(axis=0)
    assert below == pytest.approx((np.arange(MOST) + 0.5) / MOST, abs=1e-3)
    shares = soft(values, listed)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    inside = (values > listed[3]) & (values < listed[-4])
    assert (shares @ listed)[inside] == pytest.approx(values[inside], rel=0.05)


def test_many_vectors_go_to_the_nearest_of_a_choice() -> None:
    rng = np.random.default_rng(0)
    cameras = np.tensordot(rng.dirichlet(np.ones(4), 500), np.array(MATRICES), axes=1)
    listed = support(cameras, 0)
    assert listed.shape == (MOST, 9)
    assert np.array_equal(listed, support(cameras, 0))
    assert not np.array_equal(listed, support(cameras, 1))
    nearest = listed[soft(cameras, listed).argmax(axis=1)]
    gaps = np.abs(cameras[:, None] - listed).sum(axis=2)
    assert np.abs(cameras - nearest).sum(axis=1) == pytest.approx(gaps.min(axis=1))
