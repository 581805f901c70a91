"""Diagnose many photographs: one that cannot be read stops nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from PIL import Image as PillowImage

from dubench.diagnosing import UndiagnosedError, diagnose, open_photograph
from dubench.diagnosing.diagnosis import Diagnosis
from dubench.diagnosing.places import look
from dubench.predictors.protocol import Predictor
from dubench.report.figures.plotting import SOFTWARE
from generators.errors import InputError
from generators.files import write_whole


def run(
    paths: Sequence[Path],
    predictor: Predictor,
    evidence: Path | None,
    on_progress: Callable[[int, int], None],
) -> Iterator[tuple[Path, Diagnosis | str]]:
    """Each photograph of `paths`, with its diagnosis or one line on why it has none.

    Args:
        paths: files, and folders with photographs at any depth.
        evidence: a folder, made if need be, for a PNG per photograph.
        on_progress: called with the number of photographs done, and of all.

    Raises:
        InputError: the model does not answer, or `evidence` cannot be written or holds a file of
            a picture's name that dubench did not draw, such as a photograph.
    """
    places = look(paths, [evidence] if evidence else [])
    pictures = name_pictures(evidence, places.photographs) if evidence else {}
    foreign = next((path for path in pictures.values() if not _may_be_written(path)), None)
    if foreign:
        raise InputError(
            f"--evidence {evidence}: {foreign.name} in it was not drawn by dubench; choose "
            "another folder"
        )
    for place, why in places.problems:
        yield place, f"{place}: {why}"
    for number, path in enumerate(places.photographs):
        on_progress(number, len(places.photographs))
        try:
            image = open_photograph(path)
            diagnosis = diagnose(image, predictor)
        except UndiagnosedError as error:
            yield path, f"{path}: {error}"
            continue
        if path in pictures:
            from dubench.diagnosing.evidence import draw

            pictures[path].parent.mkdir(parents=True, exist_ok=True)
            write_whole(pictures[path], draw(image, diagnosis, path.name))
        yield path, diagnosis
    on_progress(len(places.photographs), len(places.photographs))


def _may_be_written(path: Path) -> bool:
    """Whether nothing is at `path`, or a figure of dubench's: no photograph is written over."""
    if not path.exists():
        return True
    try:
        with PillowImage.open(path) as picture:
            return picture.info.get("Software") == SOFTWARE
    except Exception:  # whatever it is, it is no picture of ours
        return False


def name_pictures(
    folder: Path, photographs: Sequence[Path], known: Mapping[Path, str] | None = None
) -> dict[Path, Path]:
    """A PNG in `folder` for each photograph: NAME.png, and NAME-2.png where that is taken.

    Args:
        known: names that photographs, these or others, have already.
    """
    pictures: dict[Path, Path] = {}
    known = known or {}
    taken = set(known.values())
    for path in dict.fromkeys(photographs):
        names = (path.stem + (f"-{n}" if n > 1 else "") for n in count(1))
        name = known.get(path) or next(name for name in names if name not in taken)
        taken.add(name)
        pictures[path] = folder / f"{name}.png"
    return pictures
