"""A board's rows: scores, how sure their ranks are, and what stands beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.report.columns import HEADLINES, metric_column
from dubench.report.formats import Column
from dubench.scoring.estimates import ratios_of, resampled_scores
from dubench.scoring.intervals import LEAST_CLUSTERS, codes, outer_interval, percentile_interval
from dubench.scoring.paired import resampled_gaps
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE
from dubench.scoring.sample_scores import SampleScores
from generators.errors import InputError
from leaderboard.intake.references import ANCHOR
from leaderboard.ranking.ranks import ranks
from leaderboard.ranking.similar import near_identical
from leaderboard.stored.board import Epoch
from leaderboard.stored.submission import Entry, current, entries, in_order_of

Floats = NDArray[np.float64]
Interval = tuple[float, float]

DEFAULT = f"p_rel.{AVERAGE}"
"""The score that ranks where none is named."""

_RANKED = (DEFAULT, f"p_rel_capped.{AVERAGE}", "j_acc", "t_acc", "t_f1")


@dataclass(frozen=True)
class Rank:
    """A place by one score: `best` to `worst` is the simultaneous 95 % interval."""

    place: int
    best: int
    worst: int


@dataclass(frozen=True)
class Standing:
    """One model.

    Attributes:
        name: of the model.
        runs: its submissions, the first to come first.
        values: per ranked score the mean over runs.
        intervals: 95 % intervals over photographs.
        spread: lowest and highest run; empty for a single one.
        ranks: empty where photographs are too few.
        against: paired difference to the anchor, with its 95 % interval; empty likewise.
        twins: models with nearly the same predictions.
    """

    name: str
    runs: tuple[Entry, ...]
    values: Mapping[str, float]
    intervals: Mapping[str, Interval]
    spread: Mapping[str, Interval]
    ranks: Mapping[str, Rank]
    against: Mapping[str, tuple[float, float, float]]
    twins: tuple[str, ...]

    @property
    def entry(self) -> Entry:
        """The first run."""
        return self.runs[0]


@dataclass(frozen=True)
class Standings:
    """A board's rows of one epoch, the best by DEFAULT first.

    Attributes:
        columns: of the ranked scores.
        rows: one per model.
        superseded: submissions in whose place others stand.
        clusters: photographs.
    """

    epoch: Epoch
    columns: tuple[Column, ...]
    rows: tuple[Standing, ...]
    superseded: tuple[Entry, ...]
    clusters: int


def standings(folder: Path, epoch: Epoch) -> Standings:
    """Rank the submissions to an epoch.

    Raises:
        InputError: there is none, or one is damaged or of other samples.
    """
    every = entries(folder, epoch)
    kept = current(every)
    if not kept:
        raise InputError(f"{folder}: epoch {epoch.number} has no submissions yet")
    models: dict[str, list[int]] = {}
    for place, entry in enumerate(kept):
        models.setdefault(entry.card.model.lower(), []).append(place)
    rows = _rows(kept)
    columns = _columns(kept)
    drawn = _drawn(rows, columns)
    clusters = len(set(rows[0].clusters))
    twins = _twins(kept, rows)
    groups = list(models.values())
    values = {
        c.name: [_mean([_ranked(kept[i], c.name) for i in group]) for group in groups]
        for c in columns
    }
    samples = {
        c.name: [np.mean([drawn[i][c.name] for i in group], axis=0) if v is not None else None
                 for group, v in zip(groups, values[c.name], strict=True)]
        for c in columns
    }  # fmt: skip
    enough = clusters >= LEAST_CLUSTERS
    placed = {c.name: _ranks(c, values[c.name], samples[c.name]) if enough else {} for c in columns}
    anchor = next((place for place, e in enumerate(kept) if e.card.model == ANCHOR), None)
    standing = []
    for g, group in enumerate(groups):
        runs = tuple(kept[i] for i in group)
        own = {name: value for name, of in values.items() if (value := of[g]) is not None}
        names = {kept[j].card.title for i in group for j in twins.get(i, ()) if j not in group}
        standing.append(
            Standing(
                runs[0].card.model,
                runs,
                own,
                _intervals(runs, own, samples, g) if enough else {},
                _spread(runs, own),
                {name: placed[name][g] for name in own if g in placed[name]},
                _against(own, kept[anchor], [rows[i] for i in group], rows[anchor])
                if enough and anchor is not None and anchor not in group
                else {},
                tuple(sorted(names)),
            )
        )
    sign = {c.name: -1 if c.better == "higher" else 1 for c in columns}[DEFAULT]
    standing.sort(key=lambda s: (sign * s.values.get(DEFAULT, sign * np.inf), s.name))
    old = tuple(entry for entry in every if entry not in kept)
    return Standings(epoch, columns, tuple(standing), old, clusters)


def _rows(kept: Sequence[Entry]) -> list[SampleScores]:
    """The samples of every submission, which must be the same, in the order of the first."""
    rows: list[SampleScores] = []
    for entry in kept:
        own = entry.scored.rows
        aligned = in_order_of(rows[0] if rows else own, own)
        if aligned is None:
            raise InputError(
                f"{entry.folder}: scored over other samples or types than "
                f"{kept[0].submission.id}; take it away, or score it again"
            )
        rows.append(aligned)
    return rows


def _columns(kept: Sequence[Entry]) -> tuple[Column, ...]:
    heads = {column.name: column for column in HEADLINES}
    measured = {metric for entry in kept for metric in entry.result.restoration or ()}
    more = [metric_column(metric, AVERAGE) for metric in METRICS if metric in measured]
    return (*(heads[name] for name in _RANKED), *more)


def _drawn(rows: Sequence[SampleScores], columns: Sequence[Column]) -> list[dict[str, Floats]]:
    """Per submission the ranked scores in resamplings of the photographs."""
    nothing = np.empty(0)
    return [
        {c.name: scores.get(c.name, nothing) for c in columns}
        for scores in map(resampled_scores, rows)
    ]


def _twins(kept: Sequence[Entry], rows: Sequence[SampleScores]) -> dict[int, list[int]]:
    twins: dict[int, list[int]] = {}
    for one, two in near_identical(rows):
        if kept[one].card.model.lower() != kept[two].card.model.lower():
            twins.setdefault(one, []).append(two)
            twins.setdefault(two, []).append(one)
    return twins


def _ranked(entry: Entry, name: str) -> float | None:
    """A score that a rank can rest on: no mean over some of the images alone."""
    partial = name.partition(".")[0] in entry.result.unmeasured
    return None if partial else entry.result.scores.get(name)


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there and len(there) == len(values) else None


def _ranks(
    column: Column, values: Sequence[float | None], samples: Sequence[Floats | None]
) -> dict[int, Rank]:
    there = [(g, v, s) for g, (v, s) in enumerate(zip(values, samples, strict=True))
             if v is not None and s is not None]  # fmt: skip
    if not there:
        return {}
    places, own, drawn = zip(*there, strict=True)
    result = ranks(own, np.stack(drawn), column.better == "higher")
    return {
        g: Rank(int(result.place[i]), int(result.best[i]), int(result.worst[i]))
        for i, g in enumerate(places)
    }


def _intervals(
    runs: Sequence[Entry],
    own: Mapping[str, float],
    samples: Mapping[str, Sequence[Floats | None]],
    g: int,
) -> dict[str, Interval]:
    if len(runs) == 1:
        stated = runs[0].result.intervals
        return {name: stated[name] for name in own if name in stated}
    means = {name: samples[name][g] for name in own}
    return {name: percentile_interval(mean) for name, mean in means.items() if mean is not None}


def _spread(runs: Sequence[Entry], own: Mapping[str, float]) -> dict[str, Interval]:
    if len(runs) == 1:
        return {}
    by_run = {name: [run.result.scores[name] or 0.0 for run in runs] for name in own}
    return {name: (min(values), max(values)) for name, values in by_run.items()}


def _against(
    own: Mapping[str, float],
    anchor: Entry,
    mine: Sequence[SampleScores],
    theirs: SampleScores,
) -> dict[str, tuple[float, float, float]]:
    """Own − the anchor's, and the interval of the difference, paired as `dubench compare` does."""
    clusters = codes(theirs.clusters)
    of_anchor = ratios_of(theirs)
    gaps = [
        resampled_gaps(theirs, rows, of_anchor, ratios_of(rows), clusters, seed=0) for rows in mine
    ]
    result = {}
    for name, value in own.items():
        other = _ranked(anchor, name)
        if other is None or any(name not in end for run in gaps for end in run):
            continue
        ends = (np.mean([run[end][name] for run in gaps], axis=0) for end in (0, 1))
        result[name] = (value - other, *outer_interval(*ends))
    return result
