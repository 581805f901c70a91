"""How much a wrong parameter costs: quality of the restored image against the key's error.

The paper's Figures 6 (PSNR), 10 (SSIM) and 11 (LPIPS), section 5.4 of arXiv 2602.04565.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dubench.report import paper
from dubench.report.columns import metric_name
from dubench.report.figures.plotting import FAINT, PAGE, Drawing, panels, print_style, sheet
from dubench.scoring.intervals import LEAST_CLUSTERS, bootstrap, codes, percentile_interval
from dubench.scoring.sample_scores import SampleScores, keys_of
from dubench.text import words
from generators.taxonomy import KEYS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

FIGURES = {"psnr": 6, "ssim": 10, "lpips": 11}
_ACROSS = 4
_BINS = 8
_DOT, _LINE = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class Correlation:
    """Pearson's r over n samples with its 95 % interval (by resampling photographs).

    `r` is None where there are fewer than three samples or one side never varies; `interval` also
    under 30 photographs.
    """

    n: int
    r: float | None
    interval: tuple[float, float] | None


def drawings(rows_by_model: Mapping[str, SampleScores]) -> list[Drawing]:
    """A figure per model and metric, or the reason why there is none."""
    result = []
    for metric, number in FIGURES.items():
        title = f"Figure {number}: {metric_name(metric)} against the error of each key"
        caption = (
            f"Answers with the right type and keys. Line: medians of {_BINS} bins of equal count, "
            "or of each value of a whole number; "
            f"r: Pearson's correlation with its 95 % interval.{_paper_correlations(metric)}"
        )
        name = f"figure{number}_{metric}"
        there = {label: rows for label, rows in rows_by_model.items() if metric in rows.quality}
        if not there:
            why = f"no score here has {metric_name(metric)} of restored images"
            result.append(Drawing(name, title, caption, None, why))
        for place, (label, rows) in enumerate(there.items(), 1):
            with print_style():
                figure = tolerance(rows, metric)
            of_model = f"{caption} Model: {label}."
            result.append(Drawing(f"{name}_{place}", f"{title}, {label}", of_model, figure))
    return result


def points(rows: SampleScores, metric: str, key: str) -> tuple[Floats, Floats, list[str]]:
    """|v̂ − v| of `key`, quality of the restored image, and photograph, of the samples that have
    both and were answered with the right type and keys (elsewhere P-Abs is a penalty)."""
    x, y = rows.error[key], rows.quality[metric]
    kept = rows.joint & ~np.isnan(x) & ~np.isnan(y)
    return x[kept], y[kept], [rows.clusters[row] for row in np.flatnonzero(kept)]


def correlation(x: Floats, y: Floats, clusters: list[str]) -> Correlation:
    """Pearson's r of `x` and `y` (n,), samples of one photograph sharing a cluster."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(len(x), None, None)
    one = np.ones(len(x))
    # Centred and scaled first: r does not change, and the sums below lose no digits.
    a, b = ((column - column.mean()) / column.std() for column in (x, y))
    moments = {"a": a, "b": b, "aa": a * a, "bb": b * b, "ab": a * b}
    groups = codes(clusters)
    interval = None
    if groups.max() + 1 >= LEAST_CLUSTERS:
        drawn = bootstrap({name: (column, one) for name, column in moments.items()}, groups)
        interval = percentile_interval(_pearson(drawn))
    return Correlation(len(x), float(np.clip(np.mean(a * b), -1, 1)), interval)


def _pearson(mean: Mapping[str, Floats]) -> Floats:
    spread = (mean["aa"] - mean["a"] ** 2) * (mean["bb"] - mean["b"] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (mean["ab"] - mean["a"] * mean["b"]) / np.sqrt(spread)
    return np.where(spread > 0, r, np.nan)


def tolerance(rows: SampleScores, metric: str) -> "Figure":
    """One panel per key, all with the same scale of quality, and the legend in the last."""
    count = len(rows.keys) + 1
    down = -(-count // _ACROSS)
    figure = sheet(PAGE, 1.75 * down)
    *axes, spare = panels(figure, count, min(_ACROSS, count), sharey=True)
    for place, (axis, key) in enumerate(zip(axes, _in_paper_order(rows.keys), strict=True)):
        x, y, clusters = points(rows, metric, key)
        _cloud(axis, x, y)
        _medians(axis, x, y)
        axis.set_title(f"{words(key)}\n", loc="left")
        axis.annotate(
            *(_text(correlation(x, y, clusters)), (0, 1), (0, 3), "axes fraction", "offset points"),
            fontsize=6.5,
            color=FAINT,
        )
        axis.set_xlabel(f"error, {_unit(key)}")
        axis.set_xlim(left=0)
        axis.margins(x=0.02)
        if place % _ACROSS == 0:
            axis.set_ylabel(metric_name(metric))
    _explain(spare)
    return figure


def _in_paper_order(keys: Sequence[str]) -> list[str]:
    """Blur and low resolution first, as in the paper's figures; further types last."""
    first = keys_of(("blur", "low_resolution", "haze", "low_light"))
    return sorted(keys, key=lambda key: first.index(key) if key in first else len(first))


def _explain(spare: Any) -> None:
    spare.set_axis_off()
    spare.scatter([], [], s=5, alpha=0.5, linewidths=0, color=_DOT, label="one sample")
    spare.plot([], [], color=_LINE, marker="o", markersize=2.5, label="medians of bins")
    spare.legend(loc="center left", handlelength=1.5)


def _cloud(axis: Any, x: Floats, y: Floats) -> None:
    # The more dots, the fainter; as pixels within the vector file, which would open slowly.
    alpha = float(np.clip(60 / max(1, len(x)), 0.02, 0.35))
    axis.scatter(x, y, alpha=alpha, rasterized=True, linewidths=0, s=5, color=_DOT)


def _medians(axis: Any, x: Floats, y: Floats) -> None:
    if len(x) < 3 * _BINS:
        return
    values = np.unique(x)
    if len(values) < _BINS:  # of a whole number
        parts = [np.flatnonzero(x == value) for value in values]
    else:
        parts = np.array_split(np.argsort(x, kind="stable"), _BINS)
    middle = [(np.median(x[part]), np.median(y[part])) for part in parts]
    axis.plot(*zip(*middle, strict=True), color=_LINE, marker="o", markersize=2.5)


def _text(correlation: Correlation) -> str:
    if correlation.r is None:
        return f"r –, n {correlation.n:,}"
    interval = correlation.interval
    span = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    text = f"r {correlation.r:.2f}{span}, n {correlation.n:,}"
    return re.sub(r"-0\.00(?!\d)", "0.00", text).replace("-", "−")


def _paper_correlations(metric: str) -> str:
    texts = [
        f"{words(row.key)} {row.r:.3g}".replace("-", "−") + "?" * bool(row.doubtful)
        for row in paper.tolerance()
        if row.metric == metric
    ]
    return f" r {paper.note()}: {', '.join(texts)}." if texts else ""


def _unit(key: str) -> str:
    """The first words of the key's unit: `fraction, mean over the image` is too long here."""
    return KEYS[key].unit.removeprefix("integer ").partition(",")[0].partition(" on ")[0]
