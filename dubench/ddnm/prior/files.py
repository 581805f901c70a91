"""Write a prior's weights to its folder, and read them.

This file imports torch when it is imported.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialize

from dubench.ddnm.prior.folder import CLASS, CONFIG, WEIGHTS, read_shape
from dubench.ddnm.prior.network import Denoiser
from generators.errors import InputError
from generators.files import write_whole


def save(folder: Path, network: Denoiser, training: Mapping[str, Any]) -> None:
    """Write `network` to a folder, weights as float16, with notes on its training."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"_class_name": CLASS} | asdict(network.shape) | {"training": training}
    weights = {name: x.half().contiguous() for name, x in network.state_dict().items()}
    write_whole(folder / WEIGHTS, serialize(weights))
    write_whole(folder / CONFIG, json.dumps(config, indent=1) + "\n")


def load(folder: Path) -> Denoiser:
    """The network in `folder`, float32, ready to use.

    Raises:
        InputError: the folder holds no prior of dubench's, or its weights do not fit.
    """
    shape = read_shape(folder)
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"{folder}: not a prior ({error}); name a folder that holds {CONFIG} and {WEIGHTS}"
        ) from None
    try:
        network = Denoiser(shape)
        network.load_state_dict({name: x.to(torch.float32) for name, x in weights.items()})
    except (TypeError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{folder}: {WEIGHTS} does not fit {CONFIG} ({reason}); copy both again"
        ) from None
    return network.eval()
