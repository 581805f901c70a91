"""How a review stands, in a few lines for a terminal."""

from collections.abc import Iterator

from annotation_ui.figures.status import ReviewStatus
from generators.dataset.review_figures import DefectRate, Estimate, Interval, Proportion


def status_lines(status: ReviewStatus) -> Iterator[str]:
    """The essentials, a line each."""
    progress, figures = status.progress, status.figures
    share = 100 * progress.done / max(progress.needed, 1)
    yield f"{progress.done:,} of {progress.needed:,} reviews done ({share:.0f} %)"
    for name, (done, needed) in progress.by_type.items():
        yield f"  {name:18} {done:,} of {needed:,}"
    for line in status.people.lines():
        yield f"  {line}"
    for one in figures.reviewers:
        pace = "" if one.seconds is None else f", {one.seconds:.0f} s each"
        yield (
            f"  {one.reviewer:18} {one.verdicts:,} verdicts{pace}; rejects "
            f"{_proportion(one.rejected)}; gold {_proportion(one.gold)}; repeats "
            f"{_proportion(one.repeats)}"
        )
    for text in status.careless.values():
        yield f"  {text}: look at their verdicts before you finalize"
    agreement = figures.agreement.overall
    yield f"agreement on {agreement.items:,} samples that two or more people judged"
    yield _estimate("percent agreement", agreement.percent)
    yield _estimate("Krippendorff's α", agreement.alpha)
    yield _estimate("Gwet's AC1", agreement.ac1)
    yield f"rejected: {_proportion(figures.rejected.overall)}"
    if figures.disputed or figures.settled:
        yield f"  {figures.disputed:,} disputed, {figures.settled:,} settled by the owner"
    for hotspot in figures.hotspots:
        yield f"  {hotspot.text}"
    yield f"defects left: {_defects(figures.defect_rates.overall)}"


def _estimate(label: str, estimate: Estimate) -> str:
    if estimate.value is None:
        return f"  {label:18} – ({estimate.why})"
    spread = _span(estimate.interval, 1) or f" ({estimate.why})"
    return f"  {label:18} {estimate.value:.3f}{spread}"


def _defects(left: DefectRate) -> str:
    if left.rate is None:
        return f"unknown ({left.speaks_for})"
    return (
        f"{100 * left.rate:.1f} %{_span(left.interval, 100)} of {left.covered:,} "
        f"{left.speaks_for}, about {left.defects:.0f} and with 95 % confidence at most "
        f"{left.most_defects:.0f}"
    )


def _proportion(share: Proportion) -> str:
    if share.value is None:
        return "none yet"
    return f"{share.count:,} of {share.n:,} = {100 * share.value:.1f} %{_span(share.interval, 100)}"


def _span(interval: Interval | None, scale: float) -> str:
    if interval is None:
        return ""
    low, high = (f"{scale * end:.{1 if scale == 100 else 3}f}" for end in interval)
    return f" [{low}, {high}]"
