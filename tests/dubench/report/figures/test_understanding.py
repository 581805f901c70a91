"""Figures draw the score's own numbers, and can be printed."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy import stats
from sklearn.metrics import confusion_matrix

from dubench.report.figures import plotting, tolerance, understanding
from dubench.report.figures.plotting import Drawing, key_colours, line_style, print_style, render
from dubench.scoring.result import ScoreResult
from dubench.scoring.score_files import Scored
from generators.taxonomy import KEYS, TYPES
from tests.dubench.scoring import synthetic_scores

METRICS = ("psnr", "lpips")


@pytest.fixture(scope="module")
def scored() -> dict[str, Scored]:
    return {
        "good": synthetic_scores.scored("good", wrong=0.1, none=True, metrics=METRICS),
        "bad": synthetic_scores.scored("bad", wrong=0.6, seed=1, none=True, metrics=METRICS),
    }


@pytest.fixture(scope="module")
def rows(scored: dict[str, Scored], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """score.parquet of the good one, in columns of Python values."""
    path = synthetic_scores.write(tmp_path_factory.mktemp("rows") / "good", scored["good"])
    return pq.read_table(path.with_name("score.parquet")).to_pydict()


def results(scored: dict[str, Scored]) -> dict[str, ScoreResult]:
    return {name: score.result for name, score in scored.items()}


def test_confusion_counts_the_samples(scored: dict[str, Scored], rows: dict[str, Any]) -> None:
    labels = ["haze", "low_light", "blur", "low_resolution", "none", "other"]
    wanted = confusion_matrix(rows["type"], rows["predicted"], labels=labels)[:5]
    axis = understanding.confusion(results(scored)).axes[0]
    drawn = [int(text.get_text().replace(",", "")) for text in axis.texts]
    np.testing.assert_array_equal(np.reshape(drawn, (5, 6)), wanted)
    shares = wanted / wanted.sum(1, keepdims=True)
    np.testing.assert_allclose(axis.images[0].get_array(), shares)
    assert [tick.get_text() for tick in axis.get_xticklabels()][-1] == "other"


def test_predicted_keys_are_stacked_to_the_whole(
    scored: dict[str, Scored], rows: dict[str, Any]
) -> None:
    axis = understanding.predicted_keys(results(scored)).axes[0]
    haze = [row for row, name in enumerate(rows["type"]) if name == "haze"]
    counts = {key: sum(rows[f"predicted_{key}"][row] is not None for row in haze) for key in KEYS}
    other = sum("other" in rows["predicted_keys"][row] for row in haze)
    total = sum(counts.values()) + other
    bars = [bar for bar in axis.patches if bar.get_y() + bar.get_height() / 2 == pytest.approx(0)]
    widths = [bar.get_width() for bar in bars]
    assert widths == pytest.approx([100 * n / total for n in (*counts.values(), other)])
    assert sum(widths) == pytest.approx(100)
    assert axis.texts[0].get_text() == f"{total:,}"


def test_dots_and_bars_are_the_scores_and_their_intervals(scored: dict[str, Scored]) -> None:
    scores = results(scored)
    first, _, last = understanding.by_type(scores).axes
    assert [text.get_text() for text in first.get_yticklabels()][-1] == "all"
    for place, score in enumerate(scores.values()):
        dots = [line for line in last.lines if line.get_linestyle() == "None"][place]
        assert dots.get_xdata()[-1] == pytest.approx(100 * score.scores["j_acc"])
        bars = [line for line in last.lines if len(line.get_xdata()) == 2]
        ends = [tuple(bar.get_xdata()) for bar in bars]
        assert tuple(100 * end for end in score.intervals["j_acc"]) in ends
    # No dot lies on another, however alike the scores are.
    heights = [y for line in last.lines if line.get_linestyle() == "None" for y in line.get_ydata()]
    assert len(set(heights)) == len(heights)


def test_radar_goes_through_the_scores(scored: dict[str, Scored]) -> None:
    first, *_, last = understanding.radar(results(scored)).axes
    scores = scored["bad"].result.understanding
    types = scores.by_type.values()
    drawn = first.lines[1].get_ydata()
    t_acc = [100 * of.t_acc for of in types] + [100 * scores.t_acc]
    assert list(drawn) == pytest.approx([*t_acc, t_acc[0]])  # closed
    j_acc = [100 * of.j_acc for of in types] + [100 * scores.j_acc]
    assert list(last.lines[1].get_ydata()) == pytest.approx([*j_acc, j_acc[0]])


def test_error_against_delta_with_its_intervals() -> None:
    steps = {0.1: 0.3, 0.01: 0.05, 0.05: 0.1}
    series = {
        f"nano, Δ {step}": synthetic_scores.scored(
            "nano", wrong=wrong, n=400, delta=step, metrics=()
        ).result
        for step, wrong in steps.items()
    }
    drawing = next(d for d in understanding.drawings(series) if d.name == "figure7_delta")
    assert drawing.figure is not None
    relative = drawing.figure.axes[1]
    x, y = relative.lines[0].get_data()
    assert list(x) == [0.01, 0.05, 0.1]
    assert list(y) == [series[f"nano, Δ {s}"].understanding.p_rel["avg"] for s in x]
    ends = [sorted(path[:, 1]) for path in relative.collections[0].get_segments()]
    wanted = [series[f"nano, Δ {s}"].intervals["p_rel.avg"] for s in x]
    np.testing.assert_allclose(ends, wanted)
    one = {"nano": series["nano, Δ 0.05"]}
    left_out = next(d for d in understanding.drawings(one) if d.name == "figure7_delta")
    assert left_out.figure is None
    assert "two values of Δ" in left_out.why


@pytest.mark.parametrize("key", KEYS)
def test_points_and_pearsons_r(scored: dict[str, Scored], rows: dict[str, Any], key: str) -> None:
    x, y, clusters = tolerance.points(scored["good"].rows, "psnr", key)
    wanted = []
    for row, right in enumerate(rows["joint_right"]):
        true, given = rows[f"true_{key}"][row], rows[f"predicted_{key}"][row]
        if right and true is not None:
            error = np.abs(np.subtract(given, true)).mean()
            wanted.append((error, rows["psnr"][row], rows["cluster"][row]))
    np.testing.assert_allclose(x, [error for error, *_ in wanted])
    np.testing.assert_allclose(y, [quality for _, quality, _ in wanted])
    assert clusters == [cluster for *_, cluster in wanted]
    result = tolerance.correlation(x, y, clusters)
    assert result.n == len(wanted)
    assert result.r == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert result.interval is not None
    assert result.interval[0] < result.r < result.interval[1]


def test_interval_of_r_is_fishers_for_independent_samples() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=2000)
    y = 0.6 * x + 0.8 * rng.normal(size=2000)
    result = tolerance.correlation(x, y, [str(i) for i in range(2000)])
    wanted = stats.pearsonr(x, y).confidence_interval()
    assert result.interval == pytest.approx(tuple(wanted), abs=0.006)
    # Each sample ten times over is no more certain when the photographs are the same.
    tenfold = tolerance.correlation(
        np.tile(x, 10), np.tile(y, 10), [str(i) for i in range(2000)] * 10
    )
    assert tenfold.r == pytest.approx(result.r)
    assert tenfold.interval == pytest.approx(result.interval)


def test_r_is_missing_where_there_is_none() -> None:
    still = tolerance.correlation(np.zeros(9), np.arange(9.0), ["a"] * 9)
    assert (still.n, still.r, still.interval) == (9, None, None)
    assert tolerance.correlation(np.zeros(0), np.zeros(0), []).r is None
    few = tolerance.correlation(np.arange(9.0), np.arange(9.0) * 1e-9 + 1, list("abcabcabc"))
    assert few.r == pytest.approx(1)
    assert few.interval is None


def test_tolerance_panels_tell_r_and_share_their_scale(scored: dict[str, Scored]) -> None:
    drawn = tolerance.drawings({name: score.rows for name, score in scored.items()})
    there = [d for d in drawn if d.figure]
    assert [d.name for d in there] == [
        "figure6_psnr_1", "figure6_psnr_2", "figure11_lpips_1", "figure11_lpips_2",
    ]  # fmt: skip
    assert [d.name for d in drawn if not d.figure] == ["figure10_ssim"]
    assert next(d for d in drawn if not d.figure).why == "no score here has SSIM of restored images"
    assert "transmission 0.855" in there[2].caption
    axes = there[0].figure.axes[:7]
    assert len({axis.get_ylim() for axis in axes}) == 1
    sigma = axes[0]
    x, y, _ = tolerance.points(scored["good"].rows, "psnr", "sigma")
    np.testing.assert_allclose(sigma.collections[0].get_offsets(), np.column_stack([x, y]))
    r = stats.pearsonr(x, y).statistic
    assert sigma.texts[0].get_text().startswith(f"r {r:.2f} [".replace("-", "−"))
    assert sigma.get_xlabel() == "error, pixels"
    middle = sigma.lines[0].get_xdata()
    assert len(middle) == 8
    assert list(middle) == sorted(middle)


def test_a_figure_as_png_pdf_and_svg(scored: dict[str, Scored]) -> None:
    figure = understanding.confusion(results(scored))
    png = render(figure, "png")
    with Image.open(io.BytesIO(png)) as image:
        assert round(image.info["dpi"][0]) == 200
        assert image.width == round(200 * figure.get_figwidth())
    pdf = render(figure, "pdf")
    assert pdf.startswith(b"%PDF")
    assert b"/Type3" not in pdf  # journals refuse such fonts
    svg = render(figure, "svg")
    root = ET.fromstring(svg)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.endswith("href"):
                assert value.startswith(("#", "data:"))
    again = understanding.confusion(results(scored))
    assert [render(again, suffix) for suffix in ("svg", "pdf", "png")] == [svg, pdf, png]


def test_every_figure_has_its_place_in_the_paper(scored: dict[str, Scored]) -> None:
    drawn: list[Drawing] = understanding.drawings(results(scored))
    drawn += tolerance.drawings({name: score.rows for name, score in scored.items()})
    numbers = {int(re.findall(r"\d+", drawing.name)[0]) for drawing in drawn}
    assert numbers == {4, 6, 7, 8, 9, 10, 11}
    for drawing in drawn:
        assert bool(drawing.figure) != bool(drawing.why)


def test_models_are_told_apart() -> None:
    styles = {str(sorted(line_style(place).items(), key=str)) for place in range(21)}
    assert len(styles) == 21


def test_any_number_of_types_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = key_colours()
    assert built_in["sigma"] == "#E69F00"
    more = {
        f"type{place}": replace(
            TYPES["haze"],
            name=f"type{place}",
            keys=tuple(replace(KEYS["sigma"], name=f"key{place}_{i}") for i in range(3)),
        )
        for place in range(8)
    }
    wider = replace(TYPES["blur"], keys=(KEYS["sigma"], replace(KEYS["sigma"], name="rotation")))
    monkeypatch.setattr(plotting, "TYPES", TYPES | {"blur": wider} | more)
    colours = key_colours()
    assert {key: colours[key] for key in built_in} == built_in
    assert len(set(colours.values())) == len(colours) == len(built_in) + 1 + 24
    assert all(re.fullmatch("#[0-9A-Fa-f]{6}", colour) for colour in colours.values())


@pytest.mark.parametrize("types", [("blur",), ("blur", "low_resolution"), ("haze", "blur")])
def test_figures_of_other_presets_show_their_types_and_keys(types: tuple[str, ...]) -> None:
    preset = replace(synthetic_scores.PRESET, name="mine", types=types)
    mine = synthetic_scores.scored("m", n=400, preset=preset, metrics=("psnr",))
    scores = {"m": mine.result}
    spokes = [text.get_text() for text in understanding.radar(scores).axes[0].texts]
    assert spokes == [*(name.replace("_", "\n") for name in types), "all"]
    legend = {
        text.get_text() for text in understanding.predicted_keys(scores).legends[0].get_texts()
    }
    assert {key.replace("_", " ") for key in mine.rows.keys} <= legend
    figure = tolerance.tolerance(mine.rows, "psnr")
    titles = [axis.get_title(loc="left").strip() for axis in figure.axes if axis.axison]
    assert sorted(titles) == sorted(key.replace("_", " ") for key in mine.rows.keys)
    assert figure.axes[-1].get_legend() is not None
    for suffix in ("png", "pdf"):
        assert render(figure, suffix)


def test_any_name_can_stand_in_a_figure(scored: dict[str, Scored]) -> None:
    names = ["_private $\\frac{1}$", "cost $5 & $6_", "a\\b{c}^d%"]
    with print_style():
        figure = understanding.radar(dict.fromkeys(names, scored["good"].result))
    shown = [text.get_text().strip() for text in figure.legends[0].get_texts()]
    assert shown == names
    ET.fromstring(render(figure, "svg"))


def test_matplotlib_is_imported_late() -> None:
    import subprocess
    import sys

    code = "import dubench.report.report, sys; print('matplotlib' in sys.modules)"
    home = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
