"""The dataset card's section on what people found when they looked at samples."""

from collections.abc import Sequence

from generators.dataset.review_figures import (
    AgreementFigures,
    DefectRate,
    Estimate,
    Interval,
    Proportion,
    RejectHotspot,
    ReviewSummary,
)


def section(review: ReviewSummary) -> str:
    """The section in Markdown."""
    numbered = list(enumerate(review.rounds, 1))
    parts = [
        "## Review",
        _plan(review),
        _table(
            ("round", "samples", "not judged", "rejected", "verdicts", "disputed", "settled",
             "percent agreement", "Krippendorff's α", "Gwet's AC1"),
            [(number, f"{figures.rejected.overall.n:,}", f"{figures.open:,}",
              _proportion(figures.rejected.overall), f"{figures.verdicts:,}",
              f"{figures.disputed:,}", f"{figures.settled:,}", *_agreement(figures.agreement))
             for number, figures in numbered],
        ),
        _table(
            ("round", "reviewer", "samples", "rejected", "gold found", "same on repeats"),
            [(number, who.reviewer, f"{who.verdicts:,}", _proportion(who.rejected),
              _proportion(who.gold), _proportion(who.repeats))
             for number, figures in numbered for who in figures.reviewers],
        ),
        "A sample is rejected by the majority of its reviewers, and by a tie, unless whoever ran "
        "the review settled it; what nobody judged stays unreviewed. Agreement is over "
        "samples that two or more judged; gold are planted samples that ought to be rejected, "
        "repeats a reviewer's own samples shown again. In brackets: 95 % intervals. Reviewers are "
        "numbered anew in every round.",
        *(_defects(number, figures.defect_rates.overall) for number, figures in numbered),
        *(_hotspots(number, figures.hotspots) for number, figures in numbered),
        "All figures, also per type, are in `recipe.json` under `review`.",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _plan(review: ReviewSummary) -> str:
    text = (
        f"People accepted {review.accepted:,} rows (column `review`); planned were "
        f"{review.wanted:,}, a fraction of {review.fraction:g}: "
        f"{'met' if review.met else 'not yet met'}."
    )
    if review.replaced:
        text += (
            f" {review.replaced:,} rows replace rejected ones, at the same index, of the same "
            "split, source and type; their ids end in `-r1` (the first replacement), `-r2`, …"
        )
    if review.waiting:
        text += f" People have not looked at {review.waiting:,} of them yet."
    return text


def _agreement(agreement: AgreementFigures) -> tuple[str, str, str]:
    overall = agreement.overall
    percent = _percent(overall.percent.value, overall.percent.interval)
    return percent, _number(overall.alpha), _number(overall.ac1)


def _defects(number: int, left: DefectRate) -> str:
    if left.rate is None or left.upper is None:
        return ""
    return (
        f"Defects left after round {number}, as its samples foretell: "
        f"{_percent(left.rate, left.interval)}, with 95 % confidence at most "
        f"{100 * left.upper:.1f} %, of {left.covered:,} {left.speaks_for}."
    )


def _hotspots(number: int, hotspots: Sequence[RejectHotspot]) -> str:
    if not hotspots:
        return ""
    lines = [f"- {hotspot.text} (p = {hotspot.p:.1g})" for hotspot in hotspots]
    return "\n".join([f"Rejects of round {number} concentrate in part of a range:\n", *lines])


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _proportion(share: Proportion) -> str:
    if not share.n:
        return "–"
    return f"{share.count:,} of {share.n:,}, {_percent(share.value, share.interval)}"


def _percent(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return "–"
    bounds = f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})" if interval else ""
    return f"{100 * value:.1f} %{bounds}"


def _number(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    low_high = estimate.interval
    bounds = f" ({low_high[0]:.2f}–{low_high[1]:.2f})" if low_high else ""
    return f"{estimate.value:.2f}{bounds}"
