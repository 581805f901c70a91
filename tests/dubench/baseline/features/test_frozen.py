"""The numbers are those that the shipped weights were trained on.

`tests/data/statistics.npz` holds them as the code of the training computed them, before it was made
fast: numpy's FFT, `np.bincount`, every plane for itself.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from dubench.baseline.features import statistics
from dubench.baseline.file import find, read
from dubench.predictors.statistics import infer
from generators.sources.photographs import load
from generators.sources.pools import BUNDLED

FROZEN = Path(__file__).parents[3] / "data" / "statistics.npz"
# A shared bin edge moved by one pixel's rounding moves a share by 1/65536.
CLOSE = 1e-4


def pictures() -> dict[str, np.ndarray]:
    """Photographs as they are, dark, smooth and noisy, of even and odd sides; and one colour."""
    rng = np.random.default_rng(0)
    bridge, hills, wine = (
        load(BUNDLED / name)[0]
        for name in (
            "bridge-by-sander-klootwijk.jpg",
            "picosdeeuropa-by-aitzol-berasategi.jpg",
            "wine-by-jakkub-mede.jpg",
        )
    )
    smooth = uniform_filter(wine[50:306, 50:306].astype(np.int64), (9, 9, 1))
    noise = rng.integers(-12, 13, (256, 256, 3))
    return {
        "as it is": bridge[100:356, 200:456],
        "odd sides": hills[0:173, 10:151],
        "small": wine[40:72, 60:93],
        "dark": hills[20:276, 30:286] // 6,
        "smooth": smooth.astype(np.uint8),
        "noisy": np.clip(bridge[0:256, 0:256] // 3 + noise, 0, 255).astype(np.uint8),
        "one colour": np.full((64, 64, 3), (12, 200, 7), np.uint8),
    }


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per picture the numbers of the training's code, and of today's."""
    with np.load(FROZEN) as frozen:
        return {name: (frozen[name], statistics(image)) for name, image in pictures().items()}


def test_the_statistics_are(rows: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for name, (frozen, today) in rows.items():
        assert np.abs(today - frozen).max() < CLOSE, name


@pytest.mark.parametrize("preset", ["du110k", "du110k-real", "du110k-wild"])
def test_so_are_the_answers(preset: str, rows: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    model = read(find(preset))
    for name, (frozen, today) in rows.items():
        one, two = infer(model, [today]), infer(model, [frozen])
        assert (one["type"], one["parameters"]) == (two["type"], two["parameters"]), name
        assert one["type_probabilities"] == pytest.approx(two["type_probabilities"], abs=CLOSE)
        assert one["ranges"].keys() == two["ranges"].keys()
        for key, ends in one["ranges"].items():
            assert np.array(ends) == pytest.approx(np.array(two["ranges"][key]), rel=1e-3), name
        for network in model.networks.values():
            before, after = (network(model.normalise(row)) for row in (frozen, today))
            assert np.abs(after - before).max() < CLOSE, name
