"""What trainings share: folders, one optimizer step, averaged weights, and checkpoints.

This file imports torch when it is imported.
"""

import json
import math
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from generators.errors import InputError
from generators.files import whole, write_whole

CHECKPOINT, HISTORY = "checkpoint.pt", "history.json"


def check_apart(out: Path, model: Path) -> None:
    """Raise InputError where a run would write over the model in a folder that it goes on from."""
    if out.resolve() == model.resolve():
        raise InputError(f"--out {out}: the model that it goes on from; name another folder")


def begin_step(
    optimizers: Sequence[torch.optim.Optimizer], rates: Sequence[float], factor: float
) -> None:
    """Forget the gradients, and set every optimizer's learning rate to its own times `factor`."""
    for optimizer, full in zip(optimizers, rates, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = full * factor
        optimizer.zero_grad()


def end_step(
    optimizers: Sequence[torch.optim.Optimizer], clip: float, step: int, every: int = 1
) -> None:
    """Move the weights along their gradients, whose norm is cut at `clip`.

    Args:
        every: so many steps the norm is looked at, for which the host waits for a GPU.

    Raises:
        InputError: the gradients of this `step` are no numbers.
    """
    weights = [x for one in optimizers for group in one.param_groups for x in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(weights, clip)
    if (step + 1) % every == 0 and not math.isfinite(float(norm)):
        raise InputError(
            f"the loss is no longer a number at step {step:,}; run the same command to go "
            "on from the last checkpoint, or choose another --seed"
        )
    for optimizer in optimizers:
        optimizer.step()


@torch.no_grad()
def follow(average: torch.nn.Module, network: torch.nn.Module, share: float, step: int) -> None:
    """Move averaged weights towards a network's; their half-life is a `share` of the steps."""
    fresh = min(1.0, math.log(2) / (share * step))
    for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
        slow.lerp_(fast, fresh)


@contextmanager
def reading(checkpoint: Path) -> Iterator[None]:
    """Turn whatever a damaged checkpoint raises inside into an InputError that says so."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.PickleError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{checkpoint} cannot be read ({reason}); remove it to start again"
        ) from None


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn a full or failing disk inside into an InputError: torch says it by a RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{out}: the checkpoint cannot be written ({error}); the one before is safe: free "
            "some space and run the same command again"
        ) from None


def save(out: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint to a folder, and the validations in it as JSON, each whole or not."""
    with whole(out / CHECKPOINT) as part:
        torch.save(content, part)
    write_whole(out / HISTORY, json.dumps(content["history"], indent=1) + "\n")
