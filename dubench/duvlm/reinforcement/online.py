"""Learning on photographs without a truth: answers are rewarded by how good the result looks.

The paper's online phase (arXiv 2602.04565, section 4): a no-reference quality of the restored
picture, the same gate on valid answers, until the running mean settles. Quality without a reference
can be bought: sharpening what is sharp already pleases BRISQUE. So an answer has to gain MARGIN,
`none` costs and gains nothing, and a model that begins to call undegraded photographs degraded is
taken back to its last good weights, and stopped.

This file imports torch and trl when it is imported.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dubench.diagnosing.places import look
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.reinforcement.grpo import words_of
from dubench.duvlm.reinforcement.pairs import Image, Pair
from dubench.duvlm.reinforcement.policies import Policy
from dubench.duvlm.reinforcement.restoring import Restorer
from dubench.duvlm.reinforcement.rewards import REFUSED, understand
from dubench.duvlm.runs import is_first
from dubench.scoring.restored.metrics import choose
from dubench.training import reading, writing
from generators.errors import InputError, UnreadableError
from generators.files import whole
from generators.sources import photographs
from generators.sources.pools import BUNDLED
from generators.taxonomy import TYPES, Degradation

MARGIN = 3.0
"""Points that a result must gain before it is worth more than leaving the photograph."""
SCALE = 100.0
"""Points of quality that are worth 1."""
SLACK = 0.02
"""By how much the false alarms on undegraded photographs may rise."""
WINDOW = 20
"""Steps of the two running means that are compared: the last, and those before."""
SIDE = 256
GOOD = "good.pt"
METRICS = {"brisque": 1.0, "clipiqa": -100.0}
"""What turns a metric's numbers into points of which fewer are better."""

Quality = Callable[[Sequence[Image]], Sequence[float]]
"""No-reference quality of pictures (H, W, 3) uint8 RGB; smaller is better, NaN where undefined."""


class QualityReward:
    """Rewards answers by the quality of what they restore, for TRL.

    Args:
        policy: whose grid the answers stand on. restorer: behind it. quality: what is measured.
    """

    __name__ = "quality"

    def __init__(self, policy: Policy, restorer: Restorer, quality: Quality) -> None:
        self._grid, self._restorer = policy.notes.vocabulary.grid, restorer
        self._quality = quality

    def __call__(
        self, completions: Sequence[Any], picture: Sequence[Image], log_metric: Any, **others: Any
    ) -> list[float]:
        """The reward of each completion, a conversation of one message, about its picture."""
        answers = [understand(words_of(completion), self._grid) for completion in completions]
        rewards = self.rewards(picture, answers)
        log_metric("valid", float(np.mean([answer is not None for answer in answers])))
        log_metric(
            "left_alone", float(np.mean([a is not None and a.type == "none" for a in answers]))
        )
        return rewards

    def rewards(
        self, pictures: Sequence[Image], answers: Sequence[Degradation | None]
    ) -> list[float]:
        """−1 for what is invalid, 0 for `none`, else what the result gains beyond MARGIN."""
        tried = [place for place, a in enumerate(answers) if a is not None and a.type != "none"]
        attempts = []
        for place in tried:
            answer = answers[place]
            assert answer is not None
            # Without a truth the clean picture is not known; nobody looks at it.
            attempts.append((Pair(pictures[place], pictures[place], answer), answer))
        restored = self._restorer(attempts)
        before = self._quality([pictures[place] for place in tried])
        after = self._quality(restored)
        gain_of = {
            place: (old - new - MARGIN) / SCALE
            for place, old, new in zip(tried, before, after, strict=True)
        }
        rewards = []
        for place, answer in enumerate(answers):
            gain = gain_of.get(place, 0.0)
            undefined = math.isnan(gain)  # a result without structure
            rewards.append(REFUSED if answer is None or undefined else max(REFUSED, min(gain, 1.0)))
        return rewards


def settled(means: Sequence[float]) -> bool:
    """Whether the mean reward of the last WINDOW steps is no better than that of those before, by
    more than its standard error."""
    if len(means) < 2 * WINDOW:
        return False
    before, last = np.asarray(means[-2 * WINDOW : -WINDOW]), np.asarray(means[-WINDOW:])
    error = math.hypot(before.std(ddof=1), last.std(ddof=1)) / math.sqrt(WINDOW)
    return bool(last.mean() - before.mean() <= error)


@dataclass
class Guard:
    """Watches that a model does not begin to see degradations where there are none.

    Attributes:
        believe: what a model believes of photographs.
        photographs: undegraded ones.
        kept: file that the last good weights are kept in, for a run that goes on.
        start: share of them that were called degraded at first. good: the last good weights, of
            those that learn.
        tripped: whether they had to be taken back.
    """

    believe: Callable[[Any, Sequence[Image]], Believed]
    photographs: Sequence[Image]
    kept: Path
    start: float = field(default=math.nan, init=False)
    good: dict[str, torch.Tensor] = field(default_factory=dict, init=False)
    tripped: bool = field(default=False, init=False)

    def resume(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Go on as the guard of a run that was stopped, whose checks `history` holds.

        Raises:
            InputError: its last good weights cannot be read.
        """
        shares = [entry["false_alarms"] for entry in history]
        self.start = shares[0]
        self.tripped = max(shares) > self.start + SLACK
        with reading(self.kept.parent):
            self.good = torch.load(self.kept, map_location="cpu", weights_only=True)

    def check(self, model: Any) -> dict[str, float]:
        """Count the false alarms of a model; too many take its weights back to the last good.

        Returns:
            `false_alarms`, the share.

        Raises:
            InputError: the disk is full.
        """
        types = self.believe(model, self.photographs).types.argmax(-1)
        share = float((types != list(TYPES).index("none")).mean())
        if math.isnan(self.start):
            self.start = share
        self.tripped = self.tripped or share > self.start + SLACK
        if self.tripped:
            model.load_state_dict(self.good, strict=False)
        else:
            self.good = {  # on the CPU: a GPU's memory is reckoned without them
                name: weight.detach().to("cpu", copy=True)
                for name, weight in model.named_parameters()
                if weight.requires_grad
            }
            self._keep()
        return {"false_alarms": share}

    def _keep(self) -> None:
        """A checkpoint holds the weights as they are, which may be worse than these."""
        if is_first():
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            with writing(self.kept.parent), whole(self.kept) as part:
                torch.save(self.good, part)


def undegraded() -> list[Image]:
    """Crops (SIDE, SIDE, 3) of the bundled photographs."""
    crops = []
    for path in sorted(BUNDLED.glob("*.jpg")):
        pixels, _ = photographs.load(path)
        rows, columns = (range(0, length - SIDE + 1, SIDE) for length in pixels.shape[:2])
        crops += [pixels[y : y + SIDE, x : x + SIDE] for y in rows for x in columns]
    return [np.ascontiguousarray(crop) for crop in crops]


class Pictures:
    """The middles of photographs, read when they are asked for.

    Args:
        hashes: of the files, by path.

    Attributes:
        identity: how many they are, and what tells them and their order from others.
    """

    def __init__(self, hashes: Mapping[Path, str]) -> None:
        self._paths = list(hashes)
        digest = hashlib.sha256("\n".join(hashes.values()).encode()).hexdigest()
        self.identity = {"n": len(hashes), "sha256": digest}

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> Image:
        path = self._paths[number]
        with _naming(path):
            return middle(photographs.load(path)[0])


def open_pictures(paths: Sequence[Path]) -> Pictures:
    """The photographs of files and folders; raises InputError where there are none, or damaged
    ones."""
    places = look(paths)
    for place, why in places.problems:
        raise InputError(f"{place}: {why}")
    usable = {}
    for path in places.photographs:
        with _naming(path):
            result = photographs.inspect(path)
        if min(result.width, result.height) >= SIDE:
            usable[path] = result.sha256
    if not usable:
        raise InputError(f"no photograph of at least {SIDE}×{SIDE} pixels among those given")
    return Pictures(usable)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which photograph cannot be read inside, and what to do."""
    try:
        yield
    except UnreadableError as error:
        raise InputError(f"{path}: {error}; remove it and run the same command again") from None


def open_quality(metric: str, device: str) -> Quality:
    """A no-reference metric by name, turned so that smaller is better.

    Raises:
        InputError: it is not one of METRICS, or its package or weights cannot be had.
    """
    if metric not in METRICS:
        raise InputError(f"--metric {metric}: use one of {', '.join(METRICS)}")
    compute = choose(metric, device).computes[metric]
    sign = METRICS[metric]

    def quality(pictures: Sequence[Image]) -> Sequence[float]:
        if not pictures:
            return []
        stack = np.stack(pictures)
        return [float(sign * value) for value in compute(stack, stack)]

    return quality


def middle(pixels: Image) -> Image:
    """The middle SIDE × SIDE pixels of a photograph."""
    top, left = ((length - SIDE) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
