"""Train nano from examples for so much CPU time, whatever the machine does beside.

As `dubench train sft` does, in short: AdamW on batches of 16, all views from the start, no teacher,
whose statistics would reach the arm without the chart too. Rate and targets' width follow the share
of the time that is spent. A run that was stopped goes on at its last checkpoint.

This file imports torch when it is imported.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dubench.duvlm.ablation.crops import Crops
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.train.loop import ADAM_BETAS, AUXILIARY, CLIP, DECAY, auxiliary_loss, flip
from dubench.duvlm.train.loss import loss_of
from dubench.duvlm.train.samples import COLUMNS
from dubench.duvlm.train.targets import Targeting, width_of
from dubench.training import CHECKPOINT, begin_step, end_step, reading, save, writing
from generators.taxonomy import TYPES

BATCH, RATE = 16, 5e-4
RISE, FALL = 0.05, 0.4  # shares of the time: the rate rises, and falls to 0
SAVE_EVERY = 60  # CPU seconds


@dataclass(frozen=True)
class Spent:
    """What a training took.

    Attributes:
        cpu_seconds: of this process. images: crops shown. steps: of the optimizer.
        valid: share of sampled answers that are of the grammar; None where none are sampled.
    """

    cpu_seconds: float
    images: int
    steps: int
    valid: float | None = None


def fit(
    answering: Answering,
    crops: Crops,
    seconds: float,
    seed: tuple[int, int],
    out: Path,
    on_progress: Callable[[float], None],
) -> Spent:
    """Train a model, which changes, from the checkpoint in `out` if there is one.

    Args:
        seconds: of CPU time of this process.
        seed: of the auxiliary head, the order, and what is fed.
        on_progress: called with the seconds spent.

    Raises:
        InputError: the checkpoint is damaged, the loss is no longer a number, or the disk is full.
    """
    torch.manual_seed(seed[0])
    model = answering.model.train()
    width = model.config.vision_config.out_hidden_size
    head = torch.nn.Linear(width, len(TYPES) + len(COLUMNS))
    weights = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, RATE, ADAM_BETAS, weight_decay=DECAY)
    parts: dict[str, Any] = {"model": model, "head": head, "optimizer": optimizer}
    targeting = Targeting(answering.words, answering.vocabulary)
    step, spent = 0, 0.0
    if (out / CHECKPOINT).exists():
        with reading(out / CHECKPOINT):
            kept = torch.load(out / CHECKPOINT, weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(kept[name])
            step, spent = kept["step"], kept["cpu_seconds"]
    started, saved = time.process_time() - spent, spent
    torch.set_flush_denormal(True)  # they cost a hundred times the others
    try:
        while spent < seconds:
            share = spent / seconds
            rng = np.random.default_rng([*seed, step])
            begin_step([optimizer], [RATE], min(1, (share + 0.005) / RISE, (1 - share) / FALL))
            _loss(answering, head, targeting, crops, share, rng).backward()
            end_step([optimizer], CLIP, step)
            step += 1
            spent = time.process_time() - started
            on_progress(spent)
            if spent - saved >= SAVE_EVERY:
                content = {name: part.state_dict() for name, part in parts.items()}
                with writing(out):
                    save(out, {**content, "step": step, "cpu_seconds": spent, "history": []})
                saved = spent
    finally:
        torch.set_flush_denormal(False)
    return Spent(round(spent, 2), step * BATCH, step)


def _loss(
    answering: Answering,
    head: torch.nn.Linear,
    targeting: Targeting,
    crops: Crops,
    share: float,
    rng: np.random.Generator,
) -> Any:
    samples = crops.take(rng.integers(0, len(crops), BATCH))
    flip(samples, rng)
    targets = targeting(samples, width_of(share), 0.0, rng)
    visual = answering.see(samples)
    loss = loss_of(answering.read(visual, torch.from_numpy(targets.fed)), targets)
    tokens = torch.cat([one for one in visual if one is not None], 1)
    return loss + AUXILIARY * auxiliary_loss(head(tokens.mean(1)), samples)
