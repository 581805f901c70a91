"""The training loop of the prior: resumable after any stop, to the very same weights.

This file imports torch when it is imported.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.ddnm.prior.files import load, save
from dubench.ddnm.prior.folder import read_training
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.preconditioning import output_scale
from dubench.ddnm.prior.train.patches import PATCHES, draw_batch, scenes
from dubench.ddnm.prior.train.validate import crops, denoising
from dubench.muon import Muon
from dubench.training import CHECKPOINT, begin_step, end_step, follow, reading, writing
from dubench.training import save as save_checkpoint
from generators.errors import InputError

MUON_RATE, ADAM_RATE, ADAM_BETAS = 1e-3, 1e-3, (0.9, 0.98)
WARM_UP, CLIP = 200, 1.0  # steps; of the gradient's norm
FALL = 0.5  # share of the steps at the end over which the rate falls to 0
WEIGHT = -1.2  # power of c_out in the loss: between EDM's -2 and the plain error's 0
EMA_SHARE = 0.05  # of the steps so far is the half-life of the averaged weights, about
SAVE_EVERY, VALIDATE_EVERY = 500, 5000  # steps

Pixels = NDArray[np.uint8]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """What determines the weights, beside the photographs; a checkpoint holds it.

    Attributes:
        patches: of 48² pixels to see in all; larger ones count for several.
        seed: of the first weights, the patches and the noise.
        photographs: hash of what is trained on.
        start: steps that the model it goes on from had seen.
        model: hash of that model's weights; empty where the weights are drawn.
    """

    patches: int
    seed: int
    photographs: str
    start: int = 0
    model: str = ""

    @property
    def steps(self) -> int:
        """How many batches that is."""
        return math.ceil(self.patches / PATCHES)

    def continues(self, saved: dict[str, Any], step: int) -> bool:
        """Whether a run that was at `step` is this one so far.

        The length may differ while the rate has begun to fall in neither: so a long run's copy
        can be ended early, and a short one made longer.
        """
        before = Run(**saved)
        if replace(before, patches=self.patches) != self:
            return False
        return before == self or step <= min(self.steps, before.steps) * (1 - FALL)


@dataclass
class State:
    """Where a run is.

    Attributes:
        network, average: its weights, and their exponential moving average.
        optimizers: Muon for the matrices within, AdamW for the rest.
        step: batches done.
        history: of the validations, each {step, patches, cpu_hours, psnr: {level: dB}}.
        cpu_seconds: spent so far.
    """

    network: Denoiser
    average: Denoiser
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    cpu_seconds: float = 0.0


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Numbers too small to matter cost a hundred times the others; elsewhere they may matter."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@_denormals_flushed()
def train(
    run: Run,
    photographs: Sequence[Pixels],
    held_out: Sequence[Pixels],
    out: Path,
    device: str,
    on_progress: OnProgress,
    model: Path | None = None,
) -> State:
    """Train, from the checkpoint in `out` if there is one, and write the model to `out`.

    Args:
        model: folder of the prior that the run goes on from; its `start` and `model` are of it.
        photographs: (H, W, 3) uint8, to learn from. held_out: to validate on.
        on_progress: called with patches seen, and of all.

    Raises:
        InputError: the checkpoint is another run's, the loss is no longer a number, or the disk
            is full; the last checkpoint stays.
    """
    state = resume(run, out / CHECKPOINT, device, model)
    pictures, leaves = crops(held_out), scenes(run.seed)
    started = time.process_time() - state.cpu_seconds
    while state.step < run.steps:
        batch = draw_batch(photographs, leaves, run.seed, state.step)
        clean, noisy, sigma = (
            x.to(device, memory_format=torch.channels_last)
            for x in (batch.clean, batch.noisy, batch.sigma)
        )
        _advance(state, run, clean, noisy, sigma)
        state.cpu_seconds = time.process_time() - started
        on_progress(min(state.step * PATCHES, run.patches), run.patches)
        last = state.step == run.steps
        if last or state.step % VALIDATE_EVERY == 0:
            _validate(state, pictures)
        if not last and state.step % SAVE_EVERY == 0:
            _write(state, run, out)
    # Whenever the end is reached: a stop may have come between the last checkpoint and its model.
    _write(state, run, out)
    return state


def resume(run: Run, checkpoint: Path, device: str, model: Path | None = None) -> State:
    """The state that a checkpoint holds, or that of a new run where there is none.

    A new run goes on from `model`, if given, as if its steps were this run's first; the
    optimizers' moments begin anew.

    Raises:
        InputError: it is damaged, or another run's.
    """
    torch.manual_seed(run.seed)
    network = (load(model).train() if model else Denoiser()).to(device)
    network.to(memory_format=torch.channels_last)  # a tenth faster
    matrices = [x for name, x in network.named_parameters() if _is_matrix(name, x)]
    others = [x for name, x in network.named_parameters() if not _is_matrix(name, x)]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, MUON_RATE),
        torch.optim.AdamW(others, ADAM_RATE, ADAM_BETAS, weight_decay=0.0),
    ]
    state = State(network, copy.deepcopy(network), optimizers, run.start)
    if not checkpoint.exists():
        if model:
            state.cpu_seconds = read_training(model)["cpu_seconds"]
        return state
    with reading(checkpoint):
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        if not run.continues(saved["run"], saved["step"]):
            raise InputError(
                f"{checkpoint} is of another run ({saved['run']}, step {saved['step']:,}); go on "
                "with its --patches, --seed and --source, or choose another --out"
            )
        network.load_state_dict(saved["network"])
        state.average.load_state_dict(saved["average"])
        for optimizer, content in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(content)
        state.step, state.history = saved["step"], saved["history"]
        state.cpu_seconds = saved["cpu_seconds"]
    return state


def rate(step: int, steps: int, start: int = 0) -> float:
    """The learning rate's factor: a short rise, a plateau, and a line to 0."""
    return min(1.0, (step - start + 1) / WARM_UP, (steps - step) / (steps * FALL))


def _is_matrix(name: str, weight: Tensor) -> bool:
    return weight.ndim == 4 and not name.startswith(("head.", "tail."))


def _advance(state: State, run: Run, clean: Tensor, noisy: Tensor, sigma: Tensor) -> None:
    begin_step(state.optimizers, (MUON_RATE, ADAM_RATE), rate(state.step, run.steps, run.start))
    error = (state.network(noisy, sigma) - clean).square()
    loss = (error * output_scale(sigma) ** WEIGHT).mean()
    loss.backward()
    end_step(state.optimizers, CLIP, state.step)
    state.step += 1
    follow(state.average, state.network, EMA_SHARE, state.step)


def _validate(state: State, pictures: Sequence[Pixels]) -> None:
    psnr = {f"{level}": round(x, 3) for level, x in denoising(state.average, pictures).items()}
    state.history.append(
        {
            "step": state.step,
            "patches": state.step * PATCHES,
            "cpu_hours": round(state.cpu_seconds / 3600, 3),
            "psnr": psnr,
        }
    )


def _write(state: State, run: Run, out: Path) -> None:
    content = {
        "run": asdict(run),
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        "step": state.step,
        "history": state.history,
        "cpu_seconds": state.cpu_seconds,
    }
    training = asdict(run) | {"step": state.step, "cpu_seconds": round(state.cpu_seconds)}
    with writing(out):
        save_checkpoint(out, content)
        save(out, state.average, training)
