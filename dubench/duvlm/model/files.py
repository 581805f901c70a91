"""A model of DU-VLM on disk: a folder of transformers' own form, and what dubench must know of it.

This file imports torch when it is imported.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.duvlm import chart
from dubench.duvlm.model import nano
from dubench.duvlm.model.answering import Answering
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.views import NANO_VIEWS, PHOTOGRAPH, VIEWS
from dubench.predictions.grammar import DELTA, Grid
from generators.errors import InputError, first_line
from generators.files import write_whole
from generators.typed_json import from_json, to_json

NOTES = "dubench.json"
SHIPPED = Path(__file__).parents[2] / "data" / "nano"


@dataclass(frozen=True)
class Notes:
    """What dubench must know of a model, and how it came about.

    Attributes:
        delta: step of the grid that its values stand on.
        views: pictures it is shown, in order.
        chart: which chart.
        calibration: what makes it as sure as it ought to be.
        training: how it was trained, for people.
        ranges: of keys whose range is not the taxonomy's.
        rationale: whether its answers begin with one.
    """

    delta: float = DELTA
    views: tuple[str, ...] = NANO_VIEWS
    chart: str = field(default_factory=chart.form)
    calibration: Calibration = UNCALIBRATED
    training: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rationale: bool = True

    @property
    def vocabulary(self) -> Vocabulary:
        """Of its answers."""
        return Vocabulary(Grid(self.delta, self.ranges), self.rationale)


def save(folder: Path, answering: Answering, notes: Notes) -> None:
    """Write a model to a folder, weights as float16, notes last.

    Raises:
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save as serialize

    folder.mkdir(parents=True, exist_ok=True)
    model = answering.model
    weights = {name: x.half().contiguous() for name, x in model.state_dict().items()}
    weights.pop("lm_head.weight", None)  # tied to the embedding
    write_whole(folder / "model.safetensors", serialize(weights, {"format": "pt"}))
    model.config.architectures = [type(model).__name__]  # TRL asks for it
    model.config.dtype = torch.float16
    model.config.save_pretrained(folder)
    model.config.dtype = torch.float32
    model.generation_config.save_pretrained(folder)
    nano.processor(answering.words, answering.views).save_pretrained(folder)
    write_whole(folder / NOTES, json.dumps(to_json(notes), indent=1) + "\n")


def load(folder: Path, device: str = "cpu") -> tuple[Answering, Notes]:
    """The model in a folder, float32, ready to answer.

    Raises:
        InputError: the folder holds no model that `save` wrote, or one of another grammar or of
            other views.
    """
    for name in ("config.json", NOTES):
        if not (folder / name).is_file():
            raise InputError(
                f"--model nano:{folder}: there is no {name}; name a folder that dubench train sft "
                "wrote, or ask any other model with --model hf:FOLDER"
            )
    notes = read_notes(folder)
    if not _known(notes):
        raise InputError(
            f"--model nano:{folder} was trained on other views ({', '.join(notes.views)}, chart "
            f"{notes.chart}) than this version makes; train it again with dubench train sft"
        )
    from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration
    from transformers.utils import logging

    silence: Any = logging.disable_progress_bar
    silence()  # it is read in a moment
    try:
        words = AutoTokenizer.from_pretrained(folder)
        model: Any = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    except Exception as error:  # each format's reader has its own
        raise InputError(
            f"--model nano:{folder} cannot be loaded ({type(error).__name__}: {first_line(error)})"
        ) from None
    vocabulary = notes.vocabulary
    known = words.get_vocab()
    values = {piece for piece in known if piece.startswith("[V-")}
    if values != set(vocabulary.values) or not set(vocabulary.pieces) <= known.keys():
        raise InputError(
            f"--model nano:{folder} writes another grammar than its {NOTES} says; copy the folder "
            "again, or train it again with dubench train sft"
        )
    return Answering(model.eval().to(device), words, vocabulary, layout_of(notes)), notes


def read_notes(folder: Path) -> Notes:
    """What dubench must know of the model in a folder.

    Raises:
        InputError: the file is not there, or damaged.
    """
    try:
        return from_json(Notes, json.loads((folder / NOTES).read_text("utf-8")), NOTES)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / NOTES} cannot be read: {first_line(error)}") from None


def layout_of(notes: Notes) -> tuple[str, ...]:
    """The pictures that nano's questions have room for: before its photographs join, the chart
    alone is shown."""
    return NANO_VIEWS if notes.views == ("chart",) else notes.views


def _known(notes: Notes) -> bool:
    first, *rest = layout_of(notes) or ("",)
    whole = first == PHOTOGRAPH and set(rest) <= VIEWS.keys() and len(set(rest)) == len(rest)
    return whole and ("chart" not in rest or notes.chart == chart.form())
