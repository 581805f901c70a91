"""The metrics of restoration: which there are, which of them a run computes, and with what.

docs/metrics.md describes every setting.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dubench.scoring.restored import full_reference, perceptual
from dubench.scoring.restored.perceptual import Compute, MissingError
from generators.errors import InputError

Size = tuple[int, ...]
"""(height, width) in pixels."""


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: as in `--metrics` and in score.json; pyiqa's name too where pyiqa computes it.
        word: its settings in the signature, before the hash of its weights.
        higher_is_better: whether better images score higher.
        needs_reference: whether it compares with the clean image.
        smallest: the least side in pixels of an image that it can measure.
        files: its weights below torch's hub folder, the one the signature names first; none where
            dubench computes it itself.
    """

    name: str
    word: str
    higher_is_better: bool
    needs_reference: bool
    smallest: int
    files: tuple[str, ...] = ()


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("psnr", "rgb", True, True, 1),
        Metric("ssim", "y,11x11", True, True, 11),
        Metric(
            "lpips", "alex-0.1", False, True, 32,
            ("pyiqa/LPIPS_v0.1_alex-df73285e.pth", "checkpoints/alexnet-owt-7be5be79.pth"),
        ),
        Metric("niqe", "y", False, False, 96, ("pyiqa/niqe_modelparameters.mat",)),
        Metric("brisque", "y", False, False, 32, ("pyiqa/brisque_svm_weights.pth",)),
        Metric("clipiqa", "rn50", True, False, 32, ("clip/RN50.pt",)),
    )
}  # fmt: skip

SETS: dict[str, tuple[str, ...]] = {
    "default": ("psnr", "ssim", "lpips", "niqe"),
    "paper": tuple(METRICS),
    "auto": tuple(METRICS),
}

_OWN: dict[str, Compute] = {"psnr": full_reference.psnr, "ssim": full_reference.ssim}

_BLOCK = 96
_BLOCKS_WANTED = 37
"""Fewer blocks than this cannot give the 36 features of NIQE a covariance of full rank."""


@dataclass(frozen=True)
class Metrics:
    """The metrics of one run, loaded and ready.

    Attributes:
        computes: by name, in the order of METRICS.
        left_out: under `auto`, what cannot be computed here: why, and the remedy.
        signature: the words that name the settings, the weights and pyiqa's version.
        versions: of the libraries that compute, and the SHA-256 of every file of weights.
    """

    computes: Mapping[str, Compute]
    left_out: dict[str, str] = field(default_factory=dict)
    signature: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def measure(
        self, restored: NDArray[np.uint8], clean: NDArray[np.uint8]
    ) -> dict[str, NDArray[np.float64]]:
        """Every metric of every image: (B,) values per name, NaN where an image has none.

        Args:
            restored, clean: (B, H, W, 3) uint8 RGB.
        """
        side = min(restored.shape[1:3])
        return {
            name: compute(restored, clean)
            if side >= METRICS[name].smallest
            else np.full(len(restored), np.nan)
            for name, compute in self.computes.items()
        }

    def notes(self, sizes: Collection[Size]) -> list[str]:
        """What must be known about the metrics of images of `sizes`: each limit once, of the size
        that is farthest beyond it."""
        notes = []
        for name in self.computes:
            smallest = METRICS[name].smallest
            if small := [size for size in sizes if min(size) < smallest]:
                notes.append(
                    f"{name} needs images of at least {smallest} pixels a side; "
                    f"{_least(small, min)} is too small"
                )
        few = [size for size in sizes if 0 < _blocks(size) < _BLOCKS_WANTED]
        if "niqe" in self.computes and few:
            notes.append(
                f"niqe fits 36 features to the {_BLOCK}-pixel blocks of an image, and "
                f"{_least(few, _blocks)} has only {min(map(_blocks, few))}: not comparable with "
                "NIQE of larger images"
            )
        return notes


def _blocks(size: Size) -> int:
    """How many NIQE reads of an image of `size`."""
    return (size[0] // _BLOCK) * (size[1] // _BLOCK)


def _least(sizes: Sequence[Size], by: Callable[[Size], int]) -> str:
    """The first of `sizes` in that order, and of how many."""
    height, width = min(sizes, key=lambda size: (by(size), size))
    of = f", the least of {len(sizes):,} such sizes," if len(sizes) > 1 else ""
    return f"{width}×{height}{of}"


def choose(text: str, device: str, among: Collection[str] = METRICS) -> Metrics:
    """Load the metrics named by `--metrics`: names with commas, `default`, `paper` or `auto`.

    Args:
        text: what the user asks for.
        among: names of those that there are to choose from.
        device: `cpu`, `cuda` or `cuda:1`, for those that pyiqa computes.

    Raises:
        InputError: an unknown name or device; or, but under `auto`, a metric whose package or
            weights cannot be had.
    """
    wanted = [METRICS[name] for name in _names(text) if name in among]
    computes: dict[str, Compute] = {}
    failed: dict[str, str] = {}
    for metric in wanted:
        try:
            computes[metric.name] = _OWN.get(metric.name) or _load(metric, device)
        except MissingError as error:
            failed[metric.name] = str(error)
    if failed and text.strip() != "auto":
        reasons = "; ".join(
            f"{', '.join(name for name in failed if failed[name] == reason)}: {reason}"
            for reason in dict.fromkeys(failed.values())
        )
        raise InputError(f"--metrics {text}: {reasons}; or use --metrics psnr,ssim or auto")
    return Metrics(computes, failed, *_provenance([METRICS[name] for name in computes]))


def _names(text: str) -> list[str]:
    asked = [name.strip() for name in text.split(",")]
    if len(asked) == 1 and asked[0] in SETS:
        return list(SETS[asked[0]])
    for name in asked:
        if name not in METRICS:
            raise InputError(
                f"--metrics: unknown metric {name!r}; the metrics are {', '.join(METRICS)}; or one "
                f"of {', '.join(SETS)}"
            )
    return [name for name in METRICS if name in asked]


def _load(metric: Metric, device: str) -> Compute:
    perceptual.check_pyiqa()
    from generators.batched.render import check_device

    where = check_device(device)
    return perceptual.load(metric.name, metric.files, metric.needs_reference, where)


def _provenance(metrics: Sequence[Metric]) -> tuple[list[str], dict[str, str]]:
    """The words of the signature, and the versions."""
    import cv2

    words: list[str] = []
    versions = {"numpy": np.__version__, "opencv": cv2.__version__}
    for metric in metrics:
        hashes = {}
        for file in metric.files:
            data = (perceptual.weights_home() / file).read_bytes()
            hashes[file.rpartition("/")[2]] = hashlib.sha256(data).hexdigest()
        weights = "".join(f"#{digest[:4]}" for digest in list(hashes.values())[:1])
        words.append(f"{metric.name}:{metric.word}{weights}")
        versions |= hashes
    if any(metric.files for metric in metrics):
        import pyiqa
        import torch

        words.append(f"pyiqa:{pyiqa.__version__}")
        versions |= {"pyiqa": pyiqa.__version__, "torch": torch.__version__}
    return words, versions
