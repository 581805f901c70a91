"""Make a trained model as sure as it ought to be: `dubench train calibration`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dubench.baseline.certainty import UNCALIBRATED, Calibration
from dubench.baseline.train.calibrate import calibrate_statistics
from dubench.dataset import Split, open_split
from dubench.predictions.run import batches
from dubench.predictors.nano import Nano
from dubench.progress import counting
from generators import engines
from generators.errors import InputError, plain_errors

if TYPE_CHECKING:
    from dubench.duvlm.model.believing import Believed


@plain_errors()
def train_calibration(
    model: str, datasets: Sequence[str], out: Path, workers: int | None = None
) -> Calibration:
    """Calibrate a statistics model or nano on other photographs, show bars on stderr, write it.

    Its values stay the same; its type probabilities and ranges become as sure as they ought to be
    on photographs like these, and so does where `none` begins. Photographs of two collections or
    more make it robust to a third.

    Args:
        model: a bundled preset's name, or a file of `dubench train statistics`; or `nano`, or
            `nano:FOLDER`.
        datasets: whose train splits were not trained on, with degradations that the model knows.
            Ranges are calibrated on all, each weighing the same, the type on the first.
        out: a .safetensors file; nano's folder.
        workers: processes, all cores by default; nano uses torch's own threads.

    Raises:
        InputError: a file or dataset cannot be read, or `out` cannot be written.

    Examples:
        >>> from pathlib import Path  # du110k is that of `generators.generate`'s example
        >>> from dubench import train_calibration
        >>> calibrated = train_calibration("du110k", ["du110k"], Path("calibrated.safetensors"))
        >>> calibrated.temperature >= 1
        True
    """
    name, _, folder = model.partition(":")
    if name != "nano":
        return calibrate_statistics(model, datasets, out, engines.processes(workers))
    return _calibrate_nano(folder, datasets, out)


def _calibrate_nano(folder: str, datasets: Sequence[str], out: Path) -> Calibration:
    nano = Nano(folder)
    from dubench.duvlm.model.files import save
    from dubench.duvlm.train.calibrate import calibrate
    from dubench.duvlm.train.samples import truth_of

    splits = [open_split(dataset, "train") for dataset in datasets]
    truths = [truth_of(split.ground_truth()) for split in splits]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}; name a folder for nano") from None
    held = [(_believed(nano, split), truth) for split, truth in zip(splits, truths, strict=True)]
    calibration = calibrate(nano.card.vocabulary, held)
    training = {**nano.card.training, "calibrated_on": [split.described for split in splits]}
    notes = replace(nano.card, calibration=calibration, training=training)
    save(out, nano.answering, notes)
    return calibration


def _believed(nano: Nano, split: Split) -> "Believed":
    from dubench.duvlm.model.believing import joined

    parts, done = [], 0
    with counting(f"images of {split.title}") as on_progress:
        for batch in batches(split.images("degraded"), nano.batch):
            parts.append(nano.believe([image for _, image in batch], UNCALIBRATED))
            done += len(batch)
            on_progress(done, split.n)
    return joined(parts)
