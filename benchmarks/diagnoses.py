"""What `dubench diagnose` says of photographs whose trouble is known:
`python benchmarks/diagnoses.py --photos DIR`.

Every photograph as it is; the first of three degraded by du110k-wild, one type after the other; the
second treated by Pillow, or by sRGB's formula and a plain veil, and saved as JPEG. A line per
treatment: what was answered, and how many answers came with a caution. Then a line per key: how far
its values are off where the type is right, and how often its ranges hold.
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
from dubench.diagnosing.diagnosis import Diagnosis
from dubench.diagnosing.places import look
from generators.sample import Sample
from generators.taxonomy import TYPES

QUALITY = 92
Pixels = np.ndarray


def degraded(image: Pixels, number: int) -> Iterator[tuple[str, Sample]]:
    """One of each type."""
    for name, entry in TYPES.items():
        if entry.keys:
            yield name, degrade(image, name, {}, number, preset="du110k-wild")


def treated(image: Pixels, number: int) -> Iterator[tuple[str, Pixels]]:
    """Name and pixels of what is made of a photograph by others."""
    yield "as it is", image
    if number % 3 == 1:
        photo = Image.fromarray(image)
        for stops in (1, 2, 3):
            yield f"{stops} stop{'s' * (stops > 1)} less light", saved(exposed(image, stops))
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
    held: dict[str, list[float]] = {}
    off: dict[str, list[float]] = {}

    def ask(name: str, image: Pixels) -> Diagnosis:
        diagnosis = diagnose(image, model)
        answers.setdefault(name, Counter())[" and ".join(diagnosis.type_names)] += 1
        cautions[name] += bool(diagnosis.cautions)
        return diagnosis

    for number, path in enumerate(look([arguments.photos]).photographs):
        image = open_photograph(path)
        for name, pixels in treated(image, number):
            ask(name, pixels)
        for name, sample in degraded(image, number) if number % 3 == 0 else ():
            diagnosis = ask(f"du110k-wild {name}", sample.degraded)
            if diagnosis.type_names != (name,):
                continue
            (finding,) = diagnosis.findings
            for _, key, value in sample.tuples:
                true, answer = np.atleast_1d(value), np.atleast_1d(finding.parameters[key])
                off.setdefault(key, []).append(np.abs(answer - true).sum() / np.abs(true).sum())
                if key in finding.ranges:
                    low, high = np.array(finding.ranges[key]).reshape(2, -1)
                    # Ranges have five digits.
                    slack = 1e-4 * np.abs(true)
                    inside = (low <= true + slack) & (true - slack <= high)
                    held.setdefault(key, []).append(inside.mean())
    print("| photographs | n | answers | with a caution |\n|---|---|---|---|")
    for name, counts in answers.items():
        words = ", ".join(f"{answer} {count}" for answer, count in counts.most_common())
        print(f"| {name} | {counts.total()} | {words} | {cautions[name]} |")
    print("\n| key, of du110k-wild | n | P-Rel | 90 % ranges hold |\n|---|---|---|---|")
    for key, errors in off.items():
        share = f"{np.mean(held[key]):.0%}" if key in held else "–"
        print(f"| {key} | {len(errors)} | {np.mean(errors):.3f} | {share} |")


if __name__ == "__main__":
    main()
