"""The training loop of nano: resumable after any stop, to the very same weights.

First the chart alone is shown, four times as many pictures a second, then the photograph too.

This file imports torch when it is imported.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dubench.duvlm.model.answering import Answering
from dubench.duvlm.train.calibrate import calibrate
from dubench.duvlm.train.loss import loss_of
from dubench.duvlm.train.samples import COLUMNS, Samples
from dubench.duvlm.train.targets import Targeting, width_of
from dubench.duvlm.train.validate import believe, validate
from dubench.duvlm.views import PAPERS
from dubench.muon import Muon
from dubench.training import CHECKPOINT, begin_step, end_step, follow, reading, save, writing
from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES
from generators.typed_json import to_json

BATCH = 128
MUON_RATE, ADAM_RATE, ADAM_BETAS, DECAY = 5e-3, 1e-3, (0.9, 0.98), 0.05
WARM_UP, CLIP = 40, 1.0  # steps; of the gradient's norm
FALL = 0.25  # share of the pictures at the end over which the rate falls to 0
EMA_SHARE = 0.03  # of the steps so far is the half-life of the averaged weights, about
NARROWED = 300_000  # pictures by which the values' Gaussians are as narrow as they become
TRUST, TRUSTED = 0.5, 1_000_000  # share of the teacher in the targets; it falls to 0 by so many
AUXILIARY = 0.3  # weight of the auxiliary head's loss
SAVE_EVERY, VALIDATE_EVERY = 120, 250  # seconds; steps

Fetch = Callable[[int, int], Samples]
"""The samples of batch `step`, so many."""
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """What determines the weights, beside how many pictures are seen; a checkpoint holds it.

    Attributes:
        seed: of the first weights, the order and what is fed.
        chart_alone: pictures that are seen before the photograph is shown too.
        samples: what tells the samples from others.
        form: what tells the charts from others.
    """

    seed: int
    chart_alone: int
    samples: list[Any]
    form: str


@dataclass
class State:
    """Where a run is.

    Attributes:
        answering: the model that learns. average: with the moving average of its weights.
        head: reads type and values off the mean of the visual tokens, to teach the encoder.
        optimizers: Muon for the matrices within, AdamW for the rest.
        step: batches done.
        history: of the validations.
        cpu_seconds: spent so far.
        loss: mean since the last validation.
    """

    answering: Answering
    average: Answering
    head: torch.nn.Linear
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    cpu_seconds: float = 0.0
    loss: float = 0.0

    @property
    def seen(self) -> int:
        """Pictures seen."""
        return self.step * BATCH


def train(
    run: Run,
    images: int,
    answering: Answering,
    targeting: Targeting,
    fetch: Fetch,
    held: dict[str, Samples],
    out: Path,
    on_progress: OnProgress,
    on_written: Callable[[State], None],
) -> State:
    """Train, from the checkpoint in `out` if there is one.

    Args:
        images: to see in all.
        held: samples of other photographs by preset, to validate on.
        on_progress: called with pictures seen, and of all.
        on_written: called with the state after each checkpoint.

    Raises:
        InputError: the checkpoint is another run's or has seen more, the loss is no longer a
            number, or the disk is full; the last checkpoint stays.
    """
    state = resume(run, answering, out / CHECKPOINT)
    steps = math.ceil(images / BATCH)
    if state.step > steps:
        raise InputError(
            f"--images {images}: {out / CHECKPOINT} has seen {state.seen:,}; choose as many or "
            "more, or another --out"
        )
    started = time.process_time() - state.cpu_seconds
    saved = time.monotonic()
    on_progress(min(state.seen, images), images)
    while state.step < steps:
        samples = fetch(state.step, BATCH)
        _advance(state, run, images, samples, targeting)
        state.cpu_seconds = time.process_time() - started
        on_progress(min(state.seen, images), images)
        if state.step % VALIDATE_EVERY == 0:
            _validate(state, run, held)
        if time.monotonic() - saved >= SAVE_EVERY:
            _write(state, run, out)
            on_written(state)
            saved = time.monotonic()
    # Whenever the end is reached: a stop may have come between the last checkpoint and its model.
    if not state.history or state.history[-1]["step"] < steps:
        _validate(state, run, held)
    _write(state, run, out)
    on_written(state)
    return state


def resume(run: Run, answering: Answering, checkpoint: Path) -> State:
    """The state that a checkpoint holds, or that of a new run where there is none.

    Raises:
        InputError: it is damaged, or another run's.
    """
    torch.manual_seed(run.seed)
    model = answering.model
    device = model.device
    width = model.config.vision_config.out_hidden_size
    head = torch.nn.Linear(width, len(TYPES) + len(COLUMNS)).to(device)
    matrices = [x for name, x in model.named_parameters() if _is_matrix(name, x)]
    others = [x for name, x in model.named_parameters() if not _is_matrix(name, x)]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, MUON_RATE, weight_decay=DECAY),
        torch.optim.AdamW([*others, *head.parameters()], ADAM_RATE, ADAM_BETAS, weight_decay=DECAY),
    ]
    average = replace(answering, model=copy.deepcopy(model))
    state = State(answering, average, head, optimizers)
    if not checkpoint.exists():
        return state
    with reading(checkpoint):
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        if saved["run"] != asdict(run):
            raise InputError(
                f"{checkpoint} is of another run ({saved['run']}); go on with its options, or "
                "choose another --out"
            )
        model.load_state_dict(saved["model"])
        state.average.model.load_state_dict(saved["average"])
        head.load_state_dict(saved["head"])
        for optimizer, content in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(content)
        state.step, state.history, state.loss = saved["step"], saved["history"], saved["loss"]
        state.cpu_seconds = saved["cpu_seconds"]
    return state


def chart_alone_of(checkpoint: Path) -> int | None:
    """`Run.chart_alone` of the run that a checkpoint is of; None where there is none.

    Raises:
        InputError: it is damaged.
    """
    if not checkpoint.exists():
        return None
    with reading(checkpoint):
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
        return int(saved["run"]["chart_alone"])


def rate(seen: int, images: int) -> float:
    """The learning rate's factor: a short rise, a plateau, and a line to 0."""
    return min(1.0, (seen / BATCH + 1) / WARM_UP, (images - seen) / (images * FALL))


def trust_of(seen: int) -> float:
    """Share of the teacher in the targets: it falls to 0, so that the pupil may know better."""
    return TRUST * max(0.0, 1 - seen / TRUSTED)


def _is_matrix(name: str, weight: Tensor) -> bool:
    # The merger's, of side 768, would take longer than all else.
    return weight.ndim == 2 and ("visual.blocks" in name or "language_model.layers" in name)


def _advance(state: State, run: Run, images: int, samples: Samples, targeting: Targeting) -> None:
    begin_step(state.optimizers, (MUON_RATE, ADAM_RATE), rate(state.seen, images))
    rng = np.random.default_rng([run.seed, state.step])
    targets = targeting(samples, width_of(state.seen / NARROWED), trust_of(state.seen), rng)
    hidden = _hidden(state.answering, state.seen < run.chart_alone)
    if not hidden:
        flip(samples, rng)
    visual = state.answering.see(samples, hidden)
    loss = loss_of(state.answering.read(visual, torch.from_numpy(targets.fed)), targets)
    there = torch.cat([tokens for tokens in visual if tokens is not None], 1)
    total: Any = loss + AUXILIARY * auxiliary_loss(state.head(there.mean(1)), samples)
    total.backward()
    end_step(state.optimizers, CLIP, state.step)
    state.step += 1
    state.loss += (float(loss.detach()) - state.loss) / min(state.step, 100)
    follow(state.average.model, state.answering.model, EMA_SHARE, state.step)


def _hidden(answering: Answering, chart_alone: bool) -> set[str]:
    """The views that are not shown."""
    return set(answering.views) - {"chart"} if chart_alone else set()


def flip(samples: Samples, rng: np.random.Generator) -> None:
    """Mirror half of the pictures; nothing that is asked about tells left from right."""
    rows = rng.random(len(samples)) < 0.5
    for name in ("photo", *PAPERS):
        if name in (samples.dtype.names or ()):
            samples[name][rows] = samples[name][rows][:, :, ::-1]


def auxiliary_loss(read_off: Tensor, samples: Samples) -> Tensor:
    """Loss of type and values, as plain numbers, read off the visual tokens."""
    device = read_off.device
    types = torch.from_numpy(samples["type"].astype(np.int64)).to(device)
    ends = [(KEYS[name].low, KEYS[name].high) for name, _ in COLUMNS]
    low, high = (torch.tensor(side, device=device) for side in zip(*ends, strict=True))
    values = (torch.from_numpy(np.ascontiguousarray(samples["values"])).to(device) - low) / (
        high - low
    )
    there = ~values.isnan()
    missed = (read_off[:, len(TYPES) :] - values.nan_to_num()).square() * there
    of_types = torch.nn.functional.cross_entropy(read_off[:, : len(TYPES)], types)
    return of_types + 10 * missed.sum() / there.sum().clamp(min=1)


def _validate(state: State, run: Run, held: dict[str, Samples]) -> None:
    with_photo = state.seen > run.chart_alone
    vocabulary = state.average.vocabulary
    hidden = _hidden(state.average, not with_photo)
    believed = {name: believe(state.average, samples, hidden) for name, samples in held.items()}
    scores = {
        name: asdict(validate(vocabulary, believed[name], samples))
        for name, samples in held.items()
    }
    calibration = calibrate(vocabulary, [(believed[name], held[name]) for name in held])
    state.history.append(
        {
            "step": state.step,
            "images": state.seen,
            "cpu_hours": round(state.cpu_seconds / 3600, 3),
            "loss": round(state.loss, 4),
            "photograph": with_photo,
            "scores": scores,
            "calibration": to_json(calibration),
        }
    )


def _write(state: State, run: Run, out: Path) -> None:
    content = {
        "run": asdict(run),
        "model": state.answering.model.state_dict(),
        "average": state.average.model.state_dict(),
        "head": state.head.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in state.optimizers],
        "step": state.step,
        "history": state.history,
        "loss": state.loss,
        "cpu_seconds": state.cpu_seconds,
    }
    with writing(out):
        save(out, content)
