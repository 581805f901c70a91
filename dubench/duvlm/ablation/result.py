"""What an ablation yields: ablation.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dubench.duvlm.ablation.estimates import Estimate

Holds = Literal["yes", "no", "not separable"]

SCORES = {"j_acc": 1, "p_rel.avg": -1, "psnr": 1}
"""What the paper's Tables 4 and 5 are of, and whether more is better."""
DECIDES = "p_rel.avg"
"""The score that decides a claim: values are what views, rationale and grid are for."""


@dataclass(frozen=True)
class ArmResult:
    """How an arm does.

    Attributes:
        cpu_seconds, images, steps: of its training, mean over the seeds; of an arm that goes on
            from another's weights since then. `images` counts crops shown.
        scores: `t_acc`, `j_acc`, `psnr`, and per key and `avg` `p_abs.`, `p_rel.` and
            `squared.`, the squared error of values on [0, 1] where the type is right; those of
            answers as written begin with `written.`.
        by_seed: the same for each seed.
        valid: share of sampled answers that were of the grammar, where a reward taught: without
            any, all are worth the same, and nothing moves.
    """

    cpu_seconds: float
    images: float
    steps: float
    scores: Mapping[str, Estimate]
    by_seed: Mapping[str, tuple[float, ...]]
    valid: float | None = None


@dataclass(frozen=True)
class Finding:
    """What a claim comes to in one score.

    Attributes:
        difference: of the arm that is claimed to be better, minus the other.
        holds: `yes` or `no` where the interval leaves out 0.
    """

    difference: Estimate
    holds: Holds


@dataclass(frozen=True)
class Verdict:
    """What a claim comes to.

    Attributes:
        claim: in words.
        findings: by name in SCORES; that of DECIDES decides. PSNR is not of answers as written.
    """

    claim: str
    findings: Mapping[str, Finding]


@dataclass(frozen=True)
class Ablation:
    """All of it.

    Attributes:
        train, test: content of the splits, `content_id`.
        seconds, reward_seconds: CPU time that each arm had from first weights, and from BASE's.
        seeds: how many.
        samples, photographs: that were scored.
        arms: by name.
        verdicts: one per claim about these arms.
        rounding: per Δ the scores, as in `ArmResult.scores`, of the truth rounded to its grid;
            empty unless the grid is compared.
    """

    train: str
    test: str
    seconds: float
    reward_seconds: float
    seeds: int
    samples: int
    photographs: int
    arms: Mapping[str, ArmResult]
    verdicts: tuple[Verdict, ...]
    rounding: Mapping[str, Mapping[str, float]]


def finding(difference: Estimate, sign: int) -> Finding:
    """Whether an arm is better by a difference; `sign` is −1 where less is better."""
    if difference.interval is None:
        return Finding(difference, "not separable")
    low, high = sorted(sign * end for end in difference.interval)
    holds: Holds = "yes" if low > 0 else "no" if high < 0 else "not separable"
    return Finding(difference, holds)
