"""A calibrated model is as sure as it ought to be, and answers as before."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dubench.baseline.certainty import QUANTILES, Calibration, central_range
from dubench.baseline.features import COUNT
from dubench.baseline.file import find, read, read_notes, write
from dubench.baseline.model import Model, Network, Perceptron
from dubench.baseline.train.calibrate import Held, calibrate
from dubench.calibrating import train_calibration
from dubench.dataset import TYPE_NAMES, GroundTruth, open_split
from dubench.predictors import load_predictor
from generators.errors import InputError
from generators.taxonomy import KEYS

LAW = stats.norm(5, 1)
SUPPORT = LAW.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)


def constant(logits: np.ndarray) -> Network:
    """A network that looks at nothing."""
    zeros = np.zeros((len(logits), COUNT), np.float32)
    return Network([Perceptron([(zeros, logits.astype(np.float32))])])


def echo(scale: float, more: float = 0.0) -> Network:
    """A network of two outputs whose logit of the first is `scale` times the first statistic, and
    so much more."""
    weights = np.zeros((2, COUNT), np.float32)
    weights[0, 0] = scale
    return Network([Perceptron([(weights, np.array([more, 0], np.float32))])])


def model(sigma: np.ndarray, types: Network) -> Model:
    """It knows blur and none; the distribution of sigma is always the same."""
    mean, deviation = np.zeros(COUNT, np.float32), np.ones(COUNT, np.float32)
    networks = {"type": types, "sigma": constant(np.log(sigma))}
    return Model(("blur", "none"), mean, deviation, {"sigma": SUPPORT}, networks)


def held(sigmas: np.ndarray, blurred: np.ndarray, rows: np.ndarray) -> Held:
    n = len(sigmas)
    values = {k.name: np.full((n, k.size) if k.size > 1 else n, np.nan) for k in KEYS.values()}
    values["sigma"] = np.where(blurred, sigmas, np.nan)
    codes = np.where(blurred, TYPE_NAMES.index("blur"), TYPE_NAMES.index("none")).astype(np.int8)
    ids = [str(row) for row in range(n)]
    return Held(rows, GroundTruth(ids, codes, values, ids, [None] * n))


def world(seed: int, sd: float, n: int = 8000) -> Held:
    """Blurs N(5, `sd`); the log odds of a blur are N(0, 2), and the first statistic."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, COUNT), np.float32)
    rows[:, 0] = np.clip(rng.normal(0, 2, n), -5, 5)
    blurred = rng.random(n) < 1 / (1 + np.exp(-rows[:, 0]))
    return held(rng.normal(5, sd, n), blurred, rows)


def test_ranges_hold_nine_of_ten_and_the_temperature_is_found() -> None:
    # It thinks that sigma spreads by 1, while it does by 1.5; and is three times too sure.
    even = np.full(QUANTILES, 1 / QUANTILES)
    found = calibrate(model(even, echo(3.0)), [world(0, 1.5)])
    assert found.temperature == pytest.approx(3, rel=0.1)
    low, high = central_range(SUPPORT, even, found.levels["sigma"])
    sigmas = world(1, 1.5).ground_truth.values["sigma"]
    fresh = sigmas[~np.isnan(sigmas)]
    assert np.mean(fresh < low) == pytest.approx(0.05, abs=0.012)
    assert np.mean(fresh > high) == pytest.approx(0.05, abs=0.012)
    raw = central_range(SUPPORT, even)
    assert np.mean((raw[0] <= fresh) & (fresh <= raw[1])) < 0.75


def test_every_set_weighs_the_same_and_the_first_says_the_temperature() -> None:
    even = np.full(QUANTILES, 1 / QUANTILES)
    too_sure = model(even, echo(3.0))
    true, turned = world(0, 1.0), world(1, 1.0, 400)
    turned.rows[:, 0] *= -1  # here the statistic says the contrary
    assert calibrate(too_sure, [true, turned]).temperature == pytest.approx(3, rel=0.1)
    assert calibrate(too_sure, [turned, true]).temperature == 16
    # Between the levels of N(5, 1) alone, and those of a set with values far below.
    below = held(np.full(400, 0.5), np.ones(400, bool), np.zeros((400, COUNT), np.float32))
    low, high = calibrate(too_sure, [true, below]).levels["sigma"]
    assert low == 0
    assert high == pytest.approx(0.9, abs=0.02)


def test_where_none_begins_is_found() -> None:
    # Its odds of a blur are e^1.2 times too high, and three times too sure.
    wary = model(np.ones(QUANTILES), echo(3.0, 3.6))
    found = calibrate(wary, [world(0, 1.0)])
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.none_offset == pytest.approx(1.2, abs=0.1)
    fresh = world(1, 1.0)
    stated = replace(wary, calibration=found).type_probabilities(fresh.rows)[:, 1]
    none = fresh.ground_truth.types == TYPE_NAMES.index("none")
    for part in np.array_split(np.argsort(stated), 8):
        assert stated[part].mean() == pytest.approx(none[part].mean(), abs=0.05)


def test_without_none_there_is_no_offset() -> None:
    blurs = held(np.full(400, 5.0), np.ones(400, bool), np.zeros((400, COUNT), np.float32))
    assert calibrate(model(np.ones(QUANTILES), echo(3.0)), [blurs]).none_offset == 0


def test_members_of_a_network_agree_on_the_mean_of_their_logits() -> None:
    members = [constant(np.array(logits)).members[0] for logits in ([1.0, 0.0], [3.0, -2.0])]
    one = Network(members)(np.zeros(COUNT, np.float32))
    assert one == pytest.approx(1 / (1 + np.exp([-3.0, 3.0])))


def test_few_samples_change_nothing() -> None:
    few = world(0, 1.5, 90)
    assert calibrate(model(np.ones(QUANTILES), echo(3.0)), [few]) == Calibration()


def test_a_model_is_never_made_surer() -> None:
    unsure = model(np.ones(QUANTILES), echo(0.3))
    assert calibrate(unsure, [world(0, 1.0)]).temperature == 1


def test_a_file_keeps_its_calibration(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    calibration = Calibration(2.5, 0.7, {"sigma": (0.02, 0.97)})
    write(path, replace(read(find("du110k")), calibration=calibration), {"seed": 3})
    assert read(path).calibration == calibration
    assert read_notes(path) == {"seed": 3}
    for bad in (
        Calibration(0.5),
        Calibration(1, 0, {"sigma": (0.6, 0.4)}),
        Calibration(1, 0, {"sigma": (-0.1, 0.4)}),
        Calibration(1, 0, {"scale": (0.1, 0.4)}),
    ):
        write(path, replace(read(find("du110k")), calibration=bad), {})
        with pytest.raises(InputError, match="damaged"):
            read(path)


def test_the_command_keeps_every_answer(dubench, du110k: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    options = ("--out", out, "--dataset", du110k, "--workers", 1, "--json")
    result = dubench("train", "calibration", *options)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["model"] == str(out)
    assert read_notes(out)["calibrated_on"][0]["n"] == open_split(str(du110k), "train").n
    images = [image for _, image in open_split(str(du110k), "validation").images("degraded")]
    for one, two in zip(
        load_predictor("statistics").predict(images),
        load_predictor(f"statistics:{out}").predict(images),
        strict=True,
    ):
        assert (one["type"], one["parameters"]) == (two["type"], two["parameters"])
        assert sum(two["type_probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_unknown_types_and_bad_places_are_refused(du110k: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    types = ("blur", "low_resolution")
    small = replace(read(find("du110k")), types=types, calibration=None)
    small.networks["type"] = constant(np.zeros(2))
    for kept in (small.networks, small.support):
        for name in ("atmospheric_light", "transmission", "gamma", "gain", "camera_intrinsics"):
            del kept[name]
    write(out, small, {})
    with pytest.raises(InputError, match="has samples of haze, which the model does not know"):
        train_calibration(str(out), [str(du110k)], tmp_path / "n.safetensors")
    for place in (tmp_path / "n.bin", tmp_path / "no" / "n.safetensors"):
        with pytest.raises(InputError, match=r"name a \.safetensors file in a folder that exists"):
            train_calibration("du110k", [str(du110k)], place)
