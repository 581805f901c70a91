"""Who answers: models by name."""

from collections.abc import Callable

from dubench.predictors.protocol import Predictor
from generators.errors import InputError


def load(name: str, device: str = "cpu") -> Predictor:
    """The predictor that `--model name` means: KIND or KIND:WHAT.

    Args:
        device: where a model with a choice runs.

    Raises:
        InputError: an unknown name, or a file that is not what it should be.
    """
    kind, _, what = name.partition(":")
    if kind not in _KINDS:
        raise InputError(f"--model {name}: no such model; use one of: {', '.join(KNOWN)}")
    return _KINDS[kind](what, device)


KNOWN = ("constant", "statistics", "statistics:PRESET", "statistics:FILE", "replay:FILE")
"""How models are named, for messages and help."""


def _constant(what: str, device: str) -> Predictor:
    from dubench.predictors.constant import Constant

    if what:
        raise InputError(f"--model constant:{what}: constant takes nothing after it")
    return Constant()


def _statistics(what: str, device: str) -> Predictor:
    from dubench.predictors.statistics import Statistics

    return Statistics(what or "du110k")


def _replay(what: str, device: str) -> Predictor:
    from dubench.predictors.replay import Replay

    return Replay(what)


_KINDS: dict[str, Callable[[str, str], Predictor]] = {
    "constant": _constant,
    "statistics": _statistics,
    "replay": _replay,
}
