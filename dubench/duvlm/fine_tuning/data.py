"""What a Qwen3-VL is fine-tuned on: a dataset on disk, or fresh crops of photographs.

Both are datasets whose items are made when they are asked for, a function of their number alone:
so order, resuming and several processes are the trainer's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dubench.dataset import Split, open_split
from dubench.duvlm.train import samples
from dubench.duvlm.train.samples import MIXTURE, PER_CHUNK, TRUTH, Plan, Truth, truth_of
from dubench.predictors.protocol import Image
from generators.errors import InputError
from generators.images import decode_rgb

HELD = PER_CHUNK
"""Samples held out of each dataset or preset, at most: enough of each type to calibrate ranges."""


@dataclass(frozen=True)
class Held:
    """Photographs held out.

    Attributes:
        images: degraded. truth: (n,) of them.
    """

    images: list[Image]
    truth: Truth

    def first(self, count: int) -> "Held":
        """The first `count` of them."""
        return Held(self.images[:count], self.truth[:count])


@dataclass(frozen=True)
class Data:
    """What a model learns from.

    Attributes:
        train: a `datasets.Dataset` whose items have `image` and `truth`.
        held: to validate on, by name; may be empty.
        ranges: of keys whose range is not the taxonomy's.
        identity: what tells it from other data.
    """

    train: Any
    held: Mapping[str, Held]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    identity: Sequence[Any] = ()


def of_dataset(where: str) -> Data:
    """The train split of a dataset, and of its validation split, if it has one, the first rows.

    Raises:
        InputError: there is no such dataset or split, or its answers are kept by a host.
    """
    split = open_split(where, "train")
    truth = truth_of(split.ground_truth())
    rows = rows_of(split, ["id", "degraded"])
    row_of = {name: row for row, name in enumerate(split.ids)}

    def items(batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        pairs = zip(batch["id"], batch["degraded"], strict=True)
        images = [_decoded(where, name, stored) for name, stored in pairs]
        return {"image": images, "truth": [truth[row_of[name]] for name in batch["id"]]}

    ranges = split.preset.own_ranges if split.preset else {}
    identity = [split.title, split.identity["content_id"]]
    return Data(_undecoded(rows).with_transform(items), _held_of(where), ranges, identity)


def rows_of(split: Split, columns: Sequence[str]) -> Any:
    """A split as a `datasets.Dataset`, nothing of which is read before it is asked for.

    Raises:
        InputError: its files cannot be read.
    """
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    try:
        return Dataset.from_parquet([str(file) for file in split.files], columns=list(columns))
    except (OSError, ValueError) as error:
        raise InputError(f"{split.where}: cannot be read ({error}); run dubench verify") from None


def _undecoded(rows: Any) -> Any:
    """Pictures as their files' bytes, which dubench reads itself."""
    from datasets import Image as ImageColumn

    return rows.cast_column("degraded", ImageColumn(decode=False))


def _decoded(where: str, name: str, stored: Mapping[str, Any] | None) -> Image:
    image = decode_rgb((stored or {}).get("bytes") or b"")
    if image is None:
        raise InputError(f"{where}: degraded of {name} is not an image; run dubench verify")
    return image


def _held_of(where: str) -> dict[str, Held]:
    try:
        split: Split = open_split(where, "validation")
    except InputError:
        return {}
    if split.blind:
        return {}
    truth = truth_of(split.ground_truth())[:HELD]
    names = split.ids[:HELD]
    images = dict(split.images("degraded", only=set(names)))
    return {"validation": Held([images[name] for name in names], truth)}


def of_photographs(plan: Plan, count: int) -> Data:
    """Fresh crops of photographs, as `generate` would make them, two of du110k-wild for one of
    du110k; photographs held out validate.

    Args:
        plan: see `samples.plan`, for as many.
        count: of the train split.
    """
    from datasets import Dataset

    def items(batch: Mapping[str, list[int]]) -> dict[str, list[Any]]:
        made = [_crop(plan, number) for number in batch["number"]]
        return {"image": [image for image, _ in made], "truth": [truth for _, truth in made]}

    train = Dataset.from_dict({"number": range(count)}).with_transform(items)
    held = {}
    for which, recipe in enumerate(plan.recipes):
        first = next(shard.start for shard in recipe.shards if shard.split == "validation")
        images, truth = zip(*(_made(plan, which, first + i) for i in range(HELD)), strict=True)
        held[recipe.preset.name] = Held(list(images), np.array(truth))
    return Data(train, held, {}, plan.identity)


def _crop(plan: Plan, number: int) -> tuple[Image, Any]:
    names = list(dict.fromkeys(MIXTURE))
    round_, turn = divmod(number, len(MIXTURE))
    repeats, before = MIXTURE.count(MIXTURE[turn]), MIXTURE[:turn].count(MIXTURE[turn])
    return _made(plan, names.index(MIXTURE[turn]), round_ * repeats + before)


def _made(plan: Plan, which: int, index: int) -> tuple[Image, Any]:
    image, degradation = samples.crop(plan.recipes[which], plan.photographs[which], index)
    truth = np.empty((), TRUTH)
    truth["type"], truth["severity"], truth["values"] = samples.truth(degradation)
    return image, truth
