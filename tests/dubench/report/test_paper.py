"""The paper's numbers as data: they agree with each other and with what its text says of them."""

import pytest

from dubench.report.paper import PaperRow, keys, note, reported, tolerance
from dubench.scoring.restored.metrics import METRICS
from generators import presets
from generators.taxonomy import KEYS

TYPES = presets.load("du110k").types


def by_method(number: int) -> dict[str, PaperRow]:
    return {row.method: row for row in reported(number).rows}


@pytest.mark.parametrize("score", ["p_abs", "p_rel"])
def test_averages_of_table_1_are_those_of_its_cells(score: str) -> None:
    assert len(reported(1).rows) == 8
    for row in reported(1).rows:
        cells = [row.scores[f"{score}.{key}"] for key in KEYS]
        # Eight numbers rounded to three digits each.
        assert row.scores[f"{score}.avg"] == pytest.approx(sum(cells) / 7, abs=0.001), row.method
    assert keys() == set(KEYS)


def test_what_the_text_says_of_the_tables() -> None:
    # "DU-VLM achieves lowest average P-Rel" (5.2).
    averages = {name: row.scores["p_rel.avg"] for name, row in by_method(1).items()}
    assert min(averages, key=averages.__getitem__) == "DU-VLM"
    # "On Night, Haze and Low Resolution, superior performance across all metrics" (5.3): of low
    # resolution only with the row that the data calls doubtful.
    for metric, name in ((m, t) for m in ("psnr", "ssim", "lpips") for t in TYPES if t != "blur"):
        path = f"{metric}.{name}"
        there = {n: row.scores[path] for n, row in by_method(2).items() if path in row.scores}
        best = (max if METRICS[metric].higher_is_better else min)(there, key=there.__getitem__)
        assert best == "DU-VLM", path
    # "On Blur, a PSNR improvement exceeding 8 dB" over the other universal models but DiffBIR.
    blur = {name: row.scores.get("psnr.blur") for name, row in by_method(2).items()}
    assert blur["DU-VLM"] - blur["DA-CLIP"] == pytest.approx(8.0)
    # "A 2.48 dB drop" without the spectrum, "degrades Joint Accuracy by 1.9%" without edges (5.5).
    full, spectrum, edges, rationale = (row.scores for row in reported(4).rows)
    assert full["psnr.avg"] - spectrum["psnr.avg"] == pytest.approx(2.48)
    assert full["j_acc"] - edges["j_acc"] == pytest.approx(0.019)
    assert rationale["p_rel.avg"] == max(row.scores["p_rel.avg"] for row in reported(4).rows)
    # One model stands in three tables.
    best = by_method(5)["SFT + structured RL (DU-VLM)"].scores
    assert best["p_rel.avg"] == full["p_rel.avg"] == averages["DU-VLM"]


def test_every_name_is_one_of_ours() -> None:
    known = {"p_abs", "p_rel", *METRICS}
    for number in range(1, 6):
        for row in reported(number).rows:
            for name in set(row.scores) - {"j_acc"}:
                score, _, of = name.partition(".")
                assert score in known
                assert of in {*KEYS, *TYPES, "avg"}
            assert set(row.doubtful) <= set(row.scores)
    for correlation in tolerance():
        assert correlation.metric in METRICS
        assert correlation.key in KEYS
        assert -1 <= correlation.r <= 1
    assert "own data" in note()
