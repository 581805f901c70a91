"""The paper's tables of dubench's scores, with the paper's own numbers set apart below."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dubench.report.formats import Better, Block, Cell, Column, Row, Table
from dubench.report.paper import reported
from dubench.scoring.metrics import METRICS
from generators.taxonomy import KEYS

Score = Mapping[str, Any]
"""What a score.json says."""

METRIC_NAMES = {"psnr": "PSNR (dB)", "clipiqa": "CLIP-IQA"}
_SPANS = "In brackets: 95 % intervals from resampling photographs."
_ORACLE = "The type-oracle constant knows the type and answers one constant per key."
_UNITS = "P-Abs is in the key's unit: sigma in pixels, the other keys without unit."

_PARAMETER_SCORES: dict[str, tuple[str, Better, tuple[str, ...]]] = {
    "p_abs": ("P-Abs (the paper's Table 1)", "lower", (_UNITS, _ORACLE)),
    "p_rel": ("P-Rel, uncapped (the paper's Table 1)", "lower", (_ORACLE,)),
    "p_rel_capped": ("P-Rel, each sample capped at 1", "lower", ()),
    "p_rel_type_correct": ("P-Rel over answers with the right type", "lower", ()),
    "skill": ("Skill: 1 − P-Rel / P-Rel of the type-oracle constant", "higher", ()),
    "skill_type_correct": ("Skill over answers with the right type", "higher", ()),
}


def tables(scores: Mapping[str, Score]) -> list[Table]:
    """Every table that `scores` can fill: name of a row → what its score.json says."""
    made = [overview(scores), *(parameters(scores, name) for name in _PARAMETER_SCORES)]
    made += [by_type(scores, name) for name in ("t_acc", "f1", "j_acc")]
    measured = [n for n in METRICS if any(look_up(score, n) for score in scores.values())]
    made += [restoration(scores, name) for name in measured]
    if any(not METRICS[name].needs_reference for name in measured):
        made.append(no_reference(scores))
    return [*made, variants(scores), answers(scores)]


def overview(scores: Mapping[str, Score]) -> Table:
    """The headlines: type, keys and values, the latter averaged over the keys."""
    columns = (
        share_column("t_acc", "T-Acc"),
        share_column("t_f1", "T-F1"),
        share_column("j_acc", "J-Acc"),
        Column("p_abs.avg", "P-Abs", "lower"),
        Column("p_rel.avg", "P-Rel", "lower"),
        Column("p_rel_capped.avg", "P-Rel capped", "lower"),
        Column("skill.avg", "skill", "higher"),
        Column("skill_type_correct.avg", "skill, right type", "higher"),
    )
    title = "Understanding, averages over the keys (the paper's Table 1)"
    remarks = (_SPANS, _ORACLE, *reported(1).remarks)
    return _table("table1_overview", title, columns, scores, reported(1).rows, remarks)


def parameters(scores: Mapping[str, Score], name: str) -> Table:
    """One score of the values per key, such as `p_rel`, with the type-oracle constant beside."""
    title, _, remarks = _PARAMETER_SCORES[name]
    columns = tuple(parameter_column(name, key) for key in (*keys_of(scores), "avg"))
    rows = reported(1).rows if name in ("p_abs", "p_rel") else ()
    return _table(f"table1_{name}", title, columns, scores, rows, (_SPANS, *remarks))


def by_type(scores: Mapping[str, Score], name: str) -> Table:
    """T-Acc, F1 or J-Acc of each type and of all: the numbers of the radar charts (Figure 4)."""
    title = {"t_acc": "T-Acc", "f1": "F1", "j_acc": "J-Acc"}[name]
    columns = [
        share_column(f"by_type.{type_name}.{name}", type_name.replace("_", " "))
        for type_name in types_of(scores)
    ]
    columns.append(share_column("t_f1" if name == "f1" else name, "all"))
    title += " by type"
    return _table(f"by_type_{name}", title, tuple(columns), scores, (), (_SPANS,))


def restoration(scores: Mapping[str, Score], metric: str) -> Table:
    """One metric of the restored images, per type and averaged over them."""
    number = 2 if METRICS[metric].needs_reference else 3
    undegraded = any(look_up(score, f"{metric}.none") is not None for score in scores.values())
    kinds = (*types_of(scores), "avg", *(["none"] if undegraded else []))
    columns = tuple(metric_column(metric, kind, kind.replace("_", " ")) for kind in kinds)
    title = f"{metric_name(metric)} of the restored images (the paper's Table {number})"
    told = reported(number)
    return _table(
        f"table{number}_{metric}", title, columns, scores, told.rows, (_SPANS, *told.remarks)
    )


def no_reference(scores: Mapping[str, Score]) -> Table:
    """Quality judged without the clean image, averaged over the types (the paper's Table 3)."""
    columns = tuple(
        metric_column(name, "avg") for name, metric in METRICS.items() if not metric.needs_reference
    )
    title = "Restored images judged without reference (the paper's Table 3)"
    remarks = (_SPANS, *reported(3).remarks)
    return _table("table3", title, columns, scores, reported(3).rows, remarks)


def variants(scores: Mapping[str, Score]) -> Table:
    """One row per way of training or set of inputs (the paper's Tables 4 and 5)."""
    columns = (
        share_column("j_acc", "J-Acc"),
        Column("p_rel.avg", "P-Rel", "lower"),
        metric_column("psnr", "avg"),
    )
    rows = (*reported(4).rows, *reported(5).rows)
    remarks = (_SPANS, *reported(5).remarks)
    title = "Variants of a model (the paper's Tables 4 and 5)"
    return _table("table4_5_variants", title, columns, scores, rows, remarks)


def answers(scores: Mapping[str, Score]) -> Table:
    """How much was answered, and what happened on undegraded photographs."""
    columns = (
        Column("n", "samples", "", 0),
        share_column("coverage", "answered"),
        Column("parse_failures", "not readable", "lower", 0),
        share_column("false_alarms", "false alarms on none", "lower"),
        Column("map_error.transmission.n", "transmission maps", "", 0),
        Column("map_error.transmission.mae", "their mean error", "lower"),
        share_column("restoration_coverage", "restored"),
    )
    return _table("answers", "Answers", columns, scores, (), (_SPANS,))


def look_up(told: Score, path: str) -> Any:
    """What a score.json or a row of the paper has at `path`, such as `p_rel.gamma`, be it among
    the scores of understanding, of restoration or on top; None where it has nothing."""
    for section in (told.get("understanding"), told.get("restoration"), told):
        found: Any = section
        for step in path.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if found is not None:
            return found
    return None


def types_of(scores: Mapping[str, Score]) -> list[str]:
    """The types that `scores` are over."""
    return list({name: None for score in scores.values() for name in look_up(score, "by_type")})


def keys_of(scores: Mapping[str, Score]) -> list[str]:
    """The keys that `scores` are over."""
    names = {name: None for score in scores.values() for name in look_up(score, "p_rel")}
    return [name for name in names if name != "avg"]


def metric_name(metric: str) -> str:
    """A restoration metric as people write it."""
    return METRIC_NAMES.get(metric, metric.upper())


def _table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    scores: Mapping[str, Score],
    paper_rows: Iterable[Mapping[str, Any]],
    remarks: tuple[str, ...],
) -> Table:
    rows = [_row(label, "score", columns, score) for label, score in scores.items()]
    rows += _constants(columns, list(scores.values()))
    rows += [_row(told["method"], "paper", columns, told) for told in paper_rows]
    # A row of the paper or a constant that has none of the columns says nothing.
    kept = [r for r in rows if r.block == "score" or any(c.value is not None for c in r.cells)]
    spans = any(cell.interval for row in kept for cell in row.cells)
    doubts = any(cell.doubtful for row in kept for cell in row.cells)
    constant = any(row.block == "constant" for row in kept)
    kept_remarks = [
        remark
        for remark in remarks
        if (remark != _SPANS or spans) and (remark != _ORACLE or constant)
    ]
    if doubts:
        kept_remarks.append("A question mark: in doubt in the paper's text.")
    return Table(name, title, columns, tuple(kept), tuple(kept_remarks))


def _row(name: str, block: Block, columns: Sequence[Column], told: Mapping[str, Any]) -> Row:
    intervals, doubtful = told.get("intervals") or {}, told.get("doubtful", ())
    cells = [
        Cell(
            look_up(told, column.path),
            tuple(intervals[column.path]) if intervals.get(column.path) else None,
            column.path in doubtful,
        )
        for column in columns
    ]
    return Row(name, block, tuple(cells), told.get("signature", ""))


def _constants(columns: Sequence[Column], scores: Sequence[Score]) -> list[Row]:
    """The type-oracle constants beside the scores: one row, or one for each that differs."""
    rows: dict[str, Row] = {}
    for score in scores:
        oracle = look_up(score, "oracle_constant")
        if oracle:
            name = f"type-oracle constant ({oracle['from']})"
            rows[repr(oracle)] = _row(name, "constant", columns, oracle)
    return list(rows.values())


def share_column(path: str, title: str, better: Better = "higher") -> Column:
    """The column of a share, told in percent."""
    return Column(path, title, better, 1, percent=True)


def parameter_column(name: str, key: str) -> Column:
    """The column of one score of the values, such as `p_abs`, for a key or `avg`; with a digit
    more for the error of a key whose whole range is below 0.1."""
    narrow = name == "p_abs" and key in KEYS and KEYS[key].high - KEYS[key].low < 0.1
    better = _PARAMETER_SCORES[name][1]
    return Column(f"{name}.{key}", key.replace("_", " "), better, 4 if narrow else 3)


def metric_column(metric: str, kind: str, title: str | None = None) -> Column:
    """The column of a restoration metric for a type or `avg`, by default called as the metric."""
    better: Better = "higher" if METRICS[metric].higher_is_better else "lower"
    digits = 2 if metric == "psnr" else 3
    return Column(f"{metric}.{kind}", title or metric_name(metric), better, digits)
