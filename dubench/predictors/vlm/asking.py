"""A vision language model as a predictor: what it is shown, and what becomes of its answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dubench.duvlm.prompts import Question, question
from dubench.predictions.reading.free_text import LONGEST, certainty
from dubench.predictors.protocol import Image, Record
from dubench.predictors.vlm.prompts import Prompt
from dubench.text import brief
from generators.errors import InputError

_COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255)}
_WHICH = "Which colour is this picture? Answer with one word: red, green, blue or yellow."
_COLOUR = re.compile(r"\b(red|green|blue|yellow)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """A model's answer.

    Attributes:
        text: as it came.
        cut: whether it reached the limit of its length.
        fields: what else a line of preds.jsonl records of it, such as `latency_s`.
    """

    text: str
    cut: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


class Model(Protocol):
    """A vision language model, here or behind a server; attributes as of `Predictor`."""

    name: str
    about: Mapping[str, Any]
    batch: int

    def ask(self, questions: Sequence[Question], anew: bool = False) -> Sequence[Reply]:
        """One reply per question.

        Args:
            anew: whether an answer given earlier will not do.

        Raises:
            InputError: the model cannot be asked; one line with the remedy.
        """


class Asked:
    """A vision language model that is asked one question about every image.

    Before the first it is shown two plain colours: servers that drop pictures in silence are
    common, and their models answer all the same.

    Args:
        prompt: the question.
        views: computed pictures that are shown beside each image, of `duvlm.views.VIEWS`.
        anyway: whether one that cannot tell the colours is asked all the same.
    """

    def __init__(
        self,
        model: Model,
        prompt: Prompt,
        views: tuple[str, ...] = (),
        anyway: bool = False,
    ) -> None:
        self.name = model.name
        self.batch = model.batch
        self._model = model
        self._prompt = prompt
        self._views = views
        shown = {"views": list(views)} if views else {}
        self.about: Mapping[str, Any] = dict(model.about) | prompt.about | shown
        self._checked = anyway
        self._cut = self._uncertain = 0

    @property
    def notes(self) -> list[str]:
        """What of the answers so far the user should know."""
        notes = []
        if self._cut:
            notes.append(f"{self._cut:,} answers reached --max-tokens and were cut off there")
        if self._uncertain:
            notes.append(
                f"{self._uncertain:,} answers name type_probabilities or ranges that cannot be "
                "read; these were left out"
            )
        return notes

    def predict(self, images: Sequence[Image]) -> list[Record]:
        """The model's answers as `output`, and how sure they say they are.

        Raises:
            InputError: the model is blind, or cannot be asked.
        """
        if not self._checked:
            self._check_sight()
            self._checked = True
        return [self._record(one) for one in self._ask(images)]

    def _ask(self, images: Sequence[Image]) -> Sequence[Reply]:
        text = self._prompt.text
        return self._model.ask([question(image, self._views, text) for image in images])

    def _record(self, reply: Reply) -> Record:
        self._cut += reply.cut
        record = {"output": reply.text[: LONGEST + 1]} | dict(reply.fields)
        try:
            return record | certainty(reply.text)
        except ValueError:
            self._uncertain += 1
            return record

    def _check_sight(self) -> None:
        """Raise InputError unless the model tells plain red from plain blue."""
        pictures = [np.full((256, 256, 3), colour, np.uint8) for colour in _COLOURS.values()]
        replies = self._model.ask([(picture, _WHICH) for picture in pictures], anew=True)
        answers = [reply.text.rpartition("</think>")[2] for reply in replies]
        for colour, answer in zip(_COLOURS, answers, strict=True):
            if {word.lower() for word in _COLOUR.findall(answer)} != {colour}:
                raise InputError(
                    f"--model {self.name} is blind: shown a plain {colour} picture and asked for "
                    f"its colour, it answered {brief(answer.strip())}. Does the model, or its "
                    "server, take pictures? --anyway asks it all the same"
                )
