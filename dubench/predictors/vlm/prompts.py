"""What a vision language model is asked: the taxonomy in words, and the JSON it shall answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generators.errors import InputError
from generators.taxonomy import KEYS, TYPES, Key

VERSION = "zero-shot-1"
"""Name of the question below; it changes whenever its words do."""

_QUESTION = """\
You measure how photographs were degraded. This one was degraded by one physical process, or by \
none. Say which, and estimate the parameters of its model.

The types of degradation and their parameters:
{taxonomy}

You may first say in a sentence or two what you see. Then answer with one JSON object, and \
nothing after it:
{{"type": "TYPE", "parameters": {{"PARAMETER": NUMBER}}, "type_probabilities": {{"TYPE": \
PROBABILITY}}, "ranges": {{"PARAMETER": [LOW, HIGH]}}}}

- "type": one of the types above, by its name.
- "parameters": every parameter of that type by its name, your best estimate of each within its \
range, and no others. A parameter of several numbers is a list. For none: {{}}.
- "type_probabilities" may be left out: how likely you think each type is, 1 together.
- "ranges" may be left out: for parameters of one number, where you are 90 % sure that the true \
value lies."""


@dataclass(frozen=True)
class Prompt:
    """A question to a model.

    Attributes:
        name: of its version, or its file.
        text: the question.
    """

    name: str
    text: str

    @property
    def about(self) -> dict[str, str]:
        """What the meta line of preds.jsonl records of it."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return {"prompt": self.name, "prompt_sha256": digest}


def zero_shot(keys: Mapping[str, Key] = KEYS) -> Prompt:
    """The question for models that were not trained on this task.

    Args:
        keys: as the taxonomy has them, or `Preset.keys` for the ranges of a preset.
    """
    lines = []
    for type_ in TYPES.values():
        lines.append(f"- {type_.name}: {type_.meaning}")
        lines += [
            f"  - {key.name}: {key.meaning} ({_numbers(keys[key.name])})" for key in type_.keys
        ]
    return Prompt(VERSION, _QUESTION.format(taxonomy="\n".join(lines)))


def read_prompt(file: Path) -> Prompt:
    """A question of one's own.

    Raises:
        InputError: the file cannot be read, or has no text.
    """
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"--prompt {file}: {reason}; give a text file with a question") from None
    if not text:
        raise InputError(f"--prompt {file} is empty; write the question into it")
    return Prompt(file.name, text)


def _numbers(key: Key) -> str:
    many = f"{key.size} numbers: " if key.size > 1 else ""
    return f"{many}{key.unit}, {key.low:g} to {key.high:g}"
