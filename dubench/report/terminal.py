"""A score as `dubench score` prints it: 80 columns wide, and whole when piped into a file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dubench.report.formats import Column
from dubench.report.tables import (
    Score,
    keys_of,
    look_up,
    metric_column,
    parameter_column,
    share_column,
    types_of,
)
from dubench.scoring.metrics import METRICS
from dubench.text import one_line

_ROOM = 160
"""Tables take what they need, 80 columns as a rule: nothing is cut on a narrow terminal."""


def show(told: Score, console: Console | None = None) -> None:
    """Print what a score.json says: every score with its 95 % interval, the type-oracle constant
    beside it, what was not answered, notes, and the signature last."""
    console = console or Console()
    with widened(console, _ROOM) as width:
        _show(told, console, width)


@contextmanager
def widened(console: Console, room: int) -> Iterator[int]:
    """Let tables be `room` columns wide at least; gives the width for sentences."""
    width, console.width = console.width, max(room, console.width)
    try:
        yield width
    finally:
        console.width = width


def _show(told: Score, console: Console, width: int) -> None:
    data = told["dataset"]
    title = (
        f"{told['model']} on {data['name']}, {data['split']}: {told['n']:,} samples of "
        f"{told['clusters']:,} photographs"
    )
    console.print(Text(one_line(title), "bold"), width=width)
    for part in _parts(told):
        console.print()
        console.print(part)
    console.print()
    if told["intervals"]:
        told_intervals = "[low, high]: 95 % intervals, by resampling photographs"
        console.print(Text(told_intervals), width=width)
    source = (look_up(told, "oracle_constant") or {}).get("from", "")
    oracle = f"constant: knows the type and answers one constant per key, from {source}"
    console.print(Text(oracle), width=width)
    for note in told["notes"]:
        console.print(Text(one_line(f"note: {note}")), width=width)
    console.print(Text(one_line(told["signature"])), soft_wrap=True)


def _parts(told: Score) -> Iterator[RenderableType]:
    yield _overview(told)
    yield _errors(told)
    yield _skill(told)
    yield _by_type(told)
    yield _confusion(told)
    yield _keys(told)
    if told["restoration"]:
        yield _restoration(told)


def _overview(told: Score) -> Table:
    table = _table("understanding", "", "const.")
    columns = (
        share_column("t_acc", "T-Acc %"),
        share_column("t_f1", "T-F1 %"),
        share_column("j_acc", "J-Acc %"),
        Column("p_abs.avg", "P-Abs, mean over keys", "lower"),
        Column("p_rel.avg", "P-Rel, mean over keys", "lower"),
        Column("p_rel_capped.avg", "  capped at 1 per sample", "lower"),
        Column("p_rel_type_correct.avg", "  where the type is right", "lower"),
        Column("skill.avg", "skill against the constant", "higher"),
        Column("skill_type_correct.avg", "  where the type is right", "higher"),
        share_column("false_alarms", "false alarms on undegraded %", "lower"),
        share_column("coverage", "answered %"),
        Column("parse_failures", "answers that cannot be read", "lower", 0),
        Column("map_error.transmission.mae", "transmission maps, mean error", "lower"),
        share_column("restoration_coverage", "restored %"),
    )
    oracle = look_up(told, "oracle_constant") or {}
    for column in columns:
        constant = look_up(oracle, column.path)
        beside = column.text(constant) if constant is not None else ""
        table.add_row(column.title, _told(told, column), beside)
    return table


def _errors(told: Score) -> Table:
    table = _table("key", "P-Abs", "const.", "P-Rel", "const.")
    oracle = look_up(told, "oracle_constant") or {}
    for key in (*keys_of({"": told}), "avg"):
        cells = []
        for column in (parameter_column("p_abs", key), parameter_column("p_rel", key)):
            cells += [_told(told, column), column.text(look_up(oracle, column.path))]
        table.add_row(_name(key), *cells)
    return table


def _skill(told: Score) -> Table:
    table = _table("key", "skill", "P-Rel,\ncapped", "P-Rel,\ntype right", "skill,\ntype right")
    for key in (*keys_of({"": told}), "avg"):
        skill, *others = (
            parameter_column(name, key)
            for name in ("skill", "p_rel_capped", "p_rel_type_correct", "skill_type_correct")
        )
        told_others = (column.text(look_up(told, column.path)) for column in others)
        table.add_row(_name(key), _told(told, skill), *told_others)
    return table


def _by_type(told: Score) -> Table:
    table = _table("true type", "T-Acc %", "F1 %", "J-Acc %")
    for kind in types_of({"": told}):
        columns = (share_column(f"by_type.{kind}.{s}", "") for s in ("t_acc", "f1", "j_acc"))
        table.add_row(_name(kind), *(_told(told, column) for column in columns))
    return table


def _confusion(told: Score) -> Table:
    return _counts("true / said", look_up(told, "confusion"), "all")


def _keys(told: Score) -> Table:
    """Keys down, types across: seven names of keys would be too wide."""
    by_type: Mapping[str, Mapping[str, int]] = look_up(told, "predicted_keys")
    keys = {key: None for row in by_type.values() for key in row}
    turned = {key: {kind: row.get(key, 0) for kind, row in by_type.items()} for key in keys}
    return _counts("key said / true", turned, "all")


def _counts(corner: str, rows: Mapping[str, Mapping[str, int]], total: str) -> Table:
    heads = list({name: None for row in rows.values() for name in row})
    table = _table(corner, *map(_stacked, heads), total)
    for name, row in rows.items():
        counts = [row.get(head, 0) for head in heads]
        table.add_row(_name(name), *(f"{count:,}" for count in (*counts, sum(counts))))
    return table


def _restoration(told: Score) -> Table:
    kinds = types_of({"": told})
    if any("none" in values for values in told["restoration"].values()):
        kinds = [*kinds, "none"]
    table = _table("restored", *map(_stacked, kinds), "avg")
    for metric in METRICS:
        if metric in told["restoration"]:
            column = metric_column(metric, "avg")
            values = (look_up(told, f"{metric}.{kind}") for kind in kinds)
            table.add_row(column.head, *map(column.text, values), _told(told, column))
    return table


def _told(told: Score, column: Column) -> str:
    span = column.span(told["intervals"].get(column.path))
    return f"{column.text(look_up(told, column.path))} {span}".strip()


def _table(first: str, *heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(Text(first, "bold"), no_wrap=True, vertical="bottom")
    for head in heads:
        table.add_column(Text(head, "bold"), justify="right", no_wrap=True, vertical="bottom")
    return table


def _stacked(name: str) -> str:
    return name.replace("_", "\n")


def _name(name: str) -> str:
    return name.replace("_", " ")
