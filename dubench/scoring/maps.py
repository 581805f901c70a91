"""How far predicted maps, such as that of haze's transmission, are from the true ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.dataset import Split
from dubench.predictions.file import Prediction
from dubench.predictions.record import MAPS
from generators.errors import InputError


def map_errors(
    split: Split, predictions: Mapping[str, Prediction], home: Path
) -> dict[str, NDArray[np.float64]]:
    """Per key of kind map, mean |v̂ − v| over the pixels of each sample of `split`; NaN where no
    map is given.

    Maps are (H, W): `.npy` of floats in [0, 1], or a grey image of 8 or 16 bits whose white is 1.
    A map of a key that the sample does not have is left out: the type is what is wrong there.

    Args:
        home: the folder that paths are relative to: that of the predictions.

    Raises:
        InputError: a map cannot be read, or is of another size than the image.
    """
    errors = {key: np.full(split.n, np.nan) for key in MAPS}
    given = {name: prediction.maps for name, prediction in predictions.items() if prediction.maps}
    if not given:
        return errors
    place = {name: row for row, name in enumerate(split.ids)}
    for name, maps in split.maps(given.keys()):
        for key in maps.keys() & given[name].keys():
            file, true = given[name][key], maps[key]
            predicted = _read(home / file, f"{name}: the map {file}")
            if predicted.shape != true.shape:
                raise InputError(
                    f"{name}: the map {file} is {predicted.shape[1]}×{predicted.shape[0]} pixels, "
                    f"the image {true.shape[1]}×{true.shape[0]}; save it at the image's size"
                )
            errors[key][place[name]] = np.abs(predicted - true).mean()
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
        raise InputError(f"{what} leaves [0, 1]; a map is of fractions")
    return values
