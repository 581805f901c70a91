"""How many training pairs a second the stream makes, beside kornia's augmentations and decoding.

    python benchmarks/stream.py                                    # decoded and cached, on the CPU
    python benchmarks/stream.py --device cuda --batch-size 256

Each contender runs alone, for what it prepares in the background would be the others' load:

decoded   `Stream`, photographs read and decoded as they are needed
cached    `Stream`, photographs in the device's memory
kornia    an augmentation pipeline of kornia (blur, gamma, noise, JPEG) on crops on the device
decode    a torch DataLoader that decodes and crops, and degrades nothing
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import machine
import numpy as np
import torch
from kornia.augmentation import (
    AugmentationSequential,
    RandomGamma,
    RandomGaussianBlur,
    RandomGaussianNoise,
    RandomJPEG,
)
from torch.utils.data import DataLoader, Dataset

from generators.batched.render import check_device
from generators.batched.stream import Stream, bundled
from generators.sources.photographs import load

PACKAGES = ("torch", "kornia", "opencv-python-headless", "numpy")
CONTENDERS = ("decoded", "cached", "kornia", "decode")
WINDOWS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--preset", default="du110k", help="du110k or du110k-wild")
    parser.add_argument("--batches", type=int, default=4, help="in a window")
    parser.add_argument("--workers", type=int, default=4, help="that decode")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="pairs/s of every window")
    asked = parser.parse_args()
    device = check_device(asked.device)
    speeds: dict[str, list[float]] = {}
    for name in asked.only:
        run = contender(name, asked, device)
        window(run, asked.batches, device)  # warms up
        took = [window(run, asked.batches, device) for _ in range(WINDOWS)]
        speeds[name] = [asked.batches * asked.batch_size / seconds for seconds in took]
        print(f"{name}: load {machine.load()}", file=sys.stderr)
        del run
    if asked.json:
        asked.json.write_text(json.dumps(speeds))
    print(table(speeds))
    print(
        f"\n{asked.preset}, {asked.size}×{asked.size}, {asked.device}, batches of "
        f"{asked.batch_size}, {WINDOWS} windows of {asked.batches} batches, {asked.workers} "
        f"workers. {machine.describe(PACKAGES)}"
    )
    if device.type == "cuda":
        print(torch.cuda.get_device_name(device))


def contender(name: str, asked: argparse.Namespace, device: torch.device) -> Callable[[], Any]:
    """A function that makes the next batch of `name`."""
    if name in ("decoded", "cached"):
        made = Stream(
            presets=[asked.preset],
            batch_size=asked.batch_size,
            size=asked.size,
            device=asked.device,
            workers=asked.workers,
            cached=name == "cached",
        )
        return lambda: next(made)
    crops = Crops(asked.size)
    if name == "decode":
        batches = endless(crops, asked)
        return lambda: next(batches)
    images = torch.stack([crops[i] for i in range(asked.batch_size)]).to(device).float() / 255
    pipeline = AugmentationSequential(
        RandomGaussianBlur((73, 73), (1.0, 9.0), p=0.25),
        RandomGamma((2.0, 3.5), p=0.25),
        RandomGaussianNoise(std=4 / 255, p=0.5),
        RandomJPEG((60.0, 100.0), p=0.5),
    ).to(device)

    def augment() -> torch.Tensor:
        with torch.no_grad():
            return pipeline(images)

    return augment


class Crops(Dataset[torch.Tensor]):
    """Random crops of the stream's own photographs, (3, S, S) uint8, decoded each time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.paths = bundled()

    def __len__(self) -> int:
        return 2**20

    def __getitem__(self, index: int) -> torch.Tensor:
        rng = np.random.default_rng(index)
        photo = load(self.paths[index % len(self.paths)])[0]
        y, x = (int(rng.integers(edge - self.size + 1)) for edge in photo.shape[:2])
        crop = photo[y : y + self.size, x : x + self.size]
        return torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))


def endless(crops: Crops, asked: argparse.Namespace) -> Iterator[torch.Tensor]:
    """Batches of crops as float32 on the device, decoded by worker processes."""
    loader = DataLoader(
        crops, asked.batch_size, num_workers=asked.workers, multiprocessing_context="spawn"
    )
    for batch in loader:
        yield batch.to(asked.device).float() / 255


def window(run: Callable[[], Any], batches: int, device: torch.device) -> float:
    """Seconds for so many batches, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    for _ in range(batches):
        run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def table(speeds: dict[str, list[float]]) -> str:
    """Median (least–most), and the ratio of medians to each peer."""
    peers = [name for name in ("kornia", "decode") if name in speeds]
    lines = [f"| | pairs/s |{''.join(f' ÷ {peer} |' for peer in peers)}"]
    lines.append("|---" * (2 + len(peers)) + "|")
    for name, values in speeds.items():
        middle = statistics.median(values)
        cells = [f"{middle:.3g} ({min(values):.3g}–{max(values):.3g})"]
        cells += [f"{middle / statistics.median(speeds[peer]):.2f}" for peer in peers]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
