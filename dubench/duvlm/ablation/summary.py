"""From the terms of all arms and seeds to scores with intervals and a verdict on each claim."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dubench.duvlm.ablation.arms import CLAIMS, WRITTEN, Claim
from dubench.duvlm.ablation.estimates import Columns, Estimate, difference, estimate, score, within
from dubench.duvlm.ablation.result import SCORES, Finding, Verdict, finding
from dubench.scoring.result import AVERAGE

Floats = NDArray[np.float64]
Terms = Mapping[str, Floats]
"""As `judging.Terms`."""
SHARES = {prefix + name for prefix in ("", WRITTEN) for name in ("t_acc", "j_acc")}


def columns_of(terms: Terms) -> dict[str, Columns]:
    """Every score, with the terms that it is the mean of; those of which no sample counts, as the
    values of a type that is never right, are left out."""
    columns: dict[str, Columns] = {name: [column] for name, column in terms.items()}
    averaged: dict[str, list[Floats]] = {}
    for name, column in terms.items():
        kind, dot, _ = name.rpartition(".")
        if dot and f"{kind}." != WRITTEN:
            averaged.setdefault(f"{kind}.{AVERAGE}", []).append(column)
    whole = {**columns, **averaged}
    return {
        name: group
        for name, group in whole.items()
        if not any(np.isnan(column).all() for column in group)
    }


def scores_of(
    by_seed: Sequence[Terms], clusters: NDArray[np.int64]
) -> tuple[dict[str, Estimate], dict[str, tuple[float, ...]]]:
    """The scores of an arm with their intervals, and for each seed."""
    columns = [columns_of(terms) for terms in by_seed]
    names = [name for name in columns[0] if all(name in one for one in columns)]
    estimates = {name: estimate([one[name] for one in columns], clusters) for name in names}
    for name in SHARES & estimates.keys():
        estimates[name] = within(estimates[name], 0, 1)
    return estimates, {name: tuple(score(one[name]) for one in columns) for name in names}


def verdicts(
    arms: Mapping[str, Sequence[Terms]], clusters: NDArray[np.int64]
) -> tuple[Verdict, ...]:
    """What each claim about these arms comes to."""
    return tuple(
        _verdict(claim, arms, clusters)
        for claim in CLAIMS
        if {claim.better, claim.worse} <= arms.keys()
    )


def _verdict(
    claim: Claim, arms: Mapping[str, Sequence[Terms]], clusters: NDArray[np.int64]
) -> Verdict:
    findings: dict[str, Finding] = {}
    for name, sign in SCORES.items():
        own = WRITTEN + name if claim.written and name != "psnr" else name
        better, worse = (
            [columns_of(terms)[own] for terms in arms[arm]] for arm in (claim.better, claim.worse)
        )
        findings[name] = finding(difference(better, worse, clusters), sign)
    return Verdict(claim.title, findings)
