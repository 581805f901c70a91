"""Degrade one photograph on disk."""

from dataclasses import dataclass
from pathlib import Path

from generators import degrade
from generators.errors import InputError, UnreadableError
from generators.files import write_whole
from generators.images import encode_rgb
from generators.sample import Sample
from generators.sources import photographs


@dataclass(frozen=True)
class DegradedFile:
    """A degraded photograph on disk, and its exact ground truth."""

    path: Path
    sample: Sample


def degrade_file(
    photo: Path, type_name: str, settings: list[str], out: Path | None, preset: str, seed: int
) -> DegradedFile:
    """Degrade the photograph at `photo` and write it as PNG to `out`.

    Args:
        settings: KEY=VALUE; a vector's entries are parted by commas.
        out: a .png file; by default beside the working folder, named after photo and type.
        preset: what the parameters not in `settings` are drawn from.
        seed: of every draw.

    Raises:
        InputError: the photograph, a setting or `out` is unusable, or `out` is the photograph.
    """
    out = out or Path(f"{photo.stem}-{type_name}.png")
    if out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: name a .png file, so that the pixels stay exact")
    if out.resolve() == photo.resolve():
        raise InputError(f"--out {out}: is the photograph itself; choose another name")
    try:
        image, _ = photographs.load(photo)
    except UnreadableError as error:
        raise InputError(f"{photo}: {error}") from None
    sample = degrade(image, type_name, dict(map(_setting, settings)), seed, preset=preset)
    write_whole(out, encode_rgb(sample.degraded))
    return DegradedFile(out, sample)


def _setting(text: str) -> tuple[str, float | list[float]]:
    name, equals, value = text.partition("=")
    try:
        numbers = [float(entry) for entry in value.split(",")]
    except ValueError:
        numbers = []
    if not (equals and numbers):
        raise InputError(f"--set {text}: write KEY=NUMBER, or KEY=a,b,… for a vector")
    return name.strip(), numbers[0] if len(numbers) == 1 else numbers
