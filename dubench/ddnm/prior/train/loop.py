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
from torch.utils.data import DataLoader, Dataset

from dubench.ddnm.prior.files import load, save
from dubench.ddnm.prior.folder import BATCH, Shape, read_training
from dubench.ddnm.prior.network import Denoiser
from dubench.ddnm.prior.preconditioning import output_scale
from dubench.ddnm.prior.train.patches import Batch, Noisy, add_noise, draw_batch, scenes
from dubench.ddnm.prior.train.restorations import Restorations
from dubench.ddnm.prior.train.validate import crops, denoising
from dubench.muon import Muon
from dubench.training import CHECKPOINT, begin_step, end_step, follow, reading, writing
from dubench.training import save as save_checkpoint
from generators.errors import InputError

MUON_RATE, ADAM_RATE, ADAM_BETAS = 1e-3, 1e-3, (0.9, 0.98)  # rates of BATCH patches a step
MOST_FASTER = 3  # times as much for larger ones: at ten times, weights soon were no numbers
WARM_UP, CLIP = 200, 1.0  # steps; of the gradient's norm
FALL = 0.5  # share of the steps at the end over which the rate falls to 0
WEIGHT = -1.2  # power of c_out in the loss: between EDM's -2 and the plain error's 0
EMA_SHARE = 0.05  # of the steps so far is the half-life of the averaged weights, about
RESTORED = 3  # of so many of those steps all but one learn from restorations
SAVE_EVERY, VALIDATE_EVERY = 500, 5000  # steps
LOOK_EVERY = 50  # of them, whether a GPU's numbers are still some; before every save

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
        batch: patches of a step, a multiple of four.
        widths: of the network, as in `Shape`.
    """

    patches: int
    seed: int
    photographs: str
    start: int = 0
    model: str = ""
    batch: int = BATCH
    widths: tuple[int, ...] = Shape().widths

    @property
    def steps(self) -> int:
        """How many batches that is."""
        return math.ceil(self.patches / self.batch)

    @property
    def rates(self) -> tuple[float, float]:
        """Muon's and AdamW's at their highest: a mean of n times as many gradients varies √n
        times less."""
        factor = min((self.batch / BATCH) ** 0.5, MOST_FASTER)
        return MUON_RATE * factor, ADAM_RATE * factor

    def restores(self, step: int) -> bool:
        """Whether the step learns from restorations: most of those while the rate falls, when the
        prior is good enough to restore by."""
        return step >= self.steps * (1 - FALL) and step % RESTORED > 0

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
        restorations: that it learns from besides patches.
        step: batches done.
        history: of the validations, each {step, patches, cpu_hours, gpu_hours, psnr: {level: dB}}.
        cpu_seconds: spent so far without a GPU.
        gpu_seconds: spent so far with one, by the clock.
    """

    network: Denoiser
    average: Denoiser
    optimizers: list[torch.optim.Optimizer]
    restorations: Restorations
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0


class _Batches(Dataset[Batch | None]):
    """Every batch of a run, by its step, none where the step learns from restorations; workers of
    a DataLoader draw from it."""

    def __init__(self, run: Run, photographs: Sequence[Pixels]) -> None:
        self.run, self.photographs, self.leaves = run, photographs, scenes(run.seed)

    def __getitem__(self, step: int) -> Batch | None:
        if self.run.restores(step):
            return None
        return draw_batch(self.photographs, self.leaves, self.run.seed, step, self.run.batch)


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
    workers: int = 0,
) -> State:
    """Train, from the checkpoint in `out` if there is one, and write the model to `out`.

    Args:
        model: folder of the prior that the run goes on from; its `start` and `model` are of it.
        photographs: (H, W, 3) uint8, to learn from. held_out: to validate on.
        on_progress: called with patches seen, and of all.
        workers: processes that draw patches beside this one, which does so itself if none.

    Raises:
        InputError: the checkpoint is another run's, the loss is no longer a number, or the disk
            is full; the last checkpoint stays.
    """
    state = resume(run, photographs, out / CHECKPOINT, device, model)
    pictures = crops(held_out)
    on_gpu = torch.device(device).type == "cuda"
    batches = DataLoader(
        _Batches(run, photographs),
        batch_size=None,
        sampler=range(state.step, run.steps),
        num_workers=workers,
        pin_memory=on_gpu,
    )
    clock = time.monotonic if on_gpu else time.process_time
    before = clock()
    for batch in batches:
        if batch is None:
            state.restorations.take(_advance(state, run, state.restorations.show()))
        else:
            _advance(state, run, add_noise(batch, device))
        now = clock()
        if on_gpu:
            state.gpu_seconds += now - before
        else:
            state.cpu_seconds += now - before
        before = now
        on_progress(min(state.step * run.batch, run.patches), run.patches)
        last = state.step == run.steps
        if last or state.step % VALIDATE_EVERY == 0:
            _validate(state, run, pictures)
        if not last and state.step % SAVE_EVERY == 0:
            _write(state, run, out)
    # Whenever the end is reached: a stop may have come between the last checkpoint and its model.
    _write(state, run, out)
    return state


def resume(
    run: Run,
    photographs: Sequence[Pixels],
    checkpoint: Path,
    device: str,
    model: Path | None = None,
) -> State:
    """The state that a checkpoint holds, or that of a new run where there is none.

    A new run goes on from `model`, if given, as if its steps were this run's first; the
    optimizers' moments begin anew.

    Raises:
        InputError: it is damaged, or another run's.
    """
    torch.manual_seed(run.seed)
    network = (load(model).train() if model else Denoiser(Shape(run.widths))).to(device)
    network.to(memory_format=torch.channels_last)  # a tenth faster
    matrices = [x for name, x in network.named_parameters() if _is_matrix(name, x)]
    others = [x for name, x in network.named_parameters() if not _is_matrix(name, x)]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, run.rates[0]),
        torch.optim.AdamW(others, run.rates[1], ADAM_BETAS, weight_decay=0.0),
    ]
    restorations = Restorations(photographs, run.seed, run.batch, device)
    state = State(network, copy.deepcopy(network), optimizers, restorations, run.start)
    if not checkpoint.exists():
        if model:
            training = read_training(model)
            state.cpu_seconds, state.gpu_seconds = training.cpu_seconds, training.gpu_seconds
        return state
    with reading(checkpoint):
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        if not run.continues(saved["run"], saved["step"]):
            raise InputError(
                f"{checkpoint} is of another run ({saved['run']}, step {saved['step']:,}); go on "
                "with its options, or choose another --out"
            )
        network.load_state_dict(saved["network"])
        state.average.load_state_dict(saved["average"])
        for optimizer, content in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(content)
        restorations.load_state(saved["restorations"])
        state.step, state.history = saved["step"], saved["history"]
        state.cpu_seconds = saved["cpu_seconds"]
        state.gpu_seconds = saved.get("gpu_seconds", 0.0)  # before it was there, there were none
    return state


def rate(step: int, steps: int, start: int = 0) -> float:
    """The learning rate's factor: a short rise, a plateau, and a line to 0."""
    return min(1.0, (step - start + 1) / WARM_UP, (steps - step) / (steps * FALL))


def _is_matrix(name: str, weight: Tensor) -> bool:
    return weight.ndim == 4 and not name.startswith(("head.", "tail."))


def _advance(state: State, run: Run, batch: Noisy) -> Tensor:
    """One step; the network's estimates before it, (B, 3, S, S)."""
    clean, noisy = (x.contiguous(memory_format=torch.channels_last) for x in batch[:2])
    begin_step(state.optimizers, run.rates, rate(state.step, run.steps, run.start))
    # In half the bits on a GPU: the products of the layers, not the picture that they correct.
    on_gpu = clean.device.type == "cuda"
    with torch.autocast(clean.device.type, torch.bfloat16, enabled=on_gpu):
        estimate: Tensor = state.network(noisy, batch.sigma)
        error = (estimate - clean).square()
    loss = (error * output_scale(batch.error) ** WEIGHT).mean()
    loss.backward()
    end_step(state.optimizers, CLIP, state.step, LOOK_EVERY if on_gpu else 1)
    state.step += 1
    follow(state.average, state.network, EMA_SHARE, state.step)
    return estimate.detach().to(clean.dtype)


def _validate(state: State, run: Run, pictures: Sequence[Pixels]) -> None:
    psnr = {f"{level}": round(x, 3) for level, x in denoising(state.average, pictures).items()}
    state.history.append(
        {
            "step": state.step,
            "patches": state.step * run.batch,
            "cpu_hours": round(state.cpu_seconds / 3600, 3),
            "gpu_hours": round(state.gpu_seconds / 3600, 3),
            "psnr": psnr,
        }
    )


def _write(state: State, run: Run, out: Path) -> None:
    content = {
        "run": asdict(run),
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        "restorations": state.restorations.state(),
        "step": state.step,
        "history": state.history,
        "cpu_seconds": state.cpu_seconds,
        "gpu_seconds": state.gpu_seconds,
    }
    training = asdict(run) | {
        "step": state.step,
        "cpu_seconds": round(state.cpu_seconds),
        "gpu_seconds": round(state.gpu_seconds),
    }
    with writing(out):
        save_checkpoint(out, content)
        save(out, state.average, training)
