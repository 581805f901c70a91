"""The ablation's tables and figure: what stands in them, and that they read back."""

import csv
import json
from dataclasses import replace
from io import StringIO

import pytest

from dubench.duvlm.ablation.arms import ARMS, CLAIMS, TABLES
from dubench.duvlm.ablation.estimates import Estimate
from dubench.duvlm.ablation.result import SCORES, Ablation, ArmResult, Verdict, finding
from dubench.report import ablation
from dubench.report.formats import markdown
from generators.typed_json import from_json, to_json

NAMES = ("j_acc", "psnr", *(f"{kind}.avg" for kind in ("p_abs", "p_rel", "squared")))
NAMES += tuple(f"written.{name}" for name in NAMES if name != "psnr")


@pytest.fixture(scope="module")
def result():
    """Each arm a little worse than the one before."""

    def scores(place):
        value = 0.9 - 0.01 * place
        return {name: Estimate(value, (value - 0.005, value + 0.005)) for name in NAMES}

    arms = {
        arm.name: ArmResult(20.5, 480.0, 30.0, scores(place), dict.fromkeys(NAMES, (0.9,)))
        for place, arm in enumerate(ARMS)
    }
    gap = finding(Estimate(-0.02, (-0.03, -0.01)), -1)
    verdicts = tuple(Verdict(claim.title, dict.fromkeys(SCORES, gap)) for claim in CLAIMS)
    rounding = {
        str(delta): {f"{kind}.avg": delta / 4 for kind in ("p_abs", "p_rel", "squared")}
        for delta in (0.01, 0.05, 0.1)
    }
    return Ablation("a", "b", 20.0, 12.0, 3, 200, 180, arms, verdicts, rounding)


def test_the_result_reads_back(result):
    assert from_json(Ablation, json.loads(json.dumps(to_json(result))), "it") == result


def test_tables_hold_the_arms_and_the_papers_figures(result):
    views, training, grid, verdicts = ablation.tables(result)
    text = markdown(views)
    assert "| without the chart | 87.0 [86.5, 87.5] |" in text
    assert "0.105" in text  # the paper's
    assert "180 photographs and 3 seeds" in text
    assert "- SFT + structured RL: `20 CPU-seconds, 480 crops, 3 seeds`" in markdown(training)
    assert "the truth, rounded to Δ = 0.05 | – | 0.013 | 0.013 | – |" in markdown(grid)
    assert "the spectrum helps: holds | -2.0 [-3.0, -1.0] | -0.020" in markdown(verdicts)


def test_a_table_alone(result, tmp_path):
    """Without the grid's arms there is neither its table nor its figure."""
    some = {name: replace(result.arms[name], valid=0.25) for name in TABLES["training"]}
    training, verdicts = ablation.tables(replace(result, arms=some, rounding={}))
    assert (training.name, verdicts.name) == ("training", "verdicts")
    assert "25 % of sampled answers valid" in training.rows[0].signature
    files = ablation.write(replace(result, arms=some, rounding={}), tmp_path)
    assert not [file for file in files if file.suffix in (".png", ".pdf")]


def test_files_are_written(result, tmp_path):
    files = ablation.write(result, tmp_path)
    assert {file.suffix for file in files} == {".md", ".tex", ".csv", ".png", ".pdf"}
    assert all(file.stat().st_size > 300 for file in files)
    rows = list(csv.DictReader(StringIO((tmp_path / "training.csv").read_text())))
    own = {row["model"]: row["p_rel.avg"] for row in rows if row["block"] == "score"}
    assert float(own["SFT + naive RL"]) == pytest.approx(0.82)


def test_the_figure_holds_propositions_bound(result):
    """Proposition 4.2's Δ²/4, in the panel of squared errors."""
    figure = ablation.against_delta(result)
    lines = {line.get_label(): line for line in figure.axes[-1].get_lines()}
    assert list(lines["Δ²/4 (Proposition 4.2)"].get_ydata()) == pytest.approx(
        [0.000025, 0.000625, 0.0025]
    )
    (written,) = (c for c in figure.axes[1].containers if c.get_label() == "answers as written")
    arms = [result.arms[name] for name in TABLES["grid"]]
    assert list(written[0].get_ydata()) == [arm.scores["written.p_rel.avg"].value for arm in arms]


def test_the_terminal_shows_every_claim(result, capsys):
    ablation.show(result)
    shown = capsys.readouterr().out
    assert all(claim.title in shown for claim in CLAIMS)
