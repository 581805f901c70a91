"""score.json and back: the same, and nothing unknown, missing or contradictory is read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dubench.scoring.result import ScoreResult
from dubench.scoring.score_files import read_score
from generators.errors import InputError
from tests.dubench.scoring import synthetic_scores


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A score.json with everything in it."""
    scored = synthetic_scores.scored(
        "m", n=200, none=True, metrics=("psnr",), delta=0.05, overconfident=1
    )
    path = synthetic_scores.write(tmp_path_factory.mktemp("score") / "one", scored)
    return json.loads(path.read_text())


def test_a_file_survives(data: dict[str, Any]) -> None:
    result = ScoreResult.from_json(data, "score.json")
    assert json.loads(json.dumps(result.to_json())) == data
    assert list(result.to_json()) == list(data)


def test_scores_have_the_names_of_intervals(data: dict[str, Any]) -> None:
    result = ScoreResult.from_json(data, "score.json")
    assert set(result.intervals) <= set(result.scores)
    assert result.scores["p_rel.gamma"] == data["understanding"]["p_rel"]["gamma"]
    assert result.scores["by_type.haze.f1"] == data["understanding"]["by_type"]["haze"]["f1"]
    assert result.scores["psnr.avg"] == data["restoration"]["psnr"]["avg"]
    assert result.understanding.oracle_constant.scores["p_abs.sigma"] > 0
    assert result.types == synthetic_scores.PRESET.types
    assert result.delta == 0.05


RAIN = {"n": 1, "t_acc": 1, "f1": 1, "j_acc": 1}
Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: d.pop("clusters"), "score.json: clusters is missing"),
        (lambda d: d.update(rank=1), "score.json: unknown field 'rank'"),
        (lambda d: d.update(n=2.5), "score.json.n is 2.5, not a whole number"),
        (lambda d: d.update(per_sample=None), "per_sample is None, not the name of a file"),
        (lambda d: d.update(per_sample="../x"), "per_sample is '../x', not the name of a file"),
        (lambda d: d["dataset"].pop("split"), "score.json.dataset: split is missing"),
        (lambda d: d["intervals"].update(t_acc=[0, "1"]), r"intervals.t_acc\[1\] is '1', not a"),
        (lambda d: d["understanding"]["p_rel"].pop("avg"), "understanding.p_rel: avg is missing"),
        (lambda d: d["understanding"]["p_abs"].update(rain=1), "p_abs: unknown name 'rain'"),
        (lambda d: d["certainty"]["ranges"]["width"].pop("sigma"), "range_width: sigma is missing"),
        (lambda d: d["certainty"]["ranges"]["width"].update(avg=1), "unknown name 'avg'"),
        (lambda d: d["certainty"]["types"].pop("brier"), "certainty.types: brier is missing"),
        (lambda d: d["understanding"].update(by_type={"rain": RAIN}), "by_type: unknown name"),
        (lambda d: d["understanding"]["by_type"]["haze"].pop("f1"), "by_type.haze: f1 is missing"),
        (lambda d: d["understanding"]["confusion"]["blur"].update(rain=1), "blur: unknown name"),
        (lambda d: d["understanding"]["oracle_constant"].pop("from"), "oracle_constant: from is"),
        (lambda d: d["restoration"].update(mos={}), "restoration: unknown name 'mos'"),
        (lambda d: d["restoration"]["psnr"].pop("haze"), "restoration.psnr: haze is missing"),
    ],
)
def test_what_is_not_so_is_named(data: dict[str, Any], spoil: Spoil, says: str) -> None:
    spoiled = json.loads(json.dumps(data))
    spoil(spoiled)
    with pytest.raises(InputError, match=says):
        ScoreResult.from_json(spoiled, "score.json")


def test_a_score_over_two_types_survives(tmp_path: Path) -> None:
    two = synthetic_scores.TWO_TYPES
    path = synthetic_scores.write(tmp_path / "two", synthetic_scores.scored("m", n=200, preset=two))
    scored = read_score(path)
    assert scored.result.types == scored.rows.scored_types == two.types
    assert scored.result.keys == scored.rows.keys == ("sigma", "scale")


def test_rows_from_before_a_type_existed_are_read(tmp_path: Path) -> None:
    two = synthetic_scores.TWO_TYPES
    path = synthetic_scores.write(tmp_path / "two", synthetic_scores.scored("m", n=200, preset=two))
    rows = path.with_suffix(".parquet")
    table = pq.read_table(rows)
    pq.write_table(table.drop_columns([n for n in table.column_names if n.endswith("gamma")]), rows)
    assert read_score(path).rows.keys == ("sigma", "scale")
    pq.write_table(table.drop_columns(["rel_sigma"]), rows)
    with pytest.raises(InputError, match="not the per-sample table of a score"):
        read_score(path)
