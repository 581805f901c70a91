"""The review by scripts, and the dataset that it leaves."""

from collections.abc import Iterator
from html import escape

from annotation_ui.figures.status import ReviewStatus, review_status
from annotation_ui.folder import IMAGES, review_of
from annotation_ui.store.records import Snapshot
from dubench.cli.demo.page.pieces import Chapter, Demo, listed, own, pair, terminal, tiles
from dubench.cli.demo.scripted_review import RULE, SCRIPTS
from dubench.text import words
from generators.dataset.review_figures import Estimate, Proportion

_MOST = 3


def review(demo: Demo) -> Chapter:
    """The chapter."""
    plan, script, status_command = demo.ran("review")
    finalize, verify = demo.ran("verified")
    snapshot = review_of(demo.out / "dataset").snapshot()
    status = review_status(snapshot)
    figures = status.figures
    rejected, agreement = figures.rejected.overall, figures.agreement.overall.ac1
    glance = tiles(
        [
            ("reviewed", f"{rejected.n}", "samples, each by both scripts"),
            ("rejected", _share(rejected), _span(rejected.interval)),
            ("agreement (AC1)", _estimate(agreement), _span(agreement.interval, 1)),
            ("planted faults caught", _gold(status), "the rest is for people to see"),
        ]
    )
    mine = own(
        "With people, in the browser",
        "dubench review plan mine",
        "dubench review add-reviewer ada --dataset mine",
        "dubench review serve mine",
    )
    body = f"""<p class="scripted"><b>Scripted, not human.</b> No person looked at these pictures:
{" and ".join(SCRIPTS)} stand in for two, so the figures show what a review tells, and say nothing
of how good this dataset is. Where a command speaks of people, these scripts are meant.</p>
<p>{escape(RULE)}</p>
{glance}
{listed(_examples(demo, snapshot))}
<p>A rejected sample is replaced by a new one of the same type. From here on the page is about the
dataset that came out, <code>{escape(str(demo.out / "verified"))}</code>.</p>
{terminal(plan, script, finalize, verify)}
<details><summary>What <code>{escape(status_command.line)}</code> prints</summary>
{terminal(status_command)}</details>
{mine}"""
    return Chapter("review", "Review", "A review, here by scripts", body)


def _examples(demo: Demo, snapshot: Snapshot) -> Iterator[str]:
    """Rejects with their notes, planted ones last, and one sample that was accepted."""
    items = {item.item: item for item in snapshot.items}
    rejects = {v.item: v for v in snapshot.verdicts if v.verdict == "reject"}
    order = sorted(rejects.values(), key=lambda v: (v.role != "sample", items[v.item].rank))
    accepted = [v for v in snapshot.verdicts if v.verdict == "accept" and v.item not in rejects]
    for verdict in (*order[:_MOST], *accepted[:1]):
        item = items[verdict.item]
        clean, degraded = (
            demo.image(f"dataset.review/{IMAGES}/{name}")
            for name in (item.clean_image, item.degraded_image)
        )
        planted = f"; planted: {item.expected.why}" if item.expected else ""
        note = f": {escape(verdict.note)}" if verdict.note else ""
        yield pair(clean, degraded, f"<b>{verdict.verdict}</b>{note} ({words(item.type)}{planted})")


def _gold(status: ReviewStatus) -> str:
    gold = [one.gold for one in status.figures.reviewers]
    return f"{sum(one.count for one in gold)} of {sum(one.n for one in gold)}"


def _share(share: Proportion) -> str:
    return "–" if share.value is None else f"{share.value:.1%}"


def _estimate(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.2f}"


def _span(interval: tuple[float, float] | None, factor: float = 100) -> str:
    if interval is None:
        return "no interval"
    unit = " %" if factor == 100 else ""
    digits = 1 if factor == 100 else 2
    return f"95 %: {factor * interval[0]:.{digits}f} to {factor * interval[1]:.{digits}f}{unit}"
