"""The paper's numbers as data: they agree with each other and with what its text says of them."""

import pytest

from dubench.report.paper import note, reported, tolerance
from dubench.report.tables import look_up
from dubench.scoring.metrics import METRICS
from generators import presets
from generators.taxonomy import KEYS

TYPES = presets.load("du110k").types


def by_method(number: int) -> dict[str, dict]:
    return {row["method"]: row for row in reported(number).rows}


@pytest.mark.parametrize("score", ["p_abs", "p_rel"])
def test_averages_of_table_1_are_those_of_its_cells(score: str) -> None:
    assert len(reported(1).rows) == 8
    for row in reported(1).rows:
        cells = [row[score][key] for key in KEYS]
        # Eight numbers rounded to three digits each.
        assert row[score]["avg"] == pytest.approx(sum(cells) / 7, abs=0.001), row["method"]


def test_what_the_text_says_of_the_tables() -> None:
    # "DU-VLM achieves lowest average P-Rel" (5.2).
    averages = {name: row["p_rel"]["avg"] for name, row in by_method(1).items()}
    assert min(averages, key=averages.__getitem__) == "DU-VLM"
    # "On Night, Haze and Low Resolution, superior performance across all metrics" (5.3): of low
    # resolution only with the row that the data calls doubtful.
    for metric, kind in ((m, k) for m in ("psnr", "ssim", "lpips") for k in TYPES if k != "blur"):
        there = {n: v for n, r in by_method(2).items() if (v := look_up(r, f"{metric}.{kind}"))}
        best = (max if METRICS[metric].higher_is_better else min)(there, key=there.__getitem__)
        assert best == "DU-VLM", (metric, kind)
    # "On Blur, a PSNR improvement exceeding 8 dB" over the other universal models but DiffBIR.
    blur = {name: look_up(row, "psnr.blur") for name, row in by_method(2).items()}
    assert blur["DU-VLM"] - blur["DA-CLIP"] == pytest.approx(8.0)
    # "A 2.48 dB drop" without the spectrum, "degrades Joint Accuracy by 1.9%" without edges (5.5).
    full, spectrum, edges, rationale = reported(4).rows
    assert full["psnr"]["avg"] - spectrum["psnr"]["avg"] == pytest.approx(2.48)
    assert full["j_acc"] - edges["j_acc"] == pytest.approx(0.019)
    assert rationale["p_rel"]["avg"] == max(row["p_rel"]["avg"] for row in reported(4).rows)
    # One model stands in three tables.
    best = by_method(5)["SFT + structured RL (DU-VLM)"]
    assert best["p_rel"]["avg"] == full["p_rel"]["avg"] == averages["DU-VLM"]


def test_every_name_is_one_of_ours() -> None:
    known = {"p_abs", "p_rel", "j_acc", *METRICS}
    for number in range(1, 6):
        for row in reported(number).rows:
            assert set(row) - {"method", "doubtful"} <= known
            for score in set(row) & known - {"j_acc"}:
                assert set(row[score]) <= {*KEYS, *TYPES, "avg"}
            for path in row.get("doubtful", []):
                assert look_up(row, path) is not None
    for row in tolerance():
        assert row["metric"] in METRICS
        assert row["key"] in KEYS
        assert -1 <= row["r"] <= 1
    assert "own data" in note()
