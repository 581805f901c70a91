"""The columns of tables, and the lines of the terminal: one list of the scores that come first."""

from collections.abc import Mapping, Sequence

from dubench.report.formats import Better, Column
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE
from dubench.text import words
from generators.taxonomy import KEYS

_METRIC_NAMES = {"psnr": "PSNR (dB)", "clipiqa": "CLIP-IQA"}

PARAMETER_SCORES: Mapping[str, Better] = {
    "p_abs": "lower",
    "p_rel": "lower",
    "p_rel_capped": "lower",
    "p_rel_type_correct": "lower",
    "skill": "higher",
    "skill_type_correct": "higher",
}
"""The scores of values, and their better side."""


def share_column(name: str, title: str, better: Better = "higher", line: str = "") -> Column:
    """The column of a share, shown in percent."""
    return Column(name, title, better, 1, percent=True, line=line)


def parameter_column(score: str, key: str, title: str = "", line: str = "") -> Column:
    """The column of one score of the values, such as `p_abs`, for a key or `avg`; with a digit
    more for the error of a key whose whole range is below 0.1."""
    narrow = score == "p_abs" and _is_narrow(key)
    title = title or words(key)
    return Column(f"{score}.{key}", title, PARAMETER_SCORES[score], 4 if narrow else 3, line=line)


RANGE_SCORES: Mapping[str, tuple[str, Better]] = {
    "range_coverage": ("values inside their 90 % range", ""),
    "range_width": ("width of the 90 % range", ""),
    "interval_score": ("interval score of the 90 % range", "lower"),
    "interval_skill": ("interval skill against a constant range", "higher"),
    "ranges_stated": ("answers with a range", ""),
}
"""The scores of ranges: what they are, and their better side."""

TYPE_CERTAINTY = (
    Column(
        "calibration_error", "calibration error", "lower", 2, True, "calibration error of the type"
    ),
    Column("brier", "Brier score", "lower", 4, line="Brier score of the type"),
)
"""The scores of the types' probabilities."""


def range_column(score: str, key: str, title: str = "") -> Column:
    """The column of one of RANGE_SCORES for a key or `avg`."""
    share = score in ("range_coverage", "ranges_stated")
    digits = 1 if share else 3 if score == "interval_skill" or not _is_narrow(key) else 4
    better = RANGE_SCORES[score][1]
    return Column(f"{score}.{key}", title or words(key), better, digits, percent=share)


def _is_narrow(key: str) -> bool:
    return key in KEYS and KEYS[key].high - KEYS[key].low < 0.1


def metric_column(metric: str, name: str, title: str = "") -> Column:
    """The column of a restoration metric for a type or `avg`, by default called as the metric."""
    better: Better = "higher" if METRICS[metric].higher_is_better else "lower"
    digits = 2 if metric == "psnr" else 3
    return Column(f"{metric}.{name}", title or metric_name(metric), better, digits)


def metric_name(metric: str) -> str:
    """A restoration metric as people write it."""
    return _METRIC_NAMES.get(metric, metric.upper())


HEADLINES = (
    share_column("t_acc", "T-Acc"),
    share_column("t_f1", "T-F1"),
    share_column("j_acc", "J-Acc"),
    parameter_column("p_abs", AVERAGE, "P-Abs", "P-Abs, mean over keys"),
    parameter_column("p_rel_capped", AVERAGE, "P-Rel capped", "P-Rel, capped, mean over keys"),
    parameter_column("p_rel", AVERAGE, "P-Rel", "  not capped, as the paper"),
    parameter_column(
        "p_rel_type_correct", AVERAGE, "P-Rel, right type", "  where the type is right"
    ),
    parameter_column("skill", AVERAGE, "skill", "skill against the constant"),
    parameter_column(
        "skill_type_correct", AVERAGE, "skill, right type", "  where the type is right"
    ),
)
"""Type, keys and values, the latter averaged over keys."""


def answer_columns(keys: Sequence[str]) -> tuple[Column, ...]:
    """How much was answered, what happened on undegraded photographs, and the maps of those of
    `keys` that have them."""
    return (
        Column("n", "samples", "", 0),
        share_column("false_alarms", "false alarms on none", "lower", "false alarms on undegraded"),
        share_column("coverage", "answered"),
        Column("parse_failures", "not readable", "lower", 0, line="answers that cannot be read"),
        *(column for key in keys if KEYS[key].kind == "map" for column in _map_columns(key)),
        share_column("restoration_coverage", "restored"),
    )


def _map_columns(key: str) -> tuple[Column, Column]:
    maps = f"{words(key)} maps"
    mean_error = f"{maps}, mean error"
    return (
        Column(f"map_error.{key}.n", maps, "", 0),
        Column(f"map_error.{key}.mae", "their mean error", "lower", line=mean_error),
    )
