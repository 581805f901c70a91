"""Make a model as sure as it ought to be, on photographs held out.

As the statistics are made so (`dubench.baseline.certainty`): a key's range lies between the levels
that 5 % of the true values lay below and above, the type's logits are divided by a temperature.
"""

from collections.abc import Sequence

import numpy as np

from dubench.baseline.model import softmax
from dubench.baseline.train.calibrate import LEAST, TEMPERATURES, tails_of
from dubench.duvlm.decoding import Calibration, place
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.train.samples import COLUMNS, Samples
from generators.taxonomy import TYPES


def calibrate(vocabulary: Vocabulary, held: Sequence[tuple[Believed, Samples]]) -> Calibration:
    """The calibration of what was believed of samples, uncalibrated; each set weighs the same.

    Keys with fewer than LEAST samples in a set, vectors and whole numbers stay as they are.
    """
    levels = {}
    for code, type_ in enumerate(TYPES.values()):
        answer = vocabulary.answer(type_.name)
        for entry, (key, _) in enumerate(answer.entries):
            if key.size > 1 or key.integer:
                continue
            column = COLUMNS.index((key.name, 0))
            places = [
                np.array(
                    [
                        place(vocabulary.places(key), believed.values[row][entry], value)
                        for row, value in _right(believed, samples, code, column)
                    ]
                )
                for believed, samples in held
            ]
            if min(map(len, places)) >= LEAST:
                levels[key.name] = tails_of(places)
    return Calibration(_temperature(held), levels)


def _right(believed: Believed, samples: Samples, code: int, column: int) -> list[tuple[int, float]]:
    """Rows of a type that are taken for it, with their value in a column."""
    rows = np.flatnonzero((samples["type"] == code) & (believed.types.argmax(1) == code))
    return [(int(row), float(samples["values"][row, column])) for row in rows]


def _temperature(held: Sequence[tuple[Believed, Samples]]) -> float:
    losses = np.zeros(len(TEMPERATURES))
    for believed, samples in held:
        logits = np.log(np.maximum(believed.types, 1e-300))
        rows = np.arange(len(logits))
        for number, temperature in enumerate(TEMPERATURES):
            shares = softmax(logits / temperature)[rows, samples["type"]]
            losses[number] -= np.log(np.maximum(shares, 1e-300)).mean()
    return float(TEMPERATURES[np.argmin(losses)])
