"""restoration.json: what became of every photograph of a run; whole after each of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generators import typed_json
from generators.errors import InputError, plain_errors
from generators.files import write_whole

REPORT = "restoration.json"
Pair = tuple[float, float]


@dataclass(frozen=True)
class Restoration:
    """What became of a photograph.

    Attributes:
        photograph: its path, as given.
        sha256: of its file.
        file: what was written, in the folder of results: a PNG, or a copy of a file that was left.
        type: the degradation that was found; `none` without one.
        parameters, ranges: its values, and their 90 % ranges, [low, high] each, where stated.
        probability: the model's, of `type`.
        cautions: the diagnosis', each a sentence.
        restored: whether it was undone; else the photograph was left as it is.
        doubt: why it was left, or, where forced, should have been.
        noise: standard deviation of the photograph's noise, in levels of 255.
        consistency: ‖A·x̂ − y‖/σ_y per pixel, about 1 or less where the result explains what was
            seen; None where nothing was tried.
        trust: `good`, `fair` or `poor`; None if left.
    """

    photograph: str
    sha256: str
    file: str
    type: str
    parameters: Mapping[str, float | tuple[float, ...]]
    ranges: Mapping[str, Pair | tuple[Pair, ...]]
    probability: float
    cautions: tuple[str, ...]
    restored: bool
    doubt: str | None
    noise: float
    consistency: float | None
    trust: str | None


@dataclass(frozen=True)
class Report:
    """All of a run.

    Attributes:
        run: what the results depend on, by option, as plain JSON.
        photographs: in the order in which they were done.
    """

    run: Mapping[str, Any]
    photographs: tuple[Restoration, ...]


class OpenReport:
    """The report in a folder of results, which grows.

    Args:
        out: made if need be; new, empty, or of a run with the same options, which is gone on with.
        run: the options, as plain JSON.

    Raises:
        InputError: `out` holds another run's results, or other files, or cannot be written.
    """

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self._out, self._report = out, Report(run, ())
        path = out / REPORT
        try:
            out.mkdir(parents=True, exist_ok=True)
            if path.exists():
                self._report = typed_json.from_json(
                    Report, json.loads(path.read_bytes()), str(path)
                )
                if dict(self._report.run) != dict(run):
                    raise InputError(
                        f"--out {out}: holds photographs of another run, see {REPORT} in it; "
                        "choose another folder, or give the same options to go on"
                    )
            elif any(out.iterdir()):
                raise InputError(f"--out {out}: holds other files; choose an empty folder")
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: {error}; choose another --out") from None

    @property
    def names(self) -> dict[Path, str]:
        """The photographs that are in it, and what their results are called, without suffix."""
        return {Path(x.photograph): Path(x.file).stem for x in self._report.photographs}

    def find(self, photograph: str, sha256: str) -> Restoration | None:
        """That very photograph, if it is done and its result still there."""
        for entry in self._report.photographs:
            if (entry.photograph, entry.sha256) == (photograph, sha256):
                return entry if (self._out / entry.file).exists() else None
        return None

    @plain_errors()  # what cannot be written is no fault of the photograph
    def add(self, restoration: Restoration, content: bytes) -> None:
        """Write down what became of a photograph, and `content`, its result."""
        others = [x for x in self._report.photographs if x.photograph != restoration.photograph]
        self._report = replace(self._report, photographs=(*others, restoration))
        text = json.dumps(typed_json.to_json(self._report), indent=1)
        write_whole(self._out / restoration.file, content)
        write_whole(self._out / REPORT, f"{text}\n")
