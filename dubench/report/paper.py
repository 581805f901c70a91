"""What the paper reports: its Tables 1 to 5 and its tolerance correlations, as data.

"Understanding Degradation with Vision Language Model" (arXiv 2602.04565). All of it was measured
on data that is not public: it stands beside dubench's scores and never competes with them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dubench.scoring.result import AVERAGE

FILE = Path(__file__).parents[1] / "data" / "paper.json"

ARXIV = "2602.04565"

DIGITS = 3
"""The paper prints at most so many after the point."""


@dataclass(frozen=True)
class PaperRow:
    """One method of a table.

    Attributes:
        method: its name.
        scores: by name, as in `ScoreResult.scores`: `p_rel.gamma`, `psnr.haze`, `j_acc` (a share).
        doubtful: the names of those that the paper's text leaves in doubt.
    """

    method: str
    scores: Mapping[str, float]
    doubtful: tuple[str, ...]


@dataclass(frozen=True)
class Reported:
    """One table of the paper.

    Attributes:
        caption: what it shows.
        rows: its methods.
        remarks: what must be known beside it; may be empty.
    """

    caption: str
    rows: tuple[PaperRow, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class PaperCorrelation:
    """Pearson's `r` of a restoration metric and |error| of a key; `doubtful` says why where the
    paper's text leaves it in doubt, and is empty elsewhere."""

    metric: str
    key: str
    r: float
    doubtful: str = ""


@cache
def note() -> str:
    """What must be said wherever one of these numbers stands."""
    return str(_data()["note"])


@cache
def reported(number: int) -> Reported:
    """Table 1, 2, 3, 4 or 5 of the paper."""
    table = _data()["tables"][str(number)]
    return Reported(table["caption"], tuple(map(_row, table["rows"])), tuple(table["remarks"]))


def _row(row: Mapping[str, Any]) -> PaperRow:
    scores: dict[str, float] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            scores |= {f"{name}.{entry}": number for entry, number in value.items()}
        elif name not in ("method", "doubtful"):
            scores[name] = value
    return PaperRow(row["method"], scores, tuple(row.get("doubtful", ())))


@cache
def keys() -> frozenset[str]:
    """The keys that the paper's averages are over."""
    names = {name.partition(".")[2] for row in reported(1).rows for name in row.scores}
    return frozenset(names - {AVERAGE})


@cache
def tolerance() -> tuple[PaperCorrelation, ...]:
    """The correlations of Figures 6, 10 and 11."""
    return tuple(PaperCorrelation(**row) for row in _data()["tolerance"]["rows"])


@cache
def _data() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))
