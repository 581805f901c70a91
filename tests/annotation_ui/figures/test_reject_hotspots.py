"""Hotspots against scipy, Holm's figures, and simulated rejects."""

import numpy as np
import pytest
from scipy import stats

from annotation_ui.figures.outcomes import Outcome
from annotation_ui.figures.reject_hotspots import (
    find_hotspots,
    fisher_greater,
    holm,
    part_text,
    range_parts,
)
from generators.dataset.review_figures import RejectHotspot
from generators.presets import load
from generators.taxonomy import TYPES

PRESET = load("du110k")


def haze(n: int, rate: float, seed: int, dense: float | None = None) -> list[Outcome]:
    """Hazy samples of the preset, rejected at `rate`; at `dense` where transmission < 0.3."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for place in range(n):
        values = PRESET.draw("haze", rng)
        values = {key.name: values[key.name] for key in TYPES["haze"].keys}
        chance = rate if dense is None or values["transmission"] >= 0.3 else dense
        bad = bool(rng.random() < chance)
        outcomes.append(Outcome(f"du-{place:08d}", "train", "haze", None, "folder", values, bad))
    return outcomes


def hotspots(outcomes: list[Outcome]) -> tuple[RejectHotspot, ...]:
    return find_hotspots(range_parts(outcomes))


def of(type_name: str, key: str, values: list[object], bad: list[bool]) -> list[Outcome]:
    return [
        Outcome(f"du-{i}", "test", type_name, None, "folder", {key: value}, reject)  # type: ignore[dict-item]
        for i, (value, reject) in enumerate(zip(values, bad, strict=True))
    ]


def test_fisher_is_scipys() -> None:
    rng = np.random.default_rng(0)
    for n, other in rng.integers(1, 4000, (40, 2)):
        bad, other_bad = rng.integers(0, n + 1), rng.binomial(other, 0.05)
        table = [[bad, n - bad], [other_bad, other - other_bad]]
        wanted = stats.fisher_exact(table, alternative="greater").pvalue
        assert fisher_greater(bad, n, other_bad, other) == pytest.approx(
            wanted, rel=1e-6, abs=1e-300
        )


def test_fishers_tea() -> None:
    # "The design of experiments" (1935): three of four cups named rightly, p = 17/70.
    assert fisher_greater(3, 4, 1, 4) == pytest.approx(17 / 70)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.5]) == [1, 1]
    assert holm([]) == []


def test_dense_haze_is_reported_in_figures_that_hold() -> None:
    outcomes = haze(1500, 0.03, seed=1, dense=0.4)
    (hotspot,) = hotspots(outcomes)
    bound = hotspot.part.high
    assert (hotspot.part.key, hotspot.part.low) == ("transmission", None)
    assert bound == pytest.approx(0.31, abs=0.02)
    below = [o.rejected for o in outcomes if o.values["transmission"] < bound]  # type: ignore[operator]
    above = [o.rejected for o in outcomes if o.values["transmission"] >= bound]  # type: ignore[operator]
    text = (
        f"haze: rejects concentrate at transmission < {bound:g}: {np.mean(below):.0%} "
        f"({sum(below)} of {len(below)}) against {np.mean(above):.1%} elsewhere"
    )
    assert hotspot.text == text
    assert hotspot.p < 1e-6


def test_chance_alone_seldom_finds_anything() -> None:
    falsely = sum(bool(hotspots(haze(200, 0.1, seed))) for seed in range(200))
    assert falsely <= 16  # 10 expected at most; more than 16 in 2 % of cases


def test_parts_are_the_whole() -> None:
    outcomes = haze(333, 0.2, seed=2)
    ranges = range_parts(outcomes)
    for parts in ranges:
        assert sum(part.n for part in parts) == 333
        assert sum(part.rejected for part in parts) == sum(o.rejected for o in outcomes)
        assert min(part.n for part in parts) > 50
    assert [part_text(part) for part in ranges[0]][::4] == [
        f"atmospheric_light < {ranges[0][0].high:g}",
        f"atmospheric_light ≥ {ranges[0][4].low:g}",
    ]


def test_neighbours_are_one_range() -> None:
    sigma = np.linspace(1, 9, 500)
    bad = (sigma < 4.2) & (np.arange(500) % 2 == 0)
    (hotspot,) = hotspots(of("blur", "sigma", sigma.tolist(), bad.tolist()))
    assert hotspot.text.startswith("blur: rejects concentrate at sigma < 4.2: 50% (100 of 200)")
    assert len(hotspot.pieces) == 2


def test_few_values_are_a_part_each() -> None:
    scales = [2.0, 3.0, 4.0] * 60
    outcomes = of("low_resolution", "scale", scales, [s == 4 for s in scales])
    (hotspot,) = hotspots(outcomes)
    assert hotspot.text == (
        "low resolution: rejects concentrate at scale = 4: 100% (60 of 60) against 0.0% elsewhere"
    )


def test_cameras_are_parts_and_mixtures_of_them_are_not() -> None:
    rng = np.random.default_rng(5)
    cameras = [tuple(rng.uniform(-1, 2, 9)) for _ in range(4)]
    values: list[object] = [cameras[i % 4] for i in range(100)]
    (cameras_apart,) = range_parts(of("low_light", "camera_intrinsics", values, [False] * 100))
    assert [part.n for part in cameras_apart] == [25] * 4
    mixed: list[object] = [tuple(rng.uniform(-1, 2, 9)) for _ in range(100)]
    assert range_parts(of("low_light", "camera_intrinsics", mixed, [False] * 100)) == ()


@pytest.mark.parametrize("bad", [False, True])
def test_nothing_or_everything_rejected_concentrates_nowhere(bad: bool) -> None:
    assert hotspots(haze(60, float(bad), seed=1)) == ()
    assert hotspots(haze(1, float(bad), seed=1)) == ()
    assert hotspots([]) == ()
