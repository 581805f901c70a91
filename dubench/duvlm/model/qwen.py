"""Any Qwen3-VL as a model of DU-VLM, through transformers' own forward.

This file imports torch when it is imported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.duvlm import chart
from dubench.duvlm.model import believing
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.model.files import NOTES, Notes, read_notes
from dubench.duvlm.prompts import TRAINED, Question, encode, question
from dubench.duvlm.spelling import Spelling
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.views import PHOTOGRAPH, VIEWS
from dubench.predictors.protocol import Image
from dubench.predictors.vlm import pretrained
from generators.errors import InputError, first_line
from generators.files import from_home

Ask = Callable[[Image], Question]
"""From a photograph to the question about it."""


@dataclass(frozen=True)
class Qwen:
    """A Qwen3-VL with the grammar's tokens.

    Attributes:
        model, processor: as transformers has them.
        vocabulary: of its answers.
        ask: makes its questions; all have as many pictures.
    """

    model: Any
    processor: Any
    vocabulary: Vocabulary
    ask: Ask

    @cached_property
    def spelling(self) -> Spelling:
        """Of its answers."""
        return Spelling(self.processor.tokenizer, self.vocabulary)

    def encode(self, images: Sequence[Image]) -> dict[str, Tensor]:
        """The model's inputs for questions about photographs."""
        self.processor.tokenizer.padding_side = "left"  # answers go on at the right end
        return dict(encode(self.processor, [self.ask(image) for image in images]))

    def believe(
        self,
        images: Sequence[Image],
        tiles: Sequence[int] | None = None,
        calibration: Calibration = UNCALIBRATED,
    ) -> Believed:
        """What the model believes about photographs; see `believing.believe`."""
        inputs = {name: x.to(self.model.device) for name, x in self.encode(images).items()}

        def read_some(rows: NDArray[np.intp], fed: Tensor) -> Tensor:
            return read(self.model, _of_rows(inputs, rows), fed)

        return believing.believe(read_some, self.spelling, len(images), tiles, calibration)


@dataclass(frozen=True)
class Asking:
    """Asks about a photograph and its views, as `dubench predict --views` does."""

    views: tuple[str, ...]
    text: str = field(default=TRAINED)

    def __call__(self, image: Image) -> Question:
        """See Ask."""
        return question(image, self.views, self.text)


def read(model: Any, inputs: dict[str, Tensor], answers: Tensor) -> Tensor:
    """Logits (B, 1 + n, vocabulary): of the answer's first token, and of what follows each.

    Args:
        inputs: of B questions, padded on the left.
        answers: (B, n) token ids, padded on the right.
    """
    answers = answers.to(inputs["input_ids"].device)
    follows = {
        "input_ids": answers,
        "attention_mask": torch.ones_like(answers),  # nothing looks at what comes later
        "mm_token_type_ids": torch.zeros_like(answers),
    }
    whole = {
        name: torch.cat([inputs[name], more.to(inputs[name])], 1) for name, more in follows.items()
    }
    return model(**(inputs | whole), logits_to_keep=answers.shape[1] + 1, use_cache=False).logits


def _of_rows(inputs: dict[str, Tensor], rows: NDArray[np.intp]) -> dict[str, Tensor]:
    """The inputs of some questions; those of the pictures lie one after the other."""
    count = len(inputs["input_ids"])
    if len(rows) == count:
        return inputs
    grids = inputs["image_grid_thw"].view(count, -1, 3)
    lengths = grids.prod(-1).sum(-1).tolist()
    pixels = torch.split(inputs["pixel_values"], lengths)
    some = {name: x[rows] for name, x in inputs.items() if len(x) == count}
    return some | {
        "image_grid_thw": grids[rows].flatten(0, 1),
        "pixel_values": torch.cat([pixels[row] for row in rows]),
    }


def check_base(what: str, vocabulary: Vocabulary, views: tuple[str, ...]) -> None:
    """Raise InputError unless a folder, or OWNER/NAME on the Hub, holds a Qwen3-VL, and one that
    answers in this vocabulary and is shown these views, if it was trained before."""
    from transformers import AutoConfig

    folder = from_home(what)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise InputError(f"--model {what}: there is no config.json; name a folder of transformers")
    try:
        config = AutoConfig.from_pretrained(folder if folder.is_dir() else what)
    except Exception as error:  # each reason has its own
        hint = "" if folder.is_dir() else "; give a folder, or OWNER/NAME of a model on the Hub"
        raise InputError(f"--model {what} cannot be had ({first_line(error)}){hint}") from None
    if config.model_type != "qwen3_vl":
        sight = "" if hasattr(config, "vision_config") else ", which takes no pictures"
        raise InputError(
            f"--model {what} is of the kind {config.model_type}{sight}; train sft needs a Qwen3-VL"
        )
    if (folder / NOTES).is_file():
        notes = read_notes(folder)
        mine = (vocabulary.grid.delta, dict(vocabulary.grid.ranges), views)
        for name, here, there in zip(
            ("Δ", "ranges of values", "views"),
            mine,
            (notes.delta, dict(notes.ranges), notes.views),
            strict=True,
        ):
            if here != there:
                raise InputError(
                    f"--model {what} was trained with other {name} ({_shown(there)}, not "
                    f"{_shown(here)}); give the same, or begin with the model that it came from"
                )


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


class Opened(NamedTuple):
    """A model, its notes, and what tells its weights from others'."""

    qwen: Qwen
    notes: Notes
    about: Mapping[str, Any]


def load(folder: Path, device: str = "cpu", dtype: str = "auto") -> Opened:
    """The model in a folder that `dubench train sft --model` wrote, ready to answer.

    Raises:
        InputError: the folder holds no such model.
    """
    name = f"duvlm:{folder}"
    for file in ("config.json", NOTES):
        if not (folder / file).is_file():
            raise InputError(
                f"--model {name}: there is no {file}; name a folder that dubench train sft wrote, "
                "or ask any other model with --model hf:FOLDER"
            )
    notes = read_notes(folder)
    first, *views = notes.views
    if first != PHOTOGRAPH or not set(views) <= VIEWS.keys() or notes.chart != chart.form():
        raise InputError(
            f"--model {name} was trained on other views than this version makes; train it again"
        )
    loaded = pretrained.load(
        name, str(folder), "Qwen3VLForConditionalGeneration", device, dtype, False
    )
    known = loaded.processor.tokenizer.get_vocab()
    values = {piece for piece in known if piece.startswith("[V-")}
    if values != set(notes.vocabulary.values) or not set(notes.vocabulary.new) <= known.keys():
        raise InputError(
            f"--model {name} writes another grammar than its {NOTES} says; copy the folder again"
        )
    qwen = Qwen(loaded.model, loaded.processor, notes.vocabulary, Asking(tuple(views)))
    return Opened(qwen, notes, loaded.about)
