"""Models by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from dubench.predictors.protocol import Predictor
from dubench.predictors.replay import Replay
from generators.errors import InputError, plain_errors
from generators.taxonomy import KEYS, Key

if TYPE_CHECKING:
    from dubench.predictors.vlm.asking import Model


Keys = Mapping[str, Key]


class Options(TypedDict, total=False):
    """What a model may be told beside its name; each option belongs to some models.

    Attributes:
        device: `cpu` or `cuda`.
        prompt: file with a question of one's own.
        views: computed pictures shown beside the image, of `fft`, `edges` and `chart`; `nano`
            alone for the pictures that nano takes.
        max_tokens: the longest answer.
        anyway: ask a model that cannot tell colours, too.
        batch: images at once.
        dtype: of the weights in memory: `auto`, `float32`, `bfloat16` or `float16`.
        trust_remote_code: run code that comes with a model, and read weights that may hold code.
        concurrency: requests under way at once.
        rate: the most requests per minute.
        request: further fields of a request, None for one to be left out.
        price: US dollars per million tokens in and out.
    """

    device: str | None
    prompt: Path | None
    views: Sequence[str] | None
    max_tokens: int | None
    anyway: bool | None
    batch: int | None
    dtype: str | None
    trust_remote_code: bool | None
    concurrency: int | None
    rate: float | None
    request: Mapping[str, Any] | None
    price: tuple[float, float] | None


@plain_errors()
def load_predictor(
    name: str, keys: Keys | None = None, **options: Unpack[Options]
) -> Predictor | Replay:
    """The predictor that `--model name` means: MODEL or MODEL:WHAT.

    Args:
        keys: `Preset.keys` of what it is asked about, for a question that states their ranges; the
            taxonomy's unless given.
        options: see `Options`; None is as good as not given.

    Raises:
        InputError: an unknown name, an option of another model, or a file that is not what it
            should be.

    Examples:
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
    if "prompt" in _FAMILIES[model].options:
        return _FAMILIES[model].load(what, keys=keys or KEYS, **given)
    return _FAMILIES[model].load(what, **given)


KNOWN = (
    "constant",
    "constant:PRESET",
    "classical",
    "statistics",
    "statistics:PRESET",
    "statistics:FILE",
    "nano",
    "nano:FOLDER",
    "duvlm:FOLDER",
    "replay:FILE",
    "hf:ID_OR_PATH",
    "openai:MODEL@BASE_URL",
    "clip:ID_OR_PATH",
    "plugin:MODULE:CLASS",
)
"""How models are named, for messages and help."""


def _constant(what: str) -> Predictor:
    from dubench.predictors.constant import Constant
    from dubench.scoring.type_oracle import DEFAULT_PRESET

    return Constant(what or DEFAULT_PRESET)


def _classical(what: str) -> Predictor:
    from dubench.predictors.classical import Classical

    if what:
        raise InputError(f"--model classical:{what}: there is one; leave out :{what}")
    return Classical()


def _statistics(what: str) -> Predictor:
    from dubench.predictors.statistics import Statistics

    return Statistics(what or "du110k")


def _nano(what: str, **options: Any) -> Predictor:
    from dubench.predictors.nano import Nano

    return Nano(what, **options)


def _duvlm(what: str, **options: Any) -> Predictor:
    from dubench.predictors.duvlm import DuVlm

    return DuVlm(what, **options)


def _plugin(what: str) -> Predictor:
    from dubench.predictors.plugin import Plugin

    return Plugin(what)


def _hf(what: str, **options: Any) -> Predictor:
    from dubench.predictors.vlm.hf import Hf

    return _asked(Hf, what, **options)


def _openai(what: str, **options: Any) -> Predictor:
    from dubench.predictors.vlm.openai import OpenAi

    return _asked(OpenAi, what, **options)


def _asked(
    model: Callable[..., "Model"],
    what: str,
    *,
    keys: Keys,
    prompt: Path | None = None,
    views: Sequence[str] = (),
    anyway: bool = False,
    **rest: Any,
) -> Predictor:
    from dubench.duvlm.prompts import AS_NANO
    from dubench.duvlm.views import check_views
    from dubench.predictors.vlm.asking import Asked
    from dubench.predictors.vlm.prompts import read_prompt, zero_shot

    # What costs little to check comes first: a model may take minutes to load.
    question = read_prompt(prompt) if prompt else zero_shot(keys)
    # nano knows no colours: it has one question, which its pictures are.
    as_nano = tuple(views) == AS_NANO
    shown = AS_NANO if as_nano else check_views(views)
    return Asked(model(what, **rest), question, shown, anyway or as_nano)


def _clip(what: str, **options: Any) -> Predictor:
    from dubench.predictors.vlm.clip import Clip

    return Clip(what, **options)


@dataclass(frozen=True)
class _Family:
    """How the models of one name are loaded, and which options they have."""

    load: Callable[..., Predictor | Replay]
    options: frozenset[str] = frozenset()


_ASKED = frozenset({"prompt", "views", "max_tokens", "anyway"})
_LOADED = frozenset({"device", "dtype", "batch", "trust_remote_code"})
_FAMILIES = {
    "constant": _Family(_constant),
    "classical": _Family(_classical),
    "statistics": _Family(_statistics),
    "nano": _Family(_nano, frozenset({"device", "batch"})),
    "duvlm": _Family(_duvlm, frozenset({"device", "batch", "dtype"})),
    "replay": _Family(Replay),
    "hf": _Family(_hf, _ASKED | _LOADED),
    "clip": _Family(_clip, _LOADED),
    "openai": _Family(_openai, _ASKED | {"concurrency", "rate", "request", "price"}),
    "plugin": _Family(_plugin),
}
