"""The statistics baseline on real photographs it has not seen."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from dubench.dataset import Split, open_split
from dubench.predictions.run import predict
from dubench.predictors import load_predictor
from dubench.predictors.statistics import best
from dubench.scoring.score import score
from generators import degrade
from generators.build.generate import generate
from generators.errors import InputError
from generators.sources.photographs import load as load_photograph
from generators.sources.pools import BUNDLED, SourceSpec


def small_set(out: Path, preset: str) -> Split:
    """About 125 pairs of the bundled photographs, at the size the models were trained for."""
    generate(125, out, [SourceSpec("folder", str(BUNDLED))], preset, workers=2)
    return open_split(str(out), "train")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return small_set(tmp_path_factory.mktemp("plain") / "du110k", "du110k")


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return small_set(tmp_path_factory.mktemp("wild") / "wild", "du110k-wild")


def test_it_beats_the_constant_by_far(plain: Split, tmp_path: Path) -> None:
    preds = predict(plain, load_predictor("statistics"), tmp_path / "preds.jsonl").path
    understanding = score(preds).result.understanding
    assert understanding.t_acc > 0.97
    assert understanding.j_acc == understanding.t_acc
    # 1 is every answer exact, 0 the best constant of one who knows the type.
    assert understanding.skill["avg"] > 0.5
    for name in ("camera_intrinsics", "sigma", "scale", "gamma"):
        assert understanding.skill[name] > 0.4, name


def test_the_wild_one_stands_noise_and_jpeg(wild: Split, tmp_path: Path) -> None:
    preds = predict(wild, load_predictor("statistics:du110k-wild"), tmp_path / "preds.jsonl").path
    result = score(preds).result
    assert result.understanding.t_acc > 0.85
    assert result.false_alarms < 0.3
    assert result.understanding.skill["avg"] > 0.2
    # These photographs are like none that it was trained on.
    types, ranges = result.certainty.types, result.certainty.ranges
    assert types.stated == 1
    assert types.brier < 0.3 * types.brier_uniform
    assert set(ranges.stated.values()) == {1}
    assert 0.75 < ranges.coverage["avg"] <= 1
    assert ranges.interval_skill["avg"] > 0.2


def test_order_and_company_do_not_matter(wild: Split) -> None:
    images = [image for _, image in wild.images("degraded")]
    model = load_predictor("statistics:du110k-wild")
    together = model.predict(images)
    alone = [model.predict([image])[0] for image in images[::-1]][::-1]
    assert alone == together


def test_a_large_photograph_is_answered_in_tiles() -> None:
    """Sigma is in pixels: a blur of 5 stays one of 5 however large the picture is."""
    photo = load_photograph(BUNDLED / "bridge-by-sander-klootwijk.jpg")[0]
    assert min(photo.shape[:2]) > 400
    blurred = degrade(photo, "blur", {"sigma": 5.0}).degraded
    (record,) = load_predictor("statistics").predict([blurred])
    assert record["type"] == "blur"
    assert record["parameters"]["sigma"] == pytest.approx(5, rel=0.25)


@pytest.mark.parametrize("shape", [(32, 32), (33, 257), (100, 1000)])
def test_any_shape_has_an_answer_within_the_ranges(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    (record,) = load_predictor("statistics").predict([image])
    from generators.taxonomy import TYPES

    keys = TYPES[record["type"]].keys
    assert set(record["parameters"]) == {key.name for key in keys}
    for key in keys:
        key.check(record["parameters"][key.name])
        low, high = np.reshape(record["ranges"][key.name], (key.size, 2)).T
        assert np.all(low <= high)
    assert sum(record["type_probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_too_small_an_image_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="20×31"):
        load_predictor("statistics").predict([np.zeros((31, 20, 3), np.uint8)])


def test_the_answer_is_the_one_of_least_expected_p_rel() -> None:
    rng = np.random.default_rng(0)
    values, likely = np.sort(rng.uniform(0.1, 5, 30)), rng.dirichlet(np.ones(30))
    cost = minimize_scalar(
        lambda c: likely @ (np.abs(c - values) / values), bounds=(0.1, 5), method="bounded"
    )
    answer = best(values, likely)
    assert likely @ (np.abs(answer - values) / values) <= cost.fun * (1 + 1e-3)


def test_a_vectors_answer_is_too() -> None:
    rng = np.random.default_rng(1)
    matrices, likely = rng.normal(size=(4, 9)), rng.dirichlet(np.ones(4))
    norm = np.abs(matrices).sum(axis=1)

    def cost(answer: np.ndarray) -> float:
        return float(likely @ (np.abs(answer - matrices).sum(axis=1) / norm))

    least = cost(np.array(best(matrices, likely)))
    nearby = [cost(np.array(best(matrices, likely)) + 0.01 * rng.normal(size=9)) for _ in range(99)]
    assert least <= min(nearby) + 1e-4
    assert least <= min(cost(matrix) for matrix in matrices) + 1e-4
