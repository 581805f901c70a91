"""Inspect photographs before a dataset is planned, in several processes where there are many."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from generators import engines
from generators.engines import OnProgress
from generators.errors import UnreadableError
from generators.sources import photographs

CHUNK = 64


def inspect_files(
    workers: int | None, on_progress: OnProgress, files: Sequence[Path]
) -> Iterator[photographs.Inspection | str]:
    """What each file is, in order, or the reason it cannot be read.

    Args:
        on_progress: called with the number of files done, and of all.
    """
    chunks = [files[i : i + CHUNK] for i in range(0, len(files), CHUNK)]
    results = (
        engines.run(_inspect, chunks, workers)
        if len(chunks) > 1
        else (_inspect(chunk) for chunk in chunks)
    )
    done = 0
    for result in results:
        done += len(result)
        on_progress(done, len(files))
        yield from result


def _inspect(
    files: Sequence[Path], report: engines.Report | None = None
) -> list[photographs.Inspection | str]:
    results: list[photographs.Inspection | str] = []
    for file in files:
        try:
            results.append(photographs.inspect(file))
        except UnreadableError as error:
            results.append(str(error))
    return results
