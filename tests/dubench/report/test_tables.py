"""Tables: the score's own numbers in every format, the best in bold, the paper set apart."""

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from dubench.report.formats import Cell, Column, Row, Table, comma_separated, latex, markdown
from dubench.report.paper import note
from dubench.report.tables import overview, restoration, tables
from dubench.report.terminal import show
from dubench.scoring.result import ScoreResult
from tests.dubench.scoring import synthetic_scores

NASTY = r"a_b|c *d* `e` <i>f</i> \g{h} 100% #1 $x^2$ ~ & --opt – Δ"


@pytest.fixture(scope="module")
def scores() -> dict[str, ScoreResult]:
    return {
        "nano": synthetic_scores.scored("nano", wrong=0.05, none=True).result,
        NASTY: synthetic_scores.scored("other", wrong=0.5, seed=1, none=True, metrics=()).result,
    }


def look_up(score: ScoreResult, name: str) -> Any:
    """What score.json has at a name such as `p_rel.gamma`, be it among the scores of understanding,
    of restoration or on top; None where it has nothing."""
    data = score.to_json()
    for section in (data["understanding"], data["restoration"], data):
        value: Any = section
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def read_markdown(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown file as an independent parser sees them: table, row, cell; bold
    cells begin with **."""
    read: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            read.append([])
        elif token.type == "tr_open":
            read[-1].append([])
        elif token.type == "inline" and token.level > 3:
            parts = [
                "**" if child.type == "strong_open" else child.content
                for child in token.children or []
            ]
            read[-1][-1].append("".join(parts))
    return read


def test_csv_has_the_scores_own_numbers(scores: dict[str, ScoreResult]) -> None:
    seen = set()
    for table in tables(scores):
        rows = list(csv.DictReader(io.StringIO(comma_separated(table))))
        names = [row["model"] for row in rows if row["block"] == "score"]
        silent = {
            name
            for name, score in scores.items()
            if all(look_up(score, column.name) is None for column in table.columns)
        }
        assert names == [name for name in scores if name not in silent]
        for row in rows:
            if row["block"] != "score":
                assert row["signature"] == ""
                continue
            score = scores[row["model"]]
            assert row["signature"] == score.signature
            for column in table.columns:
                value = look_up(score, column.name)
                assert row[column.name] == ("" if value is None else repr(value))
                ends = score.intervals.get(column.name)
                given = [row[f"{column.name}.low"], row[f"{column.name}.high"]]
                assert given == (["", ""] if ends is None else list(map(repr, ends)))
                seen |= {column.name} if ends else set()
    # Every interval that score.json has is in some table.
    assert seen == set(scores["nano"].intervals) | set(scores[NASTY].intervals)


def test_markdown_and_latex_print_the_same_numbers(scores: dict[str, ScoreResult]) -> None:
    for table in tables(scores):
        ours, *paper = read_markdown(markdown(table))
        assert all(len(row) == len(table.columns) + 1 for block in (ours, *paper) for row in block)
        printed = latex(table)
        lines = printed.split("\\midrule\n", 1)[1].splitlines()
        lines = [line for line in lines if line.startswith("\\parbox")]
        shown = [*ours[1:], *(row for block in paper for row in block[1:])]
        assert len(lines) == len(shown) == len(table.rows)
        for at, (row, line, texts) in enumerate(zip(table.rows, lines, shown, strict=True)):
            assert texts[0] == " ".join(row.name.split())
            cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))[1:]
            for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
                number, _, span = texts[place + 1].partition(" ")
                bold = number.startswith("**")
                assert bold == ("textbf" in cells[place]) == ((at, place) in table.best)
                plain = cells[place].replace("$-$", "-").replace(r"\textendash{}", "–")
                plain = re.sub(r"\\(spanned|textbf)|[{}]", "", plain).strip()
                assert plain == number.strip("*") + span.replace(", ", ",")
                if cell.value is None:
                    assert number == "–"
                    continue
                digits = min(column.digits, 3 if row.block == "paper" else 9)
                scaled = cell.value * (100 if column.percent else 1)
                given = float(number.strip("*").removesuffix("?"))
                assert given == pytest.approx(
                    scaled, abs=0.5001 * 10 ** -min(digits, column.digits)
                )


def table_of(*values: float | None, better: Any = "lower", digits: int = 3) -> Table:
    spans = [None if v is None else (v - 0.02, v + 0.02) for v in values]
    rows = [
        Row(str(i), "score", (Cell(*both),))
        for i, both in enumerate(zip(values, spans, strict=True))
    ]
    rows.append(Row("constant", "constant", (Cell(0.0 if better == "lower" else 9.0),)))
    rows.append(Row("theirs", "paper", (Cell(0.0 if better == "lower" else 9.0),)))
    return Table("t", "T", (Column("x", "x", better, digits),), tuple(rows))


@pytest.mark.parametrize(
    ("values", "better", "best"),
    [
        ((0.3, 0.1, 0.2), "lower", {1}),
        ((0.3, 0.1, 0.2), "higher", {0}),
        ((0.1, 0.2, 0.1), "lower", {0, 2}),
        ((0.11, 0.2, 0.1), "lower", {0, 2}),  # either's interval reaches the other
        ((-0.5, -0.1, None), "higher", {1}),
        ((0.1, 0.11), "lower", set()),  # nobody is left behind
        ((None, 0.1, None), "lower", set()),  # nothing to compare with
        ((0.1,), "lower", set()),
        ((0.1, 0.2), "", set()),
    ],
)
def test_the_best_of_ours_is_bold(values: tuple, better: str, best: set[int]) -> None:
    # The constant and the paper would always win, if they took part.
    table = table_of(*values, better=better)
    assert {at for at, _ in table.best} == best
    assert markdown(table).count("**") == 2 + 2 * len(best)  # and the title


def test_who_left_images_out_does_not_compete() -> None:
    table = table_of(0.9, 0.3, 0.2, better="higher")
    picky, *others = table.rows
    cells = (replace(picky.cells[0], ranked=False),)
    table = replace(table, rows=(replace(picky, cells=cells), *others))
    assert {at for at, _ in table.best} == {1}


def test_directions() -> None:
    scores = {
        "good": synthetic_scores.scored("good", wrong=0.02, none=True).result,
        "bad": synthetic_scores.scored("bad", wrong=0.6, seed=1, none=True).result,
    }
    assert not any(table.best for table in tables(scores))  # both left images out
    scores = {name: replace(result, coverage=1.0) for name, result in scores.items()}
    for table in tables(scores):
        noise = {p for p, column in enumerate(table.columns) if column.name.endswith(".none")}
        for place in {place for _, place in table.best} - noise:
            assert (0, place) in table.best, (table.name, table.columns[place])
    assert {place for _, place in overview(scores).best} >= set(range(6))


def test_the_paper_stands_apart_with_its_doubts(scores: dict[str, ScoreResult]) -> None:
    table = restoration(scores, "psnr")
    text = markdown(table)
    assert text.index(note().capitalize()) < text.index("JarvisIR")
    assert "31.62?" in text
    assert "in doubt" in text
    assert note() in latex(table)
    # Three digits, as printed there, where dubench tells four.
    p_abs = next(table for table in tables(scores) if table.name == "table1_p_abs")
    gain = [column.name for column in p_abs.columns].index("p_abs.gain")
    texts = {row.name: p_abs.text(at, gain) for at, row in enumerate(p_abs.rows)}
    assert texts["DU-VLM"] == "0.008"
    assert len(texts["nano"]) == len("0.0081")


def test_the_constant_is_a_row_of_its_own_and_another_where_it_differs() -> None:
    one, two = (synthetic_scores.scored("m", seed=seed, n=200).result for seed in (0, 1))
    names = [row.name for row in overview({"a": one, "b": two}).rows if row.block == "constant"]
    assert names == ["type-oracle constant (the preset du110k)"]
    constant = replace(two.understanding.oracle_constant, source="the train split")
    two = replace(two, understanding=replace(two.understanding, oracle_constant=constant))
    names = [row.name for row in overview({"a": one, "b": two}).rows if row.block == "constant"]
    assert names == [
        "type-oracle constant (the preset du110k)",
        "type-oracle constant (the train split)",
    ]


def test_tables_of_two_types_show_their_keys_and_no_average_of_the_papers() -> None:
    two = synthetic_scores.scored("two", none=True, preset=synthetic_scores.TWO_TYPES)
    scores = {"two": two.result}
    by_name = {table.name: table for table in tables(scores)}
    p_rel = by_name["table1_p_rel"]
    assert [column.name for column in p_rel.columns] == ["p_rel.sigma", "p_rel.scale", "p_rel.avg"]
    paper = [row for row in p_rel.rows if row.block == "paper"]
    assert len(paper) == 8
    assert all(row.cells[0].value is not None for row in paper)
    assert all(row.cells[2].value is None for row in paper)
    assert not [row for row in by_name["table1_overview"].rows if row.block == "paper"]
    assert [column.title for column in by_name["by_type_f1"].columns] == [
        "blur", "low resolution", "all",
    ]  # fmt: skip
    assert [column.name for column in by_name["table2_psnr"].columns] == [
        "psnr.blur", "psnr.low_resolution", "psnr.avg", "psnr.none",
    ]  # fmt: skip
    assert "map" not in markdown(by_name["answers"])
    text = printed(two.result)
    assert "transmission maps" not in text
    # Haze was answered, but has no row of its own, and its keys none among the errors.
    errors, _, rest = text.partition("true / predicted")
    assert "haze" not in errors
    assert "transmission" not in errors
    assert "haze" in rest
    assert "none" in rest


def test_wild_values_stay_narrow() -> None:
    assert Column("x", "x", "lower").text(1234567.891) == "1.23e+06"
    assert Column("x", "x", "lower").text(-1234567.891) == "-1.23e+06"


def test_latex_is_balanced(scores: dict[str, ScoreResult]) -> None:
    for table in tables(scores):
        text = re.sub(r"(?m)^%.*$", "", latex(table))
        bare = re.sub(r"\\[\\{}%&$#_]", "", text)
        assert bare.count("{") == bare.count("}")
        assert bare.count("$") % 2 == 0
        assert text.count(r"\begin") == text.count(r"\end")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
def test_latex_compiles(scores: dict[str, ScoreResult], tmp_path: Path) -> None:
    body = "\n\\clearpage\n".join(latex(table) for table in tables(scores))
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}"
    (tmp_path / "all.tex").write_text(f"{head}\n{body}\n\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout


def printed(result: ScoreResult, width: int = 80, **options: Any) -> str:
    out = io.StringIO()
    show(result, Console(file=out, width=width, **options))
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_terminal_shows_everything_whole(scores: dict[str, ScoreResult], width: int) -> None:
    result = scores["nano"]
    text = printed(result, width)
    lines = text.rstrip("\n").split("\n")
    assert "\x1b" not in text
    assert "…" not in text
    assert lines[-1] == result.signature
    assert max(map(len, lines[:-1])) <= max(80, width)
    understanding = result.understanding
    for value, interval in (
        (100 * understanding.t_acc, [100 * end for end in result.intervals["t_acc"]]),
        (100 * result.false_alarms, [100 * end for end in result.intervals["false_alarms"]]),
    ):
        assert "{:.1f} [{:.1f}, {:.1f}]".format(value, *interval) in text
    for name in ("p_rel.gamma", "p_rel_capped.sigma", "skill.scale", "skill.avg"):
        value, interval = look_up(result, name), result.intervals[name]
        assert "{:.3f} [{:.3f}, {:.3f}]".format(value, *interval) in text
    for row in understanding.confusion.values():
        assert re.search(r"\s+".join(map(str, [*row.values(), sum(row.values())])), text)
    assert f"{understanding.oracle_constant.p_rel['avg']:.3f}" in text
    assert f"{result.restoration['lpips']['avg']:.3f}" in text


def test_terminal_without_intervals_or_restoration() -> None:
    text = printed(synthetic_scores.scored("few", n=60, photos=5, metrics=()).result)
    assert "note: no intervals: 5 photographs" in text
    assert "[" not in text
    assert re.search(r"false alarms on undegraded %\s+–", text)
    assert re.search(r"restored %\s+–", text)


def test_names_do_not_command_a_terminal(scores: dict[str, ScoreResult]) -> None:
    wild = replace(scores["nano"], model="a\x1b[31m\nb [bold]c[/bold] \u202ed")
    assert printed(wild).startswith("a [31m b [bold]c[/bold] d on du110k, test")


def test_terminal_colours_only_terminals(scores: dict[str, ScoreResult]) -> None:
    assert "\x1b[1m" in printed(scores["nano"], force_terminal=True)
