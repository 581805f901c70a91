"""What `dubench diagnose` says of photographs whose trouble is known:
`python benchmarks/diagnoses.py --photos DIR`.

Every photograph as it is; the first of three degraded by du110k-wild, one type after the other; the
second treated by Pillow, or by sRGB's formula and a plain veil, and saved as JPEG. A line of the
table per treatment: what was answered, and how many answers came with a caution.
"""

import argparse
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from dubench import degrade, diagnose
from dubench.diagnosing import DEFAULT_MODEL, open_model, open_photograph
from dubench.diagnosing.places import look
from generators.taxonomy import TYPES

QUALITY = 92
Pixels = np.ndarray


def treated(image: Pixels, number: int) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of what is made of a photograph."""
    yield "as it is", image
    if number % 3 == 0:
        for name in TYPES:
            if TYPES[name].keys:
                sample = degrade(image, name, {}, number, preset="du110k-wild")
                yield f"du110k-wild {name}", sample.degraded
    elif number % 3 == 1:
        photo = Image.fromarray(image)
        for stops in (1, 2, 3):
            yield f"{stops} stops less light", saved(exposed(image, stops))
        for factor in (0.6, 0.8, 1.25, 1.5):
            size = round(photo.width * factor), round(photo.height * factor)
            yield f"resized by {factor}", saved(photo.resize(size, Image.Resampling.LANCZOS))
        yield "JPEG of quality 75", saved(photo, 75)
        yield "sharpened", saved(photo.filter(ImageFilter.UnsharpMask(1.5, 80, 2)))
        yield "Pillow's blur of 3", saved(photo.filter(ImageFilter.GaussianBlur(3)))
        share = np.linspace(0.35, 0.8, len(image))[:, None, None]
        veiled = np.rint(image * share + 0.85 * 255 * (1 - share))
        yield "a veil, t from .35 to .8", saved(Image.fromarray(veiled.astype(np.uint8)))


def exposed(image: Pixels, stops: int) -> Image.Image:
    """Half as much linear light per stop, on sRGB's curve (IEC 61966-2-1)."""
    x = image / 255
    light = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) / 2**stops
    y = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(255 * y).astype(np.uint8))


def saved(photo: Image.Image, quality: int = QUALITY) -> Pixels:
    """The pixels after JPEG."""
    data = io.BytesIO()
    photo.save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data).convert("RGB"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    arguments = parser.parse_args()
    model = open_model(arguments.model)
    answers: dict[str, Counter[str]] = {}
    cautions: Counter[str] = Counter()
    for number, path in enumerate(look([arguments.photos]).photographs):
        for name, image in treated(open_photograph(path), number):
            diagnosis = diagnose(image, model)
            answers.setdefault(name, Counter())[" and ".join(diagnosis.type_names)] += 1
            cautions[name] += bool(diagnosis.cautions)
    print("| photographs | n | answers | with a caution |\n|---|---|---|---|")
    for name, counts in answers.items():
        words = ", ".join(f"{answer} {count}" for answer, count in counts.most_common())
        print(f"| {name} | {counts.total()} | {words} | {cautions[name]} |")


if __name__ == "__main__":
    main()
