"""Models by name."""

from collections.abc import Callable

from dubench.predictors.protocol import Predictor
from dubench.predictors.replay import Replay
from generators.errors import InputError


def load_predictor(name: str, device: str = "cpu") -> Predictor | Replay:
    """The predictor that `--model name` means: MODEL or MODEL:WHAT.

    Args:
        device: `cpu` or `cuda`, for models that can choose.

    Raises:
        InputError: an unknown name, or a file that is not what it should be.

    Example:
        >>> from dubench import load_predictor
        >>> load_predictor("statistics").name
        'statistics:du110k'
    """
    model, _, what = name.partition(":")
    if model not in _LOADERS:
        raise InputError(f"--model {name}: no such model; use one of: {', '.join(KNOWN)}")
    return _LOADERS[model](what, device)


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


def _replay(what: str, device: str) -> Replay:
    return Replay(what)


_LOADERS: dict[str, Callable[[str, str], Predictor | Replay]] = {
    "constant": _constant,
    "statistics": _statistics,
    "replay": _replay,
}
