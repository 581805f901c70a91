"""A score as `dubench score` prints it: 80 columns wide, and whole when piped into a file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dubench.report.columns import (
    HEADLINES,
    TYPE_CERTAINTY,
    answer_columns,
    metric_column,
    parameter_column,
    range_column,
    share_column,
)
from dubench.report.formats import Column
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE, Numbers, RangeCertainty, ScoreResult
from dubench.scoring.sample_scores import OTHER
from dubench.text import words
from generators.errors import one_line
from generators.taxonomy import NONE

_ROOM = 160
"""Tables take what they need, 80 columns as a rule: nothing is cut on a narrow terminal."""


def show(result: ScoreResult, console: Console | None = None) -> None:
    """Print every score with its 95 % interval, the type-oracle constant beside it, what was not
    answered, notes, and the signature last."""
    console = console or Console()
    with widened(console, _ROOM) as width:
        _show(result, console, width)


@contextmanager
def widened(console: Console, room: int) -> Iterator[int]:
    """Let tables be `room` columns wide at least; gives the width for sentences."""
    width, console.width = console.width, max(room, console.width)
    try:
        yield width
    finally:
        console.width = width


def _show(result: ScoreResult, console: Console, width: int) -> None:
    title = (
        f"{result.model} on {result.dataset.name}, {result.dataset.split}: {result.n:,} samples of "
        f"{result.clusters:,} photographs"
    )
    console.print(Text(one_line(title), "bold"), width=width)
    for part in _parts(result):
        console.print()
        console.print(part)
    console.print()
    if result.intervals:
        intervals = "[low, high]: 95 % intervals, by resampling photographs"
        console.print(Text(intervals), width=width)
    source = result.understanding.oracle_constant.source
    constant = f"constant: knows the type and answers one constant per key, from {source}"
    console.print(Text(constant), width=width)
    if result.certainty:
        silence = "certainty: where none is stated, all types alike and whole ranges count; beside "
        silence += "it all types alike, and the constant range that holds 90 % of a key's values"
        console.print(Text(silence), width=width)
    for note in result.notes:
        console.print(Text(one_line(f"note: {note}")), width=width)
    console.print(Text(one_line(result.signature)), soft_wrap=True)


def _parts(result: ScoreResult) -> Iterator[RenderableType]:
    yield _overview(result)
    yield _errors(result)
    yield _skill(result)
    if result.certainty and result.certainty.ranges:
        yield _ranges(result, result.certainty.ranges)
    yield _by_type(result)
    yield _confusion(result)
    yield _keys(result)
    if result.restoration:
        yield _restoration(result, result.restoration)


def _overview(result: ScoreResult) -> Table:
    table = _table("understanding", "", "const.")
    constant = result.understanding.oracle_constant.scores
    certainty: tuple[Column, ...] = ()
    if result.certainty and result.certainty.types:
        certainty = TYPE_CERTAINTY
        constant["brier"] = result.certainty.types.brier_uniform
    for column in (*HEADLINES, *certainty, *answer_columns(result.keys)):
        if column.better:  # counts have no better side, and stand elsewhere
            name = (column.line or column.title) + " %" * column.percent
            value = constant.get(column.name)
            beside = column.text(value) if value is not None else ""
            table.add_row(name, _with_interval(result, column), beside)
    return table


def _errors(result: ScoreResult) -> Table:
    table = _table("key", "P-Rel, capped", "P-Rel", "const.")
    constant = result.understanding.oracle_constant.scores
    for key in (*result.keys, AVERAGE):
        capped, plain = (parameter_column(name, key) for name in ("p_rel_capped", "p_rel"))
        cells = [_with_interval(result, column) for column in (capped, plain)]
        table.add_row(words(key), *cells, plain.text(constant[plain.name]))
    return table


def _skill(result: ScoreResult) -> Table:
    table = _table("key", "P-Abs", "const.", "skill", "P-Rel,\ntype right", "skill,\ntype right")
    constant = result.understanding.oracle_constant.scores
    for key in (*result.keys, AVERAGE):
        error, skill, *others = (
            parameter_column(name, key)
            for name in ("p_abs", "skill", "p_rel_type_correct", "skill_type_correct")
        )
        cells = [error.text(result.scores[error.name]), error.text(constant[error.name])]
        cells += [_with_interval(result, skill)]
        cells += [column.text(result.scores[column.name]) for column in others]
        table.add_row(words(key), *cells)
    return table


def _ranges(result: ScoreResult, ranges: RangeCertainty) -> Table:
    table = _table("90 % range of", "holds %", "width", "interval\nscore", "const.", "skill")
    for key in (*result.keys, AVERAGE):
        coverage, width, score, skill = (
            range_column(name, key)
            for name in ("range_coverage", "range_width", "interval_score", "interval_skill")
        )
        constant = ranges.constant_interval_score.get(key)
        cells = [_with_interval(result, coverage)]
        cells += [column.text(result.scores.get(column.name)) for column in (width, score)]
        table.add_row(words(key), *cells, score.text(constant), _with_interval(result, skill))
    return table


def _by_type(result: ScoreResult) -> Table:
    table = _table("true type", "T-Acc %", "F1 %", "J-Acc %")
    for name in result.types:
        columns = (share_column(f"by_type.{name}.{s}", "") for s in ("t_acc", "f1", "j_acc"))
        table.add_row(words(name), *(_with_interval(result, column) for column in columns))
    return table


def _confusion(result: ScoreResult) -> Table:
    counts = result.understanding.confusion
    answered = {name for row in counts.values() for name, n in row.items() if n}
    shown = {*result.types, NONE.name, OTHER, *answered}
    rows = {
        name: {answer: n for answer, n in row.items() if answer in shown}
        for name, row in counts.items()
    }
    return _counts("true / predicted", rows)


def _keys(result: ScoreResult) -> Table:
    """Keys down, types across: names of keys would be too wide."""
    counts = result.understanding.predicted_keys
    answered = {key for row in counts.values() for key, n in row.items() if n}
    shown = {*result.keys, OTHER, *answered}
    keys = [key for key in {key: None for row in counts.values() for key in row} if key in shown]
    turned = {key: {name: row.get(key, 0) for name, row in counts.items()} for key in keys}
    return _counts("predicted key / true", turned)


def _counts(corner: str, rows: Mapping[str, Mapping[str, int]]) -> Table:
    heads = list({name: None for row in rows.values() for name in row})
    table = _table(corner, *map(_stacked, heads), "all")
    for name, row in rows.items():
        counts = [row.get(head, 0) for head in heads]
        table.add_row(words(name), *(f"{count:,}" for count in (*counts, sum(counts))))
    return table


def _restoration(result: ScoreResult, restoration: Mapping[str, Numbers]) -> Table:
    undegraded = any(NONE.name in by_type for by_type in restoration.values())
    names = (*result.types, *([NONE.name] if undegraded else []))
    table = _table("restored", *map(_stacked, names), AVERAGE)
    for metric in METRICS:
        if metric in restoration:
            column = metric_column(metric, AVERAGE)
            values = (result.scores.get(f"{metric}.{name}") for name in names)
            table.add_row(column.head, *map(column.text, values), _with_interval(result, column))
    return table


def _with_interval(result: ScoreResult, column: Column) -> str:
    span = column.span(result.intervals.get(column.name))
    return f"{column.text(result.scores.get(column.name))} {span}".strip()


def _table(first: str, *heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(Text(first, "bold"), no_wrap=True, vertical="bottom")
    for head in heads:
        table.add_column(Text(head, "bold"), justify="right", no_wrap=True, vertical="bottom")
    return table


def _stacked(name: str) -> str:
    return name.replace("_", "\n")
