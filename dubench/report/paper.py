"""What the paper reports: its Tables 1 to 5 and its tolerance correlations, as data.

"Understanding Degradation with Vision Language Model" (arXiv 2602.04565). All of it was measured
on data that is not public: it stands beside dubench's scores and never competes with them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "data" / "paper.json"

ARXIV = "2602.04565"

DIGITS = 3
"""The paper prints at most so many after the point."""


@dataclass(frozen=True)
class Reported:
    """One table of the paper.

    Attributes:
        caption: what it shows.
        rows: per method its scores, named and nested as in score.json: `method`, and such as
            `p_rel` → `gamma`, `psnr` → `haze`, `j_acc` (a share). `doubtful` lists the names, such
            as `psnr.haze`, that the paper's text leaves in doubt.
        remarks: what must be known beside it; may be empty.
    """

    caption: str
    rows: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]


@cache
def note() -> str:
    """What must be said wherever one of these numbers stands."""
    return str(_data()["note"])


@cache
def reported(number: int) -> Reported:
    """Table 1, 2, 3, 4 or 5 of the paper."""
    told = _data()["tables"][str(number)]
    return Reported(told["caption"], tuple(told["rows"]), tuple(told["remarks"]))


@cache
def tolerance() -> tuple[dict[str, Any], ...]:
    """Pearson's `r` of a `metric` and |error| of a `key` (Figures 6, 10 and 11); `doubtful` says
    why where the paper's text leaves it in doubt."""
    return tuple(_data()["tolerance"]["rows"])


@cache
def _data() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))
