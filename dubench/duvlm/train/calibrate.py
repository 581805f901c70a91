"""Make a model as sure as it ought to be, on photographs held out.

As the statistics are made so (`dubench.baseline.certainty`): a key's range lies between the levels
that 5 % of the true values lay below and above, the type's logits are divided by a temperature, and
`none` gets an offset.
"""

from collections.abc import Sequence

import numpy as np

from dubench.baseline.certainty import Calibration
from dubench.baseline.train.calibrate import LEAST, of_types, tails_of
from dubench.duvlm.decoding import place
from dubench.duvlm.model.believing import Believed
from dubench.duvlm.tokens import Vocabulary
from dubench.duvlm.train.samples import COLUMNS, Truth
from generators.taxonomy import TYPES


def calibrate(vocabulary: Vocabulary, held: Sequence[tuple[Believed, Truth]]) -> Calibration:
    """The calibration of what was believed of pictures, uncalibrated.

    That of ranges on all sets, each weighing the same, that of the type on the first. Keys with
    fewer than LEAST pictures in a set, vectors and whole numbers stay as they are.
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
                        for row, value in _right(believed, truth, code, column)
                    ]
                )
                for believed, truth in held
            ]
            if min(map(len, places)) >= LEAST:
                levels[key.name] = tails_of(places)
    believed, truth = held[0]
    logits = np.log(np.maximum(believed.types, 1e-300))
    return Calibration(*of_types(logits, truth["type"].astype(np.intp), list(TYPES)), levels)


def _right(believed: Believed, truth: Truth, code: int, column: int) -> list[tuple[int, float]]:
    """Rows of a type that are taken for it, with their value in a column."""
    rows = np.flatnonzero((truth["type"] == code) & (believed.types.argmax(1) == code))
    return [(int(row), float(truth["values"][row, column])) for row in rows]
