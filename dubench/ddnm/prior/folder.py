"""A prior's folder, laid out as diffusers lays out a model, with the same network as ONNX."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubench.ddnm.prior.preconditioning import FOLD
from generators.errors import InputError

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
ONNX = "prior.onnx"
"""The network between `preconditioning.features` and `preconditioning.estimate`."""
_WEIGHTS = (".safetensors", ".onnx")
BATCH = 24
"""Patches of a step, where a run does not say."""
CLASS = "dubench.Denoiser"
BUNDLED = Path(__file__).parents[1] / "weights" / "prior"
"""The prior that dubench ships; its model card lies beside it."""


@dataclass(frozen=True)
class Shape:
    """Of the network.

    Attributes:
        widths: channels at each resolution, the finest first.
        blocks: residual blocks at each resolution on the way down, and again on the way up.
    """

    widths: tuple[int, ...] = (32, 64, 96, 128)
    blocks: int = 2

    @property
    def multiple(self) -> int:
        """Sides of an input are padded to whole multiples of this."""
        return int(FOLD * 2 ** (len(self.widths) - 1))


def is_own(folder: Path) -> bool:
    """Whether `folder` holds a prior of dubench's, not of diffusers'."""
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("_class_name") == CLASS


def read_shape(folder: Path) -> Shape:
    """The shape of the network in `folder`.

    Raises:
        InputError: the folder holds no prior of dubench's.
    """
    config = _read(folder)
    try:
        return Shape(tuple(config["widths"]), config["blocks"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: {WEIGHTS} does not fit {CONFIG} ({error}); copy both again"
        ) from None


@dataclass(frozen=True)
class Training:
    """How long a prior was trained.

    Attributes:
        steps: done.
        batch: patches of each.
        cpu_seconds: without a GPU.
        gpu_seconds: with one, by the clock.
    """

    steps: int
    batch: int
    cpu_seconds: int
    gpu_seconds: int

    @property
    def patches(self) -> int:
        """How many it has seen, of 48² pixels."""
        return self.steps * self.batch


def read_training(folder: Path) -> Training:
    """How long the prior in `folder` was trained.

    Raises:
        InputError: the folder holds no prior of dubench's, or it does not say.
    """
    training: Any = _read(folder).get("training")
    try:
        return Training(
            int(training["step"]),
            int(training.get("batch", BATCH)),
            int(training["cpu_seconds"]),
            int(training.get("gpu_seconds", 0)),
        )
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{folder / CONFIG}: no training.step and training.cpu_seconds; copy it again"
        ) from None


def digest(folder: Path) -> str | None:
    """SHA-256 of the weights in `folder`, a prior of dubench's or of diffusers'; None where it
    is no folder."""
    if not folder.is_dir():
        return None
    total = hashlib.sha256()
    for path in sorted((*folder.iterdir(), *folder.glob("unet/*"))):
        if path.suffix in _WEIGHTS:
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder}: not a prior ({error}); name a folder that holds {CONFIG} and {WEIGHTS}"
        ) from None
    if not isinstance(config, dict) or config.get("_class_name") != CLASS:
        raise InputError(f"{folder / CONFIG}: not a {CLASS}; train one with `dubench train prior`")
    return config
