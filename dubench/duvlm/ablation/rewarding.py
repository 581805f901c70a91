"""Train an arm further by a reward, for so much CPU time.

This file imports torch and trl when it is imported.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dubench.duvlm.ablation.fitting import Spent
from dubench.duvlm.reinforcement import grpo
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.pairs import Pairs
from dubench.duvlm.reinforcement.policies import open_policy
from dubench.duvlm.reinforcement.restoring import Analytic
from dubench.duvlm.runs import CHECKPOINTS

_MOST = 1_000_000  # steps: far more than the time is for, so that the rate stays level


def reinforce(
    model: Path,
    pairs: Pairs,
    reward: str,
    seconds: float,
    seed: int,
    out: Path,
    on_progress: Callable[[float], None],
) -> Spent:
    """Train the nano in the folder `model` by GRPO and write it to `out`; begins anew after a stop.

    Args:
        reward: as `Course` has it.
        seconds: of CPU time of this process, from the first step on: answers, restoring, learning.
        on_progress: called with the seconds spent.

    Raises:
        InputError: the loss is no longer a number, or the disk is full.
    """
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    course = Course(reward, _MOST, seed=seed)
    policy = open_policy(f"nano:{model}")
    judged = grpo.RestoredReward(course, policy, Analytic())
    started = time.process_time()

    def begin(_: Any) -> dict[str, Any]:
        nonlocal started
        if steps == 0:
            started = time.process_time()
        return {}

    steps = 0

    def spent() -> float:
        return time.process_time() - started

    def after_step(done: int, _: int) -> None:
        nonlocal steps
        steps = done
        on_progress(spent())

    trained, history = grpo.train(
        course, policy, judged, grpo.of_pairs(policy, pairs), out / CHECKPOINTS, after_step,
        begin, lambda _: spent() >= seconds,
    )  # fmt: skip
    took = Spent(round(spent(), 2), steps * course.prompts, steps, history[-1].get("valid"))
    policy.save(trained, out, policy.notes)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    return took
