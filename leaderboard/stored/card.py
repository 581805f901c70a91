"""The card of a submission: what its author says of the model, in YAML."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dubench.text import brief
from generators.errors import InputError
from generators.typed_json import from_json

LARGEST = 64_000
_LONGEST = 2000
_MOST_BRACKETS = 100  # what nests deeply takes a parser minutes

Seen = Literal["yes", "no", "unknown"]
"""What an author may say of training data."""

_MODEL = re.compile(r"\w[\w .,:+/()~·-]{0,79}")
_SCHEMES = ("http", "https")
_AS_WRITTEN = ("revision", "licence", "prompt", "run")
"""Fields whose text may look like something else: 1.10 is no number, 0123456 no octal one."""
_CHANGED = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp"))


@dataclass(frozen=True)
class Training:
    """What the model was trained on, as far as it matters here.

    Attributes:
        data: in words.
        preset_seen: whether it was trained on data drawn from the board's preset.
        photographs_seen: whether it may have seen the board's photographs.
    """

    data: str
    preset_seen: Seen
    photographs_seen: Seen


@dataclass(frozen=True)
class Card:
    """A submission's card.

    Attributes:
        model: its name, which a row bears.
        revision: version, commit or checkpoint.
        link: where it can be had or read about, http or https.
        licence: SPDX name, or in words; `closed` where the weights are not to be had.
        open_weights: whether they are.
        parameters: how many numbers are trained; None where not known.
        training: what it was trained on.
        organisation: who made it.
        contact: of the submitter, an address; never published.
        prompt: version of the prompt or input format; `none` where there is none.
        date: of the predictions, YYYY-MM-DD.
        run: which of several runs of one model, such as `seed 1`.
        notes: anything else.
    """

    model: str
    revision: str
    link: str
    licence: str
    open_weights: bool
    parameters: int | None
    training: Training
    organisation: str
    contact: str
    prompt: str
    date: str
    run: str = ""
    notes: str = ""

    @property
    def title(self) -> str:
        """The model and its run."""
        return f"{self.model} · {self.run}" if self.run else self.model


EXAMPLE = """\
model: my-model-3b
revision: 4f2c91d                # version, commit or checkpoint
link: https://huggingface.co/me/my-model-3b
licence: apache-2.0
open_weights: true
parameters: 3_100_000_000        # or null
organisation: My Lab
contact: me@example.org          # never published
prompt: dubench-1                # version of the prompt, or none
date: 2026-11-27                 # of the predictions
training:
  data: LAION crops, degraded with dubench generate --preset du110k
  preset_seen: yes               # trained on data of the board's preset: yes, no or unknown
  photographs_seen: no           # may have seen the board's photographs: yes, no or unknown
# run: seed 1                    # where one model is submitted several times
# notes: anything else
"""


def missing(path: Path) -> list[str]:
    """What `path` lacks to be a card, a line each; empty where it is one."""
    data = _load(path)
    absent = [
        f"{prefix}{f.name}"
        for cls, prefix, given in (
            (Card, "", data),
            (Training, "training.", data.get("training")),
        )
        for f in fields(cls)
        if f.default is MISSING and (not isinstance(given, Mapping) or f.name not in given)
    ]
    if absent:
        return [f"{name} is missing" for name in absent]
    try:
        read_card(path)
    except InputError as error:
        return [str(error)]
    return []


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        InputError: it cannot be read, a field is missing, unknown or not what it must be; one line
            that names the field.
    """
    return card_of(_load(path), path.name)


def card_of(data: object, where: str) -> Card:
    """A card of decoded YAML or JSON; InputError as `read_card`."""
    card = from_json(Card, data, where)
    for name, text in _texts(card):
        if len(text) > _LONGEST or any(not (c.isprintable() or c == "\n") for c in text):
            raise InputError(
                f"{where}.{name}: at most {_LONGEST:,} characters, all of them visible"
            )
        if not text.strip() and name not in ("run", "notes"):
            raise InputError(f"{where}.{name} is empty; say `unknown` or `none` where that is so")
    for name, text in (("model", card.model), ("run", card.run)):
        if (text or name == "model") and not _MODEL.fullmatch(text):
            raise InputError(
                f"{where}.{name} is {brief(text)}: begin with a letter or digit, and go on with at "
                "most 79 letters, digits, spaces and . , : + / ( ) ~ · -"
            )
    _check_link(card.link, where)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", card.contact):
        raise InputError(f"{where}.contact is {brief(card.contact)}, not an address such as a@b.c")
    if card.parameters is not None and not 0 <= card.parameters < 10**15:
        raise InputError(f"{where}.parameters is {brief(card.parameters)}: give a number, or null")
    try:
        date.fromisoformat(card.date)
    except ValueError:
        raise InputError(f"{where}.date is {brief(card.date)}, not a day as 2026-11-27") from None
    return card


def _texts(card: Card) -> list[tuple[str, str]]:
    own = [(f.name, getattr(card, f.name)) for f in fields(card)]
    own += [(f"training.{f.name}", getattr(card.training, f.name)) for f in fields(card.training)]
    return [(name, text) for name, text in own if isinstance(text, str)]


def _check_link(link: str, where: str) -> None:
    try:
        parts = urlsplit(link)
        good = parts.scheme in _SCHEMES and bool(parts.hostname) and not parts.username
    except ValueError:
        good = False
    if not good or re.search(r"[\s\"'<>\\`]", link):
        raise InputError(
            f"{where}.link is {brief(link)}: give an address that begins with https://"
        )


def _load(path: Path) -> dict[str, Any]:
    """The YAML of a card, as plain data: no aliases, no tags, no name given twice."""
    import yaml

    try:
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path} is missing, or no regular file; give a card in YAML")
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: a card has at most {LARGEST // 1000} kB")
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} cannot be read: not UTF-8") from None
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise InputError(f"{path}: not a card: too many brackets; a card is flat")
    try:
        data = yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}: not a card{line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not a card in YAML: {reason}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a card; write `model: NAME` and so on, a field a line")
    return _plain(data)


def _plain(data: dict[Any, Any]) -> dict[str, Any]:
    """YAML reads a day as a date, and yes and no of training as booleans."""
    words = {True: "yes", False: "no"}
    plain: dict[str, Any] = {str(name): value for name, value in data.items()}
    for name, value in plain.items():
        if isinstance(value, date):
            plain[name] = value.isoformat()
    training = plain.get("training")
    if isinstance(training, dict):
        plain["training"] = {
            str(name): words[value] if isinstance(value, bool) else value
            for name, value in training.items()
        }
    return plain


def _loader() -> type:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Safe YAML without aliases, whose expansion knows no bound, and without repeated names."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                raise yaml.MarkedYAMLError(
                    problem="aliases (*name) are not allowed", problem_mark=event.start_mark
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            names = [key.value for key, _ in node.value]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise yaml.MarkedYAMLError(
                    problem=f"{brief(twice)} is given twice", problem_mark=node.start_mark
                )
            for key, value in node.value:
                if key.value in _AS_WRITTEN and value.tag in _CHANGED:
                    value.tag = "tag:yaml.org,2002:str"
            return super().construct_mapping(node, deep)

    return Loader
