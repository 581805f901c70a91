"""The crops of a dataset's split, reduced to what nano's views need; made once for all arms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dubench.baseline.features import statistics
from dubench.dataset import Split
from dubench.duvlm.ablation.arms import ALL_VIEWS
from dubench.duvlm.train.samples import Samples, read, row_of, truth_of, write
from dubench.duvlm.views import PAPERS, as_pictures, reduced
from generators import engines


@dataclass(frozen=True)
class Crops:
    """Rows in parts that stay on disk.

    Attributes:
        parts: in the order of the split's files.
    """

    parts: tuple[Samples, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """These rows, in memory."""
        ends = np.cumsum([len(part) for part in self.parts])
        taken = np.empty(len(rows), self.parts[0].dtype)
        for place, row in enumerate(rows):
            part = int(np.searchsorted(ends, row, side="right"))
            taken[place] = self.parts[part][row - ends[part]]
        return taken


def crops_of(split: Split, folder: Path, workers: int, on_progress: engines.OnProgress) -> Crops:
    """The crops of a split, from `folder`, where those that are missing are made; one file for
    each of the split's.

    Raises:
        InputError: the split is blind, or a file is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{split.name}-{number:05d}.npy" for number in range(len(split.files))]
    tasks = [
        (replace(split, files=[file]), path)
        for file, path in zip(split.files, paths, strict=True)
        if not path.exists()
    ]
    for done, _ in enumerate(engines.run(_make, tasks, workers), 1):
        on_progress(done + len(paths) - len(tasks), len(paths))
    return Crops(tuple(read(path, ALL_VIEWS) for path in paths))


def _make(task: tuple[Split, Path], report: engines.Report) -> None:
    split, path = task
    truth = truth_of(split.ground_truth())
    samples = np.empty(len(truth), row_of(ALL_VIEWS))
    for name in truth.dtype.names or ():
        samples[name] = truth[name]
    for row, (_, image) in zip(samples, split.images("degraded"), strict=True):
        row["photo"], row["statistics"] = reduced(image), statistics(image)
        for view, picture in zip(PAPERS, as_pictures(image, PAPERS), strict=True):
            row[view] = reduced(picture)[..., 0]
    write(path, samples)


def joined(parts: Sequence[Samples]) -> Samples:
    """Parts as one, in memory."""
    return np.concatenate(list(parts))
