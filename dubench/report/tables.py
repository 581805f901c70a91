"""The paper's tables of dubench's scores, with the paper's own numbers set apart below."""

from collections.abc import Iterable, Mapping, Sequence

from dubench.report import paper
from dubench.report.columns import (
    HEADLINES,
    PARAMETER_SCORES,
    RANGE_SCORES,
    TYPE_CERTAINTY,
    answer_columns,
    metric_column,
    metric_name,
    parameter_column,
    range_column,
    share_column,
)
from dubench.report.formats import Cell, Column, Row, Table
from dubench.report.paper import PaperRow, reported
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE, AVERAGED_RANGES, ScoreResult
from dubench.scoring.sample_scores import keys_of
from dubench.text import words
from generators.taxonomy import KEYS, NONE, TYPES

_OF_THE_RIGHT_TYPE = (
    "p_rel_type_correct", "skill_type_correct", "range_width", "interval_score", "interval_skill",
)  # fmt: skip
"""Scores over the answers of the right type, which are other samples for each model: no ranks."""

Scores = Mapping[str, ScoreResult]
"""Scores of one dataset, by the names of their rows."""

_SPANS = "In brackets: 95 % intervals from resampling photographs."
_ORACLE = "The type-oracle constant knows the type and answers one constant per key."
_UNITS = "P-Abs is in the key's unit: sigma in pixels, the other keys without unit."

_RANGE_UNITS = "In the key's unit: sigma in pixels, the other keys without unit."
_CONSTANT_RANGE = "The constant range holds the middle 90 % of a key's values."

_TITLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "p_abs": ("P-Abs (the paper's Table 1)", (_UNITS, _ORACLE)),
    "p_rel": ("P-Rel, uncapped (the paper's Table 1)", (_ORACLE,)),
    "p_rel_capped": ("P-Rel, each sample capped at 1", ()),
    "p_rel_type_correct": ("P-Rel over answers with the right type", ()),
    "skill": ("Skill: 1 − P-Rel / P-Rel of the type-oracle constant", ()),
    "skill_type_correct": ("Skill over answers with the right type", ()),
}


def tables(scores: Scores) -> list[Table]:
    """Every table that `scores` can fill."""
    result = [overview(scores), *(parameters(scores, name) for name in PARAMETER_SCORES)]
    result += [by_type(scores, name) for name in ("t_acc", "f1", "j_acc")]
    every = {name for score in scores.values() for name in score.restoration or ()}
    measured = [name for name in METRICS if name in every]
    result += [restoration(scores, name) for name in measured]
    if any(not METRICS[name].needs_reference for name in measured):
        result.append(no_reference(scores))
    return [*result, *certainty(scores), variants(scores), answers(scores)]


def overview(scores: Scores) -> Table:
    """The headlines: type, keys and values, the latter averaged over the keys."""
    title = "Understanding, averages over the keys (the paper's Table 1)"
    remarks = (_SPANS, _ORACLE, *reported(1).remarks)
    return _table("table1_overview", title, HEADLINES, scores, reported(1).rows, remarks)


def parameters(scores: Scores, name: str) -> Table:
    """One score of the values per key, such as `p_rel`, with the type-oracle constant beside."""
    title, remarks = _TITLES[name]
    columns = tuple(parameter_column(name, key) for key in (*keys_of(types_of(scores)), AVERAGE))
    rows = reported(1).rows if name in ("p_abs", "p_rel") else ()
    return _table(f"table1_{name}", title, columns, scores, rows, (_SPANS, *remarks))


def by_type(scores: Scores, name: str) -> Table:
    """T-Acc, F1 or J-Acc of each type and of all: the numbers of the radar charts (Figure 4)."""
    title = {"t_acc": "T-Acc", "f1": "F1", "j_acc": "J-Acc"}[name]
    columns = [
        share_column(f"by_type.{type_name}.{name}", words(type_name))
        for type_name in types_of(scores)
    ]
    columns.append(share_column("t_f1" if name == "f1" else name, "all"))
    title += " by type"
    return _table(f"by_type_{name}", title, tuple(columns), scores, (), (_SPANS,))


def restoration(scores: Scores, metric: str) -> Table:
    """One metric of the restored images, per type and averaged over them."""
    number = 2 if METRICS[metric].needs_reference else 3
    undegraded = any(
        score.scores.get(f"{metric}.{NONE.name}") is not None for score in scores.values()
    )
    names = (*types_of(scores), AVERAGE, *([NONE.name] if undegraded else []))
    columns = tuple(metric_column(metric, name, words(name)) for name in names)
    title = f"{metric_name(metric)} of the restored images (the paper's Table {number})"
    rows, remarks = reported(number).rows, (_SPANS, *reported(number).remarks)
    return _table(f"table{number}_{metric}", title, columns, scores, rows, remarks)


def no_reference(scores: Scores) -> Table:
    """Quality judged without the clean image, averaged over the types (the paper's Table 3)."""
    columns = tuple(
        metric_column(name, AVERAGE)
        for name, metric in METRICS.items()
        if not metric.needs_reference
    )
    title = "Restored images judged without reference (the paper's Table 3)"
    remarks = (_SPANS, *reported(3).remarks)
    return _table("table3", title, columns, scores, reported(3).rows, remarks)


def certainty(scores: Scores) -> list[Table]:
    """Whether stated certainty is true, of the types and of the values; no table of what no model
    states."""
    stated = [score.certainty for score in scores.values() if score.certainty]
    uniform = [one.types.brier_uniform for one in stated if one.types]
    result = []
    if uniform:
        column = share_column("type_probabilities_stated", "stated", "")
        alike = f"All types alike have a Brier score of {uniform[0]:.2f}."
        title = "Certainty of the type"
        remarks = (_SPANS, alike)
        columns = (*TYPE_CERTAINTY, column)
        result.append(_table("certainty_types", title, columns, scores, (), remarks))
    if any(one.ranges for one in stated):
        result += [_ranges(scores, name) for name in RANGE_SCORES]
    return result


def _ranges(scores: Scores, name: str) -> Table:
    """One score of the ranges, per key."""
    more = (AVERAGE,) if name in AVERAGED_RANGES else ()
    columns = tuple(range_column(name, key) for key in (*keys_of(types_of(scores)), *more))
    what = RANGE_SCORES[name][0]
    remarks = [_SPANS, "Over the answers with the right type."]
    remarks += [_RANGE_UNITS] if name in ("range_width", "interval_score") else []
    remarks += [_CONSTANT_RANGE] if name in ("interval_score", "interval_skill") else []
    title = f"Certainty of the values: {what}"
    return _table(f"certainty_{name}", title, columns, scores, (), tuple(remarks))


def variants(scores: Scores) -> Table:
    """One row per way of training or set of inputs (the paper's Tables 4 and 5)."""
    columns = (
        share_column("j_acc", "J-Acc"),
        parameter_column("p_rel", AVERAGE, "P-Rel"),
        metric_column("psnr", AVERAGE),
    )
    rows = (*reported(4).rows, *reported(5).rows)
    remarks = (_SPANS, *reported(5).remarks)
    title = "Variants of a model (the paper's Tables 4 and 5)"
    return _table("table4_5_variants", title, columns, scores, rows, remarks)


def answers(scores: Scores) -> Table:
    """How much was answered, and what happened on undegraded photographs."""
    columns = answer_columns(keys_of(types_of(scores)))
    return _table("answers", "Answers", columns, scores, (), (_SPANS,))


def types_of(scores: Scores) -> tuple[str, ...]:
    """The types that `scores` are over."""
    return tuple(dict.fromkeys(name for score in scores.values() for name in score.types))


def _table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    scores: Scores,
    paper_rows: Iterable[PaperRow],
    remarks: tuple[str, ...],
) -> Table:
    # The paper's averages are over its own types and keys.
    same_keys = set(keys_of(types_of(scores))) == paper.keys()
    rows = [_score_row(label, columns, score) for label, score in scores.items()]
    rows += _constant_rows(columns, list(scores.values()))
    rows += [_paper_row(columns, row, with_averages=same_keys) for row in paper_rows]
    # A row that has none of the columns says nothing; a table needs one row.
    kept = [r for r in rows if any(c.value is not None for c in r.cells)]
    kept = kept if any(r.block == "score" for r in kept) else rows
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


def _score_row(name: str, columns: Sequence[Column], score: ScoreResult) -> Row:
    def cell(column: Column) -> Cell:
        name = column.name.partition(".")[0]
        whole = score.coverage == 1 and name not in (*score.unmeasured, *_OF_THE_RIGHT_TYPE)
        return Cell(score.scores.get(column.name), score.intervals.get(column.name), ranked=whole)

    return Row(name, "score", tuple(map(cell, columns)), score.signature)


def _constant_rows(columns: Sequence[Column], scores: Sequence[ScoreResult]) -> list[Row]:
    """The type-oracle constants beside the scores: one row, or one for each that differs."""
    rows: dict[str, Row] = {}
    for score in scores:
        constant = score.understanding.oracle_constant
        name = f"type-oracle constant ({constant.source})"
        numbers = constant.scores
        if score.certainty and score.certainty.ranges:
            ranges = score.certainty.ranges.constant_interval_score
            numbers |= {f"interval_score.{key}": number for key, number in ranges.items()}
        cells = tuple(Cell(numbers.get(column.name)) for column in columns)
        rows[repr((name, cells))] = Row(name, "constant", cells)
    return list(rows.values())


def _paper_row(columns: Sequence[Column], row: PaperRow, with_averages: bool) -> Row:
    scores = {
        name: value
        for name, value in row.scores.items()
        if with_averages or name.rpartition(".")[2] in (*TYPES, *KEYS)
    }
    cells = (Cell(scores.get(column.name), None, column.name in row.doubtful) for column in columns)
    return Row(row.method, "paper", tuple(cells))
