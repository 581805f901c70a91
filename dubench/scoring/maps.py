"""How far a predicted transmission map is from the true one."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import Split
from dubench.predictions.file import Prediction
from dubench.scoring.sample_scores import MAP_KEY
from generators.errors import InputError
from generators.physics.haze import transmission_map


def map_errors(
    split: Split, predictions: Mapping[str, Prediction], home: Path
) -> NDArray[np.float64]:
    """Mean |t̂ − t| over the pixels, per sample of `split`; NaN where no map is given.

    Maps are (H, W): `.npy` of floats in [0, 1], or a grey image of 8 or 16 bits whose white is 1.
    A map on a sample without haze is left out: the type is what is wrong there.

    Args:
        home: the folder that paths are relative to: that of the predictions.

    Raises:
        InputError: a map cannot be read, or is of another size than the image.
    """
    maps = {name: prediction.maps for name, prediction in predictions.items()}
    paths = {name: given[MAP_KEY] for name, given in maps.items() if MAP_KEY in given}
    errors = np.full(split.n, np.nan)
    if not paths:
        return errors
    place = {name: row for row, name in enumerate(split.ids)}
    for name, depth, beta in split.depths(paths.keys()):
        predicted = _read(home / paths[name], f"{name}: the map {paths[name]}")
        if predicted.shape != depth.shape:
            raise InputError(
                f"{name}: the map {paths[name]} is {predicted.shape[1]}×{predicted.shape[0]} "
                f"pixels, the image {depth.shape[1]}×{depth.shape[0]}; save it at the image's size"
            )
        errors[place[name]] = np.abs(predicted - transmission_map(depth, beta)).mean()
    return errors


def _read(path: Path, what: str) -> NDArray[np.float64]:
    import cv2

    try:
        if path.suffix == ".npy":
            values = np.asarray(np.load(path, allow_pickle=False), np.float64)
        else:
            data = np.frombuffer(path.read_bytes(), np.uint8)
            image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
            if image is None or image.dtype not in (np.uint8, np.uint16):
                raise InputError(f"{what} is not an image of 8 or 16 bits, nor a .npy file")
            values = image / float(np.iinfo(image.dtype).max)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise InputError(f"{what} cannot be read: {reason}") from None
    if values.ndim != 2:
        raise InputError(f"{what} has shape {values.shape}; a map is one number per pixel, (H, W)")
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise InputError(f"{what} leaves [0, 1]; a transmission is a fraction")
    return values
