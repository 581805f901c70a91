"""How far predicted maps, such as that of haze's transmission, are from the true ones."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dubench.dataset import Split
from dubench.predictions.file import Predictions
from dubench.predictions.paths import beside
from dubench.predictions.record import MAPS
from generators.errors import InputError

_FORMATS = ("PNG", "TIFF", "JPEG", "WEBP", "BMP", "PPM")
_BROKEN = (
    *(OSError, ValueError, SyntaxError, Image.DecompressionBombError),
    *(EOFError, zipfile.BadZipFile),  # numpy's, of an empty file and of one like an .npz
)


def map_errors(split: Split, predictions: Predictions) -> dict[str, NDArray[np.float64]]:
    """Per key of kind map, mean |v̂ − v| over the pixels of each sample of `split`; NaN where no
    map is given.

    Maps are (H, W): `.npy` of floats in [0, 1], or a grey image of 8 or 16 bits whose white is 1.
    A map of a key that the sample does not have is left out: the type is what is wrong there.

    Raises:
        InputError: as `beside`; or a map cannot be read, or is of another size than the image.
    """
    errors = {key: np.full(split.n, np.nan) for key in MAPS}
    given = {
        name: {key: beside(predictions, one, f"maps.{key}", file) for key, file in one.maps.items()}
        for name, one in predictions.by_id.items()
        if one.maps
    }
    if not given:
        return errors
    place = {name: row for row, name in enumerate(split.ids)}
    for name, maps in split.maps(given.keys()):
        for key in maps.keys() & given[name].keys():
            true = maps[key]
            where = f"{predictions.path} line {predictions.by_id[name].line}: the map of {key}"
            predicted = _read(given[name][key], true.shape, where)
            errors[key][place[name]] = np.abs(predicted - true).mean()
    return errors


def _read(path: Path, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """The map at `path`; its shape is looked at before its values are read."""
    try:
        read = _read_array if path.suffix == ".npy" else _read_image
        values = read(path, shape, where)
    except InputError:
        raise
    except _BROKEN as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise InputError(f"{where} cannot be read: {reason}; save it again") from None
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise InputError(f"{where} leaves [0, 1]; a map is of fractions")
    return values


def _read_array(path: Path, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(values, np.ndarray):
        raise InputError(f"{where} holds several arrays; save one with numpy.save")
    if values.dtype.kind not in "buif":
        raise InputError(f"{where} holds {values.dtype}, not real numbers; save it as floats")
    if values.ndim != 2:
        raise InputError(f"{where} has shape {values.shape}; it is one number per pixel, (H, W)")
    _check_size(values.shape, shape, where)
    return np.array(values, np.float64)


def _read_image(path: Path, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    import cv2

    none = InputError(f"{where} is not a grey image of 8 or 16 bits, nor a .npy file")
    try:
        with Image.open(path, formats=_FORMATS) as header:
            _check_size(header.size[::-1], shape, where)
    except UnidentifiedImageError:
        raise none from None
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype not in (np.uint8, np.uint16) or image.ndim != 2:
        raise none
    return np.asarray(image / float(np.iinfo(image.dtype).max))


def _check_size(given: tuple[int, ...], wanted: tuple[int, ...], where: str) -> None:
    if given != wanted:
        raise InputError(
            f"{where} is {given[1]}×{given[0]} pixels, the image {wanted[1]}×{wanted[0]}; save it "
            "at the image's size"
        )
