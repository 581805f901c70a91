"""Look at photographs before a dataset is planned, with several processes where there are many."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from generators import engines
from generators.sources import photographs

CHUNK = 64


def look(
    workers: int, heard: Callable[[int, int], None], files: Sequence[Path]
) -> Iterator[photographs.Inspection | str]:
    """What each file is, in order, or the reason it cannot be read.

    Args:
        heard: told how many of how many files are done.
    """
    chunks = [files[i : i + CHUNK] for i in range(0, len(files), CHUNK)]
    found = (
        engines.run(_inspect, chunks, workers)
        if len(chunks) > 1
        else (_inspect(chunk) for chunk in chunks)
    )
    done = 0
    for chunk in found:
        done += len(chunk)
        heard(done, len(files))
        yield from chunk


def _inspect(
    files: Sequence[Path], report: engines.Report | None = None
) -> list[photographs.Inspection | str]:
    found: list[photographs.Inspection | str] = []
    for file in files:
        try:
            found.append(photographs.inspect(file))
        except photographs.UnreadableError as error:
            found.append(str(error))
    return found
