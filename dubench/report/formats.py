"""One table of scores, and how it is written as Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dubench.report import paper
from generators.errors import one_line

Block = Literal["score", "constant", "paper"]
Better = Literal["higher", "lower", ""]

MISSING = "–"
_ARROWS = {"higher": "↑", "lower": "↓", "": ""}


@dataclass(frozen=True)
class Column:
    """One score.

    Attributes:
        name: the score's, as in `ScoreResult.scores`, such as `p_rel.gamma`; its name in CSV.
        title: its name for people.
        better: `higher`, `lower`, or nothing where neither is better.
        digits: digits after the point.
        percent: whether a share, shown in percent everywhere but in CSV.
        line: its name where it has a line of its own, if another than the title.
    """

    name: str
    title: str
    better: Better
    digits: int = 3
    percent: bool = False
    line: str = ""

    @property
    def head(self) -> str:
        """The title, with % and an arrow to the better side."""
        return " ".join(filter(None, (self.title, "%" * self.percent, _ARROWS[self.better])))

    def text(self, value: float | None, most: int = 9) -> str:
        """`value` as it is printed, with at most `most` digits after the point; `–` for None."""
        if value is None:
            return MISSING
        value = 100 * value if self.percent else value
        return f"{value:.{min(self.digits, most)}f}" if abs(value) < 1e5 else f"{value:.2e}"

    def span(self, interval: tuple[float, float] | None) -> str:
        """An interval as [low, high]; nothing for None."""
        return f"[{', '.join(map(self.text, interval))}]" if interval else ""


@dataclass(frozen=True)
class Cell:
    """A score, its 95 % interval where there is one, whether the paper's text is in doubt, and
    whether the score competes: it does not where images were left out, which may be the hard ones.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    doubtful: bool = False
    ranked: bool = True


@dataclass(frozen=True)
class Row:
    """One model's cells. `block` tells dubench's own scores, the constant, and the paper apart."""

    name: str
    block: Block
    cells: tuple[Cell, ...]
    signature: str = ""


@dataclass(frozen=True)
class Table:
    """Rows by columns.

    Attributes:
        name: of its files.
        title: one line.
        rows: scores first, then constants, then the paper's.
        remarks: sentences to stand below.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    def block(self, *blocks: Block) -> Iterator[tuple[int, Row]]:
        """The rows of some blocks, with their places in `rows`."""
        return ((place, row) for place, row in enumerate(self.rows) if row.block in blocks)

    def text(self, at: int, place: int) -> str:
        """What is printed in row `at` and column `place`; the paper's numbers as it prints them,
        with a question mark where its text is in doubt."""
        row = self.rows[at]
        cell, most = row.cells[place], paper.DIGITS if row.block == "paper" else 9
        return self.columns[place].text(cell.value, most) + "?" * cell.doubtful

    @cached_property
    def best(self) -> frozenset[tuple[int, int]]:
        """(row, column) of the best of dubench's own scores and of all that may be as good: whose
        interval reaches the best, or the best's interval them. Only where there are two to compare
        and one is left behind. The constant and the paper do not compete."""
        places: set[tuple[int, int]] = set()
        for place, column in enumerate(self.columns):
            cells = {
                at: (cell.value, cell.interval)
                for at, row in self.block("score")
                if (cell := row.cells[place]).ranked and cell.value is not None and cell.interval
            }
            if not column.better or len(cells) < 2:
                continue
            sign = 1 if column.better == "higher" else -1
            top, span = max(cells.values(), key=lambda cell: sign * cell[0])
            near = {
                at
                for at, (value, own) in cells.items()
                if span[0] <= value <= span[1] or own[0] <= top <= own[1]
            }
            if len(near) < len(cells):
                places |= {(at, place) for at in near}
        return frozenset(places)


def markdown(table: Table) -> str:
    """A table for a README; the paper's rows are a table of their own below."""
    parts = [f"**{_markdown(table.title)}**", _grid(table, "model", "score", "constant")]
    if any(table.block("paper")):
        parts += [f"*{paper.note().capitalize()}:*", _grid(table, "method", "paper")]
    signatures = [f"- {_markdown(name)}: `{signature}`" for name, signature in _signatures(table)]
    return "\n\n".join([*parts, *map(_markdown, table.remarks), "\n".join(signatures)]) + "\n"


def _grid(table: Table, corner: str, *blocks: Block) -> str:
    lines = [[corner, *(column.head for column in table.columns)]]
    lines.append([":--", *("--:" for _ in table.columns)])
    for at, row in table.block(*blocks):
        cells = []
        for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
            bold = "**" * ((at, place) in table.best)
            text = f"{bold}{table.text(at, place)}{bold}"
            cells.append(f"{text} {column.span(cell.interval)}".strip())
        lines.append([_markdown(row.name), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _signatures(table: Table) -> Iterator[tuple[str, str]]:
    """Name and signature, each on one line, of dubench's own rows."""
    for _, row in table.block("score"):
        yield one_line(row.name), one_line(row.signature).replace("`", "'")


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", one_line(text))


def latex(table: Table) -> str:
    """A table* for a paper; it needs the package booktabs."""
    heads = [f"\\shortstack[r]{{{_stacked(column.head)}}}" for column in table.columns]
    lines = [
        "% \\usepackage{booktabs}",
        *(f"% {name}: {signature}" for name, signature in _signatures(table)),
        "\\begin{table*}[t]",
        "\\centering\\footnotesize\\setlength{\\tabcolsep}{2pt}",
        f"\\caption{{{_latex(' '.join([f'{table.title}.', *table.remarks]))}}}\\vspace{{1ex}}",
        f"\\label{{tab:{table.name.replace('_', '-')}}}",
        _SPANNED,
        f"\\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        "\\toprule",
        _line(["", *heads]),
        "\\midrule",
    ]
    for block in ("score", "constant", "paper"):
        rows = list(table.block(block))
        if rows and block != "score":
            lines.append("\\midrule")
        if rows and block == "paper":
            note = f"\\emph{{{_latex(paper.note())}}}"
            lines.append(f"\\multicolumn{{{len(table.columns) + 1}}}{{l}}{{{note}}} \\\\")
        for at, row in rows:
            lines.append(_latex_row(table, at, row))
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table*}", ""])


def _latex_row(table: Table, at: int, row: Row) -> str:
    cells = [f"\\parbox[t]{{0.15\\textwidth}}{{\\raggedright {_latex(row.name)}\\strut}}"]
    for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
        text = _latex(table.text(at, place))
        text = f"\\textbf{{{text}}}" if (at, place) in table.best else text
        span = _latex(column.span(cell.interval).replace(", ", ","))
        cells.append(f"\\spanned{{{text}}}{{{span}}}" if span else text)
    return _line(cells)


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _stacked(head: str) -> str:
    words = head.split(" ")
    arrow = words.pop() if words[-1] in _ARROWS.values() else ""
    percent = words.pop() if words[-1] == "%" else ""
    words[-1] = " ".join(filter(None, (words[-1], percent, arrow)))
    return " \\\\ ".join(_latex(word) for word in words)


# A score and, close below it, its interval; the definition ends with the table.
_SPANNED = "\\def\\spanned#1#2{\\begin{tabular}[t]{@{}r@{}}#1\\\\[-2pt]{\\tiny #2}\\end{tabular}}"

_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "Δ": r"$\Delta$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "–": r"\textendash{}",
    "×": r"$\times$", "−": "$-$", "≥": r"$\geq$", "≤": r"$\leq$", "σ": r"$\sigma$",
    "γ": r"$\gamma$", "β": r"$\beta$", "·": r"$\cdot$", "…": r"\ldots{}",
}  # fmt: skip


def _latex(text: str) -> str:
    """Plain text for LaTeX. A hyphen before a number is a minus; two do not become a dash."""
    signed = re.sub(r"(?<![\w-])-(?=\d)", "−", one_line(text))
    return "".join(_LATEX.get(char, char) for char in signed).replace("--", "-{}-")


def comma_separated(table: Table) -> str:
    """Plain numbers, shares as shares, with the ends of the intervals in columns of their own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [
        name
        for column in table.columns
        for name in (column.name, f"{column.name}.low", f"{column.name}.high")
    ]
    writer.writerow(["model", "block", *names, "signature"])
    for row in table.rows:
        numbers = [n for cell in row.cells for n in (cell.value, *(cell.interval or (None, None)))]
        plain = ["" if number is None else repr(number) for number in numbers]
        writer.writerow([row.name, row.block, *plain, row.signature])
    return out.getvalue()
