"""How the review stands, in a few lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

_FIGURES = (("percent", "percent agreement"), ("alpha", "Krippendorff's α"), ("ac1", "Gwet's AC1"))


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The essentials of what `agreement_report.status` tells, a line each."""
    progress = told["progress"]
    share = 100 * progress["done"] / max(progress["needed"], 1)
    yield f"{progress['done']:,} of {progress['needed']:,} reviews done ({share:.0f} %)"
    for name, (done, needed) in progress["by_type"].items():
        yield f"  {name:18} {done:,} of {needed:,}"
    for made in told["reviewers"]:
        pace = "" if made["seconds"] is None else f", {made['seconds']:.0f} s each"
        yield (
            f"  {made['reviewer']:18} {made['verdicts']:,} verdicts{pace}; rejects "
            f"{_share(made['rejected'])}; gold {_share(made['gold'])}; repeats "
            f"{_share(made['repeats'])}"
        )
    for text in told["careless"].values():
        yield f"  {text}: look at their verdicts before you finalize"
    agreement = told["agreement"]["overall"]
    yield f"agreement on {agreement['items']:,} samples that two or more people judged"
    for name, label in _FIGURES:
        figure = agreement[name]
        if figure["value"] is None:
            yield f"  {label:18} – ({figure['why']})"
        else:
            spread = _span(figure["interval"], 1) or f" ({figure['why']})"
            yield f"  {label:18} {figure['value']:.3f}{spread}"
    yield f"rejected: {_share(told['rejected']['overall'])}"
    for one in told["concentrations"]:
        yield f"  {one['text']}"
    yield f"defects left: {_residual(told['residual']['overall'])}"


def _residual(left: Mapping[str, Any]) -> str:
    if left["rate"] is None:
        return f"unknown ({left['speaks_for']})"
    return (
        f"{100 * left['rate']:.1f} %{_span(left['interval'], 100)} of {left['covered']:,} "
        f"{left['speaks_for']}, about {left['defects']:.0f} and with 95 % confidence at most "
        f"{left['most_defects']:.0f}"
    )


def _share(share: Mapping[str, Any]) -> str:
    if share["value"] is None:
        return "none yet"
    return (
        f"{share['count']:,} of {share['n']:,} = {100 * share['value']:.1f} %"
        f"{_span(share['interval'], 100)}"
    )


def _span(interval: tuple[float, float] | None, scale: float) -> str:
    if interval is None:
        return ""
    low, high = (f"{scale * end:.{1 if scale == 100 else 3}f}" for end in interval)
    return f" [{low}, {high}]"
