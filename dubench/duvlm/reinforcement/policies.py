"""The models that learn from rewards, nano and fine-tuned ones, behind one face.

This file imports torch when it is imported.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from dubench.duvlm.model import files, qwen
from dubench.duvlm.model.answering import Answering, reduce_for
from dubench.duvlm.model.believing import Believed, joined
from dubench.duvlm.model.files import NOTES, SHIPPED, Notes
from dubench.duvlm.model.qwen import Qwen
from dubench.duvlm.prompts import TRAINED
from dubench.duvlm.reinforcement.pairs import Image
from dubench.duvlm.tokens import VISION
from dubench.duvlm.views import for_nano
from generators.errors import InputError
from generators.files import from_home, write_whole
from generators.typed_json import to_json

_AT_ONCE = 16


class Policy(Protocol):
    """A model that answers about photographs.

    Attributes:
        learner: what TRL trains: a folder, or a model that gets adapters.
        notes: what dubench knows of it. processor: as transformers has it.
    """

    @property
    def learner(self) -> Any:
        """See above."""

    @property
    def notes(self) -> Notes:
        """See above."""

    @property
    def processor(self) -> Any:
        """See above."""

    def ask(self, image: Image) -> tuple[list[dict[str, Any]], list[Image]]:
        """A conversation with a placeholder for each picture, and the pictures."""

    def believe(self, model: Any, images: Sequence[Image]) -> Believed:
        """What `model`, with this one's weights or those they became, believes of photographs."""

    def save(self, model: Any, out: Path, notes: Notes) -> None:
        """Write a model to a folder."""


@dataclass(frozen=True)
class OfNano:
    """See Policy."""

    learner: str  # the divergence from the start needs a second copy of all weights
    notes: Notes
    processor: Any
    answering: Answering

    def ask(self, image: Image) -> tuple[list[dict[str, Any]], list[Image]]:
        """See Policy."""
        pictures = for_nano(image, self.answering.views)
        return [{"role": "user", "content": [{"type": "image"} for _ in pictures]}], pictures

    def believe(self, model: Any, images: Sequence[Image]) -> Believed:
        """See Policy."""
        current = self.with_weights_of(model)
        return joined([
            current.believe(reduce_for(current.views, some)) for some in _batches(images)
        ])  # fmt: skip

    def save(self, model: Any, out: Path, notes: Notes) -> None:
        """See Policy."""
        files.save(out, self.with_weights_of(model), notes)

    def with_weights_of(self, model: Any) -> Answering:
        """nano as `model` is now."""
        mine = self.answering
        return Answering(model, mine.words, mine.vocabulary, mine.views)


@dataclass(frozen=True)
class OfQwen:
    """See Policy."""

    notes: Notes
    qwen: Qwen

    @property
    def learner(self) -> Any:
        """See Policy."""
        return self.qwen.model

    @property
    def processor(self) -> Any:
        """See Policy."""
        return self.qwen.processor

    def ask(self, image: Image) -> tuple[list[dict[str, Any]], list[Image]]:
        """See Policy."""
        parts = self.qwen.ask(image)
        content = [
            {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}
            for part in parts
        ]
        pictures = [part for part in parts if not isinstance(part, str)]
        return [{"role": "user", "content": content}], pictures

    def believe(self, model: Any, images: Sequence[Image]) -> Believed:
        """See Policy."""
        current = replace(self.qwen, model=model)
        return joined([current.believe(some) for some in _batches(images)])

    def save(self, model: Any, out: Path, notes: Notes) -> None:
        """See Policy."""
        from dubench.duvlm.fine_tuning.adapters import merged

        merged(model).save_pretrained(out)
        self.processor.save_pretrained(out)
        write_whole(out / "prompt.txt", TRAINED + "\n")
        write_whole(out / NOTES, json.dumps(to_json(notes), indent=1) + "\n")


def open_policy(name: str, device: str = "cpu") -> Policy:
    """The model called `nano`, `nano:FOLDER` or `duvlm:FOLDER`.

    Raises:
        InputError: it is none of these, the folder holds no such model, or its photographs have
            not joined the chart yet.
    """
    import transformers

    folder = folder_of(name)
    if name.partition(":")[0] == "nano":
        answering, notes = files.load(folder, device)
        if notes.views != answering.views:
            raise InputError(
                f"--model {name} has seen no photographs yet, charts alone; train it further with "
                "dubench train sft"
            )
        processors: Any = transformers.AutoProcessor
        return OfNano(str(folder), notes, processors.from_pretrained(folder), answering)
    loaded, notes, _ = qwen.load(folder, device, "float32" if device == "cpu" else "bfloat16")
    return OfQwen(notes, loaded)


def folder_of(name: str) -> Path:
    """Where the model called `nano`, `nano:FOLDER` or `duvlm:FOLDER` is.

    Raises:
        InputError: it is none of these.
    """
    family, _, where = name.partition(":")
    if family not in ("nano", "duvlm") or (family == "duvlm" and not where):
        raise InputError(
            f"--model {name}: rewards go on from a model that dubench train sft wrote; give "
            "nano, nano:FOLDER or duvlm:FOLDER"
        )
    return from_home(where) if where else SHIPPED


def image_tokens(policy: Policy) -> list[int]:
    """Tokens that stand for pictures: one in an answer would break the count of the next question
    (trl issue 3847)."""
    ids: list[int] = policy.processor.tokenizer.convert_tokens_to_ids(list(VISION))
    return ids


def _batches(images: Sequence[Image]) -> list[Sequence[Image]]:
    starts = range(0, len(images), _AT_ONCE)
    return [images[start : start + _AT_ONCE] for start in starts]
