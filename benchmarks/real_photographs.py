"""What statistics models say of photographs that other software treated:
`python benchmarks/real_photographs.py --photos DIR --model statistics:du110k-wild`.

A stand-in for a real set: photographs as they are, resized, sharpened and made noisy, which are not
degraded, and the same made dark, hazy, soft or small by the formulas of Pillow, scikit-image, SciPy
and OpenCV, none of them dubench's. All are then JPEGs of quality 90. Native-resolution tiles, as
`dubench diagnose` reads them.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage
from PIL import Image, ImageEnhance, ImageFilter
from scipy.ndimage import gaussian_filter

from dubench.baseline.features import statistics
from dubench.baseline.file import find, read
from dubench.predictors.statistics import infer
from dubench.tiles import tiles

Picture = Image.Image
Treatment = Callable[[Picture], Picture]

PILLOW = {"lanczos": Image.Resampling.LANCZOS, "bicubic": Image.Resampling.BICUBIC}
SKIMAGE = ("astronaut", "cat", "coffee", "stereo_motorcycle")
AIRLIGHT = 0.85
JPEG = 90


def resized(factor: float, how: str) -> Treatment:
    """The whole photograph at another size."""

    def treat(photo: Picture) -> Picture:
        to = (round(photo.width * factor), round(photo.height * factor))
        if how == "area":
            return Image.fromarray(cv2.resize(np.asarray(photo), to, interpolation=cv2.INTER_AREA))
        return photo.resize(to, PILLOW[how])

    return treat


def by_array(change: Callable[[np.ndarray], np.ndarray]) -> Treatment:
    """A change of (H, W, 3) float64 in [0, 1]."""

    def treat(photo: Picture) -> Picture:
        changed = change(np.asarray(photo) / 255)
        return Image.fromarray(np.rint(np.clip(changed, 0, 1) * 255).astype(np.uint8))

    return treat


def exposed(stops: float) -> Treatment:
    """So many stops less light, on the sRGB curve's linear side (IEC 61966-2-1)."""

    def change(x: np.ndarray) -> np.ndarray:
        linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) * 2.0**-stops
        return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)

    return by_array(change)


def veiled(transmission: float) -> Treatment:
    """The same veil everywhere, by Pillow's blend."""

    def treat(photo: Picture) -> Picture:
        grey = Image.new("RGB", photo.size, (round(AIRLIGHT * 255),) * 3)
        return Image.blend(grey, photo, transmission)

    return treat


def thickening(transmission: float) -> Treatment:
    """A veil that thickens towards the top of the picture, of this mean transmission."""

    def change(x: np.ndarray) -> np.ndarray:
        far = np.linspace(1, 0, len(x))
        betas = np.linspace(0, 20, 4001)
        means = np.exp(-betas[:, None] * far[::8]).mean(axis=1)
        t = np.exp(-betas[np.abs(means - transmission).argmin()] * far)[:, None, None]
        return x * t + AIRLIGHT * (1 - t)

    return by_array(change)


def defocused(radius: int) -> Treatment:
    """An even disc, which a lens out of focus has rather than a Gaussian."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = (np.hypot(x, y) <= radius).astype(np.float64)
    return by_array(lambda image: cv2.filter2D(image, cv2.CV_64F, disc / disc.sum()))


def shrunk(factor: int, how: str) -> Treatment:
    """Down by a factor and back to the size it had."""

    def treat(photo: Picture) -> Picture:
        small = resized(1 / factor, how)(photo)
        return small.resize(photo.size, Image.Resampling.BICUBIC)

    return treat


def noisy(levels: float) -> Treatment:
    """Gaussian noise of scikit-image."""
    return by_array(
        lambda x: skimage.util.random_noise(
            x, var=(levels / 255) ** 2, rng=np.random.default_rng(0)
        )
    )


TREATMENTS: list[tuple[str, str, Treatment]] = [
    ("none", "as it is", lambda photo: photo),
    ("none", "resized × 0.5, Lanczos", resized(0.5, "lanczos")),
    ("none", "resized × 0.6, area", resized(0.6, "area")),
    ("none", "resized × 0.75, bicubic", resized(0.75, "bicubic")),
    ("none", "resized × 1.25, bicubic", resized(1.25, "bicubic")),
    ("none", "sharpened, Pillow SHARPEN", lambda p: p.filter(ImageFilter.SHARPEN)),
    ("none", "unsharp mask 1 px, 80 %, Pillow", lambda p: p.filter(ImageFilter.UnsharpMask(1, 80))),
    (
        "none", "unsharp mask 2 px, 150 %, Pillow",
        lambda p: p.filter(ImageFilter.UnsharpMask(2, 150)),
    ),
    (
        "none", "unsharp mask 1 px, 70 %, scikit-image",
        by_array(lambda x: skimage.filters.unsharp_mask(x, 1, 0.7, channel_axis=2)),
    ),
    ("none", "noise of 3 levels", noisy(3)),
    *(("low_light", f"{stops} stop{'s' * (stops > 1)} less light", exposed(stops))
      for stops in (1, 2, 3, 4)),
    *(("low_light", f"gamma {gamma:g}, scikit-image",
       by_array(lambda x, gamma=gamma: skimage.exposure.adjust_gamma(x, gamma)))
      for gamma in (1.5, 2.2, 3)),
    *(("low_light", f"brightness × {share:g}, Pillow",
       lambda p, share=share: ImageEnhance.Brightness(p).enhance(share))
      for share in (0.6, 0.4, 0.2)),
    *(("haze", f"even veil, t {t:g}, Pillow", veiled(t)) for t in (0.8, 0.6, 0.4)),
    *(("haze", f"thickening veil, mean t {t:g}", thickening(t)) for t in (0.8, 0.6, 0.4)),
    *(("blur", f"Gaussian σ {sigma:g}, SciPy",
       by_array(lambda x, sigma=sigma: gaussian_filter(x, (sigma, sigma, 0))))
      for sigma in (0.7, 1, 2, 4)),
    *(("blur", f"disc of radius {radius}, OpenCV", defocused(radius)) for radius in (2, 4)),
    *(("low_resolution", f"÷ {scale} and back, Pillow", shrunk(scale, "bicubic"))
      for scale in (2, 3, 4)),
    ("low_resolution", "÷ 2 and back, OpenCV area", shrunk(2, "area")),
]  # fmt: skip


def through_jpeg(photo: Picture) -> np.ndarray:
    """As people have it."""
    buffer = io.BytesIO()
    photo.convert("RGB").save(buffer, "JPEG", quality=JPEG)
    return np.asarray(Image.open(buffer).convert("RGB"))


def photographs(folders: list[Path], skipped: list[str]) -> list[Picture]:
    """scikit-image's, and those of the folders but for some."""
    ours = [getattr(skimage.data, name)() for name in SKIMAGE]
    arrays = [image[0] if isinstance(image, tuple) else image for image in ours]
    files = [file for folder in folders for file in sorted(folder.glob("*.jpg"))]
    chosen = [f for f in files if not any(name in f.name for name in skipped)]
    return [Image.fromarray(array) for array in arrays] + [Image.open(f) for f in chosen]


def main() -> None:
    """Print a table of how many of each treatment every model calls by its type."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, action="append", default=[])
    parser.add_argument("--skip", default="", help="parts of file names, with commas")
    parser.add_argument("--model", action="append", required=True, help="statistics:WHAT")
    given = parser.parse_args()
    models = {name: read(find(name.removeprefix("statistics:"))) for name in given.model}
    photos = photographs(given.photos, [part for part in given.skip.split(",") if part])
    print(f"{len(photos)} photographs\n")
    print("| type | made by | " + " | ".join(models) + " | else mostly |")
    print("|---|---|" + "---|" * len(models) + "---|")
    totals = {name: dict[str, list[bool]]() for name in models}
    for type_name, label, treat in TREATMENTS:
        said: dict[str, list[str]] = {name: [] for name in models}
        for photo in photos:
            picture = through_jpeg(treat(photo.convert("RGB")))
            rows = [statistics(tile) for tile in tiles(picture)]
            for name, model in models.items():
                said[name].append(str(infer(model, rows)["type"]))
        wrong = [answer for answer in list(said.values())[-1] if answer != type_name]
        else_ = max(set(wrong), key=wrong.count) if wrong else ""
        cells = []
        for name, answers in said.items():
            right = [answer == type_name for answer in answers]
            totals[name].setdefault(type_name, []).extend(right)
            cells.append(f"{sum(right)} of {len(right)}")
        print(f"| `{type_name}` | {label} | {' | '.join(cells)} | {else_} |", flush=True)
    for type_name in dict.fromkeys(name for name, _, _ in TREATMENTS):
        shares = [f"**{np.mean(totals[name][type_name]):.1%}**" for name in models]
        print(f"| `{type_name}` | **all** | {' | '.join(shares)} | |")


if __name__ == "__main__":
    main()
