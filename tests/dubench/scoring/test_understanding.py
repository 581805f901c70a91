"""Understanding scores: by hand, against scikit-learn, and the paper's own consistency."""

import numpy as np
import pytest
from sklearn import metrics

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.file import Prediction
from dubench.predictions.record import prediction_of
from dubench.scoring.estimates import Estimates, estimate
from dubench.scoring.result import OracleConstant
from dubench.scoring.sample_scores import OTHER, SampleScores, score_samples
from dubench.scoring.sample_table import read, write
from dubench.scoring.type_oracle import constants
from dubench.scoring.understanding import confusion, predicted_keys, summary
from generators.presets import Preset
from generators.taxonomy import KEYS, Degradation
from tests.dubench.scoring import synthetic_scores

NAN = float("nan")
ORACLE = OracleConstant({}, "nothing", {}, {})
WITH_NONE = (*synthetic_scores.PRESET.types, "none")
DU110K, TWO_TYPES = synthetic_scores.PRESET, synthetic_scores.TWO_TYPES


def ground_truth(*rows: tuple[str, dict[str, float]]) -> GroundTruth:
    """One sample per row, each of its own photograph."""
    n = len(rows)
    values = {
        name: np.full((n, key.size) if key.kind == "vector" else n, NAN)
        for name, key in KEYS.items()
    }
    for row, (_, parameters) in enumerate(rows):
        for key, value in parameters.items():
            values[key][row] = value
    types = np.array([TYPE_NAMES.index(type_name) for type_name, _ in rows], np.int8)
    return GroundTruth(
        [f"du-{i}" for i in range(n)], types, values, [f"p{i}" for i in range(n)], [""] * n
    )


def predictions(*answers: tuple[str | None, dict[str, float]] | None, **fields: object) -> dict:
    return {
        f"du-{i}": Prediction(f"du-{i}", i + 1, _degradations(*answer), **fields)  # type: ignore[arg-type]
        for i, answer in enumerate(answers)
        if answer
    }


def _degradations(type_name: str | None, values: dict[str, float]) -> tuple[Degradation, ...]:
    return (Degradation(type_name, values),) if type_name else ()


def scored(
    true: GroundTruth, answers: dict, best: dict | None = None, preset: Preset | None = DU110K
) -> tuple[SampleScores, Estimates]:
    best = constants(true.values) if best is None else best
    rows = score_samples(true, answers, best, preset)
    return rows, estimate(rows)


def test_a_blur_by_hand() -> None:
    true = ground_truth(
        ("blur", {"sigma": 4}), ("blur", {"sigma": 2}), ("low_resolution", {"scale": 4})
    )
    answers = predictions(("blur", {"sigma": 5}), ("haze", {}), ("low_resolution", {"scale": 4}))
    _, estimates = scored(true, answers, {"sigma": 3.0, "scale": 3.0})
    v = estimates.values
    assert v["t_acc"] == v["j_acc"] == pytest.approx(2 / 3)
    assert v["p_abs.sigma"] == pytest.approx((1 + 2) / 2)  # the wrong type counts as zero: |2|
    assert v["p_rel.sigma"] == pytest.approx((1 / 4 + 1) / 2)
    assert v["p_rel_type_correct.sigma"] == pytest.approx(1 / 4)
    assert v["constant.sigma"] == pytest.approx((1 / 4 + 1 / 2) / 2)
    assert v["skill.sigma"] == pytest.approx(1 - 0.625 / 0.375)
    assert v["skill_type_correct.sigma"] == pytest.approx(0)
    assert v["p_rel.scale"] == 0
    assert v["skill.scale"] == 1
    assert v["p_rel.avg"] == pytest.approx((0.625 + 0) / 2)  # over the keys there are
    assert v["p_rel.gamma"] is None
    assert v["false_alarms"] is None
    # haze: no true ones and one false; blur: one of two found; low resolution: all.
    assert v["t_f1"] == pytest.approx((0 + 2 / 3 + 1) / 3)


def test_a_vector_by_hand() -> None:
    true = ground_truth(
        ("low_light", {"gamma": 2, "gain": 0.1, "camera_intrinsics": [1, -1] + [0] * 7})
    )
    wrong = [1.5, -1] + [0] * 6 + [0.5]
    answers = predictions(("low_light", {"gamma": 2, "gain": 0.1, "camera_intrinsics": wrong}))
    _, estimates = scored(true, answers)
    assert estimates.values["p_abs.camera_intrinsics"] == pytest.approx(1 / 9)
    assert estimates.values["p_rel.camera_intrinsics"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (("haze", {"transmission": 0.4}), {}),  # a key is lacking
        (("haze", {"transmission": 0.4, "atmospheric_light": 0.5}), {"extra": ("sigma",)}),
        (("haze", {"transmission": 0.4, "atmospheric_light": 0.5}), {"extra": ("fogginess",)}),
    ],
)
def test_a_wrong_set_of_keys_counts_as_zero(answer: tuple, fields: dict) -> None:
    true = ground_truth(("haze", {"transmission": 0.4, "atmospheric_light": 0.5}))
    rows, estimates = scored(true, predictions(answer, **fields))
    assert estimates.values["t_acc"] == 1
    assert estimates.values["j_acc"] == 0
    assert estimates.values["p_rel.transmission"] == 1
    assert estimates.values["p_abs.transmission"] == pytest.approx(0.4)
    counted = predicted_keys(rows)["haze"]
    assert counted["sigma"] == ("sigma" in fields.get("extra", ()))
    assert counted[OTHER] == ("fogginess" in fields.get("extra", ()))


def test_several_degradations_are_a_wrong_set() -> None:
    """Of an image with one degradation: neither type counts as right, and nothing is unreadable."""
    true = ground_truth(("blur", {"sigma": 2}), ("blur", {"sigma": 2}))
    both = (Degradation("blur", {"sigma": 2.0}), Degradation("haze", {"transmission": 0.4}))
    answers = {"du-0": Prediction("du-0", 1, both), **predictions(None, ("blur", {"sigma": 2}))}
    rows, estimates = scored(true, answers)
    assert estimates.values["t_acc"] == estimates.values["j_acc"] == 0.5
    assert estimates.values["p_rel.sigma"] == 0.5
    assert confusion(rows)["blur"] == {**dict.fromkeys(TYPE_NAMES, 0), "blur": 1, OTHER: 1}
    assert predicted_keys(rows)["blur"]["sigma"] == 2
    assert predicted_keys(rows)["blur"]["transmission"] == 1
    assert set(rows.status) == {0}


def test_capped_and_uncapped() -> None:
    true = ground_truth(("blur", {"sigma": 2}), ("blur", {"sigma": 2}))
    _, estimates = scored(true, predictions(("blur", {"sigma": 20}), ("blur", {"sigma": 2})))
    assert estimates.values["p_rel.sigma"] == pytest.approx(4.5)
    assert estimates.values["p_rel_capped.sigma"] == pytest.approx(0.5)


def test_nothing_right_scores_the_truths_own_size() -> None:
    """The paper's consistency: P-Abs = mean |v| and P-Rel = 1 on every key."""
    true = synthetic_scores.ground_truth(400, 50)
    for answers in ({}, predictions(*[("none", {})] * 400)):
        rows, estimates = scored(true, answers)
        assert (
            estimates.values["t_acc"] == estimates.values["t_f1"] == estimates.values["j_acc"] == 0
        )
        for name in KEYS:
            assert estimates.values[f"p_rel.{name}"] == 1
            assert estimates.values[f"p_abs.{name}"] == pytest.approx(
                np.nanmean(np.abs(rows.truth[name]))
            )
        assert estimates.values["p_rel.avg"] == 1


def test_everything_right() -> None:
    true = synthetic_scores.ground_truth(400, 50)
    _, estimates = scored(true, synthetic_scores.right_answers(true))
    assert estimates.values["t_acc"] == estimates.values["t_f1"] == estimates.values["j_acc"] == 1
    assert estimates.values["p_abs.avg"] == estimates.values["p_rel.avg"] == 0
    assert estimates.values["skill.avg"] == 1
    low, high = estimates.intervals["t_acc"]  # Wilson: resampling cannot move a share of one
    assert 0.9 < low < high == 1


def test_scikit_learn_agrees() -> None:
    true = synthetic_scores.ground_truth(1000, 120, WITH_NONE)
    rng = np.random.default_rng(2)
    answers = {
        name: answer
        for row, name in enumerate(true.ids)
        if (answer := synthetic_scores.answer(true, row, 0.4, rng)) is not None
    }
    rows, estimates = scored(true, answers)
    names = np.array([*TYPE_NAMES, OTHER])
    everything, given = names[rows.types], names[rows.answered]
    degraded = np.isin(everything, DU110K.types)
    assert estimates.values["t_acc"] == pytest.approx(
        metrics.accuracy_score(everything[degraded], given[degraded])
    )
    types = list(DU110K.types)
    f1 = metrics.f1_score(everything[degraded], given[degraded], labels=types, average=None)
    assert estimates.values["t_f1"] == pytest.approx(f1.mean())
    for name, value in zip(types, f1, strict=True):
        assert estimates.values[f"by_type.{name}.f1"] == pytest.approx(value)
    table = metrics.confusion_matrix(everything, given, labels=list(names))
    assert [list(row.values()) for row in confusion(rows).values()] == table[:-1].tolist()
    none = everything == "none"
    assert estimates.values["false_alarms"] == pytest.approx((given[none] != "none").mean())


@pytest.mark.parametrize("preset", [TWO_TYPES, None])
def test_a_type_outside_the_preset_is_one_wrong_answer(preset: Preset | None) -> None:
    true = synthetic_scores.ground_truth(206, 206, TWO_TYPES.types)
    answers = synthetic_scores.right_answers(true)
    answers["du-00000000"] = Prediction("du-00000000", 1, (Degradation("haze", {}),))
    rows, estimates = scored(true, answers, preset=preset)
    assert rows.scored_types == TWO_TYPES.types
    assert rows.keys == ("sigma", "scale")
    values = estimates.values
    assert values["t_acc"] == pytest.approx(205 / 206)
    # A blur is missed, and nothing is mistaken for one.
    assert values["t_f1"] == pytest.approx((2 * 102 / (2 * 102 + 1) + 1) / 2)
    assert values["p_rel.avg"] == pytest.approx((1 / 103 + 0) / 2)
    assert {"t_f1", "p_rel.avg", "skill.avg", "by_type.blur.f1"} <= set(estimates.intervals)
    assert not [name for name in values if "haze" in name or "transmission" in name]
    understanding = summary(rows, values, ORACLE)
    assert list(understanding.by_type) == ["blur", "low_resolution"]
    assert list(understanding.p_rel) == ["sigma", "scale", "avg"]
    assert understanding.confusion["blur"]["haze"] == 1


def test_a_type_of_the_preset_that_does_not_occur_is_scored_all_the_same() -> None:
    true = ground_truth(("blur", {"sigma": 4}), ("blur", {"sigma": 2}))
    answers = predictions(("blur", {"sigma": 4}), ("low_resolution", {"scale": 2}))
    _, estimates = scored(true, answers, preset=TWO_TYPES)
    assert estimates.values["by_type.low_resolution.f1"] == 0
    assert estimates.values["t_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert estimates.values["p_rel.scale"] is None


def test_all_but_none_is_a_false_alarm() -> None:
    """A degradation, an unknown type, text that is no answer, two types, and no line at all."""
    true = ground_truth(*[("none", {})] * 6, ("blur", {"sigma": 2}))
    records: list[dict] = [
        {"type": "haze"},
        {"type": "rain"},
        {"output": "I cannot say."},
        {"output": "[T-blur][K-sigma][V-0.31][T-haze]"},
        {"type": "none"},
    ]
    answers = {
        name: prediction_of({"id": name} | record, line)
        for line, (name, record) in enumerate(zip(true.ids, records, strict=False))
    }
    _, estimates = scored(true, answers, preset=TWO_TYPES)
    assert estimates.values["false_alarms"] == pytest.approx(5 / 6)


def test_the_order_of_samples_does_not_matter() -> None:
    true = synthetic_scores.ground_truth(300, 40)
    rng = np.random.default_rng(2)
    drawn = [synthetic_scores.answer(true, row, 0.3, rng) for row in range(300)]
    answers = {answer.id: answer for answer in drawn if answer}
    order = rng.permutation(300)
    shuffled = GroundTruth(
        [true.ids[i] for i in order],
        true.types[order],
        {name: column[order] for name, column in true.values.items()},
        [true.clusters[i] for i in order],
        true.severity,
    )
    one, two = (scored(t, answers)[1] for t in (true, shuffled))
    for name, value in one.values.items():
        assert two.values[name] == (None if value is None else pytest.approx(value, abs=1e-12))
    for name, ends in one.intervals.items():
        assert two.intervals[name] == pytest.approx(ends, abs=1e-12)


def test_no_intervals_under_thirty_photographs() -> None:
    true = synthetic_scores.ground_truth(300, 29)
    _, estimates = scored(true, {})
    assert not estimates.intervals
    assert "29 photographs" in estimates.notes[0]


def test_no_interval_where_a_type_has_under_thirty_photographs() -> None:
    true = synthetic_scores.ground_truth(48, 48)  # twelve samples of each type
    _, estimates = scored(true, {})
    assert "t_acc" in estimates.intervals
    assert "p_abs.gamma" not in estimates.intervals
    assert any("fewer than 30" in note for note in estimates.notes)


def test_rows_survive_their_file(tmp_path) -> None:
    true = synthetic_scores.ground_truth(200, 40, WITH_NONE)
    rng = np.random.default_rng(2)
    drawn = [synthetic_scores.answer(true, row, 0.4, rng) for row in range(200)]
    rows, _ = scored(true, {answer.id: answer for answer in drawn if answer})
    rows.quality["psnr"] = np.where(np.arange(200) % 7, 20.0 + np.arange(200) / 9, NAN)
    write(tmp_path / "rows.parquet", rows)
    again = read(tmp_path / "rows.parquet", DU110K.types, ("psnr",))
    assert summary(again, estimate(again).values, ORACLE) == summary(
        rows, estimate(rows).values, ORACLE
    )
    assert estimate(again) == estimate(rows)
    for name in KEYS:
        np.testing.assert_array_equal(again.truth[name], rows.truth[name])
        np.testing.assert_array_equal(again.answer[name], rows.answer[name])
