"""Photographs for the benchmarks: many large ones out of a few, and crops of them."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

BUNDLED = Path(str(files("generators"))) / "data" / "photos"
WIDTH, HEIGHT, QUALITY = 1600, 900, 90


def make_jpegs(
    task: tuple[Path, Path, int, int], report: Callable[[Any], None] | None = None
) -> None:
    """Write JPEGs number `start` … `stop` − 1 of 1600×900 pixels, each different.

    A photograph is continued by its mirror image without end, and each JPEG is a window of that:
    it keeps the photograph's own sharpness, on which the cost of decoding and encoding hangs.

    Args:
        task: the folder of photographs, the folder to write to, start, stop.
        report: not used; `engines.run` hands it over.
    """
    import cv2
    import numpy as np

    source, out, start, stop = task
    photos = [image for _, image in read(source)]
    for number in range(start, stop):
        rng = np.random.default_rng(number)
        photo = photos[number % len(photos)]
        rows, columns = (
            _mirror(np.arange(length) + rng.integers(2 * side), side)
            for length, side in zip((HEIGHT, WIDTH), photo.shape, strict=False)
        )
        cv2.imwrite(
            str(out / f"{number:06d}.jpg"),
            cv2.cvtColor(photo[np.ix_(rows, columns)], cv2.COLOR_RGB2BGR),
            [cv2.IMWRITE_JPEG_QUALITY, QUALITY],
        )


def read(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and uint8 RGB pixels of every photograph in `folder`.

    Raises:
        SystemExit: there is none.
    """
    from generators.sources.photographs import SUFFIXES, load

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"no photographs in {folder}")
    for path in paths:
        yield path.name, load(path)[0]


def crops(folder: Path, count: int, size: int) -> list[Any]:
    """`count` squares of `size` pixels, taken by turns from the photographs of `folder`."""
    import numpy as np

    rng = np.random.default_rng(0)
    photos = [image for _, image in read(folder)]
    made = []
    for number in range(count):
        photo = photos[number % len(photos)]
        y, x = (rng.integers(side - size + 1) for side in photo.shape[:2])
        made.append(np.ascontiguousarray(photo[y : y + size, x : x + size]))
    return made


def _mirror(index: Any, side: int) -> Any:
    """Fold indices into 0 … side − 1, the border repeated."""
    index = index % (2 * side)
    return index + (index >= side) * (2 * side - 1 - 2 * index)
