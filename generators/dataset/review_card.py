"""The dataset card's section on what people found when they looked at samples.

What it tells is `review` in recipe.json: `fraction` and `wanted` of the plan, rows `accepted`,
`replaced` and `waiting` (replaced and not looked at yet), and the figures of every round, the first
first. docs/formats.md lists them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]


def section(review: Figures) -> str:
    """The section in Markdown."""
    rounds: Sequence[Figures] = review["rounds"]
    numbered = list(enumerate(rounds, 1))
    parts = [
        "## Review",
        _plan(review),
        _table(
            ("round", "samples", "rejected", "verdicts", "percent agreement", "Krippendorff's α",
             "Gwet's AC1"),
            [(n, f"{made['rejected']['overall']['n']:,}", _share(made["rejected"]["overall"]),
              f"{made['verdicts']:,}", *_agreement(made["agreement"]["overall"]))
             for n, made in numbered],
        ),
        _table(
            ("round", "reviewer", "samples", "rejected", "gold found", "same on repeats"),
            [(n, who["reviewer"], f"{who['verdicts']:,}", _share(who["rejected"]),
              _share(who["gold"]), _share(who["repeats"]))
             for n, made in numbered for who in made["reviewers"]],
        ),
        "A sample is rejected by the majority of its reviewers, and by a tie. Agreement is over "
        "samples that two or more judged; gold are planted samples that ought to be rejected, "
        "repeats a reviewer's own samples shown again. In brackets: 95 % intervals. Reviewers are "
        "numbered anew in every round.",
        *(_defects(n, made["residual"]["overall"]) for n, made in numbered),
        *(_concentrated(n, made["concentrations"]) for n, made in numbered),
        "All figures, also per type, are in `recipe.json` under `review`.",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _plan(review: Figures) -> str:
    met = review["accepted"] >= review["wanted"]
    told = (
        f"People accepted {review['accepted']:,} rows (column `review`); planned were "
        f"{review['wanted']:,}, a fraction of {review['fraction']:g}: {'' if met else 'not yet '}"
        "met."
    )
    if review["replaced"]:
        told += (
            f" {review['replaced']:,} rows replace rejected ones, at the same index, of the same "
            "split, source and type; their ids end in `-r1` (the first replacement), `-r2`, …"
        )
    if review["waiting"]:
        told += f" People have not looked at {review['waiting']:,} of them yet."
    return told


def _agreement(found: Figures) -> tuple[str, str, str]:
    percent, alpha, ac1 = (found[name] for name in ("percent", "alpha", "ac1"))
    return _percent(percent["value"], percent["interval"]), _number(alpha), _number(ac1)


def _defects(number: int, found: Figures) -> str:
    if found["rate"] is None:
        return ""
    return (
        f"Defects left after round {number}, as its samples foretell: "
        f"{_percent(found['rate'], found['interval'])}, with 95 % confidence at most "
        f"{100 * found['upper']:.1f} %, of {found['covered']:,} {found['speaks_for']}."
    )


def _concentrated(number: int, found: Sequence[Figures]) -> str:
    if not found:
        return ""
    lines = [f"- {one['text']} (p = {one['p']:.1g})" for one in found]
    return "\n".join([f"Rejects of round {number} concentrate in part of a range:\n", *lines])


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _share(found: Figures) -> str:
    if not found["n"]:
        return "–"
    return f"{found['count']:,} of {found['n']:,}, {_percent(found['value'], found['interval'])}"


def _percent(value: float | None, interval: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    bounds = f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})" if interval else ""
    return f"{100 * value:.1f} %{bounds}"


def _number(found: Figures) -> str:
    if found["value"] is None:
        return "–"
    low_high = found["interval"]
    bounds = f" ({low_high[0]:.2f}–{low_high[1]:.2f})" if low_high else ""
    return f"{found['value']:.2f}{bounds}"
