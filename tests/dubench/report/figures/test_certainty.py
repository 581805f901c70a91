"""Certainty in tables, figures and the terminal: the score's own numbers, or not a word."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from sklearn.calibration import calibration_curve

from dubench.dataset import TYPE_NAMES
from dubench.report.figures.certainty import coverage, drawings, reliability_bins
from dubench.report.figures.plotting import print_style, render
from dubench.report.page import page
from dubench.report.tables import tables
from dubench.report.terminal import show
from dubench.scoring import certainty
from dubench.scoring.score_files import Scored
from tests.dubench.scoring import synthetic_scores


@pytest.fixture(scope="module")
def scored() -> dict[str, Scored]:
    return {
        name: synthetic_scores.scored(name, wrong=0.3, n=600, metrics=(), overconfident=by)
        for name, by in (("honest", 1), ("boastful", 3), ("silent", None))
    }


def printed(scored: Scored) -> str:
    file = io.StringIO()
    show(scored.result, Console(file=file, width=100))
    return file.getvalue()


def test_tables_have_the_scores_and_no_row_for_the_silent_model(scored: dict[str, Scored]) -> None:
    results = {name: replace(score.result, coverage=1.0) for name, score in scored.items()}
    by_name = {table.name: table for table in tables(results)}
    types = by_name["certainty_types"]
    assert [row.name for row in types.rows] == ["honest", "boastful"]
    brier = [column.name for column in types.columns].index("brier")
    assert types.rows[0].cells[brier].value == results["honest"].certainty.types.brier
    assert types.rows[0].cells[brier].interval == results["honest"].intervals["brier"]
    # Its interval is reached by the boastful one's: nobody is left behind.
    assert not {place for place in types.best if place[1] == brier}
    score = by_name["certainty_interval_score"]
    constant = score.rows[-1]
    assert (constant.block, len(score.rows)) == ("constant", 3)
    wanted = results["honest"].certainty.ranges.constant_interval_score
    assert [cell.value for cell in constant.cells] == list(wanted.values())
    assert [column.better for column in by_name["certainty_range_coverage"].columns] == [""] * 8


def test_nothing_is_said_where_nothing_is_stated(scored: dict[str, Scored]) -> None:
    alone = {"silent": scored["silent"]}
    results = {"silent": scored["silent"].result}
    assert not [table for table in tables(results) if "certainty" in table.name]
    assert drawings(alone) == []
    whole = page(results, tables(results), [], {})
    for text in (printed(scored["silent"]), whole):
        assert not any(word in text for word in ("Brier", "90 %", "ertainty"))
    for text in (printed(scored["honest"]), page({"a": scored["honest"].result}, [], [], {})):
        assert "Brier" in text
        assert "ertainty" in text


def test_the_terminal_prints_ranges_beside_the_constants(scored: dict[str, Scored]) -> None:
    lines = printed(scored["honest"]).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("90 % range of"))
    sigma = next(line for line in lines[start:] if line.startswith("sigma"))
    ranges = scored["honest"].result.certainty.ranges
    for number in (100 * ranges.coverage["sigma"], ranges.interval_skill["sigma"]):
        assert f"{number:.1f}" in sigma or f"{number:.3f}" in sigma
    assert f"{ranges.constant_interval_score['sigma']:.3f}" in sigma


def test_partial_silence_is_counted(scored: dict[str, Scored]) -> None:
    rows = scored["honest"].rows
    said = certainty.notes(rows)
    silent = int(np.isnan(rows.probabilities["blur"]).sum())
    assert f"{silent} of 600 predictions have no type_probabilities" in said[0]
    assert len(said) == 1  # every answer of a right type has its ranges
    mute = {name: np.zeros_like(flags) for name, flags in rows.ranged.items()}
    blurs = int((rows.right & (rows.types == TYPE_NAMES.index("blur"))).sum())
    assert f"sigma {blurs} of {blurs}" in certainty.notes(replace(rows, ranged=mute))[1]


def test_reliability_is_sklearns_curve(scored: dict[str, Scored]) -> None:
    rng = np.random.default_rng(0)
    rows = scored["honest"].rows
    sure = rng.beta(4, 2, rows.n)
    shares = {name: np.where(rows.answered == code, sure, (1 - sure) / (len(TYPE_NAMES) - 1))
              for code, name in enumerate(TYPE_NAMES)}  # fmt: skip
    rows = replace(rows, probabilities=shares)
    kept = rows.answered < len(TYPE_NAMES)
    found = reliability_bins(rows)
    wanted = calibration_curve(rows.right[kept], sure[kept], n_bins=len(found), strategy="quantile")
    assert len(found) == 15
    np.testing.assert_allclose([one.right for one in found], wanted[0], atol=0.03)
    np.testing.assert_allclose([one.stated for one in found], wanted[1], atol=0.01)
    for one in found:
        low, high = one.interval
        assert low <= one.right <= high


def test_figures_show_the_coverage_of_each_key_and_can_be_printed(
    scored: dict[str, Scored],
) -> None:
    stated = {name: scored[name] for name in ("honest", "boastful")}
    with print_style():
        figure = coverage(stated)
    honest, boastful = (
        next(line for line in figure.axes[0].lines if line.get_label() == name) for name in stated
    )
    for line, score in ((honest, scored["honest"]), (boastful, scored["boastful"])):
        shares = score.result.certainty.ranges.coverage
        wanted = [100 * shares[key] for key in score.result.keys]
        assert list(line.get_xdata()) == pytest.approx(wanted)
    assert figure.axes[0].get_xlim()[0] < min(boastful.get_xdata())
    drawn = drawings(scored)
    assert [drawing.name for drawing in drawn] == ["certainty_types", "certainty_ranges"]
    assert all(render(drawing.figure, "png").startswith(b"\x89PNG") for drawing in drawn)
