"""Models by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict, Unpack

from dubench.predictors.protocol import Predictor
from dubench.predictors.replay import Replay
from generators.errors import InputError


class Options(TypedDict, total=False):
    """What a model may be told beside its name; each option belongs to some models.

    Attributes:
        device: `cpu` or `cuda`.
    """

    device: str | None


def load_predictor(name: str, **options: Unpack[Options]) -> Predictor | Replay:
    """The predictor that `--model name` means: MODEL or MODEL:WHAT.

    Args:
        options: see `Options`; None is as good as not given.

    Raises:
        InputError: an unknown name, an option of another model, or a file that is not what it
            should be.

    Example:
        >>> from dubench import load_predictor
        >>> load_predictor("statistics").name
        'statistics:du110k'
    """
    model, _, what = name.partition(":")
    if model not in _FAMILIES:
        raise InputError(f"--model {name}: no such model; use one of: {', '.join(KNOWN)}")
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in _FAMILIES[model].options:
            owners = [name for name, family in _FAMILIES.items() if option in family.options]
            raise InputError(
                f"--{option.replace('_', '-')} is not for --model {model}; it goes with "
                f"{', '.join(owners)}"
            )
    return _FAMILIES[model].load(what, **given)


KNOWN = (
    "constant",
    "statistics",
    "statistics:PRESET",
    "statistics:FILE",
    "replay:FILE",
    "plugin:MODULE:CLASS",
)
"""How models are named, for messages and help."""


def _constant(what: str) -> Predictor:
    from dubench.predictors.constant import Constant

    if what:
        raise InputError(f"--model constant:{what}: constant takes nothing after it")
    return Constant()


def _statistics(what: str) -> Predictor:
    from dubench.predictors.statistics import Statistics

    return Statistics(what or "du110k")


def _plugin(what: str) -> Predictor:
    from dubench.predictors.plugin import Plugin

    return Plugin(what)


@dataclass(frozen=True)
class _Family:
    """How the models of one name are loaded, and which options they have."""

    load: Callable[..., Predictor | Replay]
    options: frozenset[str] = frozenset()


_FAMILIES = {
    "constant": _Family(_constant),
    "statistics": _Family(_statistics),
    "replay": _Family(Replay),
    "plugin": _Family(_plugin),
}
