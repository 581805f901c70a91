"""Is one model really better? Paired differences on the same samples, with intervals."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dubench.scoring import score_files
from dubench.scoring.estimates import (
    photographs_of,
    ratios_of,
    support,
    values_of,
)
from dubench.scoring.intervals import (
    LEAST_CLUSTERS,
    codes,
    outer_interval,
)
from dubench.scoring.paired import resampled_gaps
from dubench.scoring.restored.metrics import METRICS
from dubench.scoring.result import AVERAGE
from dubench.scoring.score import score
from dubench.scoring.score_files import Scored, check_comparable
from generators.errors import one_line, plain_errors
from generators.randomness import check_seed

HEADLINES = (
    "t_acc", "t_f1", "j_acc", f"p_rel_capped.{AVERAGE}", f"p_rel.{AVERAGE}", f"skill.{AVERAGE}",
)  # fmt: skip
BY_KEY = ("p_rel_capped", "p_rel")
PROPER = ("brier", f"interval_skill.{AVERAGE}")
"""Of certainty the scores that no other statement than one's true belief improves."""
LOWER_IS_BETTER = (
    "p_abs", "p_rel", "p_rel_capped", "false_alarms", "lpips", "niqe", "brisque",
    "brier", "calibration_error",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One score of two models, b − a.

    Attributes:
        name: such as `j_acc` or `p_rel.gamma`.
        a, b: the two scores.
        interval: 95 % interval of b − a, paired; None where photographs are too few.
        better: `a` or `b` if the interval leaves out 0, else None.
    """

    name: str
    a: float
    b: float
    interval: tuple[float, float] | None
    better: str | None


@dataclass(frozen=True)
class Comparison:
    """Two models on the same samples.

    Attributes:
        models: the names of a and b.
        differences: headlines first, with every restoration metric's average and the proper
            scores of certainty; then every key and the calibration error.
        worse: the headlines in which b is really worse than a.
        notes: what limits the comparison.
    """

    models: tuple[str, str]
    differences: list[Difference]
    worse: list[str]
    notes: list[str]


@plain_errors()
def load_score(path: Path, dataset: str | None = None, split: str | None = None) -> Scored:
    """A score.json with its rows, or predictions, which are scored first.

    Raises:
        InputError: the file is neither, or the rows beside a score.json are missing.

    Examples:
        >>> from pathlib import Path  # the scores are those of `write_score`'s example
        >>> from dubench import load_score
        >>> load_score(Path("statistics.json")).result.n
        188
    """
    if path.suffix != ".json":
        return score(path, dataset, split)
    return score_files.read_score(path)


@plain_errors()
def compare(a: Scored, b: Scored, seed: int = 0) -> Comparison:
    """Compare two models by a bootstrap in which both are resampled alike.

    Raises:
        InputError: they were not scored on the same samples, or not by the same definitions.

    Examples:
        >>> from pathlib import Path  # the scores are those of `write_score`'s example
        >>> from dubench import compare, load_score
        >>> a, b = (load_score(Path(f"{name}.json")) for name in ("constant", "statistics"))
        >>> comparison = compare(a, b)
        >>> comparison.models
        ('constant', 'statistics:du110k')
        >>> comparison.worse
        []
    """
    check_seed(seed)
    names = (one_line(a.result.model), one_line(b.result.model))
    check_comparable(names[0], a, names[1], b, apart=(*METRICS, "pyiqa"))
    shared, notes = _shared_metrics(a, b)
    first = replace(a.rows, quality={name: a.rows.quality[name] for name in shared})
    second = b.rows.in_order(first.ids)
    second = replace(second, quality={name: second.quality[name] for name in shared})
    ratios = ratios_of(first), ratios_of(second)
    clusters = codes(first.clusters)
    both = list(zip((first, second), ratios, strict=True))
    values = [values_of(rows, ratio, clusters) for rows, ratio in both]
    gaps = resampled_gaps(first, second, *ratios, clusters, seed)
    photographs = [photographs_of(ratio, clusters) for ratio in ratios]
    headlines = [*HEADLINES, *(f"{name}.{AVERAGE}" for name in shared)]
    if not np.isnan(values[0]["false_alarms"]):
        headlines.append("false_alarms")
    headlines += [name for name in PROPER if all(name in value for value in values)]
    others = [f"{score}.{key}" for score in BY_KEY for key in first.keys]
    others += ["calibration_error"] * ("brier" in headlines)
    differences = []
    for name in (*headlines, *others):
        one, two = (float(value[name]) for value in values)
        if np.isnan(one) or np.isnan(two):
            continue
        enough = min(support(name, counts) for counts in photographs) >= LEAST_CLUSTERS
        interval = outer_interval(*(gap[name] for gap in gaps)) if enough else None
        differences.append(Difference(name, one, two, interval, _better(name, interval)))
    if len(np.unique(clusters)) < LEAST_CLUSTERS:
        notes.append(
            f"{len(np.unique(clusters))} photographs tell too little: {LEAST_CLUSTERS} are needed "
            "before a difference can be called real"
        )
    worse = [d.name for d in differences if d.name in headlines and d.better == "a"]
    return Comparison(names, differences, worse, notes)


def _better(name: str, interval: tuple[float, float] | None) -> str | None:
    if interval is None or interval[0] <= 0 <= interval[1]:
        return None
    up = interval[0] > 0
    return "b" if up != (name.partition(".")[0] in LOWER_IS_BETTER) else "a"


def _shared_metrics(a: Scored, b: Scored) -> tuple[list[str], list[str]]:
    """The restoration metrics both have, computed the same way; and what is left out."""
    words = [set(scored.result.signature.split("|")) for scored in (a, b)]
    shared, notes = [], []
    for name in a.rows.quality:
        if name not in b.rows.quality:
            continue
        lacking = [int(np.isnan(scored.rows.quality[name]).sum()) for scored in (a, b)]
        if lacking[0] != lacking[1]:
            notes.append(
                f"{name} is left out: {lacking[0]:,} images of A and {lacking[1]:,} of B have no "
                "value"
            )
            continue
        settings = [{word for word in row if word.startswith(f"{name}:")} for row in words]
        if settings[0] == settings[1]:
            shared.append(name)
        else:
            one, two = settings
            notes.append(f"{name} is left out: {one} and {two} are different metrics")
    return shared, notes
