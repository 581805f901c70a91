"""The file of a statistics model: safetensors, checked before anything is computed with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.certainty import Calibration, is_continuous
from dubench.baseline.features import COUNT, FORM
from dubench.baseline.model import Model, Network, Perceptron, keys_of
from generators.errors import InputError
from generators.files import write_whole
from generators.taxonomy import KEYS, TYPES

FORMAT = "dubench-statistics-2"
SHIPPED = Path(__file__).parent.parent / "data"
PREFIX, SUFFIX = "statistics-", ".safetensors"
Arrays = Mapping[str, NDArray[Any]]


def find(preset_or_file: str) -> Path:
    """The file of the model of a bundled preset, or the file of that name.

    Raises:
        InputError: there is neither.
    """
    bundled = SHIPPED / f"{PREFIX}{preset_or_file}{SUFFIX}"
    path = bundled if bundled.is_file() else Path(preset_or_file)
    if not path.is_file():
        files = SHIPPED.glob(f"{PREFIX}*{SUFFIX}")
        known = ", ".join(sorted(file.stem.removeprefix(PREFIX) for file in files))
        raise InputError(
            f"--model statistics:{preset_or_file}: no such file and no preset's model; use "
            f"{known}, or a file that dubench train statistics wrote"
        )
    return path


def write(path: Path, model: Model, notes: Mapping[str, Any]) -> None:
    """Write `model` to `path`, whole or not at all.

    Args:
        notes: what else the header says of it (data, seed, figures), as plain JSON.

    Raises:
        InputError: `path` cannot be written.
    """
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {"mean": model.mean, "deviation": model.deviation}
    tensors |= {f"{name}.support": values for name, values in model.support.items()}
    for name, network in model.networks.items():
        for member, perceptron in enumerate(network.members):
            for number, (weights, biases) in enumerate(perceptron.layers):
                layer = f"{name}.{member}.{number}"
                tensors |= {f"{layer}.weight": weights, f"{layer}.bias": biases}
    if model.calibration:
        tensors["type.temperature"] = np.array([model.calibration.temperature])
        tensors["type.none_offset"] = np.array([model.calibration.none_offset])
        tensors |= {f"{n}.levels": np.array(ends) for n, ends in model.calibration.levels.items()}
    header = {
        "format": FORMAT,
        "statistics": FORM,
        "taxonomy": {name: _keys(name) for name in model.types},
        "types": model.types,
        **notes,
    }
    # One entry: the order of several is chance, and the bytes should not be.
    write_whole(path, save(tensors, {"dubench": json.dumps(header)}))


def read(path: Path) -> Model:
    """Read the file at `path`.

    Raises:
        InputError: it cannot be read, is damaged, or is of other statistics, or of types, keys or
            ranges that the taxonomy does not have. Types that the model lacks do not matter.
    """
    header, tensors = _open(path)
    for name, wanted in (("format", FORMAT), ("statistics", FORM)):
        if header.get(name) != wanted:
            raise _other(path, name)
    types = header.get("types")
    if not isinstance(types, list) or not all(isinstance(name, str) for name in types):
        raise InputError(f"{path} is damaged: it has no list of types; train it again")
    stated = header.get("taxonomy")
    # Both the file and the taxonomy may have more types than the model tells apart.
    if not isinstance(stated, dict) or any(
        name not in stated or stated[name] != _keys(name) for name in types
    ):
        raise _other(path, "taxonomy")
    try:
        model = _model(tuple(types), tensors)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged: {_line(error)}; train it again") from None
    for name, values in model.support.items():
        low, high = KEYS[name].widest or (KEYS[name].low, KEYS[name].high)
        if not (values.min() >= low and values.max() <= high):
            raise _other(path, f"range of {name}")
    return model


def read_notes(path: Path) -> dict[str, Any]:
    """What the header says of the model at `path` beside its form: data, seed, figures.

    Raises:
        InputError: it cannot be read.
    """
    of_the_form = ("format", "statistics", "taxonomy", "types")
    return {name: note for name, note in _open(path)[0].items() if name not in of_the_form}


def _open(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the tensors of a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as opened:
            header = json.loads((opened.metadata() or {}).get("dubench", "{}"))
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged, or not safetensors: {_line(error)}") from None
    return header if isinstance(header, dict) else {}, tensors


def _keys(type_name: str) -> list[str] | None:
    """The keys of a type, None if it is unknown here."""
    return [key.name for key in TYPES[type_name].keys] if type_name in TYPES else None


def _other(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} is no statistics model for this version of dubench (its {what} differs); "
        "train one: dubench train statistics"
    )


def _line(error: Exception) -> str:
    return f"{type(error).__name__} {error}".partition("\n")[0]


def _model(types: tuple[str, ...], tensors: Arrays) -> Model:
    """The model of `tensors`; KeyError or ValueError where they do not fit together."""
    if not types:
        raise ValueError("no types")
    for name, array in tensors.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{name} is not all numbers")
    mean, deviation = tensors["mean"], tensors["deviation"]
    if mean.shape != (COUNT,) or deviation.shape != (COUNT,) or not (deviation > 0).all():
        raise ValueError("mean and deviation do not fit the statistics")
    support = {name: _support(name, tensors) for name in keys_of(types)}
    outputs = {"type": len(types)} | {name: len(values) for name, values in support.items()}
    networks = {name: _network(name, count, tensors) for name, count in outputs.items()}
    layers = sum(len(member.layers) for one in networks.values() for member in one.members)
    calibration = _calibration(support, tensors)
    more = 2 + len(calibration.levels) if calibration else 0
    if len(tensors) != 2 + len(support) + 2 * layers + more:
        raise ValueError("there are parts that belong to nothing")
    return Model(types, mean, deviation, support, networks, calibration)


def _calibration(support: Arrays, tensors: Arrays) -> Calibration | None:
    """The calibration, None where there is none."""
    if "type.temperature" not in tensors:
        return None
    (temperature,) = tensors["type.temperature"].tolist()
    (none_offset,) = tensors["type.none_offset"].tolist()
    levels: dict[str, tuple[float, float]] = {}
    for name, values in support.items():
        if f"{name}.levels" in tensors:
            low, high = tensors[f"{name}.levels"].tolist()
            if not (is_continuous(values) and 0 <= low <= high <= 1):
                raise ValueError(f"{name}.levels")
            levels[name] = low, high
    if temperature < 1:
        raise ValueError("type.temperature")
    return Calibration(temperature, none_offset, levels)


def _support(name: str, tensors: Arrays) -> NDArray[np.float64]:
    values = tensors[f"{name}.support"]
    shape = (len(values), KEYS[name].size) if KEYS[name].kind == "vector" else (len(values),)
    # Answers are weighted by 1/|v|.
    if values.shape != shape or not values.reshape(len(values), -1).any(axis=1).all():
        raise ValueError(f"{name}.support")
    return values


def _network(name: str, outputs: int, tensors: Arrays) -> Network:
    members: list[Perceptron] = []
    while f"{name}.{len(members)}.0.weight" in tensors:
        members.append(_perceptron(f"{name}.{len(members)}", outputs, tensors))
    if not members:
        raise KeyError(f"{name}.0.0.weight")
    return Network(members)


def _perceptron(name: str, outputs: int, tensors: Arrays) -> Perceptron:
    layers: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    width = COUNT
    while f"{name}.{len(layers)}.weight" in tensors:
        weights, biases = (tensors[f"{name}.{len(layers)}.{part}"] for part in ("weight", "bias"))
        if weights.ndim != 2 or weights.shape[1] != width or biases.shape != weights.shape[:1]:
            raise ValueError(f"{name}.{len(layers)} is {weights.shape}, {biases.shape}")
        layers.append((weights, biases))
        width = len(weights)
    if width != outputs:
        raise ValueError(f"{name} gives {width} outputs for {outputs}")
    return Perceptron(layers)
