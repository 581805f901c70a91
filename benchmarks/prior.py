"""Bundle a prior that `dubench train prior` made: weights, ONNX, and a model card with how much
noise it takes off photographs, beside a bilateral filter and BM3D (`pip install bm3d`).

python benchmarks/prior.py --model runs/prior --photos PHOTOS
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import machine
import numpy as np
import photographs

from dubench.ddnm.prior.folder import (
    BUNDLED,
    CONFIG,
    ONNX,
    WEIGHTS,
    Training,
    read_training,
)
from dubench.ddnm.prior.opening import open_prior

LEVELS = (5, 15, 25, 50)
"""Standard deviations of the noise, in levels of 255."""
SIDE, MOST_BYTES = 256, 8_000_000
RANGES = (1.0, 1.5, 2.0, 2.5, 3.0)
"""Widths of the bilateral filter in standard deviations of the noise, of which the best counts."""

# ruff: noqa: E501 (rows of a table)
CARD = """# The bundled prior

What `dubench restore` takes clean photographs to be: a denoiser for Gaussian noise of any level
from 0.4 to 128 of 255, given for every pixel and channel, and for what `pnp` shows it while it
restores.

| | |
|---|---|
| network | residual UNet behind a pixel-unshuffle, {parameters:.2f} million parameters; `dubench.ddnm.prior.network` |
| files | `{weights}` (float16, {weights_size:.1f} MB, as diffusers lays out a model), `{onnx}` (the same weights, {onnx_size:.1f} MB) |
| trained by | {command} |
| on | {source}; a tenth of the patches dead leaves |
| by | noise; while the rate falls, two batches of three by restorations of blur and low resolution, at their every step |
| seen so far | {seen:,} patches of 48², {effort} |
| licence | Apache-2.0, as dubench |

## Noise taken off

Mean PSNR in dB of {n} crops, the middle {side}² of each of the first {n} photographs of {where},
none of them trained on; estimates clipped, not rounded. The bilateral filter has the best of
{ranges} widths per level.

| σ | noisy | bilateral | BM3D | this prior | prior − BM3D |
|---|---|---|---|---|---|
{rows}

`python benchmarks/prior.py --model {model} --photos {photos} --n {n}`, noise from seed 0; spread is
the standard deviation over the crops. {machine}

![Noisy at σ 25, the prior's estimate, and the photograph]({picture})

## How it came there

Mean PSNR of photographs held out of the run's training set, as it went; another seed holds out
others, which the runs before may have seen:

| patches | hours | σ 5 | σ 15 | σ 25 | σ 50 |
|---|---|---|---|---|---|
{curve}

## Limits

It knows what is local: edges, textures, grain. It does not invent what was lost, such as the
detail of a face reduced to 16 pixels. Photographs of few hundreds of scenes were its world:
drawings and text are denoised worse. Noise is taken to be Gaussian; JPEG's blocks are not.
"""


def main() -> None:
    arguments = parse()
    arguments.out.mkdir(parents=True, exist_ok=True)
    network = bundle(arguments.model, arguments.out)
    pictures = crops(arguments.photos, arguments.n)
    started = time.process_time()
    measured = denoise(pictures, open_prior(str(arguments.out)), bm3d())
    print(f"{time.process_time() - started:.0f} CPU-seconds", file=sys.stderr)
    draw(pictures[:3], open_prior(str(arguments.out)), arguments.out / "samples.jpg")
    text = card(arguments, network, len(pictures), measured)
    (arguments.out / "MODEL_CARD.md").write_text(text, "utf-8")
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    print(text[text.index("| σ |") : text.index("`python")])
    print(f"{arguments.out}: {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES / 1e6:.0f} MB")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained prior")
    parser.add_argument("--photos", type=Path, required=True, help="folder not trained on")
    parser.add_argument(
        "--n", type=int, default=20, help="photographs to measure on; BM3D takes a minute each"
    )
    parser.add_argument("--source", default="photographs of free licences", help="for the card")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    return parser.parse_args()


def bundle(model: Path, out: Path) -> Any:
    """Copy what is needed of `model` to `out`, and export it."""
    from dubench.ddnm.prior.export import export
    from dubench.ddnm.prior.files import load

    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(model / name, out / name)
    network = load(out)
    export(network, out)
    return network


def crops(folder: Path, n: int) -> list[Any]:
    """(H, W, 3) float64 on [0, 1]."""
    taken = []
    for _, image in photographs.read(folder):
        top, left = ((length - SIDE) // 2 for length in image.shape[:2])
        if top >= 0 and left >= 0:
            taken.append(image[top : top + SIDE, left : left + SIDE] / 255)
        if len(taken) == n:
            break
    return taken


def bm3d() -> Callable[[Any, float], Any]:
    try:
        from bm3d import bm3d_rgb
    except ImportError:
        raise SystemExit("the table needs BM3D: pip install bm3d") from None
    return bm3d_rgb


def denoise(pictures: Sequence[Any], prior: Any, bm3d_rgb: Any) -> dict[int, dict[str, Any]]:
    """PSNR of every picture, by level and method."""
    values: dict[int, dict[str, Any]] = {level: {} for level in LEVELS}
    for number, clean in enumerate(pictures):
        noise = np.random.default_rng(number).normal(size=clean.shape)
        for level in LEVELS:
            sigma, of = level / 255, values[level]
            noisy = clean + sigma * noise
            of.setdefault("noisy", []).append(psnr(noisy, clean))
            for width in RANGES:
                smooth = cv2.bilateralFilter(noisy.astype(np.float32), 7, width * sigma, 2.0)
                of.setdefault(f"bilateral {width}", []).append(psnr(smooth, clean))
            of.setdefault("bm3d", []).append(psnr(bm3d_rgb(noisy, sigma), clean))
            of.setdefault("prior", []).append(psnr(estimate(prior, noisy, sigma), clean))
    for of in values.values():
        widths = [of.pop(f"bilateral {width}") for width in RANGES]
        of["bilateral"] = max(widths, key=np.mean)
    return values


def estimate(prior: Any, noisy: Any, sigma: float) -> Any:
    planes = prior.array(np.moveaxis(noisy, -1, 0)[None])
    return np.moveaxis(prior.denoise(planes, sigma)[0], 0, -1)


def psnr(image: Any, clean: Any) -> float:
    return float(-10 * np.log10(np.mean((np.clip(image, 0, 1) - clean) ** 2)))


def draw(pictures: Sequence[Any], prior: Any, path: Path) -> None:
    """A row per picture: noisy at σ 25, the estimate, the photograph."""
    rows = []
    for number, clean in enumerate(pictures):
        noisy = clean + 25 / 255 * np.random.default_rng(number).normal(size=clean.shape)
        rows.append(np.hstack([noisy, estimate(prior, noisy, 25 / 255), clean]))
    sheet = np.rint(np.clip(np.vstack(rows), 0, 1) * 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), quality)


def card(
    arguments: argparse.Namespace, network: Any, n: int, measured: dict[int, dict[str, Any]]
) -> str:
    out = arguments.out
    config, seen = json.loads((out / CONFIG).read_text("utf-8")), read_training(out)
    rows = []
    for level, of in measured.items():
        means = [np.mean(of[name]) for name in ("noisy", "bilateral", "bm3d", "prior")]
        apart = np.subtract(of["prior"], of["bm3d"])
        cells = [f"{mean:.2f}" for mean in means] + [f"{apart.mean():+.2f} ± {apart.std():.2f}"]
        rows.append(f"| {level} | {' | '.join(cells)} |")
    return CARD.format(
        parameters=sum(x.numel() for x in network.parameters()) / 1e6,
        weights=WEIGHTS,
        onnx=ONNX,
        weights_size=(out / WEIGHTS).stat().st_size / 1e6,
        onnx_size=(out / ONNX).stat().st_size / 1e6,
        command=command(config, seen),
        source=arguments.source,
        seen=seen.patches,
        effort=effort(seen),
        n=n,
        side=SIDE,
        where=arguments.photos.name,
        ranges=len(RANGES),
        rows="\n".join(rows),
        model=arguments.model.name,
        photos=arguments.photos.name,
        machine=machine.describe(("numpy", "opencv-python-headless", "torch")),
        picture="samples.jpg",
        curve="\n".join(curve(arguments.model)) or "| – | | | | | |",
    )


def command(config: dict[str, Any], training: Training) -> str:
    run = config["training"]
    text = f"`dubench train prior --patches {run['patches']} --seed {run['seed']}"
    text += f" --batch {training.batch} --widths {','.join(map(str, config['widths']))}"
    if training.gpu_seconds:
        text += " --device cuda"
    if not run["start"]:
        return f"{text}`"
    seen = run["start"] * training.batch
    return f"{text} --model PRIOR`, from one that had seen {seen:,} patches"


def effort(training: Training) -> str:
    """How long it was trained."""
    parts = []
    if training.cpu_seconds:
        parts.append(f"{training.cpu_seconds / 3600:.1f} CPU-hours")
    if training.gpu_seconds:
        parts.append(f"{training.gpu_seconds:,} seconds of a GPU")
    return " and ".join(parts)


def curve(model: Path) -> list[str]:
    history = json.loads((model / "history.json").read_text("utf-8"))
    return [
        f"| {row['patches']:,} | {row['cpu_hours'] + row.get('gpu_hours', 0):.2f} | "
        + " | ".join(f"{value:.2f}" for value in row["psnr"].values())
        + " |"
        for row in history
    ]


if __name__ == "__main__":
    main()
