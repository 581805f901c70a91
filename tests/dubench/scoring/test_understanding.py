"""Understanding scores: by hand, against scikit-learn, and the paper's own consistency."""

import numpy as np
import pytest
from sklearn import metrics

from dubench.dataset import TYPE_NAMES, GroundTruth
from dubench.predictions.file import Prediction
from dubench.scoring.estimates import Estimates, estimate
from dubench.scoring.sample_scores import OTHER, PerSample, judge, read, write
from dubench.scoring.type_oracle import constants
from dubench.scoring.understanding import FOUR, confusion, predicted_keys, summary
from generators.taxonomy import KEYS, TYPES
from tests.dubench.scoring import made_scores

NAN = float("nan")


def ground_truth(*rows: tuple[str, dict[str, float]]) -> GroundTruth:
    """One sample per row, each of its own photograph."""
    n = len(rows)
    values = {
        name: np.full((n, key.size) if key.kind == "vector" else n, NAN)
        for name, key in KEYS.items()
    }
    for row, (_, told) in enumerate(rows):
        for key, value in told.items():
            values[key][row] = value
    types = np.array([TYPE_NAMES.index(kind) for kind, _ in rows], np.int8)
    return GroundTruth(
        [f"du-{i}" for i in range(n)], types, values, [f"p{i}" for i in range(n)], [""] * n
    )


def said(*answers: tuple[str | None, dict[str, float]] | None, **fields: object) -> dict:
    return {
        f"du-{i}": Prediction(f"du-{i}", i + 1, answer[0], answer[1], **fields)  # type: ignore[arg-type]
        for i, answer in enumerate(answers)
        if answer
    }


def scored(
    true: GroundTruth, answers: dict, best: dict | None = None
) -> tuple[PerSample, Estimates]:
    rows = judge(true, answers, constants(true.values) if best is None else best)
    return rows, estimate(rows)


def test_a_blur_by_hand() -> None:
    true = ground_truth(
        ("blur", {"sigma": 4}), ("blur", {"sigma": 2}), ("low_resolution", {"scale": 4})
    )
    answers = said(("blur", {"sigma": 5}), ("haze", {}), ("low_resolution", {"scale": 4}))
    _, found = scored(true, answers, {"sigma": 3.0, "scale": 3.0})
    v = found.values
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
    answers = said(("low_light", {"gamma": 2, "gain": 0.1, "camera_intrinsics": wrong}))
    _, found = scored(true, answers)
    assert found.values["p_abs.camera_intrinsics"] == pytest.approx(1 / 9)
    assert found.values["p_rel.camera_intrinsics"] == pytest.approx(1 / 2)


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
    rows, found = scored(true, said(answer, **fields))
    assert found.values["t_acc"] == 1
    assert found.values["j_acc"] == 0
    assert found.values["p_rel.transmission"] == 1
    assert found.values["p_abs.transmission"] == pytest.approx(0.4)
    counted = predicted_keys(rows)["haze"]
    assert counted["sigma"] == ("sigma" in fields.get("extra", ()))
    assert counted[OTHER] == ("fogginess" in fields.get("extra", ()))


def test_capped_and_uncapped() -> None:
    true = ground_truth(("blur", {"sigma": 2}), ("blur", {"sigma": 2}))
    _, found = scored(true, said(("blur", {"sigma": 20}), ("blur", {"sigma": 2})))
    assert found.values["p_rel.sigma"] == pytest.approx(4.5)
    assert found.values["p_rel_capped.sigma"] == pytest.approx(0.5)


def test_nothing_right_scores_the_truths_own_size() -> None:
    """The paper's consistency: P-Abs = mean |v| and P-Rel = 1 on every key."""
    true = made_scores.ground_truth(400, 50)
    for answers in ({}, said(*[("none", {})] * 400)):
        rows, found = scored(true, answers)
        assert found.values["t_acc"] == found.values["t_f1"] == found.values["j_acc"] == 0
        for name in KEYS:
            assert found.values[f"p_rel.{name}"] == 1
            assert found.values[f"p_abs.{name}"] == pytest.approx(
                np.nanmean(np.abs(rows.truth[name]))
            )
        assert found.values["p_rel.avg"] == 1


def test_everything_right() -> None:
    true = made_scores.ground_truth(400, 50)
    answers = {}
    for row, name in enumerate(true.ids):
        kind = TYPE_NAMES[true.types[row]]
        told = {key.name: true.values[key.name][row] for key in TYPES[kind].keys}
        answers[name] = Prediction(name, row + 1, kind, told)
    _, found = scored(true, answers)
    assert found.values["t_acc"] == found.values["t_f1"] == found.values["j_acc"] == 1
    assert found.values["p_abs.avg"] == found.values["p_rel.avg"] == 0
    assert found.values["skill.avg"] == 1
    low, high = found.intervals["t_acc"]  # Wilson: resampling cannot move a share of one
    assert 0.9 < low < high == 1


def test_scikit_learn_agrees() -> None:
    true = made_scores.ground_truth(1000, 120, none=True)
    rng = np.random.default_rng(2)
    answers = {
        name: made
        for row, name in enumerate(true.ids)
        if (made := made_scores.answer(true, row, 0.4, rng)) is not None
    }
    rows, found = scored(true, answers)
    names = np.array([*TYPE_NAMES, OTHER])
    everything, given = names[rows.types], names[rows.answered]
    four = np.isin(everything, FOUR)
    assert found.values["t_acc"] == pytest.approx(
        metrics.accuracy_score(everything[four], given[four])
    )
    f1 = metrics.f1_score(everything[four], given[four], labels=list(FOUR), average=None)
    assert found.values["t_f1"] == pytest.approx(f1.mean())
    for kind, value in zip(FOUR, f1, strict=True):
        assert found.values[f"by_type.{kind}.f1"] == pytest.approx(value)
    table = metrics.confusion_matrix(everything, given, labels=list(names))
    assert [list(row.values()) for row in confusion(rows).values()] == table[:-1].tolist()
    none = everything == "none"
    assert found.values["false_alarms"] == pytest.approx(np.isin(given[none], FOUR).mean())


def test_the_order_of_samples_does_not_matter() -> None:
    true = made_scores.ground_truth(300, 40)
    rng = np.random.default_rng(2)
    made = [made_scores.answer(true, row, 0.3, rng) for row in range(300)]
    answers = {answer.id: answer for answer in made if answer}
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
    true = made_scores.ground_truth(300, 29)
    _, found = scored(true, {})
    assert not found.intervals
    assert "29 photographs" in found.notes[0]


def test_no_interval_where_a_type_has_under_thirty_photographs() -> None:
    true = made_scores.ground_truth(48, 48)  # twelve samples of each type
    _, found = scored(true, {})
    assert "t_acc" in found.intervals
    assert "p_abs.gamma" not in found.intervals
    assert "fewer than 30" in found.notes[0]


def test_rows_survive_their_file(tmp_path) -> None:
    true = made_scores.ground_truth(200, 40, none=True)
    rng = np.random.default_rng(2)
    made = [made_scores.answer(true, row, 0.4, rng) for row in range(200)]
    rows, _ = scored(true, {answer.id: answer for answer in made if answer})
    rows.quality["psnr"] = np.where(np.arange(200) % 7, 20.0 + np.arange(200) / 9, NAN)
    write(tmp_path / "rows.parquet", rows)
    again = read(tmp_path / "rows.parquet", ("psnr",))
    assert summary(again, estimate(again).values) == summary(rows, estimate(rows).values)
    assert estimate(again) == estimate(rows)
    for name in KEYS:
        np.testing.assert_array_equal(again.truth[name], rows.truth[name])
        np.testing.assert_array_equal(again.answer[name], rows.answer[name])
