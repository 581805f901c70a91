"""Learning through the restorer: the paper's future work, in its simplest form.

The forward model G and its damped inverse are differentiable in the parameters, so the error of the
restored picture needs no sampling and no reward: it flows into the expected value v̂ of the [V-…]
tokens,

    ‖G⁻¹(y; v̂) − x‖² + w·‖G(G⁻¹(y; v̂); v̂) − y‖² + β·KL(model ‖ model at the start).

The middle term alone is zero where nothing is undone; it holds the values to what explains y.

This file imports torch when it is imported.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dubench.ddnm.undo import undo
from dubench.duvlm.model.answering import Answering, reduce_for
from dubench.duvlm.reinforcement.course import Course
from dubench.duvlm.reinforcement.pairs import Pair, Pairs
from dubench.duvlm.reinforcement.policies import OfNano
from dubench.duvlm.reinforcement.restoring import as_tensor
from dubench.training import CHECKPOINT, begin_step, end_step, reading, save, writing
from generators import batched
from generators.batched.haze import solve_beta
from generators.physics.low_light import RGB_TO_XYZ
from generators.taxonomy import TYPES

AGAIN, KEEP = 0.5, 1e-3  # w and β
RATE, CLIP = 1e-4, 1.0
SAVE_EVERY = 25  # steps
_LIKELY = (0.02, 0.98)  # of mean transmissions: at the ends of the range β is infinite or 0
_SILENT = {"shot_noise": 0.0, "read_noise": 0.0, "red_gain": 1.0, "blue_gain": 1.0}


@dataclass
class Joint:
    """A nano that learns through the restorer.

    Args:
        answering: the model, which changes.
        pairs: what it learns from.
        batch: pictures a step.
        seed: of their order.
    """

    answering: Answering
    pairs: Pairs
    batch: int = 32
    seed: int = 0
    step: int = 0
    optimizer: torch.optim.Optimizer = field(init=False)
    _start: Any = field(init=False)

    def __post_init__(self) -> None:
        model = self.answering.model
        self.optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.0)
        self._start = Answering(
            copy.deepcopy(model), self.answering.words, self.answering.vocabulary,
            self.answering.views,
        )  # fmt: skip

    def advance(self, factor: float) -> Mapping[str, float]:
        """One step at a `factor` of the learning rate; returns the terms of the loss.

        Raises:
            InputError: the loss is no longer a number, or a picture cannot be read.
        """
        rng = np.random.default_rng([self.seed, self.step])
        rows = rng.choice(len(self.pairs), min(self.batch, len(self.pairs)), replace=False)
        pairs = [self.pairs[int(row)] for row in rows]
        begin_step([self.optimizer], [RATE], factor)
        terms = loss_of(self.answering, self._start, pairs)
        total: Any = terms["restored"] + AGAIN * terms["again"] + KEEP * terms["kl"]
        total.backward()
        end_step([self.optimizer], CLIP, self.step)
        self.step += 1
        return {name: float(term.detach()) for name, term in terms.items()}


def train(
    policy: OfNano,
    pairs: Pairs,
    course: Course,
    out: Path,
    on_progress: Callable[[int, int], None],
    on_evaluate: Callable[[Any], dict[str, Any]],
) -> tuple[Any, list[dict[str, Any]]]:
    """Train from the checkpoint in `out`, if there is one; the model, and its history.

    Raises:
        InputError: the checkpoint is damaged, the loss is no longer a number, or the disk is full.
    """
    torch.manual_seed(course.seed)
    joint = Joint(policy.answering, pairs, course.prompts * course.group, course.seed)
    model = policy.answering.model.train()
    history: list[dict[str, Any]] = []
    if (out / CHECKPOINT).exists():
        with reading(out / CHECKPOINT):
            saved = torch.load(out / CHECKPOINT, map_location=model.device, weights_only=True)
            model.load_state_dict(saved["model"])
            joint.optimizer.load_state_dict(saved["optimizer"])
            joint.step, history = saved["step"], saved["history"]
    else:
        history.append({"step": 0, **on_evaluate(model)})
    while joint.step < course.steps:
        terms = joint.advance(1 - joint.step / course.steps)
        on_progress(joint.step, course.steps)
        last = joint.step == course.steps
        if last or joint.step % course.every == 0:
            history.append({"step": joint.step, **terms, **on_evaluate(model)})
        if last or joint.step % SAVE_EVERY == 0:
            content = {"model": model.state_dict(), "optimizer": joint.optimizer.state_dict()}
            with writing(out):
                save(out, {**content, "step": joint.step, "history": history})
    return model, history


def loss_of(answering: Answering, start: Answering, pairs: Sequence[Pair]) -> dict[str, Tensor]:
    """The terms of the loss, each a mean over the pictures: `restored`, `again` and `kl`."""
    samples = reduce_for(answering.views, [pair.degraded for pair in pairs])
    visual = answering.see(samples)
    with torch.no_grad():
        visual_start = start.see(samples)
    terms = {name: torch.zeros(()) for name in ("restored", "again", "kl")}
    type_names = [pair.truth.type for pair in pairs]
    for type_name in dict.fromkeys(type_names):
        rows = [row for row, name in enumerate(type_names) if name == type_name]
        own = [None if v is None else v[rows] for v in visual]
        logits, fed = _read(answering, own, type_name)
        with torch.no_grad():
            own_start = [None if v is None else v[rows] for v in visual_start]
            logits_start, _ = _read(start, own_start, type_name)
        terms["kl"] = terms["kl"] + _divergence(logits, logits_start).mean(-1).sum()
        if TYPES[type_name].keys:
            values = expected(answering, type_name, logits, fed)
            some = [pairs[row] for row in rows]
            restored, again = _errors(type_name, some, values)
            terms["restored"] = terms["restored"] + restored.sum()
            terms["again"] = terms["again"] + again.sum()
    return {name: term / len(pairs) for name, term in terms.items()}


def expected(
    answering: Answering, type_name: str, logits: Tensor, places: Sequence[int]
) -> dict[str, Tensor]:
    """The mean (B,) of each key's distribution, or (B, n) of a vector, in units.

    Args:
        logits: (B, n, vocabulary), as `Answering.read` gives them. places: of the values in them.
    """
    spelling, vocabulary = answering.spelling, answering.vocabulary
    shares = logits[:, list(places)][..., spelling.values].softmax(-1)
    entries: dict[str, list[Tensor]] = {}
    for number, (key, _) in enumerate(vocabulary.answer(type_name).entries):
        grid = torch.from_numpy(vocabulary.places(key)).to(shares)
        entries.setdefault(key.name, []).append(shares[:, number] @ grid)
    return {name: e[0] if len(e) == 1 else torch.stack(e, 1) for name, e in entries.items()}


def _read(
    answering: Answering, visual: Sequence[Tensor | None], type_name: str
) -> tuple[Tensor, list[int]]:
    """Logits of the answer about a type, and the places of its values in them."""
    spelling = answering.spelling
    spelled = spelling.spelled(type_name, 1)
    fed = spelled.ids[:-1].copy()
    # Values do not depend on what is written before them; something has to stand there.
    fed[spelled.values] = spelling.values[len(spelling.values) // 2]
    count = next(len(v) for v in visual if v is not None)
    return answering.read(visual, torch.from_numpy(fed).repeat(count, 1)), spelled.values.tolist()


def _divergence(logits: Tensor, start: Tensor) -> Tensor:
    """KL(model ‖ start) (B, n) of every piece."""
    mine, other = logits.log_softmax(-1), start.log_softmax(-1)
    return (mine.exp() * (mine - other)).sum(-1)


def _errors(
    type_name: str, pairs: Sequence[Pair], values: dict[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Mean squared errors (B,) of the restored pictures, and of these degraded again."""
    device = next(iter(values.values())).device
    degraded = as_tensor([pair.degraded for pair in pairs], str(device))
    clean = as_tensor([pair.clean for pair in pairs], str(device))
    depth = None
    if type_name == "haze":
        values["transmission"] = values["transmission"].clamp(*_LIKELY)
        maps = np.stack([pair.depth(_answer(pair, values, row)) for row, pair in enumerate(pairs)])
        depth = torch.from_numpy(maps).to(degraded)
    if type_name == "low_resolution":  # a whole number: nothing flows to it
        values = {"scale": values["scale"].detach().round()}
    restored = undo(type_name, degraded, values, depth)
    again = _degraded_again(type_name, restored, values, depth)
    means = ((restored - clean) ** 2).mean((1, 2, 3)), ((again - degraded) ** 2).mean((1, 2, 3))
    return means


def _answer(pair: Pair, values: Mapping[str, Tensor], row: int) -> Any:
    own = {name: float(value[row].detach()) for name, value in values.items()}
    return type(pair.truth)(pair.truth.type, own)


def _degraded_again(
    type_name: str, restored: Tensor, values: Mapping[str, Tensor], depth: Tensor | None
) -> Tensor:
    extra: dict[str, Tensor] = {}
    noise = None
    if type_name == "haze":
        assert depth is not None
        extra["beta"] = solve_beta(values["transmission"], depth)
    elif type_name == "low_light":
        gamma = values["gamma"]
        extra = {name: torch.full_like(gamma, value) for name, value in _SILENT.items()}
        # Any matrix: without noise it cancels. sRGB's own keeps linear colours as they are.
        neutral = torch.linalg.inv(torch.tensor(RGB_TO_XYZ)).flatten().to(gamma)
        extra["camera_intrinsics"] = neutral.expand(len(gamma), -1)
        noise = torch.zeros_like(restored)
    return batched.apply(type_name, restored, {**values, **extra}, depth, noise)
